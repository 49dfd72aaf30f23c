package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// silent is a writer's end that interrupts who reads it, and says no more.
type silent struct {
	interrupt func()
	end       <-chan struct{}
}

func (s silent) Read([]byte) (int, error) {
	s.interrupt()
	<-s.end
	return 0, io.EOF
}

// TestInterrupt checks that a signal ends a command that waits for standard
// input, and that it gives no report of a part.
func TestInterrupt(t *testing.T) {
	log, err := os.ReadFile("../../testdata/nginx/audit.log")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"report", "-"}, {"profile", "-"}, {"report", "-o", "ndjson", "-"}} {
		for name, text := range map[string]string{"before": "", "within": string(log)} {
			t.Run(strings.Join(args, " ")+" "+name, func(t *testing.T) {
				ctx, interrupt := context.WithCancel(t.Context())
				end := make(chan struct{})
				defer close(end)
				var stdout, stderr bytes.Buffer
				env := &environment{
					stdin:  io.MultiReader(strings.NewReader(text), silent{interrupt, end}),
					stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" },
				}
				if err := run(ctx, env, args); !errors.Is(err, errInterrupted) || stdout.Len() > 0 {
					t.Errorf("%v, and wrote %q", err, &stdout)
				}
			})
		}
	}
}
