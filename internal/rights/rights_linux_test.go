package rights

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCapabilityNumbers holds the constants against the kernel's header.
func TestCapabilityNumbers(t *testing.T) {
	for c, want := range map[Capability]int{
		DACReadSearch: unix.CAP_DAC_READ_SEARCH,
		NetAdmin:      unix.CAP_NET_ADMIN,
		SysAdmin:      unix.CAP_SYS_ADMIN,
		AuditControl:  unix.CAP_AUDIT_CONTROL,
		AuditRead:     unix.CAP_AUDIT_READ,
	} {
		if int(c) != want {
			t.Errorf("%v is %d, want %d", c, c, want)
		}
	}
}

// TestNamespaces enters real namespaces and looks from inside.
func TestNamespaces(t *testing.T) {
	if _, err := exec.LookPath("unshare"); err != nil {
		t.Skip("unshare (util-linux) is not installed")
	}
	if os.Geteuid() != 0 || Read(os.DirFS("/")).Net != Yes {
		t.Skip("needs root in the host's namespaces")
	}
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"none", nil, "net=2 pid=2 user=2"},
		{"net", []string{"--net"}, "net=1 pid=2 user=2"},
		{"pid", []string{"--pid", "--fork", "--mount-proc"}, "net=2 pid=1 user=2"},
		{"user", []string{"--user", "--map-root-user"}, "net=2 pid=2 user=1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("unshare", append(tt.args, exe, "-test.run=^TestNamespacesChild$", "-test.v")...)
			cmd.Env = append(os.Environ(), "RIGHTS_CHILD=1")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if !strings.Contains(string(out), tt.want+"\n") {
				t.Errorf("want %s in:\n%s", tt.want, out)
			}
		})
	}
}

func TestNamespacesChild(t *testing.T) {
	if os.Getenv("RIGHTS_CHILD") == "" {
		t.Skip("runs as the child of TestNamespaces")
	}
	r := Read(os.DirFS("/"))
	t.Logf("net=%d pid=%d user=%d", r.Net, r.PID, r.User)
}
