package source

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

// mappedLog writes a log of some size and opens it, mapped.
func mappedLog(t *testing.T, keep int, text []byte) (*Reader, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if _, err := r.Peek(4096); err != nil {
		t.Fatal(err)
	}
	if r.Map(256<<10, keep/(256<<10)); r.mapped == nil {
		t.Fatal("not mapped")
	}
	return r, path
}

func manyLines(size int) []byte {
	var text bytes.Buffer
	for i := 0; text.Len() < size; i++ {
		fmt.Fprintf(&text, "line %d %s\n", i, strings.Repeat("x", i%200))
	}
	return text.Bytes()
}

// rest reads to the end and returns all text.
func rest(t *testing.T, r *Reader, buf []byte) []byte {
	t.Helper()
	var all []byte
	for {
		block, err := r.Next(buf)
		all = append(all, r.Trim(block)...)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(block) > len(buf) {
			t.Fatalf("a block of %d bytes, more than asked for", len(block))
		}
	}
}

// TestMapped checks that a mapped file gives the same blocks' text as one that
// is read, with long lines, without a newline at the end, and when it has grown
// meanwhile; and that what was given back does not stay in memory.
func TestMapped(t *testing.T) {
	long := bytes.Repeat([]byte("y"), MaxLine+1)
	huge := bytes.Repeat([]byte("z"), 300<<10) // longer than a block
	text := bytes.Join([][]byte{manyLines(9 << 20), long, []byte("after"), manyLines(1 << 20), huge, manyLines(6 << 20)}, []byte("\n"))
	text = append(text, "no newline"...)
	r, path := mappedLog(t, 1<<20, text)
	grown := "but then\nand more\n"
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(grown); err != nil {
		t.Fatal(err)
	}
	f.Close()
	got := rest(t, r, make([]byte, 256<<10))
	want := append(bytes.Replace(bytes.Replace(text, long, nil, 1), huge, nil, 1), grown...)
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
	if r.Oversize() != 2 || r.Consumed() != int64(len(text)+len(grown)) {
		t.Errorf("oversize %d, consumed %d of %d", r.Oversize(), r.Consumed(), len(text)+len(grown))
	}
	if r.mapped.freed.Load() == 0 {
		t.Error("nothing was given back")
	}
}

// TestMappedKeeps checks that a block stays as it was given while blocks that
// may be in use come after it: what is given back is what the file holds, and a
// block with a long line is not.
func TestMappedKeeps(t *testing.T) {
	text := append(bytes.Repeat([]byte("y"), MaxLine+1), "\n"+string(manyLines(12<<20))...)
	r, _ := mappedLog(t, 2*givenBack, text)
	next := func() []byte {
		block, err := r.Next(make([]byte, 256<<10))
		if err != nil {
			t.Fatal(err)
		}
		return r.Trim(block)
	}
	first := next()
	was := bytes.Clone(first)
	for r.Consumed() < 2*givenBack {
		next()
	}
	if !bytes.Equal(first, was) {
		t.Error("a block has changed that may be in use")
	}
}

// TestMappedIsPrivate checks that emptying a long line leaves the file alone.
func TestMappedIsPrivate(t *testing.T) {
	text := append(bytes.Repeat([]byte("y"), MaxLine+1), "\n"+string(manyLines(2<<20))...)
	r, path := mappedLog(t, 1<<20, text)
	rest(t, r, make([]byte, 256<<10))
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, text) {
		t.Errorf("the file has changed, %v", err)
	}
}

// TestMappedCut checks that a file that is cut short while it is read gives a
// fault that can be recovered from, and not the end of the process.
func TestMappedCut(t *testing.T) {
	r, path := mappedLog(t, 1<<20, manyLines(8<<20))
	if _, err := r.Next(make([]byte, 64<<10)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if fault, ok := recover().(interface{ Addr() uintptr }); !ok {
			t.Errorf("recovered %v, which has no address", fault)
		}
	}()
	rest(t, r, make([]byte, 64<<10))
	t.Error("read to the end of a file that is not there")
}
