package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/auditscan/auditscan/internal/loggen"
)

// awaitLast reads lines until that of the last record.
func awaitLast(out io.Reader) error {
	s := bufio.NewScanner(out)
	s.Buffer(make([]byte, 64<<10), 64<<10) // as much as a pipe holds: what writes to it should not wait
	for s.Scan() {
		if strings.Contains(s.Text(), "the-last") {
			return nil
		}
	}
	return errors.Join(s.Err(), io.ErrUnexpectedEOF)
}

func appendTo(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// memory measures the peak of memory, of three runs: of a log of few and of many groups, and
// of one whose every record has a pid and a comm of its own.
func (b *bench) memory() error {
	fmt.Fprint(&b.text, "\n## Memory\n\n| log | peak | target |\n|---|---|---|\n")
	for _, m := range []struct {
		what, target string
		kind         loggen.Kind
		size         int64
	}{
		{"audit.log, 400 groups", "64 MB", loggen.Audit, b.size},
		{"10,000 groups", "64 MB", loggen.Groups, b.size},
		{"every record another pid and comm", "bounded", loggen.Distinct, b.size},
		{"the same, 4 × as long", "bounded", loggen.Distinct, 4 * b.size},
	} {
		name := "memory.log"
		if err := b.generate(name, m.kind, m.size); err != nil {
			return err
		}
		peak := int64(0)
		for range 3 {
			u, err := measure(append(b.report(name), "-o", "json"), nil)
			if err != nil {
				return err
			}
			peak = max(peak, u.rss)
		}
		fmt.Fprintf(&b.text, "| %s, %d MB | %d MB | %s |\n", m.what, m.size/1e6, peak/1e6, m.target)
	}
	return os.Remove(b.path("memory.log"))
}
