package live

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/auditscan/auditscan/container"
)

// smallLimits have a map compacted every some hundred lines.
var smallLimits = mapLimits{size: 30_000, stays: 1 << 18, bytes: 15_000}

var web = &container.Identity{ID: idA, Name: "web", Via: container.ViaDirect}

// ended is a process of a pid that lived for a second.
func ended(pid int32, start time.Time) container.Process {
	return container.Process{PID: pid, Start: start, End: start.Add(time.Second), Container: web}
}

func knows(t *testing.T, name string, p container.Process) bool {
	t.Helper()
	m, problems, err := ReadMap(t.Context(), name)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	id, ok := m.Lookup(p.PID, p.Start)
	return ok && id.ID == p.Container.ID
}

// TestMapWriterCompacts: while processes come and go, the map stays within its
// bound, keeps the latest and those that live, and says what it forgets.
func TestMapWriterCompacts(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pids.jsonl")
	w, _, err := openMap(t.Context(), name, smallLimits)
	if err != nil {
		t.Fatal(err)
	}
	start := clock(t, "10:00:00")
	lives := container.Process{PID: 1, Start: start, Container: web}
	write(t, w, lives)
	var writers sync.WaitGroup
	for k := range 2 { // a lookup and an event can tell at once
		writers.Go(func() {
			for i := range 2000 {
				write(t, w, ended(int32(10_000*(k+1)+i), start.Add(time.Duration(i)*time.Second)))
				if i%100 == 0 {
					w.awaitCompaction()
				}
			}
		})
	}
	writers.Wait()
	w.awaitCompaction()
	info, err := os.Stat(name)
	if err != nil || info.Size() > 2*smallLimits.size {
		t.Errorf("%d bytes, %v; want about %d at most", info.Size(), err, smallLimits.size)
	}
	if p := w.Problems(); len(p) == 0 || !strings.Contains(p[0].Detail, "are forgotten") {
		t.Errorf("problems %v: it has forgotten without a word", p)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	last := start.Add(1999 * time.Second)
	for p, want := range map[*container.Process]bool{
		&lives: true, {PID: 11_999, Start: last, Container: web}: true, {PID: 21_999, Start: last, Container: web}: true,
		{PID: 10_000, Start: start, Container: web}: false,
	} {
		if got := knows(t, name, *p); got != want {
			t.Errorf("pid %d: known %v, want %v", p.PID, got, want)
		}
	}
	wantAlone(t, name)
}

// A map that was left large is compacted at the start, and written to at once.
func TestMapWriterCompactsAtStart(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pids.jsonl")
	start := clock(t, "10:00:00")
	old := mustOpenMap(t, name)
	for i := range 500 {
		write(t, old, ended(int32(i+1), start.Add(time.Duration(i)*time.Second)))
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	w, _, err := openMap(t.Context(), name, smallLimits)
	if err != nil {
		t.Fatal(err)
	}
	w.awaitCompaction()
	if info, err := os.Stat(name); err != nil || info.Size() > smallLimits.size {
		t.Errorf("%d bytes before the first write, %v", info.Size(), err)
	}
	p := container.Process{PID: 1000, Start: start.Add(time.Hour), Container: web}
	write(t, w, p)
	w.awaitCompaction()
	write(t, w, ended(1001, p.Start))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Size() > smallLimits.size {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
	if !knows(t, name, p) || !knows(t, name, ended(1001, p.Start)) || knows(t, name, ended(1, start)) {
		t.Error("the map has not the processes that it is to have")
	}
}

// What is written while the new file takes the place of the old is in it too.
func TestMapWriterLosesNothingWhileItCompacts(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pids.jsonl")
	w, _, err := openMap(t.Context(), name, mapLimits{size: 1 << 30, stays: 1 << 18, bytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	start := clock(t, "10:00:00")
	write(t, w, ended(1, start))
	if err := w.replace(); err != nil {
		t.Fatal(err)
	}
	write(t, w, ended(2, start))
	if knows(t, name, ended(2, start)) {
		t.Error("written to a file that nobody reads any more")
	}
	w.finish(nil)
	write(t, w, ended(3, start))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for pid := range int32(3) {
		if !knows(t, name, ended(pid+1, start)) {
			t.Errorf("pid %d is lost", pid+1)
		}
	}
}

// A map that cannot be gone on with fails the next write: what it would lack
// must not go unnoticed.
func TestMapWriterLosesItsFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pids.jsonl")
	w, _, err := openMap(t.Context(), name, smallLimits)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	write(t, w, ended(1, clock(t, "10:00:00")))
	if err := w.replace(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	w.finish(nil)
	if err := w.Write(ended(2, clock(t, "10:00:00"))); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("%v", err)
	}
}

// A compaction that fails leaves the map as it is, and says so.
func TestMapWriterCannotCompact(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "pids.jsonl")
	w, _, err := openMap(t.Context(), name, smallLimits)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(dir, elsewhere); err != nil {
		t.Fatal(err)
	}
	start := clock(t, "10:00:00")
	for i := range 1000 {
		write(t, w, ended(int32(i+1), start))
	}
	w.awaitCompaction()
	if p := w.Problems(); len(p) != 1 || !strings.Contains(p[0].Detail, "not made smaller") || p[0].Count != 1 {
		t.Errorf("problems %v", p)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if !knows(t, filepath.Join(elsewhere, "pids.jsonl"), ended(1000, start)) {
		t.Error("the last line is lost")
	}
}

// Close does not wait for a compaction.
func TestMapWriterCloseEndsCompaction(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pids.jsonl")
	w, _, err := openMap(t.Context(), name, smallLimits)
	if err != nil {
		t.Fatal(err)
	}
	start := clock(t, "10:00:00")
	for i := range 200 {
		write(t, w, ended(int32(i+1), start))
	}
	w.awaitCompaction()
	w.stop()
	before, _ := os.ReadFile(name)
	w.compacting = true
	w.compact(make(chan struct{}))
	after, _ := os.ReadFile(name)
	if !bytes.Equal(before, after) || len(w.Problems()) > 1 {
		t.Errorf("compacted after the end was told; problems %v", w.Problems())
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	wantAlone(t, name)
}

// wantAlone checks that nothing but the map and its lock is left.
func wantAlone(t *testing.T, name string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(name) && e.Name() != filepath.Base(name)+".lock" {
			t.Errorf("%s is left", e.Name())
		}
	}
}

func TestAttackMapEndsWhenTold(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pids.jsonl")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 40); err != nil { // one line of a terabyte
		t.Skipf("needs sparse files: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(fmt.Errorf("told to end"))
	if _, _, err := OpenMap(ctx, name); err == nil || !strings.Contains(err.Error(), "told to end") {
		t.Errorf("OpenMap: %v", err)
	}
	if _, _, err := ReadMap(ctx, name); err == nil || !strings.Contains(err.Error(), "told to end") || !strings.Contains(err.Error(), name) {
		t.Errorf("ReadMap: %v", err)
	}
}

// BenchmarkOpenMap opens a map of 150,000 processes, two lines each, as follow
// does before it follows: a tenth of what 14 hours of 30 processes a second
// make, 915 MB. Those took 0.8 s of a processor and 59 MB.
func BenchmarkOpenMap(b *testing.B) {
	name := filepath.Join(b.TempDir(), "pids.jsonl")
	id := &container.Identity{ID: idA, Name: "web", Image: "registry.example/shop/web:1.2.3", Pod: "web-1", Namespace: "shop", Workload: "web",
		Runtime: "containerd", Via: container.ViaDirect}
	var text bytes.Buffer
	for i := range 150_000 {
		start := clock(b, "08:00:00").Add(time.Duration(i) * 8 * time.Millisecond)
		for _, end := range []time.Time{{}, start.Add(time.Second)} {
			line, err := container.Process{PID: int32(1000 + i), Start: start, End: end, Container: id}.MarshalJSON()
			if err != nil {
				b.Fatal(err)
			}
			text.Write(append(line, '\n'))
		}
	}
	if err := os.WriteFile(name, text.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		w, _, err := OpenMap(b.Context(), name)
		if err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
