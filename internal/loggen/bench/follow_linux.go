package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"github.com/auditscan/auditscan/internal/loggen"
)

// last is a record that no other is like: with --new, follow prints a line
// when it has come to it.
const last = `type=SECCOMP msg=audit(1999999999.000:1): auid=0 uid=0 gid=0 ses=1 pid=1 comm="the-last" exe="/the-last" sig=0 arch=c000003e syscall=1 compat=0 ip=0x1 code=0x7ffc0000` + "\n"

// follow measures the catching up with a log, and the following of one that
// grows by perSecond records.
func (b *bench) follow() error {
	if err := appendTo(b.path("audit.log"), []byte(last)); err != nil {
		return err
	}
	var cpu, wall []float64
	for range b.runs {
		follow, _, err := b.followed(b.path("audit.log"), func() error { return nil })
		if err != nil {
			return err
		}
		report, err := measure([]string{b.bin, "report", "-q", b.path("audit.log")}, nil)
		if err != nil {
			return err
		}
		cpu, wall = append(cpu, follow.cpu/report.cpu), append(wall, follow.wall/report.wall)
	}
	fmt.Fprintf(&b.text, "\n## Following\n\n| what | CPU | wall | target |\n|---|---|---|---|\n| `follow --from-start` of audit.log, over `report` of it | %.2f | %.2f | 1.50 |\n", median(cpu), median(wall))
	return b.live()
}

const (
	perSecond = 100_000
	seconds   = 5
)

// live follows a file that is written at a steady rate.
func (b *bench) live() error {
	var log bytes.Buffer
	if err := loggen.Write(&log, loggen.Audit, 400*perSecond*seconds, 2); err != nil {
		return err
	}
	lines := bytes.SplitAfter(log.Bytes(), []byte("\n"))[:perSecond*seconds]
	written := 0
	path := b.path("live.log")
	if err := appendTo(path, nil); err != nil {
		return err
	}
	used, records, err := b.followed(path, func() error {
		const step = 10 * time.Millisecond
		tick := time.NewTicker(step)
		defer tick.Stop()
		for n := perSecond / int(time.Second/step); len(lines) > 0; lines = lines[n:] {
			<-tick.C
			part := bytes.Join(lines[:n], nil)
			written += bytes.Count(part, []byte("type=SECCOMP"))
			if err := appendTo(path, part); err != nil {
				return err
			}
		}
		written++
		return appendTo(path, []byte(last))
	})
	fmt.Fprintf(&b.text, "| %d lines/s into a file for %d s: share of one core | %.0f %% | | 50 %% |\n| the same: records lost of %d | %d | | 0 |\n"+
		"\nMemory and the live row are single runs. The live log's records (95 %% of its lines) carry times of the past, so that none\nwaits for its container to be known: records of this moment cost more.\n",
		perSecond, seconds, 100*used.cpu/used.wall, written, written-records)
	return err
}

// followed follows a log from its start, while write adds to it, until the
// last record was read, and returns how many were.
func (b *bench) followed(path string, write func() error) (u used, records int, err error) {
	cmd := exec.Command(b.bin, "follow", "-q", "--new", "--from-start", path)
	var notes bytes.Buffer
	cmd.Stderr = &notes
	out, err := cmd.StdoutPipe()
	if err != nil {
		return u, 0, err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return u, 0, err
	}
	failed := write()
	if failed == nil {
		failed = awaitLast(out)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		return u, 0, err
	}
	u, err = of(cmd, start, cmd.Wait())
	if failed != nil || err != nil {
		return u, 0, fmt.Errorf("follow %s: %w, %w", path, failed, err)
	}
	m := regexp.MustCompile(`(?m)^(\d+) records`).FindSubmatch(notes.Bytes())
	if m == nil {
		return u, 0, fmt.Errorf("follow gave no summary: %s", notes.Bytes())
	}
	records, err = strconv.Atoi(string(m[1]))
	return u, records, err
}
