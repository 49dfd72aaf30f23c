package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
	"unicode/utf8"
)

// encodeUTF16 is what Windows' programs write.
func encodeUTF16(text string, order binary.AppendByteOrder, mark bool) []byte {
	var out []byte
	if mark {
		out = order.AppendUint16(out, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func TestEncodings(t *testing.T) {
	text := "Zürich 😀 type=SECCOMP\r\n" + numberedLines(3000) + "last 😀"
	for name, data := range map[string][]byte{
		"UTF-8":            []byte(text),
		"UTF-8 marked":     []byte(utf8Mark + text),
		"UTF-16LE marked":  encodeUTF16(text, binary.LittleEndian, true),
		"UTF-16BE marked":  encodeUTF16(text, binary.BigEndian, true),
		"UTF-16LE":         encodeUTF16(text, binary.LittleEndian, false),
		"UTF-16BE":         encodeUTF16(text, binary.BigEndian, false),
		"UTF-16LE in gzip": compressors()[0].compress(t, string(encodeUTF16(text, binary.LittleEndian, true))),
	} {
		for kind, r := range map[string]io.Reader{"file": bytes.NewReader(data), "pipe": iotest.OneByteReader(bytes.NewReader(data))} {
			got, err := readAll(t, NewReader(name, r), 2*MaxLine)
			if err != io.EOF || got != text {
				t.Errorf("%s, %s: %d bytes of %d, %v: %.60q", name, kind, len(got), len(text), err, got)
			}
		}
		r := NewReader(name, bytes.NewReader(data))
		head, err := r.Peek(9)
		if err != nil || string(head) != text[:9] {
			t.Errorf("%s: peeked %q, %v", name, head, err)
		}
		if whole, err := io.ReadAll(r.Text()); err != nil || string(whole) != text {
			t.Errorf("%s: the text has %d bytes, %v", name, len(whole), err)
		}
	}
}

// TestEncodingIsCertain: no other file is taken for UTF-16, and one that is
// not read is named.
func TestEncodingIsCertain(t *testing.T) {
	seven, eight := "a.b.c.d", "a.b.c.d."
	for text, want := range map[string]encoding{
		"":     utf8Plain,
		"line": utf8Plain,
		string(encodeUTF16(seven, binary.LittleEndian, false)):                           utf8Plain,
		string(encodeUTF16(eight, binary.LittleEndian, false)):                           utf16LE,
		string(encodeUTF16(eight, binary.BigEndian, false)):                              utf16BE,
		string(encodeUTF16(strings.Repeat("a", 9)+"é", binary.LittleEndian, false)):      utf16LE,
		string(encodeUTF16(strings.Repeat("a", 8)+"éé", binary.LittleEndian, false)):     utf8Plain,
		string(encodeUTF16(strings.Repeat("a", 255)+"\x00", binary.LittleEndian, false)): utf8Plain,
		string(encodeUTF16(strings.Repeat("a", 256)+"\x00", binary.LittleEndian, false)): utf16LE,
		strings.Repeat("\x00", 100) + "type=SECCOMP\n":                                   utf8Plain,
		"\xff\xfe\x00\x00a\x00\x00\x00":                                                  utf32,
		"\x00\x00\xfe\xff\x00\x00\x00a":                                                  utf32,
		"\xff\xfe":                                                                       utf16LE,
	} {
		if got := sniffEncoding([]byte(text)); got != want {
			t.Errorf("%.40q is %v, want %v", text, got, want)
		}
	}
	_, err := NewReader("a.log", strings.NewReader("\xff\xfe\x00\x00a\x00\x00\x00")).Next(make([]byte, 64))
	if !errors.Is(err, ErrNotLog) || !strings.Contains(err.Error(), "a.log") || !strings.Contains(err.Error(), "UTF-32") {
		t.Errorf("UTF-32 ends with %v", err)
	}
}

// TestMarkBeforeMapping: a large file is mapped behind its mark.
func TestMarkBeforeMapping(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	text := numberedLines(60_000)
	writeFile(t, path, utf8Mark+text)
	r, err := Open(path)
	must(t, err)
	defer r.Close()
	_, err = r.Peek(4096)
	must(t, err)
	r.Map(1<<20, 4)
	if got, err := readAll(t, r, 1<<20); err != io.EOF || got != text || r.Consumed() != r.Size() {
		t.Errorf("%d bytes of %d, %v, %d consumed of %d", len(got), len(text), err, r.Consumed(), r.Size())
	}
}

// FuzzUTF16 holds what is decoded against the standard library's decoder.
func FuzzUTF16(f *testing.F) {
	f.Add([]byte("a\x00\n\x00"))
	f.Add([]byte("\xff\xfea\x00"))
	f.Add([]byte("\x3d\xd8\x00\xdea\x00\x3d\xd8"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := io.ReadAll(iotest.HalfReader(&utf16Reader{r: iotest.OneByteReader(bytes.NewReader(data)), order: binary.LittleEndian}))
		must(t, err)
		var units []uint16
		for i := 0; i+1 < len(data); i += 2 {
			units = append(units, binary.LittleEndian.Uint16(data[i:]))
		}
		if len(units) > 0 && units[0] == 0xfeff {
			units = units[1:]
		}
		want := string(utf16.Decode(units))
		if len(data)%2 == 1 {
			want += string(utf8.RuneError)
		}
		// A half of a pair and an odd byte behind it are one thing that is cut.
		if string(got) != want && string(got)+string(utf8.RuneError) != want {
			t.Errorf("%x: %q, want %q", data, got, want)
		}
	})
}
