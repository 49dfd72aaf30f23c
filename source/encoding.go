package source

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// encoding is how bytes encode text.
type encoding uint8

const (
	utf8Plain  encoding = iota
	utf8Marked          // with a byte order mark, which is no text
	utf16LE
	utf16BE
	utf32 // which is not read
)

const utf8Mark = "\xef\xbb\xbf"

func (e encoding) String() string {
	return [...]string{"UTF-8", "UTF-8 with a byte order mark", "UTF-16LE", "UTF-16BE", "UTF-32"}[e]
}

// markLen returns the length of the mark before UTF-8 text.
func (e encoding) markLen() int {
	if e == utf8Marked {
		return len(utf8Mark)
	}
	return 0
}

// sniffLen is how many bytes an encoding is recognised by.
const sniffLen = 512

// sniffEncoding returns the encoding of text that begins with head.
func sniffEncoding(head []byte) encoding {
	for _, m := range []struct {
		mark string
		encoding
	}{
		{utf8Mark, utf8Marked},
		{"\xff\xfe\x00\x00", utf32}, {"\x00\x00\xfe\xff", utf32},
		{"\xff\xfe", utf16LE}, {"\xfe\xff", utf16BE},
	} {
		if bytes.HasPrefix(head, []byte(m.mark)) {
			return m.encoding
		}
	}
	switch {
	case isUTF16(head, binary.LittleEndian):
		return utf16LE
	case isUTF16(head, binary.BigEndian):
		return utf16BE
	}
	return utf8Plain
}

// isUTF16 reports whether a head without a mark is certainly UTF-16: nine in ten
// units are ASCII's printable characters or white space, and none is 0, which a
// hole in a log is made of.
func isUTF16(head []byte, order binary.ByteOrder) bool {
	units, ascii := min(len(head), sniffLen)/2, 0
	for i := range units {
		switch u := order.Uint16(head[2*i:]); {
		case u == 0:
			return false
		case u >= ' ' && u < 0x7f || u == '\n' || u == '\r' || u == '\t':
			ascii++
		}
	}
	return units >= 8 && ascii*10 >= units*9
}

// decodeText returns text in UTF-8, whatever its encoding. Text must return its
// error again on the next read.
func decodeText(name string, text io.Reader) (io.Reader, encoding) {
	head := make([]byte, sniffLen)
	n, _ := io.ReadFull(text, head)
	return decodeFrom(name, head[:n], text)
}

// decodeLive is decodeText for text that arrives slowly: it judges by the first
// read.
func decodeLive(name string, text io.Reader) io.Reader {
	head := make([]byte, sniffLen)
	n, err := text.Read(head)
	if err != nil {
		text = failingReader{err}
	}
	decoded, _ := decodeFrom(name, head[:n], text)
	return decoded
}

// decodeFrom decodes head and what follows it.
func decodeFrom(name string, head []byte, text io.Reader) (io.Reader, encoding) {
	coding := sniffEncoding(head)
	whole := io.MultiReader(bytes.NewReader(head[coding.markLen():]), text)
	switch coding {
	case utf16LE:
		return &utf16Reader{r: whole, order: binary.LittleEndian}, coding
	case utf16BE:
		return &utf16Reader{r: whole, order: binary.BigEndian}, coding
	case utf32:
		return failingReader{unreadable(name, coding)}, coding
	}
	return whole, coding
}

// withoutMark removes the byte order mark from the lines at the start of a
// file.
func withoutMark(lines []byte, offset int64) []byte {
	if offset > 0 {
		return lines
	}
	return bytes.TrimPrefix(lines, []byte(utf8Mark))
}

// checkUTF8 returns an error if a head is in another encoding.
func checkUTF8(name string, head []byte) error {
	if e := sniffEncoding(head); e != utf8Plain && e != utf8Marked {
		return unreadable(name, e)
	}
	return nil
}

// unreadable returns the error for text that would have to be converted first.
func unreadable(name string, e encoding) error {
	return fmt.Errorf("%s: %w that can be read here: it is %v; iconv -t UTF-8 converts it", name, ErrNotLog, e)
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// utf16Reader decodes UTF-16. Invalid units become U+FFFD.
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	raw   [8 << 10]byte
	n     int    // bytes of raw that wait for the rest of a character
	text  []byte // decoded and not yet returned
	begun bool
	err   error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.text) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.fill()
	}
	n := copy(p, u.text)
	u.text = u.text[n:]
	return n, nil
}

// fill decodes the next piece.
func (u *utf16Reader) fill() {
	n, err := u.r.Read(u.raw[u.n:])
	u.err = err
	data := u.raw[:u.n+n]
	u.text = u.text[:0]
	if !u.begun && len(data) >= 2 {
		u.begun = true
		if u.order.Uint16(data) == 0xfeff {
			data = data[2:]
		}
	}
	for len(data) >= 2 {
		c, size := u.decode(data)
		if size == 0 {
			break
		}
		u.text = utf8.AppendRune(u.text, c)
		data = data[size:]
	}
	if err != nil && len(data) > 0 { // half a character
		u.text = utf8.AppendRune(u.text, utf8.RuneError)
		data = nil
	}
	u.n = copy(u.raw[:], data)
}

// decode reads one character; size is 0 if its second half is still to come.
func (u *utf16Reader) decode(data []byte) (c rune, size int) {
	c = rune(u.order.Uint16(data))
	if !utf16.IsSurrogate(c) {
		return c, 2
	}
	if len(data) < 4 {
		return 0, 0
	}
	if pair := utf16.DecodeRune(c, rune(u.order.Uint16(data[2:]))); pair != utf8.RuneError {
		return pair, 4
	}
	return utf8.RuneError, 2
}
