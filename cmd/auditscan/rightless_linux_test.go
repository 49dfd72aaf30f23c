package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/auditscan/auditscan/internal/rights"
)

// rightless is the command line that runs a command as one without any
// capability, as an ordinary user's are.
func rightless(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() == 0 {
		if _, err := exec.LookPath("setpriv"); err != nil {
			t.Skip("setpriv is not installed")
		}
		args = append([]string{"setpriv", "--bounding-set=-all", "--inh-caps=-all"}, args...)
	}
	return exec.Command(args[0], args[1:]...)
}

// TestFollowSpeaksOfRights: of rights to find containers only where there is
// a record whose container could be found.
func TestFollowSpeaksOfRights(t *testing.T) {
	if required, _ := rights.Read(os.DirFS("/")).AuditSocket(); os.Geteuid() != 0 && len(required) == 0 {
		t.Skip("needs root, or to be an ordinary user")
	}
	line := func(at time.Time) string {
		return fmt.Sprintf("type=SECCOMP msg=audit(%d.000:7): auid=1000 uid=1000 gid=1000 ses=1 subj=unconfined pid=%d comm=\"seven\" exe=\"/seven\" sig=0 arch=c000003e syscall=0 compat=0 ip=0x7f code=0x7ffc0000\n",
			at.Unix(), os.Getpid())
	}
	for _, tt := range []struct {
		age  time.Duration
		want bool
	}{{time.Hour, false}, {-time.Minute, true}} {
		cmd := rightless(t, "auditscan", "follow", "-")
		cmd.Stdin = strings.NewReader(line(time.Now().Add(-tt.age)))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !strings.Contains(string(out), "seven") || strings.Contains(string(out), "CAP_NET_ADMIN") != tt.want {
			t.Errorf("a record from %v ago: CAP_NET_ADMIN is spoken of: want %v\n%s", tt.age, tt.want, out)
		}
	}
}
