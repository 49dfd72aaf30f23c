package pipeline

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/loggen"
	"github.com/auditscan/auditscan/source"
)

// TestSeveralAtOnce checks that compressed files are read at once: the second
// half of the first one comes only when the second has been opened.
func TestSeveralAtOnce(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	if err := loggen.Write(&log, loggen.Audit, 2<<20, 1); err != nil {
		t.Fatal(err)
	}
	first, second := filepath.Join(dir, "first.gz"), filepath.Join(dir, "second.gz")
	text := packed(t, first, log.Bytes())
	if err := unix.Mkfifo(first, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(second, text, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // if it never is
	defer cancel()
	opened, written := make(chan struct{}), make(chan error, 1)
	go func() {
		pipe, err := os.OpenFile(first, os.O_WRONLY, 0)
		if err != nil {
			written <- err
			return
		}
		_, err = pipe.Write(text[:len(text)/2])
		select {
		case <-opened:
		case <-ctx.Done():
		}
		_, again := pipe.Write(text[len(text)/2:])
		written <- errors.Join(err, again, pipe.Close())
	}()
	s, err := Read(ctx, []string{first, second}, nil, Options{Workers: 2, Opened: func(in *source.Reader) {
		if in.Name() == second {
			close(opened)
		}
	}})
	if err := errors.Join(err, <-written); err != nil {
		t.Fatal(err)
	}
	if s.Totals.Records == 0 || s.Totals.Duplicates != s.Totals.Records {
		t.Errorf("%+v; want each record twice", s.Totals)
	}
}
