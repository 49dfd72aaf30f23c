package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/auditscan/auditscan/internal/loggen"
)

// last is a record that no other is like: with --new, follow prints a line
// when it has come to it.
const last = `type=SECCOMP msg=audit(1999999999.000:1): auid=0 uid=0 gid=0 ses=1 pid=1 comm="the-last" exe="/the-last" sig=0 arch=c000003e syscall=1 compat=0 ip=0x1 code=0x7ffc0000` + "\n"

// catchUp follows the log that is there, from its start to its end.
func (b *bench) catchUp() (used, error) {
	u, _, err := b.followed(b.path("audit.log"), func() error { return nil })
	return u, err
}

const (
	perSecond = 100_000
	seconds   = 5
)

// liveLog is a log that is written while it is followed.
type liveLog struct {
	records string // which, in words
	prepare func(line []byte, now time.Time)
}

// live measures the following of a log that grows by perSecond records.
func (b *bench) live() error {
	fmt.Fprintf(&b.text, "\n%d lines/s into a file for %d s, 95 %% of them records:\n\n| the records | share of one core | target | lost | target |\n|---|---|---|---|---|\n", perSecond, seconds)
	for _, l := range []liveLog{
		{"of the past", func([]byte, time.Time) {}},
		{"of this moment, of processes that are not there", stamp},
	} {
		if err := b.grow(l); err != nil {
			return err
		}
	}
	fmt.Fprint(&b.text, "\nThese two rows are single runs. Of a process that is not there nobody can tell the container: such records wait for a second.\n")
	return nil
}

// grow follows a file that is written at a steady rate.
func (b *bench) grow(l liveLog) error {
	var log bytes.Buffer
	if err := loggen.Write(&log, loggen.Audit, 400*perSecond*seconds, 2); err != nil {
		return err
	}
	lines := bytes.SplitAfter(log.Bytes(), []byte("\n"))[:perSecond*seconds]
	written := 0
	path := b.path("live.log")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	used, records, err := b.followed(path, func() error {
		const step = 10 * time.Millisecond
		tick := time.NewTicker(step)
		defer tick.Stop()
		for n := perSecond / int(time.Second/step); len(lines) > 0; lines = lines[n:] {
			now := <-tick.C
			for _, line := range lines[:n] {
				l.prepare(line, now)
			}
			part := bytes.Join(lines[:n], nil)
			written += bytes.Count(part, []byte("type=SECCOMP"))
			if err := appendTo(path, part); err != nil {
				return err
			}
		}
		written++
		return appendTo(path, []byte(last))
	})
	fmt.Fprintf(&b.text, "| %s | %.0f %% | 50 %% | %d of %d | 0 |\n", l.records, 100*used.cpu/used.wall, written-records, written)
	return err
}

// stamp gives an auditd line the time of now.
func stamp(line []byte, now time.Time) {
	if _, at, ok := bytes.Cut(line, []byte("msg=audit(")); ok {
		ms := now.UnixMilli()
		copy(at, fmt.Sprintf("%d.%03d", ms/1000, ms%1000))
	}
}

// followed follows a log from its start, while write adds to it, until the
// last record was read, and returns how many were.
func (b *bench) followed(path string, write func() error) (u used, records int, err error) {
	cmd := exec.Command(b.bin, "follow", "-q", "--new", "--from-start", path)
	notes, err := os.Create(b.path("notes")) // a pipe would have to be read meanwhile
	if err != nil {
		return u, 0, err
	}
	defer notes.Close()
	cmd.Stderr = notes
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
	u, err = usageOf(cmd, start, cmd.Wait())
	if failed != nil || err != nil {
		return u, 0, fmt.Errorf("follow %s: %w, %w", path, failed, err)
	}
	text, err := os.ReadFile(notes.Name())
	if err != nil {
		return u, 0, err
	}
	m := regexp.MustCompile(`(?m)^([\d,]+) records`).FindSubmatch(text)
	if m == nil {
		return u, 0, fmt.Errorf("follow gave no summary: %s", text)
	}
	records, err = strconv.Atoi(strings.ReplaceAll(string(m[1]), ",", ""))
	return u, records, err
}
