package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/audittest"
)

// pod is a container that runc runs in the cgroup that a runtime would put it
// in. Its records are told by their uid, which is the truth.
type pod struct {
	id, cgroup string
	uid        uint32
	args       []string
	call       string // which no other makes
}

// busybox is a program for a pod.
func busybox(args ...string) []string { return append([]string{"/bin/busybox"}, args...) }

// newPods returns three containers: one with many short-lived children, and
// two that are gone at once.
func newPods(t *testing.T) []pod {
	t.Helper()
	uid := audittest.RandomHex(t, 4) + "-0000-4000-8000-" + audittest.RandomHex(t, 6)
	const children = `i=0; while [ $i -lt 100 ]; do (:); i=$((i+1)); done; /bin/busybox mkdir /tmp/d`
	pods := []pod{
		{cgroup: "kubepods/burstable/pod" + uid + "/ID", args: busybox("sh", "-c", children), call: "mkdir"},
		{cgroup: "docker/ID", args: busybox("mkfifo", "/tmp/p"), call: "mknod"},
		{cgroup: "libpod_parent/libpod-ID", args: busybox("ln", "-s", "a", "/tmp/l"), call: "symlink"},
	}
	root := "/auditscan-e2e-" + audittest.RandomHex(t, 4)
	for i := range pods {
		pods[i].id, pods[i].uid = audittest.RandomHex(t, 32), uint32(1<<20+len(pods)*os.Getpid()+i)
		pods[i].cgroup = root + "/" + strings.Replace(pods[i].cgroup, "ID", pods[i].id, 1)
	}
	t.Cleanup(func() { audittest.RemoveCgroups(t, root) })
	return pods
}

type object = map[string]any

// bundle makes what runc needs to run a container under a seccomp profile.
func (p pod) bundle(t *testing.T, seccomp json.RawMessage) string {
	t.Helper()
	dir := t.TempDir()
	program, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(object{
		"ociVersion": "1.0.2",
		"process": object{
			"args": p.args, "cwd": "/", "noNewPrivileges": true, "user": object{"uid": p.uid, "gid": p.uid},
		},
		"root":   object{"path": "rootfs"},
		"mounts": []object{{"destination": "/proc", "type": "proc", "source": "proc"}},
		"linux": object{
			"cgroupsPath": p.cgroup, "seccomp": seccomp,
			"namespaces": []object{{"type": "pid"}, {"type": "mount"}},
		},
	})
	err = errors.Join(err,
		os.MkdirAll(filepath.Join(dir, "rootfs/bin"), 0o755),
		os.Mkdir(filepath.Join(dir, "rootfs/proc"), 0o755),
		os.Mkdir(filepath.Join(dir, "rootfs/tmp"), 0o755),
		os.Chown(filepath.Join(dir, "rootfs/tmp"), int(p.uid), int(p.uid)),
		os.WriteFile(filepath.Join(dir, "rootfs/bin/busybox"), program, 0o755),
		os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// command returns what runs a container, with a file system of its own.
func (p pod) command(t *testing.T, state string, seccomp json.RawMessage) *exec.Cmd {
	t.Helper()
	return exec.Command("runc", "--root", state, "run", "--bundle", p.bundle(t, seccomp), p.id)
}

// runAll runs all containers at once, every call of theirs logged.
func runAll(t *testing.T, pods []pod, state string) {
	t.Helper()
	everything := readFile(t, "../../examples/audit.json")
	var all sync.WaitGroup
	for _, p := range pods {
		cmd := p.command(t, state, everything)
		all.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("runc: %v\n%s", err, out)
			}
		})
	}
	all.Wait()
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// event is a line of follow -o json, as far as it matters here.
type event struct {
	PID       int
	UID       uint32
	Comm      string
	Syscall   string
	Container *struct{ ID, Pod, Namespace, Workload, Via string }
}

// follower is a running follow -o json.
type follower struct {
	cmd    *exec.Cmd
	source string
	events string // the file that it writes to
	pidmap string
	notes  bytes.Buffer
}

func startFollower(t *testing.T, root, source string) *follower {
	t.Helper()
	dir := t.TempDir()
	f := &follower{source: source, events: filepath.Join(dir, "events.jsonl"), pidmap: filepath.Join(dir, "pids.jsonl")}
	out, err := os.Create(f.events)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	f.cmd = exec.Command(auditscan, "follow", "-q", "-o", "json", "--root", root, "--pidmap", f.pidmap, source)
	f.cmd.Stdout, f.cmd.Stderr = out, &f.notes
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.cmd.Process.Kill() })
	// What is shown was made while it listened: the first calls may not be.
	await(func() bool {
		pid := child(t, "calls")
		return f.shows(t, pid, 1)
	})
	return f
}

// await waits for a condition that nothing tells of.
func await(condition func() bool) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		<-tick.C
	}
}

// shows reports whether so many events of a process have come.
func (f *follower) shows(t *testing.T, pid, events int) bool {
	t.Helper()
	for _, e := range f.read(t) {
		if e.PID == pid {
			events--
		}
	}
	return events <= 0
}

// read returns what has been written so far, whole lines only.
func (f *follower) read(t *testing.T) (events []event) {
	t.Helper()
	for line := range bytes.Lines(readFile(t, f.events)) {
		if line[len(line)-1] != '\n' {
			break
		}
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		events = append(events, e)
	}
	return events
}

// stop ends follow when it has shown all calls of a process, the last that
// were recorded.
func (f *follower) stop(t *testing.T, last int) {
	t.Helper()
	await(func() bool { return f.shows(t, last, len(allCalls())) })
	if err := f.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := f.cmd.Wait(); err != nil {
		t.Errorf("follow %s: %v\n%s", f.source, err, &f.notes)
	}
	if want := "left out: /var/log/containers: a file name is not of the form"; !strings.Contains(f.notes.String(), want) {
		t.Errorf("follow %s does not tell of the name that it dropped:\n%s", f.source, &f.notes)
	}
}

// allCalls is wantCalls with each call as often as it is made.
func allCalls() (all []call) {
	for _, c := range wantCalls {
		all = append(all, slices.Repeat([]call{c}, c.Count)...)
	}
	return all
}

// TestContainers: three containers that run at once, under the paths of three
// runtimes, are told apart live and by the saved maps; what is learned of each
// is its own profile, and the kernel agrees.
func TestContainers(t *testing.T) {
	audittest.NeedRunc(t)
	log, stopAuditd := auditd(t, "ENRICHED")
	pods, root := newPods(t), t.TempDir()
	state, logs := filepath.Join(root, "run/runc"), filepath.Join(root, "var/log/containers")
	err := errors.Join(os.MkdirAll(state, 0o755), os.MkdirAll(logs, 0o755),
		os.WriteFile(filepath.Join(logs, "web-0_shop_app-"+pods[0].id+".log"), nil, 0o644),
		os.WriteFile(filepath.Join(logs, "forged-"+pods[1].id+".log"), nil, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	followers := []*follower{startFollower(t, root, "audit:"), startFollower(t, root, log)}
	runAll(t, pods, state)
	last := child(t, "calls")
	stopAuditd()
	for _, f := range followers {
		f.stop(t, last)
	}
	if _, verdict := reported(t, last, log); verdict != "complete" {
		t.Skipf("others on this host overran the kernel's queue of records: the log is %s", verdict)
	}
	for _, f := range followers {
		t.Run(filepath.Base(f.source), func(t *testing.T) {
			f.wantAttributed(t, pods)
			live := learn(t, pods, f.events)
			saved := learn(t, pods, "--pidmap", f.pidmap, log)
			for i, p := range pods {
				if live[i].names() != saved[i].names() {
					t.Errorf("%s: live %s\nby the map %s", p.cgroup, live[i].names(), saved[i].names())
				}
			}
			enforce(t, pods, state, live)
		})
	}
	if out := run(t, 0, "report", "-o", "csv", "--pod", "web-0", "--pidmap", followers[0].pidmap, log); !strings.Contains(out, ",web-0,shop,web,") {
		t.Errorf("report --pod web-0: %s", out)
	}
	unknown := exec.Command(auditscan, "profile", "--per", "container", "-O", t.TempDir(), log)
	if out, err := unknown.CombinedOutput(); err == nil || !strings.Contains(string(out), "no profile for any container") {
		t.Errorf("without a map: %v\n%s", err, out)
	}
}

// wantAttributed holds the containers of events against the truth.
func (f *follower) wantAttributed(t *testing.T, pods []pod) {
	t.Helper()
	for i, p := range pods {
		all, right, wrong := 0, 0, 0
		for _, e := range f.read(t) {
			switch {
			case e.UID != p.uid:
				if e.Container != nil && e.Container.ID == p.id && !strings.HasPrefix(e.Comm, "runc:[") {
					t.Errorf("a call of %s (uid %d) is taken for one of %s", e.Comm, e.UID, p.cgroup)
				}
				continue
			case e.Container == nil:
			case e.Container.ID != p.id || i == 0 && (e.Container.Pod != "web-0" || e.Container.Workload != "web"):
				wrong++
			default:
				right++
			}
			all++
		}
		t.Logf("%s: %d records, %.2f %% attributed, %d wrong", p.cgroup, all, 100*float64(right)/float64(max(all, 1)), wrong)
		if all == 0 || wrong > 0 || float64(right) < 0.99*float64(all) {
			t.Errorf("%s: %d of %d attributed, %d wrong, want 99 %% and 0", p.cgroup, right, all, wrong)
		}
	}
}

// learned is a profile as profile --per wrote it.
type learned []byte

// names returns the calls that it allows.
func (l learned) names() string {
	var doc struct {
		Syscalls []struct {
			Names  []string
			Action string
		}
	}
	if err := json.Unmarshal(l, &doc); err != nil {
		return err.Error()
	}
	var names []string
	for _, s := range doc.Syscalls {
		if s.Action == "SCMP_ACT_ALLOW" {
			names = append(names, s.Names...)
		}
	}
	return " " + strings.Join(names, " ") + " "
}

// indexEntry is what index.json has of a profile.
type indexEntry struct {
	Container        struct{ ID string }
	File             string
	Records, Runtime int
	First, Last      *time.Time
}

// learn makes the profiles of the containers and returns them, each of which
// must allow its container's own call and not those of the others.
func learn(t *testing.T, pods []pod, args ...string) (profiles []learned) {
	t.Helper()
	dir := t.TempDir()
	run(t, 0, append([]string{"profile", "-q", "--per", "container", "-O", dir}, args...)...)
	var index struct{ Profiles []indexEntry }
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "index.json")), &index); err != nil {
		t.Fatal(err)
	}
	for _, p := range pods {
		i := slices.IndexFunc(index.Profiles, func(e indexEntry) bool { return e.Container.ID == p.id })
		if i < 0 {
			t.Fatalf("no profile of %s", p.cgroup)
		}
		e := index.Profiles[i]
		if e.Runtime == 0 || e.Records <= e.Runtime || e.First == nil || e.Last == nil || e.Last.Before(*e.First) {
			t.Errorf("%s: %+v, want records of runc and of the program, and when", p.cgroup, e)
		}
		l := learned(readFile(t, filepath.Join(dir, e.File)))
		for _, other := range pods {
			if allows := strings.Contains(l.names(), " "+other.call); allows != (other.id == p.id) {
				t.Errorf("%s: allows %s: %v, in%s", p.cgroup, other.call, allows, l.names())
			}
		}
		profiles = append(profiles, l)
	}
	return profiles
}

// enforce runs each container under every profile: it works under its own
// only.
func enforce(t *testing.T, pods []pod, state string, profiles []learned) {
	t.Helper()
	for i, p := range pods {
		for j, l := range profiles {
			out, err := p.command(t, state, json.RawMessage(l)).CombinedOutput()
			if (err == nil) != (i == j) {
				t.Errorf("%s under the profile of %s: %v\n%s", p.cgroup, pods[j].cgroup, err, out)
			}
		}
	}
}
