package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/audittest"
	"github.com/auditscan/auditscan/internal/logfilter"
)

// nobody is the attacker.
const nobody = 65534

// asNobody runs the test binary as one of its programs with no rights.
func asNobody(name string, env ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Dir = "/"
	cmd.Env = append(append(os.Environ(), childVar+"="+name, "GOCOVERDIR="), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return cmd
}

// Where the forger sends to, and which line he wants in the log.
const (
	socketVar = "E2E_SOCKET"
	lineVar   = "E2E_LINE"
)

// forge sends messages to the log daemon whose tag holds newlines, between which
// stands a line of the forger's. A tag ends at the first blank.
func forge() error {
	conn, err := net.Dial("unixgram", os.Getenv(socketVar))
	if err != nil {
		return err
	}
	defer conn.Close()
	for serial := range forgedCount {
		line := strings.ReplaceAll(os.Getenv(lineVar), "SERIAL", fmt.Sprint(1000+serial))
		_, err = fmt.Fprintf(conn, "<13>Nov 30 08:00:00 x\n%s\ny: end%d", line, serial)
		if err != nil {
			return err
		}
	}
	return nil
}

const forgedCount = 5

// forgedLines are lines of auditd, a plugin of it, and journald, in which a blank
// is written as JSON may.
var forgedLines = map[string]string{
	"laurel": `{"ID":"1795446782.601:SERIAL","SECCOMP":[{"auid":4294967295,"uid":0,"gid":0,"ses":4294967295,"pid":1,"comm":"nginx","exe":"/usr/sbin/nginx","sig":0,"arch":"0xc000003e","syscall":101,"compat":0,"ip":"0x7f358f5c2829","code":"0x7ffc0000"}]}`,
	"journald": `{"_TRANSPORT":"audit","_AUDIT_TYPE_NAME":"SECCOMP","_AUDIT_ID":"SERIAL","_SOURCE_REALTIME_TIMESTAMP":"1795457639386000","MESSAGE":` +
		strings.ReplaceAll(`"SECCOMP auid=4294967295 uid=0 gid=0 ses=4294967295 pid=1 comm=\"nginx\" exe=\"/n\" sig=0 arch=c000003e syscall=101 compat=0 ip=0x1 code=0x7ffc0000"}`, " ", `\u0020`),
}

// TestAttackForgedSyslog: any user can have the log daemon write a line of his.
// Whatever form it has, it is text, proves nothing and gets into no profile that
// has to be trusted.
func TestAttackForgedSyslog(t *testing.T) {
	for name, line := range forgedLines {
		t.Run(name, func(t *testing.T) {
			log, socket := rsyslogdForAll(t)
			if out, err := asNobody("forge", socketVar+"="+socket, lineVar+"="+line).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			awaitText(t, log, fmt.Sprintf("end%d", forgedCount-1))
			text, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(text, []byte("\n{\"")) {
				t.Skipf("this rsyslogd lets nobody begin a line:\n%s", text)
			}
			report := run(t, 0, "report", "-o", "json", log)
			for _, want := range []string{`"comm": "nginx"`, `"trust": "text"`} {
				if !strings.Contains(report, want) {
					t.Errorf("there is no %s in\n%s", want, report)
				}
			}
			if strings.Contains(report, `"verdict": "complete"`) {
				t.Errorf("forged records are complete:\n%s", report)
			}
			run(t, 1, "profile", "--require-trusted", log)
			cmd := exec.Command("timeout", "--preserve-status", "2", auditscan, "follow", "--from-start", log)
			out, _ := cmd.CombinedOutput()
			if !strings.Contains(string(out), "nginx") || !strings.Contains(string(out), "not tamper-proof") || strings.Contains(string(out), "complete: no record") {
				t.Errorf("follow says\n%s", out)
			}
		})
	}
}

// rsyslogdForAll starts the daemon with a socket that all can write to.
func rsyslogdForAll(t *testing.T) (log, socket string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to have another user attack")
	}
	if _, err := exec.LookPath("rsyslogd"); err != nil {
		t.Skip("rsyslogd is not installed (apt-get install rsyslog)")
	}
	dir, err := os.MkdirTemp("", "auditscan-attack")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	log, socket = filepath.Join(dir, "syslog"), filepath.Join(dir, "log")
	conf := fmt.Sprintf("global(workDirectory=%q)\nmodule(load=\"imuxsock\" SysSock.Use=\"off\")\ninput(type=\"imuxsock\" Socket=%q)\n"+
		"action(type=\"omfile\" file=%q fileCreateMode=\"0640\" template=\"RSYSLOG_TraditionalFileFormat\")\n", dir, socket, log)
	err = errors.Join(os.Chmod(dir, 0o755), os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o600), os.WriteFile(log, nil, 0o640))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("rsyslogd", "-n", "-f", filepath.Join(dir, "conf"), "-i", filepath.Join(dir, "pid"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Signal(unix.SIGTERM)
		<-ended
	})
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(socket); err == nil {
			return log, socket
		}
		select {
		case err := <-ended:
			ended <- err
			t.Skipf("rsyslogd does not start here: %v\n%s", err, &out)
		case <-tick.C:
		}
	}
}

// TestAttackFlood: who floods the audit queue hides the records of others. What
// the log tells of the settings that let him do so is evidence.
func TestAttackFlood(t *testing.T) {
	audittest.NeedAuditctl(t)
	for _, tt := range []struct {
		name     string
		set, end []string // auditctl, before the flood and to undo it
		calls    int
		evidence string
	}{
		{"queue", []string{"-b", "64", "--backlog_wait_time", "0"}, []string{"--backlog_wait_time", backlogWaitTime(t)}, 30_000, "audit-limits"},
		{"rate", []string{"-r", "10"}, []string{"-r", "0"}, 1000, "audit-limits"},
		{"exclude", []string{"-a", "exclude,always", "-F", "msgtype=SECCOMP"}, []string{"-d", "exclude,always", "-F", "msgtype=SECCOMP"}, 1000, "exclude-rule"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log, stop := auditd(t, "RAW")
			auditctl(t, "-e", "1") // as auditd does by itself: else settings leave no record
			child(t, "calls")
			auditctl(t, tt.set...)
			out, err := asNobody("flood", fmt.Sprintf("%s=%d", callsVar, tt.calls)).CombinedOutput()
			auditctl(t, tt.end...)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			stop()
			p := proofOf(t, 3, log)
			kinds := map[string]bool{}
			for _, e := range p.Completeness.Evidence {
				kinds[e.Kind] = true
			}
			if p.Completeness.Verdict != "incomplete" || !kinds[tt.evidence] {
				t.Errorf("of %d records %d came, and the verdict is %+v", tt.calls, p.Totals.Records, p.Completeness)
			}
		})
	}
}

// TestAttackActionsLogged: root has the kernel log fewer actions for a while, by
// the setting of the whole host. The calls meanwhile leave no record and no gap,
// but the setting itself does.
func TestAttackActionsLogged(t *testing.T) {
	audittest.NeedAuditctl(t)
	const setting = "/proc/sys/kernel/seccomp/actions_logged"
	before, err := os.ReadFile(setting)
	if err != nil || !strings.Contains(string(before), "log") {
		t.Skipf("%s is %q: %v", setting, before, err)
	}
	set := func(actions string) {
		t.Helper()
		if err := os.WriteFile(setting, []byte(actions), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		set(strings.TrimSpace(string(before)))
		if now, err := os.ReadFile(setting); err != nil || !bytes.Equal(now, before) {
			t.Errorf("%s is %q now and was %q: %v", setting, now, before, err)
		}
	})
	log, stop := auditd(t, "RAW")
	auditctl(t, "-e", "1")
	child(t, "calls")
	set("kill_process kill_thread trap errno trace")
	out, err := asNobody("flood", callsVar+"=100").CombinedOutput()
	set(strings.TrimSpace(string(before)))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	stop()
	p := proofOf(t, 3, log)
	for _, e := range p.Completeness.Evidence {
		if e.Kind == "actions-not-logged" && p.Completeness.Verdict == "incomplete" {
			return
		}
	}
	t.Errorf("the verdict is %+v", p.Completeness)
}

// callsVar says how many calls flood makes.
const callsVar = "E2E_CALLS"

// flood makes calls that are logged.
func flood() error {
	n, err := strconv.Atoi(os.Getenv(callsVar))
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := logfilter.Install(unix.SECCOMP_RET_LOG, unix.SYS_GETPPID); err != nil {
		return err
	}
	for range n {
		unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
	}
	return nil
}

func auditctl(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("auditctl", args...).CombinedOutput(); err != nil {
		t.Errorf("auditctl %q: %v\n%s", args, err, out)
	}
}

// backlogWaitTime returns the kernel's setting.
func backlogWaitTime(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("auditctl", "-s").Output()
	if err != nil {
		t.Skipf("auditctl -s: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		if value, ok := strings.CutPrefix(line, "backlog_wait_time "); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Skip("auditctl does not tell of backlog_wait_time")
	return ""
}
