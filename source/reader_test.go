package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// strictReader fails the test when it is read again after its end.
type strictReader struct {
	t    *testing.T
	r    io.Reader
	done bool
}

func (s *strictReader) Read(p []byte) (int, error) {
	if s.done {
		s.t.Error("read again after the end")
	}
	n, err := s.r.Read(p)
	s.done = err != nil
	return n, err
}

// readAll joins the blocks of a reader and checks each of them on the way.
func readAll(t *testing.T, r *Reader, blockSize int) (string, error) {
	t.Helper()
	var all []byte
	for {
		buf := make([]byte, 0, blockSize)
		block, err := r.Next(buf)
		if err != nil {
			if len(block) > 0 {
				t.Errorf("%d bytes came together with %v", len(block), err)
			}
			if _, again := r.Next(buf); again != err {
				t.Errorf("the next error is %v, not %v again", again, err)
			}
			return string(all), err
		}
		checkBlock(t, r, block, buf)
		all = append(all, block...)
	}
}

func checkBlock(t *testing.T, r *Reader, block, buf []byte) {
	t.Helper()
	switch {
	case len(block) == 0:
		t.Fatal("an empty block")
	case &block[0] != &buf[:1][0] && cap(block) > cap(buf):
		t.Fatal("the block is not in the caller's buffer")
	case block[len(block)-1] != '\n' && r.err != io.EOF:
		t.Fatalf("the block ends within a line: %.80q", block)
	}
}

// model is what a reader must give: long lines emptied, all else untouched.
func model(content string, limit int) (want string, oversize int64) {
	lines := strings.SplitAfter(content, "\n")
	for i, line := range lines {
		text := strings.TrimSuffix(line, "\n")
		if len(text) > limit {
			oversize++
			lines[i] = line[len(text):]
		}
	}
	return strings.Join(lines, ""), oversize
}

// TestBlocksJoinToTheInput is the property that all else rests on: for any
// content and block size nothing but long lines changes.
func TestBlocksJoinToTheInput(t *testing.T) {
	for seed := range uint64(3000) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		blockSize := 1 + rnd.IntN(64)
		content := randomLines(rnd, rnd.IntN(300), 1+rnd.IntN(80))
		var src io.Reader = strings.NewReader(content)
		switch seed % 4 {
		case 1:
			src = iotest.OneByteReader(src)
		case 2:
			src = iotest.DataErrReader(src)
		case 3:
			src = iotest.HalfReader(src)
		}
		r := NewReader("test", &strictReader{t: t, r: src})
		got, err := readAll(t, r, blockSize)
		if content == "" {
			if !errors.Is(err, ErrEmpty) {
				t.Fatalf("seed %d: error of an empty input is %v", seed, err)
			}
			continue
		}
		want, oversize := model(content, blockSize-1)
		if err != io.EOF || got != want || r.Oversize() != oversize {
			t.Fatalf("seed %d: block size %d, content %q:\ngot  %q, %d long, %v\nwant %q, %d long",
				seed, blockSize, content, got, r.Oversize(), err, want, oversize)
		}
	}
}

func randomLines(rnd *rand.Rand, size, lineLength int) string {
	content := make([]byte, size)
	for i := range content {
		content[i] = byte('a' + rnd.IntN(26))
		if rnd.IntN(lineLength) == 0 {
			content[i] = '\n'
		}
	}
	return string(content)
}

// FuzzReader holds the same property for content that the machine makes up.
func FuzzReader(f *testing.F) {
	f.Add("a\nbb\nccc", uint8(3))
	f.Add("\x1f\x8b", uint8(10))
	f.Fuzz(func(t *testing.T, content string, size uint8) {
		content = "#" + content // never compressed, never empty
		if sniffEncoding([]byte(content)) != utf8Plain {
			t.Skip("not in UTF-8")
		}
		blockSize := 1 + int(size)
		r := NewReader("fuzz", &strictReader{t: t, r: strings.NewReader(content)})
		got, err := readAll(t, r, blockSize)
		want, oversize := model(content, blockSize-1)
		if err != io.EOF || got != want || r.Oversize() != oversize {
			t.Errorf("got %q, %d, %v, want %q, %d", got, r.Oversize(), err, want, oversize)
		}
	})
}

// TestLongLinesDoNotDependOnBlocks: beyond MaxLine the limit is exact.
func TestLongLinesDoNotDependOnBlocks(t *testing.T) {
	var content strings.Builder
	for _, n := range []int{10, MaxLine - 1, MaxLine, 0, MaxLine + 1, 10, 3 * MaxLine, 5, 40 * MaxLine, MaxLine, 7} {
		content.WriteString(strings.Repeat("x", n) + "\n")
	}
	want, oversize := model(content.String(), MaxLine)
	if oversize != 3 {
		t.Fatalf("the model says %d long lines", oversize)
	}
	for _, blockSize := range []int{MaxLine + 1, 2 * MaxLine, 3*MaxLine + 17, 1 << 20, 8 << 20} {
		r := NewReader("test", strings.NewReader(content.String()))
		got, err := readAll(t, r, blockSize)
		if err != io.EOF || got != want || r.Oversize() != oversize {
			t.Errorf("block size %d: %d bytes, %d long lines, %v; want %d, %d", blockSize, len(got), r.Oversize(), err, len(want), oversize)
		}
	}
}

// zeros is a file of NUL bytes, or of any other.
type zeros struct {
	left int64
	char byte
}

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := int(min(z.left, int64(len(p))))
	for i := range p[:n] {
		p[i] = z.char
	}
	z.left -= int64(n)
	return n, nil
}

func TestAttackHugeLine(t *testing.T) {
	for _, char := range []byte{0, 'x'} {
		src := io.MultiReader(strings.NewReader("before\n"), &zeros{64 << 20, char}, strings.NewReader("\nafter\n"))
		r := NewReader("huge", src)
		var got []byte
		buf := make([]byte, 2*MaxLine)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		block, err := r.Next(buf)
		for ; err == nil; block, err = r.Next(buf) {
			got = append(got, block...)
		}
		runtime.ReadMemStats(&after)
		if err != io.EOF || string(got) != "before\n\nafter\n" || r.Oversize() != 1 {
			t.Errorf("got %.40q, %d long lines, %v", got, r.Oversize(), err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%d bytes were allocated for a line of 64 MiB", used)
		}
	}
}

func TestHugeLineAtTheEnd(t *testing.T) {
	r := NewReader("huge", io.MultiReader(strings.NewReader("before\n"), &zeros{1 << 20, 'x'}))
	got, err := readAll(t, r, 2*MaxLine)
	if got != "before\n" || err != io.EOF || r.Oversize() != 1 {
		t.Errorf("got %q, %v, %d long lines", got, err, r.Oversize())
	}
}

// TestReadErrorComesAfterTheLines: what was read is given, the fragment at the
// failure is not, as it would look like a line.
func TestReadErrorComesAfterTheLines(t *testing.T) {
	broken := errors.New("input/output error")
	content := "one\ntwo\nthr"
	for n := range len(content) + 1 {
		src := io.MultiReader(strings.NewReader(content[:n]), iotest.ErrReader(broken))
		got, err := readAll(t, NewReader("test", &strictReader{t: t, r: src}), 64)
		want := content[:strings.LastIndex(content[:n], "\n")+1]
		if got != want || !errors.Is(err, broken) {
			t.Errorf("error after %d bytes: got %q, %v, want %q", n, got, err, want)
		}
	}
}

func TestOpenTellsSizeAndProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	content := strings.Repeat("a line\n", 1000)
	writeFile(t, path, content)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.Name() != path || r.Size() != int64(len(content)) || r.Consumed() != 0 {
		t.Errorf("at the start: %q, %d of %d bytes", r.Name(), r.Consumed(), r.Size())
	}
	got, err := readAll(t, r, 256)
	if err != io.EOF || got != content || r.Consumed() != r.Size() {
		t.Errorf("at the end: %d of %d bytes, %v", r.Consumed(), r.Size(), err)
	}
}

func TestOpenErrors(t *testing.T) {
	directory := t.TempDir()
	if _, err := Open(filepath.Join(directory, "missing.log")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "missing.log") {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Open(directory); err == nil || !strings.Contains(err.Error(), directory+" is a directory") {
		t.Errorf("directory: %v", err)
	}
	empty := filepath.Join(directory, "empty.log")
	writeFile(t, empty, "")
	r, err := Open(empty)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := readAll(t, r, 64); !errors.Is(err, ErrEmpty) || !strings.Contains(err.Error(), empty) {
		t.Errorf("empty file: %v", err)
	}
}

func TestOpenErrorHasAdvice(t *testing.T) {
	err := openError(&fs.PathError{Op: "open", Path: "/var/log/audit/audit.log", Err: fs.ErrPermission})
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "adm") || strings.Contains(err.Error(), "\n") {
		t.Errorf("permission denied reads %q", err)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkNext(b *testing.B) {
	path := filepath.Join(b.TempDir(), "audit.log")
	if err := os.WriteFile(path, benchmarkLog(64<<20), 0o600); err != nil {
		b.Fatal(err)
	}
	benchmarkOpen(b, path)
}

// benchmarkOpen reports MB/s of text and the allocations of a whole file.
func benchmarkOpen(b *testing.B, path string) {
	buf := make([]byte, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		r, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		var n int64
		block, err := r.Next(buf)
		for ; err == nil; block, err = r.Next(buf) {
			n += int64(len(block))
		}
		if err != io.EOF {
			b.Fatal(err)
		}
		b.SetBytes(n)
		r.Close()
	}
}

// benchmarkLog has lines like auditd's, about as compressible as real ones.
func benchmarkLog(size int) []byte {
	rnd := rand.New(rand.NewPCG(1, 1))
	var log bytes.Buffer
	for serial := 1000; log.Len() < size; serial += 1 + rnd.IntN(2) {
		fmt.Fprintf(&log, "type=SECCOMP msg=audit(%d.%03d:%d): auid=4294967295 uid=%d gid=0 ses=4294967295 subj=unconfined pid=%d comm=\"nginx\" exe=\"/usr/sbin/nginx\" sig=0 arch=c000003e syscall=%d compat=0 ip=0x7f%09x code=0x7ffc0000\x1dAUID=\"unset\" UID=\"root\" GID=\"root\" ARCH=x86_64 SYSCALL=write\n",
			1760000000+serial/1000, serial%1000, serial, rnd.IntN(3), 1000+rnd.IntN(500), rnd.IntN(335), rnd.Int64N(1<<36))
	}
	return log.Bytes()
}

// TestUntil checks that a reader does not wait for a writer that says nothing
// any more, whether it waits for the first bytes, for lines or for more of a
// compressed file.
func TestUntil(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte("one\ntwo\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"nothing": "", "lines": "one\ntwo\n", "gzip": packed.String()[:12]} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			end := make(chan struct{})
			defer close(end)
			// The last read waits, and lets go of who waits for it.
			r := NewReader("-", io.MultiReader(strings.NewReader(text), readerFunc(func([]byte) (int, error) {
				cancel()
				<-end
				return 0, io.EOF
			})))
			r.Until(ctx)
			if block, err := r.Next(make([]byte, 4096)); err == nil && string(block) != text {
				t.Errorf("gave %q", block)
			}
			if _, err := r.Next(make([]byte, 4096)); !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want that it is canceled", err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
