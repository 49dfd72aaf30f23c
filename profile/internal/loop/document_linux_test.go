package loop

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// row is what a program's loop came to.
type row struct {
	program         string
	version         string // of its package
	noNewPrivs      bool
	observed, added int
	runs, failures  int
	checked         int // calls without which check ended with 4
	removed, denied int
	second          []string // calls that only a second run made
}

func (r row) String() string {
	return fmt.Sprintf("| %s | %s | %t | %d | %d | %d | %d | %s | %d of %d | %d of %d |",
		r.program, r.version, r.noNewPrivs, r.observed, r.added, r.runs, r.failures, strings.Join(r.second, ", "), r.checked, r.observed, r.denied, r.removed)
}

// startRow is what the starts under a learned profile came to.
type startRow struct {
	runtime          string
	noNewPrivs       bool
	learned          int
	observed, added  int
	starts, failures int
}

func (r startRow) String() string {
	return fmt.Sprintf("| %s | %t | %d | %d | %d | %d | %d |",
		r.runtime, r.noNewPrivs, r.learned, r.observed, r.added, r.starts, r.failures)
}

// engineRow is what the runs of a program by an engine came to.
type engineRow struct {
	engine, program          string
	observed, runs, failures int
}

func (r engineRow) String() string {
	return fmt.Sprintf("| %s | %s | %d | %d | %d |", r.engine, r.program, r.observed, r.runs, r.failures)
}

// What was measured, in order.
var (
	rows       []row
	engineRows []engineRow
	notHad     []string // programs that were not run, and why
	startRows  []startRow
)

const head = `# The closed loop, measured

%s writes this file: programs in containers, recorded by auditd, with the kernel as the judge.

%s

## Programs

Each program was recorded once under %s in a runc container, a profile was made of the log, and the program did the
same work again under it; a run fails if the program fails or prints anything else than when it was recorded. They are
Debian's packages, unpacked into a directory of their own; Debian has no traefik and no zig. "check": of how many observed
calls, each taken out of the profile alone, %s said that the log has it and the profile denies it (exit code 4).
"kernel": of how many of those tried the kernel itself recorded that it denied the call. The default is kill_process in
these runs, as the kernel keeps no record of what it answers with an error; a call that none of three runs makes, as it
may be with futex, was not denied.

"second run": calls that a second recording has and the first had not. "allowed": the profile of the first allows the call
all the same, as one that a runtime may make. "said": when the profile was made, auditscan said that a further run may make
it, since it depends on timing, and that %s allows it. "not said": neither.

The work is made to need the same calls however fast the machine is. It matters: dash's wait calls rt_sigsuspend only
while the child still runs, and a profile of a run without that left the shell in a loop.

| program | version | noNewPrivileges | observed | added | runs | failures | second run | check | kernel |
|---|---|---|---|---|---|---|---|---|---|
`

const engineHead = `
## Engines

The same, with containers that Docker, Podman and containerd's CRI started: recorded once, made into a profile, and run
under it. Rootless Podman ran them as an ordinary user.

| engine, runtime | program | observed | runs | failures |
|---|---|---|---|---|
`

const startHead = `
## Runtimes

A program that ends at once was recorded in so many starts, and started so many times under the profile: as root, as
another user, and created first and started later, in turn.

| runtime | noNewPrivileges | learned from | observed | added | starts | failures |
|---|---|---|---|---|---|---|
`

// writeDocument writes all that was measured, if that is all there is.
func writeDocument(path string, took time.Duration) error {
	if len(rows)+len(notHad) < len(programs()) || len(engineRows) == 0 || len(startRows) == 0 {
		return fmt.Errorf("%s is not written: tests were skipped, which say what is missing", path)
	}
	var b strings.Builder
	list := append(machine(), fmt.Sprintf("in %s; load average of the last 15 minutes of it: %s", took.Round(time.Second), loadAverage()))
	fmt.Fprintf(&b, head, "`make e2e`", "* "+strings.Join(list, "\n* "), "`SCMP_ACT_LOG`", "`auditscan check`", "`--variants`")
	writeRows(&b, rows)
	if len(notHad) > 0 {
		fmt.Fprintf(&b, "\nNot run: %s.\n", strings.Join(notHad, "; "))
	}
	b.WriteString(engineHead)
	writeRows(&b, engineRows)
	b.WriteString(startHead)
	writeRows(&b, startRows)
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// writeRows writes rows, a line each.
func writeRows[R fmt.Stringer](b *strings.Builder, rows []R) {
	for _, r := range rows {
		fmt.Fprintln(b, r)
	}
}

// machine names what was measured with. Machines have names; those stay out.
func machine() []string {
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return []string{err.Error()}
	}
	release, _, _ := strings.Cut(unix.ByteSliceToString(uts.Release[:]), "-")
	list := []string{
		fmt.Sprintf("Linux %s %s, %d CPUs, %s", release, unix.ByteSliceToString(uts.Machine[:]), runtime.NumCPU(), runtime.Version()),
	}
	for _, p := range []string{"runc", "crun", "docker.io", "podman", "containerd", "auditd", "libseccomp2"} {
		if version := dpkgVersion(p); version != "" {
			list = append(list, p+" "+version)
		}
	}
	return list
}

// loadAverage is how many processes waited for a CPU in the last 15 minutes, by
// which the time that all took can be judged.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if f := strings.Fields(string(text)); err == nil && len(f) > 2 {
		return f[2]
	}
	return "unknown"
}

// dpkgVersion returns the version of a package that the host has installed, or nothing.
func dpkgVersion(name string) string {
	out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", name).Output()
	if err != nil {
		return ""
	}
	return string(out)
}
