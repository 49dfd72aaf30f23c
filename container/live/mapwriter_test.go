package live

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/auditscan/auditscan/container"
)

// day is the day of the tests' pid maps.
const day = "2026-11-23T"

func clock(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, day+s+"Z")
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestMapWriter(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pids.jsonl")
	id := &container.Identity{ID: "a", Name: "web", Via: container.ViaDirect}
	w := openMap(t, name)
	write(t, w, container.Process{PID: 7, Start: clock(t, "10:00:00.1239"), Container: id})
	write(t, w, container.Process{PID: 7, Start: clock(t, "10:00:00.1239"), End: clock(t, "10:00:01").Local(), Container: id})
	write(t, w, container.Process{PID: 8, Start: clock(t, "10:00:00"), Container: id})
	if _, _, err := OpenMap(name); err == nil || !strings.Contains(err.Error(), "another auditscan writes it") || !strings.Contains(err.Error(), name) {
		t.Errorf("a second writer: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wantFile(t, name, `{"pid":7,"start":"2026-11-23T10:00:00.123Z","end":null,"container":{"id":"a","name":"web","via":"direct"}}
{"pid":7,"start":"2026-11-23T10:00:00.123Z","end":"2026-11-23T10:00:01.000Z","container":{"id":"a","name":"web","via":"direct"}}
{"pid":8,"start":"2026-11-23T10:00:00.000Z","end":null,"container":{"id":"a","name":"web","via":"direct"}}
`)
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 && info.Mode().Perm() != 0o666 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// A run that was killed leaves a cut line and processes without an end. The
// next one must not take what runs under their pids by then for them.
func TestMapWriterResumes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pids.jsonl")
	writeFile(t, name, `{"pid":8,"start":"2026-11-23T10:00:00.000Z","end":null,"container":{"id":"a"}}
{"pid":7,"start":"2026-11-23T10:00:00.000Z","end":"2026-11-23T10:00:01.000Z","container":{"id":"a"}}
{"pid":6,"start":"2026-11-23T10:00:00.000Z","end":null,"container":null}
{"pid":9,"start":"2026-11-23T10:00:00.000Z","en`)
	if err := os.Chtimes(name, time.Time{}, clock(t, "10:05:00")); err != nil {
		t.Fatal(err)
	}
	w, bad, err := OpenMap(name)
	if err != nil {
		t.Fatal(err)
	}
	checkProblems(t, bad, name+":4: not a line of a pid map: unexpected end of JSON")
	write(t, w, container.Process{PID: 8, Start: clock(t, "11:00:00"), Container: &container.Identity{ID: "b"}})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, bad, err := container.ReadMap(f, name)
	if err != nil {
		t.Fatal(err)
	}
	checkProblems(t, bad, ":4: ") // the cut line, and it alone
	var got []string
	for _, at := range []string{"10:04:00", "10:06:00", "11:01:00"} {
		id, _ := m.Lookup(8, clock(t, at))
		if id == nil {
			id = &container.Identity{ID: "-"}
		}
		got = append(got, id.ID)
	}
	if want := []string{"a", "-", "b"}; !slices.Equal(got, want) {
		t.Errorf("pid 8 was in %v, want %v", got, want)
	}
	// Closed properly, a map gains nothing by being opened again but ends.
	w = openMap(t, name)
	w.Close()
	before, _ := os.ReadFile(name)
	openMap(t, name).Close()
	wantFile(t, name, string(before))
}

// TestMapSchema checks that what is written is what the schema says, and that
// the schema says all of it.
func TestMapSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../schema/pidmap.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(line string) error {
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(doc)
	}
	name := filepath.Join(t.TempDir(), "pids.jsonl")
	w := openMap(t, name)
	web := container.Identity{ID: "a", Name: "web", Image: "nginx", Pod: "web-0", Namespace: "shop", Workload: "web", WorkloadGuessed: true, Runtime: "containerd", Via: container.ViaLineage}
	start := clock(t, "10:00:00")
	write(t, w, container.Process{PID: 7, Start: start, End: start.Add(time.Second), Container: &web})
	write(t, w, container.Process{PID: 8, Start: start, Container: &container.Identity{ID: "b", Via: container.ViaDirect}})
	write(t, w, container.Process{PID: 9, Start: start})
	w.Close()
	openMap(t, name).Close() // gives those that lived an end
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != 4 {
		t.Errorf("%d lines, want 4:\n%s", len(lines), text)
	}
	for _, line := range lines {
		if err := valid(line); err != nil {
			t.Errorf("%v\n%s", err, line)
		}
	}
	for _, edit := range [][2]string{
		{`"pid":7`, `"pid":0`}, {`"pid":7`, `"pid":7,"ppid":1`}, {`"id":"a",`, ``}, {`"id":"a"`, `"id":""`}, {`"name":"web"`, `"labels":"web"`},
		{`.000Z`, `Z`}, {`"workloadGuessed":true`, `"workloadGuessed":false`}, {`"start":`, `"began":`},
	} {
		if bad := strings.Replace(lines[0], edit[0], edit[1], 1); bad == lines[0] {
			t.Errorf("no %s to replace", edit[0])
		} else if valid(bad) == nil {
			t.Errorf("accepted: %s", bad)
		}
	}
}

func TestOpenMapRefusesADirectory(t *testing.T) {
	if _, _, err := OpenMap(t.TempDir()); err == nil {
		t.Error("a directory was opened as a pid map")
	}
}

func openMap(t *testing.T, name string) *MapWriter {
	t.Helper()
	w, _, err := OpenMap(name)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func write(t *testing.T, w *MapWriter, p container.Process) {
	t.Helper()
	if err := w.Write(p); err != nil {
		t.Fatal(err)
	}
}

func wantFile(t *testing.T, name, want string) {
	t.Helper()
	got, err := os.ReadFile(name)
	if err != nil || string(got) != want {
		t.Errorf("%s holds (%v)\n%s\nwant\n%s", name, err, got, want)
	}
}
