package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// compressor makes a compressed form of some text.
type compressor struct {
	format string
	wrap   func(io.Writer) (io.WriteCloser, error)
}

func compressors() []compressor {
	return []compressor{
		{"gzip", func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }},
		{"xz", func(w io.Writer) (io.WriteCloser, error) {
			return xz.WriterConfig{BlockSize: 1000, DictCap: 1 << 16}.NewWriter(w)
		}},
		{"zstd", func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }},
	}
}

func (c compressor) compress(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := c.wrap(&out)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// numberedLines does not compress to next to nothing, so that damage in the
// middle leaves something to read.
func numberedLines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d %x\n", i, uint64(i)*0x9e3779b97f4a7c15)
	}
	return b.String()
}

func TestCompressionIsKnownByContent(t *testing.T) {
	text := numberedLines(12_000)
	for _, c := range compressors() {
		data := c.compress(t, text)
		path := filepath.Join(t.TempDir(), "audit.log") // no telling ending
		writeFile(t, path, string(data))
		r, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(t, r, 2*MaxLine)
		if err != io.EOF || got != text {
			t.Errorf("%s: %d bytes, %v; want %d", c.format, len(got), err, len(text))
		}
		if r.Size() != int64(len(data)) || r.Consumed() != r.Size() {
			t.Errorf("%s: %d of %d bytes consumed, the file has %d", c.format, r.Consumed(), r.Size(), len(data))
		}
		r.Close()

		r = NewReader("-", &strictReader{t: t, r: iotest.OneByteReader(bytes.NewReader(data))})
		if got, err := readAll(t, r, 2*MaxLine); err != io.EOF || got != text {
			t.Errorf("%s from a pipe: %d bytes, %v", c.format, len(got), err)
		}
	}
}

// TestBzip2 has its data as bytes, as no compressor comes with Go.
func TestBzip2(t *testing.T) {
	got, err := readAll(t, NewReader("-", strings.NewReader(bzip2Data)), 64)
	if got != "one\ntwo\n" || err != io.EOF {
		t.Errorf("got %q, %v", got, err)
	}
}

const bzip2Data = "BZh91AY&SY\xa7\x14\x2b\x77\x00\x00\x02\xc1\x80\x00\x10\x02\x01\x84\x80\x20\x00\x21\x80\x0c\x02\x38\xf5\x1b\x8b\xb9\x22\x9c\x28\x48\x53\x8a\x15\xbb\x80"

func TestMembersAreJoined(t *testing.T) {
	for _, c := range compressors() {
		data := append(c.compress(t, "one\ntw"), c.compress(t, "o\nthree\n")...)
		got, err := readAll(t, NewReader("-", bytes.NewReader(data)), 64)
		if got != "one\ntwo\nthree\n" || err != io.EOF {
			t.Errorf("%s: got %q, %v", c.format, got, err)
		}
	}
}

func TestCompressedNothingIsEmpty(t *testing.T) {
	for _, c := range compressors() {
		_, err := readAll(t, NewReader("a.log", bytes.NewReader(c.compress(t, ""))), 64)
		if !errors.Is(err, ErrEmpty) {
			t.Errorf("%s: %v", c.format, err)
		}
	}
}

// TestDamage cuts and corrupts compressed logs: whole lines come first, then
// an error with file, format and place.
func TestDamage(t *testing.T) {
	text := numberedLines(12_000)
	for _, c := range compressors() {
		data := c.compress(t, text)
		for _, cut := range []int{7, 15, len(data) / 2, len(data) - 1} {
			checkDamage(t, c.format, data[:cut], text)
		}
		corrupt := bytes.Clone(data)
		for i := range 64 {
			corrupt[len(data)/2+i] ^= 0x55
		}
		checkDamage(t, c.format, corrupt, text)
	}
}

// TestAttackEveryCut: nowhere does a truncated log look like a whole one,
// but between two members of it.
func TestAttackEveryCut(t *testing.T) {
	const magic = 6
	text := numberedLines(80)
	for _, c := range append(compressors(), compressor{"gzip", headedGzip}) {
		checkCuts(t, c.format, c.compress(t, text), c.compress(t, "one\ntwo\n"), magic)
	}
	checkCuts(t, "bzip2", []byte(bzip2Data), []byte(bzip2Data), 4)
}

// headedGzip makes members that have all that a header can hold.
func headedGzip(w io.Writer) (io.WriteCloser, error) {
	z := gzip.NewWriter(w)
	z.Name, z.Comment, z.Extra, z.ModTime = "audit.log", "rotated", []byte("AB\x02\x00xy"), time.Unix(1e9, 0)
	return z, nil
}

func checkCuts(t *testing.T, format string, first, second []byte, shortest int) {
	t.Helper()
	data := append(bytes.Clone(first), second...)
	for cut := shortest; cut <= len(data); cut++ {
		whole := cut == len(first) || cut == len(data)
		got, err := readAll(t, NewReader("a.log", bytes.NewReader(data[:cut])), 64<<10)
		var damage *DamageError
		if errors.As(err, &damage) == whole || whole && err != io.EOF {
			t.Errorf("%s: %d of %d and %d bytes end with %v", format, cut, len(first), len(second), err)
		}
		if cut > len(first) && len(got) == 0 {
			t.Errorf("%s: nothing was read of %d bytes", format, cut)
		}
	}
}

func checkDamage(t *testing.T, format string, data []byte, text string) {
	t.Helper()
	got, err := readAll(t, NewReader("a.log", &strictReader{t: t, r: bytes.NewReader(data)}), 2*MaxLine)
	var damage *DamageError
	if !errors.As(err, &damage) {
		t.Fatalf("%s of %d bytes: error is %v", format, len(data), err)
	}
	if damage.Path != "a.log" || damage.Format != format || !strings.Contains(err.Error(), "a.log: "+format+" data is damaged after") {
		t.Errorf("%s: error reads %q", format, err)
	}
	if int64(len(got)) > damage.Offset || damage.Offset-int64(len(got)) > 100 {
		t.Errorf("%s: %d bytes of lines were given, the damage is at %d", format, len(got), damage.Offset)
	}
	if len(data) > 50_000 && len(got) == 0 {
		t.Errorf("%s: nothing was read of %d bytes", format, len(data))
	}
	// A corrupt stream may decode to wrong text before its checksum tells.
	if common := min(len(got), len(text)/3); got[:common] != text[:common] {
		t.Errorf("%s: what was read is not what was written", format)
	}
}

// TestDiskErrorIsNotCompression: a disk that fails is no fault of what is packed.
func TestDiskErrorIsNotCompression(t *testing.T) {
	broken := &fs.PathError{Op: "read", Path: "a.log.gz", Err: errors.New("input/output error")}
	for _, c := range compressors() {
		data := c.compress(t, numberedLines(12_000))
		for _, n := range []int{3, 8, len(data) / 2} {
			src := io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(broken))
			_, err := readAll(t, NewReader("a.log.gz", src), 2*MaxLine)
			var damage *DamageError
			if !errors.Is(err, broken) || !errors.As(err, &damage) || damage.Format != "" || !strings.HasPrefix(err.Error(), "a.log.gz: ") {
				t.Errorf("%s, error after %d bytes: %v", c.format, n, err)
			}
		}
	}
}

func FuzzDecompress(f *testing.F) {
	for _, c := range compressors() {
		f.Add(c.compress(f, "one\ntwo\n"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader("fuzz", &strictReader{t: t, r: bytes.NewReader(data)})
		buf := make([]byte, 2*MaxLine)
		for total := 0; total < 1<<20; {
			block, err := r.Next(buf)
			if err != nil {
				return
			}
			total += len(block)
		}
		r.Close()
	})
}

// BenchmarkNextCompressed uses the real tools, whose output is what logrotate
// leaves; `gzip -dc` of the same takes about three times as long.
func BenchmarkNextCompressed(b *testing.B) {
	log := filepath.Join(b.TempDir(), "audit.log")
	if err := os.WriteFile(log, benchmarkLog(64<<20), 0o600); err != nil {
		b.Fatal(err)
	}
	for _, tool := range []string{"gzip", "zstd", "xz", "bzip2"} {
		b.Run(tool, func(b *testing.B) {
			data, err := exec.Command(tool, "-c", log).Output()
			if err != nil {
				b.Skipf("%s cannot be run: %v", tool, err)
			}
			path := filepath.Join(b.TempDir(), "audit.log."+tool)
			if err := os.WriteFile(path, data, 0o600); err != nil {
				b.Fatal(err)
			}
			benchmarkOpen(b, path)
		})
	}
}

// TestZstdWindow checks at its edge how large a window a zstd file may ask for.
func TestZstdWindow(t *testing.T) {
	for _, tt := range []struct {
		window byte // 2^(10+n/8) bytes, and n%8 eighths more
		want   string
	}{{17 << 3, ""}, {17<<3 | 1, "big.zst"}} {
		frame := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, tt.window, 5<<3 | 1, 0, 0}, "line\n"...) // one block as it is, the last
		got, err := readAll(t, NewReader("big.zst", bytes.NewReader(frame)), 64)
		if tt.want == "" && (got != "line\n" || err != io.EOF) || tt.want != "" && (err == io.EOF || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("window %#x: %q, %v", tt.window, got, err)
		}
	}
}

// TestZstdBeginsWithASkippableFrame: pzstd puts one before each frame, which says
// how long that is.
func TestZstdBeginsWithASkippableFrame(t *testing.T) {
	frame := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 17 << 3, 5<<3 | 1, 0, 0}, "line\n"...)
	skippable := []byte{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, byte(len(frame)), 0, 0, 0}
	data := slices.Concat(skippable, frame, skippable, frame)
	if got, err := readAll(t, NewReader("log.zst", bytes.NewReader(data)), 64); got != "line\nline\n" || err != io.EOF {
		t.Errorf("%q, %v", got, err)
	}
}
