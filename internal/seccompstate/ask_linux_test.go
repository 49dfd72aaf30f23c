package seccompstate

import (
	"context"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/logfilter"
)

func TestMain(m *testing.M) {
	if IsAsker(os.Args) {
		os.Exit(AskForParent(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// asks are the answers to calls that would end this process, the host or the test,
// were they made.
var asks = []struct {
	nr     int
	action uint32 // of the filter for it
	want   []uint32
}{
	{unix.SYS_REBOOT, unix.SECCOMP_RET_ALLOW, []uint32{unix.SECCOMP_RET_ALLOW}},
	{unix.SYS_EXIT_GROUP, unix.SECCOMP_RET_ALLOW, []uint32{unix.SECCOMP_RET_ALLOW}},
	{unix.SYS_VHANGUP, unix.SECCOMP_RET_LOG, []uint32{unix.SECCOMP_RET_ALLOW}},
	{unix.SYS_KILL, unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM), []uint32{unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)}},
	{unix.SYS_BPF, unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS), []uint32{unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)}},
	{unix.SYS_ACCT, unix.SECCOMP_RET_ERRNO, []uint32{unix.SECCOMP_RET_ERRNO}}, // which returns 0
	{unix.SYS_SWAPON, unix.SECCOMP_RET_KILL_PROCESS, []uint32{unix.SECCOMP_RET_KILL_PROCESS}},
	{unix.SYS_SWAPOFF, unix.SECCOMP_RET_KILL_THREAD, []uint32{unix.SECCOMP_RET_KILL_THREAD}},
	{unix.SYS_SYSLOG, unix.SECCOMP_RET_TRAP, []uint32{unix.SECCOMP_RET_TRAP}},
	{unix.SYS_MOUNT, unix.SECCOMP_RET_ALLOW, []uint32{unix.SECCOMP_RET_ALLOW}},
}

// TestAsk: each answer of a filter is told, and none of the calls is made.
func TestAsk(t *testing.T) {
	var numbers []int
	var want []Asked
	for _, a := range asks {
		numbers = append(numbers, a.nr)
		want = append(want, Asked{a.nr, a.want})
	}
	got := under(t, func() ([]Asked, error) { return Ask(t.Context(), numbers) })
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

// under calls f on a thread that is under filters with the actions of asks.
func under(t *testing.T, f func() ([]Asked, error)) []Asked {
	t.Helper()
	type result struct {
		list []Asked
		err  error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // for good: a filter cannot be taken off
		for _, a := range asks {
			if err := logfilter.Install(a.action, a.nr); err != nil {
				done <- result{nil, err}
				return
			}
		}
		list, err := f()
		done <- result{list, err}
	}()
	r := <-done
	if r.err != nil {
		t.Fatal(r.err)
	}
	return r.list
}

// TestAskArguments: a call that is answered by its arguments gets both answers.
func TestAskArguments(t *testing.T) {
	const family = 16 // the first argument in struct seccomp_data
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 0, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.SYS_SOCKET, SkipTrue: 3},
		bpf.LoadAbsolute{Off: family, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.AF_VSOCK, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EINVAL)},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	})
	if err != nil {
		t.Fatal(err)
	}
	const step = "AUDITSCAN_ASK"
	self := func(value string) []string { return append(os.Environ(), step+"="+value) }
	value := os.Getenv(step)
	os.Unsetenv(step)
	switch value {
	case "": // is not to be under the filter
		cmd := exec.Command(os.Args[0], "-test.run=^TestAskArguments$")
		cmd.Env = append(self("load"), "GODEBUG=asyncpreemptoff=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	case "load":
		runtime.LockOSThread()
		t.Fatal(logfilter.Exec(program, nil, "/proc/self/exe", os.Args, self("ask")))
	}
	got, err := Ask(t.Context(), []int{unix.SYS_SOCKET, unix.SYS_BIND})
	want := []Asked{
		{unix.SYS_SOCKET, []uint32{unix.SECCOMP_RET_ALLOW, unix.SECCOMP_RET_ERRNO | uint32(unix.EINVAL)}},
		{unix.SYS_BIND, []uint32{unix.SECCOMP_RET_ALLOW}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%x, %v", got, err)
	}
}

// TestAskEnds: where there is no time left, nothing is told that was not asked.
func TestAskEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if list, err := Ask(ctx, []int{unix.SYS_READ}); len(list) > 0 || err != nil {
		t.Errorf("%v, %v", list, err)
	}
}

// TestAskRefused: what keeps the child from asking is told.
func TestAskRefused(t *testing.T) {
	if _, err := readAnswers(strings.NewReader("set no_new_privs: denied\n")); err == nil || err.Error() != "set no_new_privs: denied" {
		t.Error(err)
	}
}
