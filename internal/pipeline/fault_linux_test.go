package pipeline

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
