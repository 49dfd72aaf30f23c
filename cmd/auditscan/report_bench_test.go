package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/auditscan/auditscan/internal/loggen"
)

// BenchmarkReport reports whole logs, from the file to the table. The
// compiler's profile of the command is made of it: see `make pgo`.
func BenchmarkReport(b *testing.B) {
	for _, kind := range []loggen.Kind{loggen.Audit, loggen.Syslog30, loggen.Syslog1, loggen.Groups, loggen.Filebeat} {
		b.Run(string(kind), func(b *testing.B) {
			const size = 64 << 20
			path := filepath.Join(b.TempDir(), "log")
			log, err := os.Create(path)
			if err != nil {
				b.Fatal(err)
			}
			if err := loggen.Write(log, kind, size, 1); err != nil {
				b.Fatal(err)
			}
			if err := log.Close(); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(size)
			for b.Loop() {
				env := &environment{stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }}
				if err := run(context.Background(), env, []string{"report", "-q", path}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
