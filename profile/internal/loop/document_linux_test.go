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
	noNewPrivs      bool
	observed, added int
	runs, failures  int
	checked         int // calls without which check ended with 4
	removed, denied int
}

func (r row) String() string {
	return fmt.Sprintf("| %s | %t | %d | %d | %d | %d | %d of %d | %d of %d |",
		r.program, r.noNewPrivs, r.observed, r.added, r.runs, r.failures, r.checked, r.observed, r.denied, r.removed)
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

// What was measured, in order.
var (
	rows      []row
	startRows []startRow
)

const head = `# The closed loop, measured

%s writes this file: programs in runc containers, recorded by auditd, with the kernel as the judge.

%s

## Programs

Each program was recorded once under %s, a profile was made of the log, and the program did the same work
again under it; a run fails if the program fails or prints anything else than when it was recorded. "check": of how many
observed calls, each taken out of the profile alone, %s said that the log has it and the profile denies it
(exit code 4). "kernel": of how many of those tried the kernel itself recorded that it denied the call. The default is
kill_process in these runs, as the kernel keeps no record of what it answers with an error; a call that none of three
runs makes, as it may be with futex, was not denied.

The work is made to need the same calls however fast the machine is. It matters: dash's wait calls rt_sigsuspend only
while the child still runs, and a profile of a run without that left the shell in a loop.

| program | noNewPrivileges | observed | added | runs | failures | check | kernel |
|---|---|---|---|---|---|---|---|
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
	if len(rows) != len(programs()) || len(startRows) == 0 {
		return fmt.Errorf("%s is not written: tests were skipped, which say what is missing", path)
	}
	var b strings.Builder
	list := append(machine(), "in "+took.Round(time.Second).String())
	fmt.Fprintf(&b, head, "`make e2e`", "* "+strings.Join(list, "\n* "), "`SCMP_ACT_LOG`", "`auditscan check`")
	for _, r := range rows {
		fmt.Fprintln(&b, r)
	}
	b.WriteString(startHead)
	for _, r := range startRows {
		fmt.Fprintln(&b, r)
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
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
	for _, p := range []string{"runc", "crun", "auditd", "nginx-light", "redis-server", "openssh-server", "curl", "python3", "libc6", "libseccomp2"} {
		if out, err := exec.Command("dpkg-query", "-W", "-f", "${Package} ${Version}", p).Output(); err == nil {
			list = append(list, string(out))
		}
	}
	return list
}
