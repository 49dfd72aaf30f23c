package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
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
	s, err := Read(ctx, named(first, second), nil, Options{Workers: 2, Opened: func(in *source.Reader) {
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

// TestPipeWithoutWriter checks that a named pipe that nobody writes to keeps
// neither an interrupt nor the error of another input from ending it all.
func TestPipeWithoutWriter(t *testing.T) {
	dir := t.TempDir()
	pipe, missing := filepath.Join(dir, "pipe"), filepath.Join(dir, "missing")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		names []string
		wait  time.Duration // before the interrupt
		want  error
	}{
		{[]string{pipe}, 50 * time.Millisecond, context.DeadlineExceeded},
		{[]string{missing, pipe}, time.Hour, fs.ErrNotExist},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), tt.wait)
		defer cancel()
		done := make(chan error, 1)
		go func() {
			_, err := Read(ctx, named(tt.names...), nil, Options{Workers: 2})
			done <- err
		}()
		select {
		case err := <-done:
			if !errors.Is(err, tt.want) {
				t.Errorf("%v: %v, want %v", tt.names, err, tt.want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%v: it does not end", tt.names)
		}
	}
}
