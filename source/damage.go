package source

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// DamageError reports that a log cannot be read to its end: its compression is
// cut or corrupt, the disk has an error, or the file shrank ([ErrCut]). All whole
// lines before the damage were given.
type DamageError struct {
	Path   string
	Format string // gzip, bzip2, xz or zstd, if that is at fault; else ""
	Offset int64  // bytes of text that could be read
	Err    error  // what the decoder or the system said
}

func (e *DamageError) Error() string {
	if e.Format == "" {
		return fmt.Sprintf("%s: nothing can be read after %d bytes of text (%v)", e.Path, e.Offset, withoutPath(e.Err))
	}
	return fmt.Sprintf("%s: %s data is damaged after %d bytes of text (%v)", e.Path, e.Format, e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }

// ErrNotLog reports that a file is not text, and so not a log.
var ErrNotLog = errors.New("not a log")

// isBinary reports whether a head is not text. Logs may contain NUL bytes:
// between lines after a crash, and at the start if copytruncate emptied the
// file and its writer continues at its old offset.
func isBinary(head []byte) bool {
	head = bytes.TrimLeft(bytes.ReplaceAll(head, []byte("\x00\x00\x00\x00"), nil), "\x00")
	head = head[:min(len(head), 512)]
	control := 0
	for _, c := range head {
		if c < ' ' && !strings.ContainsRune("\n\t\r\x1b\x1d\x1e", rune(c)) {
			control++
		}
	}
	return control*50 > len(head) // random bytes have five times as many
}

// binaries are kinds of files that lie beside logs, with the bytes they begin
// with.
var binaries = []struct{ magic, what string }{
	{"LPKSHHRH", "a journal of systemd, which journalctl --file=FILE -o json prints"},
	{"\x7fELF", "a program"},
	{"PK\x03\x04", "a zip archive: unpack it first"},
	{"\x04\x22\x4d\x18", "compressed with lz4: decompress it first"},
	{"\x1f\x9d", "compressed with compress: decompress it with gzip -d first"},
	{"SQLite format 3", "a database"},
}

// describeBinary says what a file is that is not text.
func describeBinary(head []byte) string {
	for _, b := range binaries {
		if strings.HasPrefix(string(head), b.magic) {
			return "it is " + b.what
		}
	}
	return "it starts with binary data"
}
