//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

var hammer = flag.String("hammer", "short", `how long TestHammerKilled takes: "short", some seconds, or "long", a minute`)

const (
	hammerRate   = 20_000 // records a second
	hammerBucket = 100    // records of the same call and process, one after the other
)

// TestHammerKilled kills the command again and again, without a warning, while
// its log is written and rotated: the state has each record once.
func TestHammerKilled(t *testing.T) {
	duration, rotations := 4*time.Second, 8
	if *hammer == "long" {
		duration, rotations = time.Minute, 30
	}
	dir := t.TempDir()
	w := newHammerLog(t, filepath.Join(dir, "audit.log"))
	state := filepath.Join(dir, "state.json")
	start := func() *following {
		return follow(t, "-q", "-o", "json", "--from-start", "--state", state, w.path)
	}
	f := start()
	awaitFile(state) // before that nobody can know of a rotated file
	written := make(chan error, 1)
	go func() { written <- w.write(duration, rotations) }()
	kills := 0
	for err, more := error(nil), true; more; f = start() {
		go f.drain(-1)
		select {
		case <-time.After(min(duration/15, time.Second) + rand.N(min(duration/5, 3*time.Second))):
			kills++
		case err = <-written:
			more = false
		}
		f.kill()
		if err != nil {
			t.Fatal(err)
		}
	}
	last, end := make(chan error, 1), w.next+hammerBucket
	go func() { last <- f.drain(end - 1) }()
	if err := w.records(hammerBucket); err != nil {
		t.Fatal(err)
	}
	if err := <-last; err != nil {
		t.Fatal(err)
	}
	f.stop(syscall.SIGTERM)
	lost, doubled := countedIn(t, state, end)
	t.Logf("%d records, %d rotations, %d kills: %d lost, %d doubled", end, rotations, kills+1, lost, doubled)
	if lost > 0 || doubled > 0 {
		t.Error("each record should be counted once")
	}
}

// awaitFile waits until there is a file.
func awaitFile(path string) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(path); err == nil {
			return
		}
		<-tick.C
	}
}

// kill ends the process as the kernel does when memory is short.
func (f *following) kill() {
	f.cmd.Process.Kill()
	f.cmd.Wait()
}

// drain reads events up to the one of a serial, or to the end.
func (f *following) drain(last int) error {
	for {
		line, err := f.lines.ReadBytes('\n')
		if err != nil {
			return err
		}
		var e struct{ Serial int }
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("%w in %s", err, line)
		}
		if e.Serial == last {
			return nil
		}
	}
}

// countedIn compares the counts of a state with the records of serials below
// end, which are hammerBucket of each call.
func countedIn(t *testing.T, state string, end int) (lost, doubled int) {
	t.Helper()
	var doc struct {
		Completeness struct{ Verdict string }
		Groups       []struct {
			PID      int
			Syscalls []struct{ NR, Count int }
		}
	}
	data, err := os.ReadFile(state)
	if err == nil {
		err = json.Unmarshal(data, &doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	if doc.Completeness.Verdict != "unknown" {
		t.Errorf("verdict %q, want unknown: SECCOMP records only", doc.Completeness.Verdict)
	}
	counts := make([]int, end/hammerBucket)
	for _, g := range doc.Groups {
		for _, c := range g.Syscalls {
			counts[(g.PID-1)*300+c.NR] = c.Count
		}
	}
	for _, n := range counts {
		lost += max(0, hammerBucket-n)
		doubled += max(0, n-hammerBucket)
	}
	return lost, doubled
}

// hammerLog is a log that is written without a pause.
type hammerLog struct {
	t        *testing.T
	path     string
	file     *os.File
	next     int // serial
	rotation int
}

func newHammerLog(t *testing.T, path string) *hammerLog {
	w := &hammerLog{t: t, path: path}
	if err := w.reopen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.file.Close() })
	return w
}

func (w *hammerLog) reopen() error {
	if w.file != nil {
		w.file.Close()
	}
	f, err := os.OpenFile(w.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	w.file = f
	return err
}

// write writes at hammerRate, in whole buckets, through rotations.
func (w *hammerLog) write(duration time.Duration, rotations int) error {
	const tick = hammerBucket * time.Second / hammerRate
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	ticks := int(duration / tick)
	for i := range ticks {
		<-ticker.C
		if err := w.records(hammerBucket); err != nil {
			return err
		}
		if err := w.rotate(i, ticks/(rotations+1)); err != nil {
			return err
		}
	}
	return nil
}

// rotate renames every so many ticks. Every other time the writer stays with
// the old file for some more, as rsyslog does until it is told.
func (w *hammerLog) rotate(tick, every int) error {
	const stay = 20
	switch phase := tick % every; {
	case phase == every-1-stay:
		w.rotation++
		shiftRotated(w.path, w.rotation)
		if err := os.Rename(w.path, w.path+".1"); err != nil {
			return err
		}
		if w.rotation%2 == 0 {
			return w.reopen()
		}
	case phase == every-1 && w.rotation%2 == 1:
		return w.reopen()
	}
	return nil
}

// shiftRotated makes way for one more rotated file.
func shiftRotated(path string, n int) {
	for i := n; i > 0; i-- {
		os.Rename(fmt.Sprintf("%s.%d", path, i), fmt.Sprintf("%s.%d", path, i+1)) // the last ones are not there yet
	}
}

// records writes n records, each with its own write.
func (w *hammerLog) records(n int) error {
	var errs []error
	for range n {
		_, err := w.file.Write(hammerRecord(nil, w.next))
		errs = append(errs, err)
		w.next++
	}
	return errors.Join(errs...)
}

// hammerRecord appends the record of a serial: hammerBucket of them are the
// same but for it.
func hammerRecord(dst []byte, serial int) []byte {
	return fmt.Appendf(dst, `type=SECCOMP msg=audit(%d.%03d:%d): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=%d comm="seven" exe="/seven"`+
		" sig=0 arch=c000003e syscall=%d compat=0 ip=0x7f0000000001 code=0x7ffc0000\n",
		1795446783+serial/1000, serial%1000, serial, serial/hammerBucket/300+1, serial/hammerBucket%300)
}

// BenchmarkFollowDelay is the time from the write of a record to its event on
// stdout, at 10,000 records a second: try -benchtime 100000x.
func BenchmarkFollowDelay(b *testing.B) {
	const rate, batch = 10_000, 10
	path := filepath.Join(b.TempDir(), "audit.log")
	appendTo(b, path, 0)
	f := follow(b, "-q", "-o", "json", "--from-start", path)
	f.serial()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	written := make([]time.Time, b.N+1)
	delays := make(chan []time.Duration)
	go func() { delays <- f.delays(written) }()
	tick := time.NewTicker(batch * time.Second / rate)
	defer tick.Stop()
	b.ResetTimer()
	for n := 1; n <= b.N; n++ {
		if n%batch == 0 {
			<-tick.C
		}
		written[n] = time.Now()
		if _, err := file.WriteString(record(n)); err != nil {
			b.Fatal(err)
		}
	}
	all := <-delays
	if len(all) != b.N {
		b.Fatalf("%d events of %d records", len(all), b.N)
	}
	slices.Sort(all)
	for _, percent := range []int{50, 99, 100} {
		b.ReportMetric(float64(all[(len(all)-1)*percent/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", percent))
	}
}

// delays reads the events of all records written and says how late each was.
func (f *following) delays(written []time.Time) (all []time.Duration) {
	for len(all) < len(written)-1 {
		line, err := f.lines.ReadBytes('\n')
		if err != nil {
			return all
		}
		now := time.Now()
		var e struct{ Serial int }
		if json.Unmarshal(line, &e) != nil {
			return all
		}
		all = append(all, now.Sub(written[e.Serial]))
	}
	return all
}
