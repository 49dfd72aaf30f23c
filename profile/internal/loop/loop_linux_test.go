package loop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/internal/audittest"
	"github.com/auditscan/auditscan/profile/internal/lab"
	"github.com/auditscan/auditscan/syscalltable"
)

var (
	form     = flag.String("loop", "short", `"short", a few programs and runs, or "long", all of them`)
	document = flag.String("document", "", "write what was measured to this file")
)

// auditscan is the binary.
var auditscan string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(audittest.Built(func(dir string) int {
		auditscan = filepath.Join(dir, "auditscan")
		return measured(m)
	}, "../../../cmd/auditscan"))
}

// measured runs the tests, and writes what they measured.
func measured(m *testing.M) int {
	start := time.Now()
	code := m.Run()
	if *document != "" && code == 0 {
		if err := writeDocument(*document, time.Since(start)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// long reports whether all there is to do is to be done.
func long() bool { return *form == "long" }

// patience is how long one run may take. A program of which a process was
// killed on purpose may wait for it for ever.
const (
	patience       = time.Minute
	patienceKilled = 10 * time.Second
)

// logEverything is the profile of a recording: with the foreign architectures
// named, or the kernel would kill what uses them.
const logEverything = `{"defaultAction":"SCMP_ACT_LOG","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"]}`

// TestClosedLoop: a profile made from one recorded run of a program lets it do
// its work again, and without any one of the calls that were observed, check
// says what will be denied and the kernel denies it.
func TestClosedLoop(t *testing.T) {
	needRuntime(t, "runc")
	w := newWorld(t)
	runs, removals := 3, 2
	if long() {
		runs = 20
	}
	for i, p := range programs() {
		if !p.short && !long() {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			w.need(t, p)
			c := w.container(p)
			c.NoNewPrivileges = i%2 == 0
			l := newLoop(t, []*lab.Bundle{w.bundle(t), w.bundle(t)}, c)
			r := row{program: p.name, version: w.root.version(p), noNewPrivs: c.NoNewPrivileges, observed: len(l.observed), added: l.added, runs: runs}
			r.failures = l.enforce(t, runs)
			r.second = l.secondRun(t)
			r.checked = l.checkRemovals(t)
			t.Run("deny", func(t *testing.T) { r.removed, r.denied = l.denyRemovals(t, removals) })
			rows = append(rows, r)
			t.Log(r)
		})
	}
}

// needRuntime skips a test where containers cannot be run.
func needRuntime(t *testing.T, name string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to run containers")
	}
	for _, tool := range []string{name, "busybox"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s (Debian: runc, crun, busybox-static): %v", tool, err)
		}
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("needs x86_64, whose foreign architecture the profiles name")
	}
}

// observedCall is a call that a profile has for having been seen.
type observedCall struct {
	Name   string
	Arches []string
}

// loop is a program that was recorded.
type loop struct {
	bundles   []*lab.Bundle // one for each of those that run at the same time
	container lab.Container
	log       string   // path of the recording
	advised   []string // calls that auditscan said a further run may make
	output    []byte   // what the program printed
	profile   specs.LinuxSeccomp
	observed  []observedCall
	added     int
}

// newLoop records one run of a container and makes the profile.
func newLoop(t *testing.T, bundles []*lab.Bundle, c lab.Container) *loop {
	t.Helper()
	l := &loop{bundles: bundles, container: c, log: filepath.Join(t.TempDir(), "audit.log")}
	l.output = l.record(t, l.log)
	l.makeProfile(t)
	return l
}

// record records one run to a log, and returns what the program printed.
func (l *loop) record(t *testing.T, log string) (output []byte) {
	t.Helper()
	recorded := t.Run("record", func(t *testing.T) { // which ends the daemon, and lets other tests have the queue
		stop := recordTo(t, log)
		c := l.container
		c.Seccomp = []byte(logEverything)
		output = run(t, l.bundles[0], c)
		stop()
	})
	if !recorded || output == nil {
		t.SkipNow()
	}
	return output
}

// recordTo has auditd write to a log.
func recordTo(t *testing.T, log string) (stop func()) {
	t.Helper()
	audittest.Need(t)
	return audittest.Auditd(t, fmt.Sprintf("log_file = %s\nlog_format = RAW\nfreq = 1000\nflush = INCREMENTAL_ASYNC\nmax_log_file = 500\n", log))
}

// run runs a container, which must go well.
func run(t *testing.T, b *lab.Bundle, c lab.Container) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := b.Run(ctx, c)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return append([]byte{}, out...)
}

// makeProfile has auditscan make the profile of the log.
func (l *loop) makeProfile(t *testing.T) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "explain.json")
	text, notes, code := command("profile", "--require-trusted", "--explain", file, l.log)
	if code != 0 {
		t.Fatalf("profile: exit code %d\n%s", code, notes)
	}
	l.container.Seccomp = text
	if m := advice.FindStringSubmatch(notes); m != nil {
		l.advised = strings.Fields(m[1])
	}
	explain, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var e struct {
		Calls     []observedCall
		Additions []struct{}
	}
	if err := errors.Join(json.Unmarshal(explain, &e), json.Unmarshal(text, &l.profile)); err != nil {
		t.Fatal(err)
	}
	l.observed, l.added = e.Calls, len(e.Additions)
	if len(l.observed) == 0 {
		t.Fatal("nothing was observed: is audit off (audit=0)?")
	}
}

// advice is what profile says of calls that depend on timing.
var advice = regexp.MustCompile(`--variants allows (.*), too`)

// secondRun records another run, and returns the calls that only this one made,
// each with what the first had foreseen.
func (l *loop) secondRun(t *testing.T) (calls []string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "second.log")
	l.record(t, log)
	for _, name := range seenCalls(t, log) {
		switch {
		case slices.ContainsFunc(l.observed, func(c observedCall) bool { return c.Name == name }):
		case allows(l.profile, name):
			calls = append(calls, name+" (allowed)")
		case slices.Contains(l.advised, name):
			calls = append(calls, name+" (said)")
		default:
			calls = append(calls, name+" (not said)")
		}
	}
	return calls
}

// allows reports whether a profile allows a call.
func allows(p specs.LinuxSeccomp, name string) bool {
	return slices.ContainsFunc(p.Syscalls, func(rule specs.LinuxSyscall) bool {
		return rule.Action == specs.ActAllow && slices.Contains(rule.Names, name)
	})
}

// seenCalls returns the calls of a log.
func seenCalls(t *testing.T, log string) (names []string) {
	t.Helper()
	text, notes, _ := command("report", "-o", "json", log)
	var report struct {
		Groups []struct{ Syscalls []struct{ Name string } }
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatalf("report: %v\n%s", err, notes)
	}
	for _, g := range report.Groups {
		for _, c := range g.Syscalls {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// command runs auditscan.
func command(args ...string) (stdout []byte, stderr string, code int) {
	cmd := exec.Command(auditscan, args...)
	var out, notes bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &notes
	cmd.Run()
	return out.Bytes(), notes.String(), cmd.ProcessState.ExitCode()
}

// enforce runs the program under its profile, in all bundles at the same time.
func (l *loop) enforce(t *testing.T, runs int) (failures int) {
	t.Helper()
	var workers []func() error
	for _, b := range l.bundles {
		workers = append(workers, func() error { return l.rerun(b) })
	}
	return repeat(t, runs, workers...)
}

// repeat has workers do a number of runs together, and counts those that fail.
func repeat(t *testing.T, runs int, workers ...func() error) (failures int) {
	t.Helper()
	var all sync.WaitGroup
	var next, failed atomic.Int32
	for _, work := range workers {
		all.Go(func() {
			for n := next.Add(1); int(n) <= runs; n = next.Add(1) {
				if err := work(); err != nil {
					t.Errorf("run %d under the profile: %v", n, err)
					failed.Add(1)
				}
			}
		})
	}
	all.Wait()
	return int(failed.Load())
}

// differs is an error where a run did not go as the recorded one.
func differs(out []byte, err error, want []byte) error {
	if err == nil && !bytes.Equal(out, want) {
		err = fmt.Errorf("not what was printed before:\n%s", want)
	}
	if err != nil {
		return fmt.Errorf("%w\nprinted:\n%s", err, out)
	}
	return nil
}

// rerun runs the program under its profile, and wants it to print what it printed
// before.
func (l *loop) rerun(b *lab.Bundle) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := b.Run(ctx, l.container)
	return differs(out, err, l.output)
}

// without returns the profile without a call and with what becomes of it.
func (l *loop) without(t *testing.T, name string, def specs.LinuxSeccompAction) []byte {
	t.Helper()
	p := l.profile
	p.DefaultAction, p.Syscalls = def, nil
	if def != specs.ActErrno {
		p.DefaultErrnoRet = nil
	}
	for _, s := range l.profile.Syscalls {
		s.Names = slices.DeleteFunc(slices.Clone(s.Names), func(n string) bool { return n == name })
		if len(s.Names) > 0 {
			p.Syscalls = append(p.Syscalls, s)
		}
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// checkRemovals replays the log against the profile as it is, and a report of it
// against the profile without each call that was observed, and returns how many
// those were.
func (l *loop) checkRemovals(t *testing.T) int {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "profile.json")
	replay := func(profile []byte, log string) (string, int) {
		out, notes, code := command("check", "-o", "json", write(t, file, string(profile)), log)
		return string(out) + notes, code
	}
	if out, code := replay(l.container.Seccomp, l.log); code != 0 {
		t.Errorf("check of the profile: exit code %d, want 0\n%s", code, out)
	}
	text, _, _ := command("report", "-o", "json", l.log)
	report := write(t, filepath.Join(dir, "report.json"), string(text))
	for _, c := range l.observed {
		out, code := replay(l.without(t, c.Name, specs.ActErrno), report)
		if code != 4 || !strings.Contains(out, fmt.Sprintf("%q", c.Name)) {
			t.Errorf("check of the profile without %s: exit code %d, want 4\n%s", c.Name, code, out)
		}
	}
	return len(l.observed)
}

// denyRemovals runs the program without one call after another, of those that
// were observed, and wants a record of the kernel that says that this call was
// denied. The default is kill_process in these runs, since the kernel keeps no
// record of what it answers with an error. A call that a run need not make,
// such as futex, may not come up: it is tried thrice.
func (l *loop) denyRemovals(t *testing.T, n int) (removed, denied int) {
	t.Helper()
	audittest.Need(t) // for others would hear of what is killed here
	listener, err := lab.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for i := range min(n, len(l.observed)) {
		c := l.observed[i*len(l.observed)/n]
		removed++
		if l.denies(t, listener, c) {
			denied++
		}
	}
	if denied == 0 {
		t.Error("the kernel denied none of the calls that were removed")
	}
	return removed, denied
}

// denies reports whether the kernel denies a call that is not in the profile.
func (l *loop) denies(t *testing.T, listener *lab.Listener, call observedCall) bool {
	t.Helper()
	c := l.container
	c.Seccomp = l.without(t, call.Name, specs.ActKillProcess)
	for range 3 {
		if _, err := listener.Drain(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), patienceKilled)
		out, runErr := l.bundles[0].Run(ctx, c)
		late := ctx.Err() != nil
		cancel()
		records, err := listener.Drain()
		if err != nil {
			t.Fatal(err)
		}
		killed := slices.ContainsFunc(records, func(r lab.Record) bool { return denied(r, call.Name) })
		if killed {
			return true
		}
		if runErr != nil && !late {
			t.Errorf("without %s: %v, but there is no record of it\n%s", call.Name, runErr, out)
		}
	}
	t.Logf("without %s: no run made it", call.Name)
	return false
}

// denied reports whether a record says that a call led to the process's end.
func denied(r lab.Record, name string) bool {
	got, _ := syscalltable.Resolve(r.Arch, r.NR).Name(r.NR)
	return got == name && syscalltable.ActionOf(r.Code) == syscalltable.ActionKillProcess
}
