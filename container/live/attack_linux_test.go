package live_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/container/live"
	"github.com/auditscan/auditscan/internal/audittest"
	"github.com/auditscan/auditscan/internal/logfilter"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/source"
)

// nobody is the attacker. He owns one cgroup and what he makes below it.
const nobody = 65534

// attack is a process of nobody's in a cgroup of his own making.
type attack struct {
	part  string // the cgroup that he was given
	below string // what he makes in it
	want  string // the id that his records are to count for; "" for none
	pid   int
	stop  func()
}

// attackCalls is how many records each attacker makes.
const attackCalls = 20

// TestAttackCgroupNames: with the kernel's records, whoever owns a part of
// the cgroup tree stays in it, whatever he calls his cgroups.
func TestAttackCgroupNames(t *testing.T) {
	switch below := os.Getenv("AUDITSCAN_ATTACK"); {
	case below == "calls":
		makeCalls(t)
		return
	case below != "":
		enter(t, filepath.Join(os.Getenv("AUDITSCAN_PART"), below))
	}
	audittest.Need(t)
	own, other, victim := audittest.RandomHex(t, 32), audittest.RandomHex(t, 32), audittest.RandomHex(t, 32)
	name := "auditscan-test-" + audittest.RandomHex(t, 4)
	attacks := []*attack{
		{part: "docker/" + own, below: "x", want: own},
		{part: "docker/" + own, below: other + "/" + victim, want: own},
		{part: "docker/" + own, below: "docker-" + victim + ".scope", want: own},
		{part: "docker/" + own, below: "user.slice/user-0.slice/user@0.service", want: own},
		{part: "docker/" + own, below: "system.slice/sshd.service", want: own},
		{part: "docker/" + own, below: "lxc.payload.guest/" + victim, want: own},
		{part: "lxc.payload." + name, below: "docker/" + victim, want: name},
		{part: "system.slice/" + name + ".service", below: victim, want: name + ".service"},
		{part: "machine.slice/systemd-nspawn@" + name + ".service", below: "payload/docker/" + victim, want: "systemd-nspawn@" + name + ".service"},
		{part: "machine.slice/machine-" + name + ".scope", below: "payload/docker/" + victim, want: ""},
		{part: "user.slice/user-65534.slice/user@65534.service", below: "docker/" + victim, want: "user@65534.service"},
		{part: "user.slice/user-65534.slice/user@65534.service", below: "user@0.service", want: "user@65534.service"},
		{part: "user.slice/user-65534.slice/" + name + ".service", below: "sshd.service", want: "user@65534.service"},
	}
	audittest.StartIn(t, audittest.NewCgroup(t, "docker/"+victim), "cat")
	names, err := live.NewResolver("/")
	if err != nil {
		t.Fatal(err)
	}
	defer names.Close()
	tracker, err := live.NewTracker(names, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tracker.Close()
	stream, err := source.Netlink()
	if err != nil {
		t.Fatal(err)
	}
	found := map[int32][]*container.Identity{}
	var reader sync.WaitGroup
	reader.Go(func() { found = attributeAll(t, stream, tracker) })
	for _, a := range attacks {
		a.run(t)
	}
	stream.Close()
	reader.Wait()
	for _, a := range attacks {
		a.stop()
	}
	for _, a := range attacks {
		a.check(t, found[int32(a.pid)], victim)
	}
}

// run starts the attacker in his part and waits until he has made his calls.
func (a *attack) run(t *testing.T) {
	t.Helper()
	cgroup := audittest.NewCgroup(t, a.part)
	t.Cleanup(func() { removeBelow(t, cgroup.Name()) })
	for _, name := range []string{"", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"} {
		if err := os.Chown(filepath.Join(cgroup.Name(), name), nobody, nobody); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Skipf("needs to give a cgroup away: %v", err)
		}
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestAttackCgroupNames$")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "AUDITSCAN_ATTACK="+a.below, "AUDITSCAN_PART="+cgroup.Name(), "GORACE=atexit_sleep_ms=0", "GOCOVERDIR=")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		UseCgroupFD: true, CgroupFD: int(cgroup.Fd()), Credential: &syscall.Credential{Uid: nobody, Gid: nobody},
	}
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a.stop = sync.OnceFunc(func() {
		stdin.Close()
		cmd.Wait()
	})
	t.Cleanup(a.stop)
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "done\n" {
		t.Fatalf("%s/%s: %q, %v", a.part, a.below, line, err)
	}
	a.pid = cmd.Process.Pid
}

// enter is the attacker: he goes into a cgroup of his own, and on as another
// program, of which an event tells.
func enter(t *testing.T, dir string) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Setenv("AUDITSCAN_ATTACK", "calls"); err != nil {
		t.Fatal(err)
	}
	t.Fatal(syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
}

// makeCalls makes calls that are logged, and stays until its stdin ends.
func makeCalls(t *testing.T) {
	runtime.LockOSThread()
	if err := logfilter.Install(unix.SECCOMP_RET_LOG, unix.SYS_GETPPID); err != nil {
		t.Fatal(err)
	}
	for range attackCalls {
		unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
	}
	fmt.Println("done")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		t.Fatal(err)
	}
}

// check holds the containers of the attacker's records against the right one.
func (a *attack) check(t *testing.T, found []*container.Identity, victim string) {
	t.Helper()
	if len(found) != attackCalls {
		t.Errorf("%s/%s: %d records, want %d", a.part, a.below, len(found), attackCalls)
	}
	for _, id := range found {
		got := container.Identity{}
		if id != nil {
			got = *id
		}
		if got.ID != a.want || got.Nested == victim {
			t.Errorf("%s/%s counts for %+v, want %q", a.part, a.below, got, a.want)
			return
		}
	}
}

// attributeAll finds the containers of all of nobody's records, by pid, until
// the stream is closed.
func attributeAll(t *testing.T, stream source.Stream, tracker *live.Tracker) map[int32][]*container.Identity {
	found := map[int32][]*container.Identity{}
	hold := live.NewHold(tracker.Attribute, func(pid int32, id *container.Identity) { found[pid] = append(found[pid], id) })
	p := parser.New(parser.LayoutLines)
	for {
		chunk, err := stream.Next(t.Context())
		now := time.Now()
		p.Reset(chunk.Lines)
		for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
			if item == parser.ItemRecord && p.Record().UID == nobody {
				r := p.Record()
				hold.Add(r.PID, r.PID, time.UnixMilli(r.Millis), now)
			}
		}
		hold.Retry(now)
		if err != nil {
			hold.Flush()
			if !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			return found
		}
	}
}

// removeBelow removes the cgroups below a directory.
func removeBelow(t *testing.T, dir string) {
	var dirs []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && name != dir {
			dirs = append(dirs, name)
		}
		return err
	})
	for _, name := range slices.Backward(dirs) {
		err = errors.Join(err, os.Remove(name))
	}
	if err != nil {
		t.Error(fmt.Errorf("the attacker's cgroups stay behind: %w", err))
	}
}
