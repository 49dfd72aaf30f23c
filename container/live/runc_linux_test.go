package live_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/container/live"
	"github.com/auditscan/auditscan/internal/audittest"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/source"
)

// cell is a container that runc runs. Its records are told by their uid, which
// is the truth that attribution is held against.
type cell struct {
	name, id string
	uid      uint32
	cgroup   string // the place that a runtime would put it in
	runtime  string // what its path tells
}

func newCells(t *testing.T) []cell {
	pod := audittest.RandomHex(t, 4) + "-0000-4000-8000-" + audittest.RandomHex(t, 6)
	cells := []cell{
		{name: "kubepods", cgroup: "kubepods/burstable/pod" + pod + "/ID"},
		{name: "docker", cgroup: "docker/ID", runtime: "docker"},
		{name: "libpod", cgroup: "libpod_parent/libpod-ID", runtime: "podman"},
	}
	root := "/auditscan-test-" + audittest.RandomHex(t, 4)
	for i := range cells {
		cells[i].id = audittest.RandomHex(t, 32)
		cells[i].uid = uint32(1<<20 + len(cells)*os.Getpid() + i) // nobody else's, whoever runs the same test
		cells[i].cgroup = root + "/" + strings.Replace(cells[i].cgroup, "ID", cells[i].id, 1)
	}
	t.Cleanup(func() { audittest.RemoveCgroups(t, root) })
	return cells
}

// bundle makes what runc needs to run a shell script in a cell, with a record
// of every call in logged, or of every call at all.
func (c cell) bundle(t *testing.T, script string, logged ...string) string {
	t.Helper()
	dir := t.TempDir()
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(c.config(script, logged))
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		os.MkdirAll(filepath.Join(dir, "rootfs/bin"), 0o755),
		os.Mkdir(filepath.Join(dir, "rootfs/proc"), 0o755),
		os.WriteFile(filepath.Join(dir, "rootfs/bin/busybox"), busybox, 0o755),
		os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

type object = map[string]any

// config is the OCI configuration of a cell.
func (c cell) config(script string, logged []string) object {
	seccomp := object{"defaultAction": "SCMP_ACT_LOG", "architectures": []string{"SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"}}
	if len(logged) > 0 {
		seccomp["defaultAction"] = "SCMP_ACT_ALLOW"
		seccomp["syscalls"] = []object{{"names": logged, "action": "SCMP_ACT_LOG"}}
	}
	return object{
		"ociVersion": "1.0.2",
		"process": object{
			"args": []string{"/bin/busybox", "sh", "-c", script}, "cwd": "/", "noNewPrivileges": true,
			"user": object{"uid": c.uid, "gid": c.uid},
		},
		"root":   object{"path": "rootfs"},
		"mounts": []object{{"destination": "/proc", "type": "proc", "source": "proc"}},
		"linux": object{
			"cgroupsPath": c.cgroup, "seccomp": seccomp,
			"namespaces": []object{{"type": "pid"}, {"type": "mount"}},
		},
	}
}

// run runs a script in all cells at once and waits for it to end.
func run(t *testing.T, cells []cell, state, script string, logged ...string) {
	t.Helper()
	var all sync.WaitGroup
	for _, c := range cells {
		bundle := c.bundle(t, script, logged...)
		all.Go(func() {
			out, err := exec.Command("runc", "--root", state, "run", "--bundle", bundle, c.id).CombinedOutput()
			if err != nil {
				t.Errorf("runc: %v\n%s", err, out)
			}
		})
	}
	all.Wait()
}

// tally counts the records of one cell.
type tally struct {
	records, atOnce, direct, lineage, wrong int
	stamps                                  []stamp // of all records
	pids                                    map[int32]bool
}

type stamp struct {
	pid int32
	at  time.Time
}

func (n *tally) add(c cell, id *container.Identity, atOnce bool) {
	n.records++
	switch {
	case id == nil:
		return
	case id.ID != c.id || id.Runtime != c.runtime:
		n.wrong++
		return
	case id.Via == container.ViaDirect:
		n.direct++
	case id.Via == container.ViaLineage:
		n.lineage++
	}
	if atOnce {
		n.atOnce++
	}
}

func (n *tally) share() float64 {
	return float64(n.direct+n.lineage) / float64(max(n.records, 1))
}

// shared counts the pids that two cells had, one after the other.
func shared(counts []tally) (n int) {
	for i, a := range counts {
		for pid := range a.pids {
			if slices.ContainsFunc(counts[i+1:], func(b tally) bool { return b.pids[pid] }) {
				n++
			}
		}
	}
	return n
}

// attribute reads records as follow does, from the kernel's socket, until the
// stream is closed, and returns what became of those of each cell.
func attribute(t *testing.T, stream source.Stream, tracker *live.Tracker, cells []cell) []tally {
	counts := make([]tally, len(cells))
	for i := range counts {
		counts[i].pids = map[int32]bool{}
	}
	type record struct {
		cell    int
		arrived time.Time
	}
	now := time.Now()
	hold := live.NewHold(tracker.Attribute, func(r record, id *container.Identity) {
		counts[r.cell].add(cells[r.cell], id, r.arrived.Equal(now))
	})
	p := parser.New(parser.LayoutLines)
	for {
		chunk, err := stream.Next(t.Context())
		now = time.Now()
		p.Reset(chunk.Lines)
		for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
			if item != parser.ItemRecord {
				continue
			}
			r := p.Record()
			i := slices.IndexFunc(cells, func(c cell) bool { return c.uid == r.UID })
			if i < 0 {
				continue
			}
			at := time.UnixMilli(r.Millis)
			counts[i].pids[r.PID] = true
			counts[i].stamps = append(counts[i].stamps, stamp{r.PID, at})
			hold.Add(record{i, now}, r.PID, at, now)
		}
		hold.Retry(now)
		if err != nil {
			hold.Flush()
			if !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			return counts
		}
	}
}

// wantFromMap attributes the records again, by the pid map that the
// tracker's user has saved.
func wantFromMap(t *testing.T, name string, cells []cell, counts []tally, least float64) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pids, bad, err := container.ReadMap(t.Context(), f, name)
	if err != nil || len(bad) > 0 {
		t.Fatal(err, bad)
	}
	for i, c := range cells {
		found, wrong := 0, 0
		for _, s := range counts[i].stamps {
			if id, ok := pids.Lookup(s.pid, s.at); ok && id.ID == c.id {
				found++
			} else if ok {
				wrong++
			}
		}
		share := float64(found) / float64(max(len(counts[i].stamps), 1))
		t.Logf("%s: %.2f %% attributed by the saved map, %d wrong", c.name, 100*share, wrong)
		if wrong > 0 || share < least {
			t.Errorf("%s: by the saved map %d wrong, %.2f %% attributed, want 0 and %.0f %%", c.name, wrong, 100*share, 100*least)
		}
	}
}

// 500 children in 2 s, each of them gone within a millisecond, in each of three
// containers. Their records must find the way to their container, and to no
// other. In a storm of forks the containers use each other's pids again.
func TestShareAttributed(t *testing.T) {
	audittest.NeedRunc(t)
	audittest.Need(t)
	const (
		nothing  = `:`
		children = `i=0; while [ $i -lt 500 ]; do (:) & i=$((i+1)); usleep 3500; done; wait`
		storm    = `i=0; while [ $i -lt 14000 ]; do (:); i=$((i+1)); done`
	)
	for _, test := range []struct {
		name   string
		script string
		runs   int
		pids   int     // at least
		share  float64 // attributed at least
		logged []string
	}{
		{"every call", children, 1, 500, 0.99, nil},
		{"one record at the end", children, 1, 500, 0.99, []string{"exit_group"}},
		{"pids used again", storm, 1, 10000, 0.99, []string{"exit_group"}},
		// Where the machine is busy, one may end before anybody could look.
		{"whole containers gone at once", nothing, 20, 20, 0.8, []string{"exit_group"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if testing.Short() && test.pids > 1000 {
				t.Skip("takes 8 s: not with -short")
			}
			cells, counts := measure(t, test.share, func(cells []cell, state string) {
				for range test.runs {
					run(t, cells, state, test.script, test.logged...)
				}
			})
			for i, n := range counts {
				if len(n.pids) < test.pids {
					t.Errorf("%s: records of %d pids, want %d or more", cells[i].name, len(n.pids), test.pids)
				}
				if n.wrong > 0 || n.share() < test.share {
					t.Errorf("%s: %d wrong, %.2f %% attributed, want 0 and %.0f %%", cells[i].name, n.wrong, 100*n.share(), 100*test.share)
				}
			}
			t.Logf("%d pids were used by two containers", shared(counts))
		})
	}
}

// measure attributes the records of three containers while they work, and
// again by the pid map saved meanwhile: at least a share of them.
func measure(t *testing.T, least float64, work func(cells []cell, state string)) ([]cell, []tally) {
	cells, state := newCells(t), t.TempDir()
	saved := filepath.Join(state, "pids")
	tracker, stop := follow(t, saved)
	stream, err := source.Netlink()
	if err != nil {
		t.Fatal(err)
	}
	var counts []tally
	var reader sync.WaitGroup
	reader.Go(func() { counts = attribute(t, stream, tracker, cells) })
	began := time.Now()
	work(cells, state)
	took := time.Since(began)
	stream.Close()
	reader.Wait()
	stop()
	for i, n := range counts {
		t.Logf("%s: %d pids, %d records in %.1f s: %.2f %% attributed (%d direct, %d by lineage, %d only after a wait), %d wrong",
			cells[i].name, len(n.pids), n.records, took.Seconds(), 100*n.share(), n.direct, n.lineage, n.direct+n.lineage-n.atOnce, n.wrong)
	}
	wantFromMap(t, saved, cells, counts, least)
	return cells, counts
}

// follow starts a Tracker that saves a pid map, until stop is called.
func follow(t *testing.T, saved string) (tracker *live.Tracker, stop func()) {
	names, err := live.NewResolver("/")
	if err != nil {
		t.Fatal(err)
	}
	pids, _, err := live.OpenMap(t.Context(), saved)
	if err != nil {
		t.Fatal(err)
	}
	tracker, err = live.NewTracker(names, func(p container.Process) {
		if err := pids.Write(p); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if limits := tracker.Limits(); len(limits) > 0 {
		t.Skipf("needs more rights: %v", limits)
	}
	return tracker, func() {
		if p := tracker.Problems(); len(p) > 0 {
			t.Logf("problems: %v", p)
		}
		if err := errors.Join(tracker.Close(), pids.Close(), names.Close()); err != nil {
			t.Error(err)
		}
	}
}

// What runc itself has on disk names the runtime of a container whose path
// does not tell, and a container's processes are listed while it runs.
func TestListRunc(t *testing.T) {
	audittest.NeedRunc(t)
	if os.Getuid() != 0 {
		t.Skip("needs root, to run containers")
	}
	c := newCells(t)[0]
	root := t.TempDir()
	state := filepath.Join(root, "run/runc")
	if err := os.MkdirAll(state, 0o755); err != nil {
		t.Fatal(err)
	}
	names, err := live.NewResolver(root)
	if err != nil {
		t.Fatal(err)
	}
	defer names.Close()

	cmd := exec.Command("runc", "--root", state, "run", "--bundle", c.bundle(t, "echo ready; read x & read x; wait", "mount"), c.id)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		t.Fatal(err)
	}
	list, err := live.List(names)
	if err != nil {
		t.Fatal(err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	list = slices.DeleteFunc(list, func(p container.Process) bool { return p.Container.ID != c.id })
	want := container.Identity{ID: c.id, Runtime: "runc", Via: container.ViaDirect}
	if len(list) == 0 || *list[0].Container != want {
		t.Errorf("%d processes, first %+v; want some in %+v", len(list), list, want)
	}
	if len(list) != 1 && len(list) != 2 { // in the background, read ends at once
		t.Errorf("%d processes listed, the container has 1 or 2", len(list))
	}
}
