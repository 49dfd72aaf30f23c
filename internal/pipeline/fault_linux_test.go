package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/internal/loggen"
	"github.com/auditscan/auditscan/source"
)

// cutter cuts a file when something is written to it.
type cutter struct {
	path string
	err  error
}

func (c *cutter) Write(p []byte) (int, error) {
	c.err = errors.Join(c.err, os.Truncate(c.path, 0))
	return len(p), nil
}

// TestCutWhileRead checks that a log that is emptied while it is read, mapped
// or not, ends with an error that names it, and with no report: neither with a
// crash, nor with a report of the half that was read.
func TestCutWhileRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "the.log")
	for kind, size := range map[loggen.Kind]int64{loggen.Audit: 8 << 20, loggen.Syslog1: 8 << 20, loggen.Syslog30: 900 << 10} {
		var log bytes.Buffer
		if err := loggen.Write(&log, kind, size, 5); err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{1, 3} {
			if err := os.WriteFile(path, log.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			cut := &cutter{path: path}
			s, err := Read(context.Background(), named(path), nil, Options{Workers: workers, BlockSize: 64 << 10, Output: asEvents(cut)})
			if err == nil || !strings.Contains(err.Error(), path) || !errors.Is(err, source.ErrCut) || s != nil || cut.err != nil {
				t.Errorf("%s, %d workers: %v, report %v, %v", kind, workers, err, s != nil, cut.err)
			}
		}
	}
}

// given gives some blocks.
type given [][]byte

func (g *given) Trim(block []byte) []byte { return block }

func (g *given) Next([]byte) ([]byte, error) {
	if len(*g) == 0 {
		return nil, io.EOF
	}
	block := (*g)[0]
	*g = (*g)[1:]
	return block, nil
}

// TestCutWhileReadAgain checks that a block that cannot be read any more when
// it is parsed a second time, since it may repeat a record, is an error too:
// what was counted of it cannot be told apart from what counts.
func TestCutWhileReadAgain(t *testing.T) {
	line := []byte(`type=SECCOMP msg=audit(1717243200.000:7): auid=0 uid=0 gid=0 ses=1 pid=1 comm="a" exe="/a" sig=0 arch=c000003e syscall=1 compat=0 ip=0x1 code=0x7ffc0000` + "\n")
	file, err := os.Create(filepath.Join(t.TempDir(), "the.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(line); err != nil {
		t.Fatal(err)
	}
	mapped, err := unix.Mmap(int(file.Fd()), 0, len(line), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(mapped)
	events := 0
	c := NewCounter("the.log", "", Options{Workers: 1, Output: Output{Writer: io.Discard, Event: func(dst []byte, _ *event.Event) []byte {
		if events++; events == 2 { // the mapped block was counted for the first time
			err = errors.Join(err, file.Truncate(0))
		}
		return dst
	}}})
	got := c.Backlog(&given{line, mapped})
	if !errors.Is(got, errFault) || err != nil || events != 2 {
		t.Errorf("%v after %d events (%v), want %v after 2", got, events, err, errFault)
	}
}
