package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/audittest"
	"github.com/auditscan/auditscan/internal/logfilter"
)

// auditscan is the binary.
var auditscan string

func TestMain(m *testing.M) {
	switch os.Getenv(childVar) {
	case "calls":
		exit(makeCalls())
	case "forge":
		exit(forge())
	case "flood":
		exit(flood())
	case "true":
		exit(beTrue())
	}
	os.Exit(audittest.Built(func(dir string) int {
		auditscan = filepath.Join(dir, "auditscan")
		return m.Run()
	}, "../../cmd/auditscan"))
}

// childVar tells the test binary that it is one of the programs under a
// filter, and which.
const childVar = "E2E_CHILD"

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child runs one of the programs and returns its pid.
func child(t *testing.T, name string) int {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), childVar+"="+name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return cmd.Process.Pid
}

// makeCalls makes calls that Go's runtime does not make by itself, each a
// number of times of its own, under LOG, and one under ERRNO.
func makeCalls() error {
	runtime.LockOSThread()
	err := errors.Join(
		logfilter.Install(unix.SECCOMP_RET_LOG, unix.SYS_GETPPID, unix.SYS_GETSID, unix.SYS_SYSINFO),
		logfilter.Install(unix.SECCOMP_RET_ERRNO|uint32(unix.EDOM), unix.SYS_GETPRIORITY))
	if err != nil {
		return err
	}
	for nr, times := range map[uintptr]int{unix.SYS_GETPPID: 1, unix.SYS_GETSID: 2, unix.SYS_SYSINFO: 3, unix.SYS_GETPRIORITY: 1} {
		for range times {
			unix.RawSyscall(nr, 0, 0, 0)
		}
	}
	return nil
}

// call is what a report has of a call.
type call struct {
	Name, Action string
	Count        int
}

// wantCalls is what makeCalls does, in the order of a report.
var wantCalls = []call{{"getppid", "log", 1}, {"getpriority", "errno", 1}, {"getsid", "log", 2}, {"sysinfo", "log", 3}}

// beTrue becomes true(1), of which every call is logged.
func beTrue() error {
	path, err := exec.LookPath("true")
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := logfilter.Install(unix.SECCOMP_RET_LOG); err != nil {
		return err
	}
	return unix.Exec(path, []string{"true"}, nil)
}

// run runs the command, which must end with the code.
func run(t *testing.T, code int, args ...string) (stdout string) {
	t.Helper()
	cmd := exec.Command(auditscan, args...)
	var out, notes bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &notes
	cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("auditscan %q: exit code %d, want %d\n%s%s", args, got, code, &out, &notes)
	}
	return out.String()
}

// reported returns the calls of a process in a report, by name, and the
// verdict.
func reported(t *testing.T, pid int, args ...string) (calls []call, verdict string) {
	t.Helper()
	text := run(t, 0, append([]string{"report", "-o", "json", "--pid", strconv.Itoa(pid)}, args...)...)
	var doc struct {
		Completeness struct{ Verdict string }
		Groups       []struct{ Syscalls []call }
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	for _, g := range doc.Groups {
		calls = append(calls, g.Syscalls...)
	}
	slices.SortFunc(calls, func(a, b call) int { return strings.Compare(a.Name, b.Name) })
	return calls, doc.Completeness.Verdict
}

// auditd starts the daemon and returns its log and what ends it.
func auditd(t *testing.T, format string) (log string, stop func()) {
	t.Helper()
	audittest.Need(t)
	log = filepath.Join(t.TempDir(), "audit.log")
	return log, audittest.Auditd(t, fmt.Sprintf("log_file = %s\nlog_format = %s\nfreq = 1\n", log, format))
}

// TestAuditd: what a program did is what report shows and what its profile
// allows, no more and no less.
func TestAuditd(t *testing.T) {
	for _, format := range []string{"RAW", "ENRICHED"} {
		t.Run(format, func(t *testing.T) {
			log, stop := auditd(t, format)
			pid := child(t, "calls")
			stop()
			calls, verdict := reported(t, pid, log)
			if !slices.Equal(calls, wantCalls) {
				t.Errorf("got %v, want %v", calls, wantCalls)
			}
			if verdict != "complete" {
				t.Errorf("verdict %s, want complete", verdict)
			}
			fits(t, log, pid)
		})
	}
}

// fits makes the profile of a process and replays the log against it: only
// what was denied then is denied now.
func fits(t *testing.T, log string, pid int) {
	t.Helper()
	only := []string{"--pid", strconv.Itoa(pid)}
	text := run(t, 0, append([]string{"profile", "--exact", "--require-trusted", log}, only...)...)
	var profile struct {
		DefaultAction string
		Syscalls      []struct {
			Names  []string
			Action string
		}
	}
	if err := json.Unmarshal([]byte(text), &profile); err != nil {
		t.Fatal(err)
	}
	want := []string{"getppid", "getsid", "sysinfo"}
	if profile.DefaultAction != "SCMP_ACT_ERRNO" || len(profile.Syscalls) != 1 || !slices.Equal(profile.Syscalls[0].Names, want) {
		t.Errorf("profile %s\nwant %q allowed", text, want)
	}
	file := filepath.Join(t.TempDir(), "profile.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, 0, append([]string{"check", file, log, "--action", "log"}, only...)...)
	if denied := run(t, 4, append([]string{"check", file, log}, only...)...); !strings.Contains(denied, "getpriority") {
		t.Errorf("check does not tell of getpriority:\n%s", denied)
	}
}

// TestStrace: report and strace count the same calls of a real program.
func TestStrace(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	log, stop := auditd(t, "RAW")
	pid := child(t, "true")
	stop()
	calls, _ := reported(t, pid, "--comm", "true", log)
	got := map[string]int{}
	for _, c := range calls {
		got[c.Name] += c.Count
	}
	want := traced(t, strace)
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if len(want) < 2 {
		t.Errorf("strace shows only %v", want)
	}
}

// traced counts true's calls, but for execve, which was somebody else's.
func traced(t *testing.T, strace string) map[string]int {
	t.Helper()
	file := filepath.Join(t.TempDir(), "strace")
	cmd := exec.Command(strace, "-o", file, "true")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("strace cannot trace here: %v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+)\(`).FindAllSubmatch(text, -1) {
		calls[string(m[1])]++
	}
	delete(calls, "execve")
	return calls
}

// TestFollowAuditd: events come while auditd writes them.
func TestFollowAuditd(t *testing.T) {
	log, _ := auditd(t, "ENRICHED")
	pid := child(t, "calls")
	awaitEvents(t, log, pid)
}

// awaitEvents follows a log until it has shown all calls of a child. The pid alone
// would not do: the kernel prints to rsyslog what other tests did with it before.
func awaitEvents(t *testing.T, log string, pid int) {
	t.Helper()
	cmd := exec.Command(auditscan, "follow", "-q", "-o", "json", "--from-start", "--comm", "exe", "--pid", strconv.Itoa(pid), log)
	var notes bytes.Buffer
	cmd.Stderr = &notes
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	got := map[call]int{}
	for events, dec := 0, json.NewDecoder(out); events < 7; {
		var e struct{ Syscall, Action string }
		if err := dec.Decode(&e); err != nil {
			t.Fatalf("%v\n%s", err, &notes)
		}
		if e.Syscall == "" {
			continue // a loss of before: the log may hold more than the test's records
		}
		got[call{Name: e.Syscall, Action: e.Action}]++
		events++
	}
	for _, want := range wantCalls {
		if n := got[call{Name: want.Name, Action: want.Action}]; n != want.Count {
			t.Errorf("%d events of %s, want %d", n, want.Name, want.Count)
		}
	}
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("follow: %v\n%s", err, &notes)
	}
}

// TestRsyslog: the way of a host without auditd, kernel to rsyslogd to
// syslog, through either of rsyslog's modules and in either format.
func TestRsyslog(t *testing.T) {
	if _, err := exec.LookPath("rsyslogd"); err != nil {
		t.Skip("rsyslogd is not installed")
	}
	for _, module := range []string{"imklog", "imkmsg"} {
		for _, template := range []string{"RSYSLOG_TraditionalFileFormat", "RSYSLOG_FileFormat"} {
			t.Run(module+"/"+template, func(t *testing.T) {
				audittest.Need(t)
				audittest.NeedNoDaemon(t)
				audittest.PrintAll(t)
				syslog := rsyslogd(t, module, template)
				pid := child(t, "calls")
				awaitEvents(t, syslog, pid)
				if calls, _ := reported(t, pid, "--comm", "exe", syslog); !slices.Equal(calls, wantCalls) {
					t.Errorf("got %v, want %v", calls, wantCalls)
				}
			})
		}
	}
}

// rsyslogd starts the daemon, for kernel messages only, until the test is
// over, and returns its log. It returns when the daemon has read what the
// kernel had already: imkmsg gives up if a message comes while it starts and
// overwrites the oldest ("cannot open kernel log (/dev/kmsg): Broken pipe").
func rsyslogd(t *testing.T, module, template string) (syslog string) {
	t.Helper()
	dir := t.TempDir()
	conf, syslog := filepath.Join(dir, "rsyslog.conf"), filepath.Join(dir, "syslog")
	text := fmt.Sprintf("global(workDirectory=%q)\nmodule(load=%q)\naction(type=\"omfile\" file=%q template=%q)\n", dir, module, syslog, template)
	for path, text := range map[string]string{conf: text, syslog: ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mark := fmt.Sprintf("op=e2e-mark of=%s", dir)
	audittest.Mark(t, mark)
	cmd := exec.Command("rsyslogd", "-n", "-f", conf, "-i", filepath.Join(dir, "pid"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(unix.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("rsyslogd: %v\n%s", err, &out)
		}
	})
	awaitText(t, syslog, mark)
	return syslog
}

// awaitText waits until a daemon has written a text to a file.
func awaitText(t *testing.T, path, text string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(text)) {
			return
		}
		<-tick.C
	}
}
