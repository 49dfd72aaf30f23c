package auditstate

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/rights"
)

func needControl(t *testing.T) {
	t.Helper()
	r := rights.Read(os.DirFS("/"))
	if r.Has(rights.AuditControl) != rights.Yes || r.PID != rights.Yes {
		t.Skip("needs CAP_AUDIT_CONTROL in the host's namespaces")
	}
	if _, err := exec.LookPath("auditctl"); err != nil {
		t.Skip("auditctl is not installed")
	}
}

// TestKernel asks auditctl the same question. Counters that move by
// themselves are left out.
func TestKernel(t *testing.T) {
	needControl(t)
	got, err := Kernel()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("auditctl", "-s").Output()
	if err != nil {
		t.Fatal(err)
	}
	for field, value := range map[string]uint32{
		"enabled": got.Enabled, "pid": got.PID, "rate_limit": got.RateLimit,
		"backlog_limit": got.BacklogLimit, "backlog_wait_time": got.BacklogWaitTime,
	} {
		m := regexp.MustCompile(`(?m)^` + field + ` (\d+)$`).FindSubmatch(out)
		if m == nil || string(m[1]) != strconv.Itoa(int(value)) {
			t.Errorf("%s is %d, auditctl says:\n%s", field, value, out)
		}
	}
}

// TestRules counts the rules that auditctl lists.
func TestRules(t *testing.T) {
	needControl(t)
	rules, err := Rules()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("auditctl", "-l").Output()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Count(string(out), "\n")
	if strings.HasPrefix(string(out), "No rules") {
		want = 0
	}
	if len(rules) != want {
		t.Errorf("%d rules, auditctl lists:\n%s", len(rules), out)
	}
	for _, b := range rules {
		if _, err := ParseRule(b); err != nil {
			t.Error(err)
		}
	}
}

// TestKernelRefuses pins which error stands for which lack.
func TestKernelRefuses(t *testing.T) {
	needControl(t)
	if _, err := exec.LookPath("unshare"); err != nil {
		t.Skip("unshare (util-linux) is not installed")
	}
	tests := []struct {
		name string
		args []string
		want unix.Errno
	}{
		{"pid namespace", []string{"--pid", "--fork", "--mount-proc"}, unix.EPERM},
		{"user namespace", []string{"--user", "--map-root-user"}, unix.ECONNREFUSED},
		{"network namespace", []string{"--net"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("unshare", append(tt.args, exe, "-test.run=^TestKernelChild$", "-test.v")...)
			cmd.Env = append(os.Environ(), "AUDITSTATE_CHILD=1")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			want := "errno=" + strconv.Itoa(int(tt.want)) + "\n"
			if !strings.Contains(string(out), want) {
				t.Errorf("want %s in:\n%s", want, out)
			}
		})
	}
}

func TestKernelChild(t *testing.T) {
	if os.Getenv("AUDITSTATE_CHILD") == "" {
		t.Skip("runs as the child of TestKernelRefuses")
	}
	var errno unix.Errno
	_, err := Kernel()
	if err != nil && !errors.As(err, &errno) {
		t.Fatal(err)
	}
	t.Logf("errno=%d", int(errno))
}
