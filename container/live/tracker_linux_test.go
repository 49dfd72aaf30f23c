package live

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/audittest"
	"github.com/auditscan/auditscan/internal/rights"
)

func stop(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Process.Kill()
	cmd.Wait()
}

// openTracker returns a Tracker with nothing missing, or skips.
func openTracker(t *testing.T, learned func(container.Process), buffer int) *Tracker {
	t.Helper()
	names, err := NewResolver("/")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { names.Close() })
	tracker, err := newTracker(names, learned, buffer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tracker.Close(); err != nil {
			t.Error(err)
		}
	})
	if tracker.connector == nil {
		t.Skipf("needs the process connector: %v", tracker.Limits())
	}
	return tracker
}

func wantContainer(t *testing.T, tracker *Tracker, pid int, at time.Time, id, via string) {
	t.Helper()
	got, settled := tracker.Attribute(int32(pid), at)
	if got == nil || !settled {
		t.Errorf("pid %d: %+v, %v; want %.12s %s", pid, got, settled, id, via)
	} else if got.ID != id || got.Via != via || got.Runtime != "docker" {
		t.Errorf("pid %d: %+v, want %.12s %s", pid, *got, id, via)
	}
}

func readLine(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	line, err := r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

func readPid(t *testing.T, r *bufio.Reader) int {
	t.Helper()
	pid, err := strconv.Atoi(readLine(t, r))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestTrackerDirect(t *testing.T) {
	before, after := audittest.RandomHex(t, 32), audittest.RandomHex(t, 32)
	early, _ := audittest.StartIn(t, audittest.NewCgroup(t, "docker/"+before), "cat")
	tracker := openTracker(t, nil, connectorBuffer)
	late, _ := audittest.StartIn(t, audittest.NewCgroup(t, "docker/"+after), "cat")
	wantContainer(t, tracker, early.Process.Pid, time.Now(), before, container.ViaDirect)
	wantContainer(t, tracker, late.Process.Pid, time.Now(), after, container.ViaDirect)
	now := time.Now()
	stop(t, early)
	stop(t, late)
	wantContainer(t, tracker, early.Process.Pid, now, before, container.ViaDirect)
	wantContainer(t, tracker, late.Process.Pid, now, after, container.ViaDirect)
	if id, settled := tracker.Attribute(int32(os.Getpid()), now); id != nil || !settled {
		t.Errorf("the test itself is in %+v, %v", id, settled)
	}
	// What ended before the Tracker began, nobody can tell.
	if id, _ := tracker.Attribute(int32(early.Process.Pid), time.Now().Add(-time.Hour)); id != nil {
		t.Errorf("an hour before its start, the process was in %+v", id)
	}
}

// busy runs f while the tracker takes in nothing, as on a busy machine. The
// tracker goes on however f ends: a test that is skipped in it is cleaned up.
func busy(tracker *Tracker, f func()) {
	tracker.mu.Lock()
	defer tracker.mu.Unlock()
	f()
}

// A child that has ended before anybody looks is where its parent was.
func TestTrackerLineage(t *testing.T) {
	id := audittest.RandomHex(t, 32)
	tracker := openTracker(t, nil, connectorBuffer)
	var child, grandchild int
	busy(tracker, func() { // no look before all is over
		_, out := audittest.StartIn(t, audittest.NewCgroup(t, "docker/"+id), "sh", "-c", `(exec true) & echo $!; wait; ((:) & echo $!; wait) & wait; echo done; read x`)
		child, grandchild = readPid(t, out), readPid(t, out)
		readLine(t, out)
		tracker.drain()
	})
	wantContainer(t, tracker, child, startOf(t, tracker, child), id, container.ViaLineage)
	wantContainer(t, tracker, grandchild, startOf(t, tracker, grandchild), id, container.ViaLineage)
}

// startOf returns when the last process that had a pid was forked.
func startOf(t *testing.T, tracker *Tracker, pid int) time.Time {
	t.Helper()
	tracker.mu.Lock()
	defer tracker.mu.Unlock()
	l := tracker.lineage.last(int32(pid))
	if l == nil {
		t.Fatalf("nothing is known of pid %d", pid)
	}
	return readClocks().wall(l.since)
}

// A process that execs in another thread than its first goes on.
func TestTrackerExecInAThread(t *testing.T) {
	if os.Getenv("AUDITSCAN_EXEC") != "" {
		done := make(chan error)
		go func() {
			for runtime.LockOSThread(); unix.Gettid() == os.Getpid(); {
				go func() { runtime.LockOSThread(); select {} }() // takes the first thread, sooner or later
				runtime.UnlockOSThread()
				runtime.Gosched()
				runtime.LockOSThread()
			}
			done <- syscall.Exec("/bin/sh", []string{"sh", "-c", "echo exec; read x"}, nil)
		}()
		t.Fatal(<-done)
	}
	id := audittest.RandomHex(t, 32)
	tracker := openTracker(t, nil, connectorBuffer)
	t.Setenv("AUDITSCAN_EXEC", "1")
	cmd, out := audittest.StartIn(t, audittest.NewCgroup(t, "docker/"+id), "/proc/self/exe", "-test.run=^TestTrackerExecInAThread$")
	if line := readLine(t, out); line != "exec" {
		t.Fatal(line)
	}
	wantContainer(t, tracker, cmd.Process.Pid, time.Now(), id, container.ViaDirect)
	tracker.mu.Lock()
	defer tracker.mu.Unlock()
	if l := tracker.lineage.alive[int32(cmd.Process.Pid)]; l == nil || !l.told {
		t.Errorf("the process has not gone on as the one that was forked: %+v", l)
	}
}

// forceNextPid makes the next process of the machine get a pid, if no other
// fork comes between.
func forceNextPid(t *testing.T, pid int) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(strconv.Itoa(pid-1)), 0); err != nil {
		t.Skipf("needs to choose pids (CAP_CHECKPOINT_RESTORE, CONFIG_CHECKPOINT_RESTORE): %v", err)
	}
}

// Two containers use one pid, one after the other.
func TestTrackerPidReuse(t *testing.T) {
	a, b := audittest.RandomHex(t, 32), audittest.RandomHex(t, 32)
	cgroupA, cgroupB := audittest.NewCgroup(t, "docker/"+a), audittest.NewCgroup(t, "docker/"+b)
	learned := make(chan container.Process, 1000)
	tracker := openTracker(t, func(p container.Process) {
		if p.Container.ID == a || p.Container.ID == b {
			learned <- p
		}
	}, connectorBuffer)
	for range 20 {
		first, _ := audittest.StartIn(t, cgroupA, "cat")
		pid := first.Process.Pid
		wantLearned(t, learned, pid, a, true)
		inA := time.Now()
		stop(t, first)
		wantLearned(t, learned, pid, a, false)
		time.Sleep(2 * container.StampLag) // a record's time is no finer than that
		forceNextPid(t, pid)
		second, _ := audittest.StartIn(t, cgroupB, "cat")
		wantLearned(t, learned, second.Process.Pid, b, true)
		inB := time.Now()
		if second.Process.Pid == pid {
			for range 2 { // while the second one lives, and after
				wantContainer(t, tracker, pid, inA, a, container.ViaDirect)
				wantContainer(t, tracker, pid, inB, b, container.ViaDirect)
				stop(t, second)
			}
			wantLearned(t, learned, pid, b, false)
			return
		}
		stop(t, second) // somebody else forked
		wantLearned(t, learned, second.Process.Pid, b, false)
	}
	t.Skip("needs a quieter machine: in 20 attempts another process took the pid")
}

// wantLearned waits for the next process that the tracker tells of.
func wantLearned(t *testing.T, learned <-chan container.Process, pid int, id string, alive bool) {
	t.Helper()
	select {
	case p := <-learned:
		if int(p.PID) != pid || p.Container.ID != id || p.End.IsZero() != alive {
			t.Errorf("learned %d in %.8s, alive %v; want %d in %.8s, alive %v", p.PID, p.Container.ID, p.End.IsZero(), pid, id, alive)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("nothing learned of pid %d in %.8s, alive %v", pid, id, alive)
	}
}

// When the kernel drops events, it is said, and what lives is found again.
func TestTrackerOverrun(t *testing.T) {
	id, ended := audittest.RandomHex(t, 32), audittest.RandomHex(t, 32)
	cgroup := audittest.NewCgroup(t, "docker/"+id)
	gone, _ := audittest.StartIn(t, audittest.NewCgroup(t, "docker/"+ended), "cat")
	tracker := openTracker(t, nil, 1) // raised to the kernel's least
	wantContainer(t, tracker, gone.Process.Pid, time.Now(), ended, container.ViaDirect)

	var forks, living *exec.Cmd
	busy(tracker, func() {
		var out *bufio.Reader
		forks, out = audittest.StartIn(t, cgroup, "sh", "-c", `i=0; while [ $i -lt 200 ]; do (:); i=$((i+1)); done; echo done; read x`)
		readLine(t, out)
		living, _ = audittest.StartIn(t, cgroup, "cat")
		stop(t, gone)
	})

	wantContainer(t, tracker, forks.Process.Pid, time.Now(), id, container.ViaDirect)
	wantContainer(t, tracker, living.Process.Pid, time.Now(), id, container.ViaDirect)
	// The exit may be among the lost: then its pid is free for all since.
	if id, _ := tracker.Attribute(int32(gone.Process.Pid), time.Now().Add(time.Second)); id != nil {
		t.Errorf("a second after its end the process is in %+v", *id)
	}
	checkProblems(t, tracker.Problems(), "some were dropped")
}

// Without events, what /proc shows is all there is.
func TestTrackerWithoutEvents(t *testing.T) {
	id := audittest.RandomHex(t, 32)
	tracker := openTracker(t, nil, connectorBuffer)
	if err := tracker.Close(); err != nil {
		t.Fatal(err)
	}
	cmd, _ := audittest.StartIn(t, audittest.NewCgroup(t, "docker/"+id), "cat")
	wantContainer(t, tracker, cmd.Process.Pid, time.Now(), id, container.ViaDirect)
	now := time.Now()
	stop(t, cmd)
	wantContainer(t, tracker, cmd.Process.Pid, now, id, container.ViaDirect)
	if got, settled := tracker.Attribute(int32(cmd.Process.Pid), time.Now().Add(2*unwatchedFor)); got != nil || !settled {
		t.Errorf("long after anybody has looked: %+v, %v", got, settled)
	}
}

func TestList(t *testing.T) {
	id := audittest.RandomHex(t, 32)
	cmd, _ := audittest.StartIn(t, audittest.NewCgroup(t, "docker/"+id), "cat")
	zombie, _ := audittest.StartIn(t, audittest.NewCgroup(t, "docker/"+audittest.RandomHex(t, 32)), "true")
	names, err := NewResolver("/")
	if err != nil {
		t.Fatal(err)
	}
	defer names.Close()
	before := time.Now()
	list, err := List(names)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, p := range list {
		if p.Container.ID != id {
			continue
		}
		found++
		if age := before.Sub(p.Start); p.PID != int32(cmd.Process.Pid) || !p.End.IsZero() || p.Container.Via != container.ViaDirect || age < -tick || age > time.Minute {
			t.Errorf("%+v in %+v, want pid %d, started just now", p, p.Container, cmd.Process.Pid)
		}
	}
	if found != 1 {
		t.Errorf("%d processes in the container, want 1", found)
	}
	if !slices.IsSortedFunc(list, func(a, b container.Process) int { return strings.Compare(a.Container.ID, b.Container.ID) }) {
		t.Error("not in order of container")
	}
	zombie.Wait()
}

func TestLimits(t *testing.T) {
	if os.Getenv("AUDITSCAN_PRINT_LIMITS") != "" {
		names, err := NewResolver("/")
		if err != nil {
			t.Fatal(err)
		}
		tracker, err := NewTracker(names, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, settled := tracker.Attribute(1, time.Now())
		for _, l := range tracker.Limits() {
			fmt.Printf("limit %s|%s\n", l.Missing, l.Effect)
		}
		fmt.Println("settled", settled)
		return
	}
	if len(openTracker(t, nil, connectorBuffer).Limits()) > 0 {
		t.Skip("needs a host where nothing is missing")
	}
	const user = unix.CLONE_NEWUSER
	for _, test := range []struct {
		name  string
		flags uintptr
		want  string
	}{
		{"all there", 0, "settled true"},
		{"own network namespace", unix.CLONE_NEWNET, "limit hostNetwork|" + effectLineage + "\nsettled true"},
		{"own pid namespace", unix.CLONE_NEWPID, "limit hostPID|" + effectNothing + "\nsettled true"},
		{"own pid and network namespace", unix.CLONE_NEWPID | unix.CLONE_NEWNET,
			"limit hostPID|" + effectNothing + "\nlimit hostNetwork|" + effectLineage + "\nsettled true"},
		{"own user namespace", user, "limit hostUsers|" + effectLineage + "\nsettled true"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := exec.Command("/proc/self/exe", "-test.run=^TestLimits$")
			cmd.Env = append(os.Environ(), "AUDITSCAN_PRINT_LIMITS=1", "GORACE=atexit_sleep_ms=0")
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: test.flags}
			if test.flags&user != 0 {
				cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{Size: 1}}
				cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{Size: 1}}
			}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			got, _, _ := strings.Cut(string(out), "\nPASS")
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestFindLimits(t *testing.T) {
	host := rights.Rights{CapsKnown: true, Caps: 1 << rights.NetAdmin, Net: rights.Yes, PID: rights.Yes, User: rights.Yes}
	bare := host
	bare.Caps = 0
	for _, test := range []struct {
		rights rights.Rights
		hidden bool
		err    error
		want   []Limit
	}{
		{host, false, nil, nil},
		{host, true, nil, []Limit{{"CAP_SYS_PTRACE", effectHidden}}},
		{bare, false, nil, []Limit{{"CAP_NET_ADMIN", effectBuffer}}},
		{bare, false, fmt.Errorf("listen: %w", unix.EPERM), []Limit{{"CAP_NET_ADMIN", effectLineage}}},
		{host, false, fmt.Errorf("listen: %w", unix.EPERM), []Limit{{"process connector", effectLineage + " (listen: operation not permitted)"}}},
		{bare, false, fmt.Errorf("listen: %w", errOtherNetwork), []Limit{{"hostNetwork", effectLineage}}},
		{host, false, errNoEvents, []Limit{{"process connector", effectLineage + " (" + errNoEvents.Error() + ")"}}},
	} {
		if got := findLimits(test.rights, test.hidden, test.err); !slices.Equal(got, test.want) {
			t.Errorf("findLimits(%+v, %v, %v)\n got %v\nwant %v", test.rights, test.hidden, test.err, got, test.want)
		}
	}
}

// The cost of a record of a living process, most of them by far.
func BenchmarkAttribute(b *testing.B) {
	names, err := NewResolver("/")
	if err != nil {
		b.Fatal(err)
	}
	defer names.Close()
	tracker, err := NewTracker(names, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer tracker.Close()
	pid := int32(os.Getpid())
	for b.Loop() {
		tracker.Attribute(pid, time.Now())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// What a look has shown once holds for records from long before it, and for
// no others; what is remembered is bounded.
func TestTrackerGone(t *testing.T) {
	var tracker Tracker
	tracker.remember(7, 10*time.Second)
	for _, tt := range []struct {
		pid  int32
		at   time.Duration
		gone bool
	}{{7, 8 * time.Second, true}, {7, -time.Hour, true}, {7, 9500 * time.Millisecond, false}, {7, 11 * time.Second, false}, {8, -time.Hour, false}} {
		if tracker.wasGone(tt.pid, tt.at) != tt.gone {
			t.Errorf("pid %d at %v: gone %v, want %v", tt.pid, tt.at, !tt.gone, tt.gone)
		}
	}
	for pid := range int32(maxDead + 10) {
		tracker.remember(pid, time.Second)
	}
	if len(tracker.gone) > maxDead {
		t.Errorf("%d pids are remembered, want at most %d", len(tracker.gone), maxDead)
	}
}
