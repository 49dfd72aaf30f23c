package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/auditscan/auditscan/internal/corpustest"
	"github.com/auditscan/auditscan/profile"
)

// The schemas of what this package writes itself.
const (
	inspectSchema = "../../profile/schema/inspect.schema.json"
	indexSchema   = "../../profile/schema/index.schema.json"
)

func valid(t *testing.T, schema, text string) error {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(doc)
}

func validate(t *testing.T, schema, text string) {
	t.Helper()
	if err := valid(t, schema, text); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// succeed runs the command and returns what it printed.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	r := command(t, args...)
	if r.code != 0 {
		t.Fatalf("%q: exit code %d\n%s", args, r.code, r.stderr)
	}
	return r.stdout
}

// save writes a file of the test.
func save(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// containerEvents are the events that per.txtar is about.
func containerEvents(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile("testdata/script/per.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, after, begins := strings.Cut(string(script), "-- events.jsonl --\n")
	events, _, ends := strings.Cut(after, "-- pids.jsonl --\n")
	if !begins || !ends {
		t.Fatal("per.txtar has no events.jsonl")
	}
	events = strings.Replace(events, `"runtime":`, `"nested":"kind","manager":"user@1000.service","runtime":`, 1)
	if !strings.Contains(events, `"manager"`) {
		t.Fatal("no container in per.txtar has a runtime")
	}
	return save(t, "events.jsonl", events)
}

// indexOf returns the index.json of profiles per key.
func indexOf(t *testing.T, key, input string, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	succeed(t, append([]string{"profile", "-q", "--per", key, "-O", dir, input}, flags...)...)
	text, err := os.ReadFile(filepath.Join(dir, profile.IndexName))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestInspectSchema(t *testing.T) {
	for _, profile := range []string{"../../examples/audit.json", "../../examples/nginx.json", mixedProfile(t), "runtimes"} {
		validate(t, inspectSchema, succeed(t, "inspect", "-o", "json", profile))
	}
	// Of a process it is tested where there are processes: TestInspectProcess.
}

// mixedProfile gives each answer that there is.
func mixedProfile(t *testing.T) string {
	return save(t, "mixed.json", `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86", "SCMP_ARCH_S390X"], "syscalls": [
		{"names": ["read"], "action": "SCMP_ACT_ALLOW"}, {"names": ["write"], "action": "SCMP_ACT_LOG"}, {"names": ["open"], "action": "SCMP_ACT_NOTIFY"},
		{"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_NE"}]}]}`)
}

func TestIndexSchema(t *testing.T) {
	events := containerEvents(t)
	for _, key := range perKeys {
		validate(t, indexSchema, indexOf(t, string(key), events))
	}
	log := corpustest.Corpus.Path(t, "111-lab-enriched-mixed-rule.log")
	index := indexOf(t, "comm", log)
	if !strings.Contains(index, `"reason"`) || !strings.Contains(index, `"additions"`) {
		t.Errorf("no profile was refused, or nothing added:\n%s", index)
	}
	validate(t, indexSchema, index)

	run := succeed(t, "report", "-o", "json", log)
	runs := succeed(t, "merge", "-q", save(t, "one.json", run), save(t, "two.json", run))
	index = indexOf(t, "comm", save(t, "runs.json", runs), "--exact")
	if !strings.Contains(index, `"runs": 2,`) || !strings.Contains(index, `"getppid": 2`) {
		t.Errorf("two runs are not told of:\n%s", index)
	}
	validate(t, indexSchema, index)
}

// TestSchemasAreStrict checks that the schemas refuse what is not documented.
func TestSchemasAreStrict(t *testing.T) {
	index := indexOf(t, "container", containerEvents(t))
	inspected := succeed(t, "inspect", "-o", "json", mixedProfile(t))
	process := `{"pid":1,"comm":"init","mode":"disabled","filters":null,"no_new_privs":false,"calls":null}`
	for _, c := range []struct{ schema, doc, old, new string }{
		{indexSchema, index, `"version": 1`, `"version": 2`},
		{indexSchema, index, `"lost": 0,`, ``},
		{indexSchema, index, `"lost": 0`, `"lost": 0, "runs": 1`},
		{indexSchema, index, `"lost": 0`, `"lost": 0, "more": 1`},
		{indexSchema, index, `"observed": 1`, `"observed": 1, "more": 1`},
		{indexSchema, index, `"file": "k8s_bank_web-0_app.json"`, `"file": "../app.json"`},
		{indexSchema, index, `"file": "k8s_bank_web-0_app.json",`, ``},
		{indexSchema, index, `"file": "k8s_bank_web-0_app.json"`, `"file": "app.json", "reason": "none"`},
		{indexSchema, index, `"via": "direct"`, `"labels": {}`},
		{indexSchema, index, `"source": "kernel"`, `"source": "guess"`},
		{indexSchema, index, `.000Z`, `Z`},
		{inspectSchema, inspected, `"allowed"`, `"allow"`},
		{inspectSchema, inspected, `"read"`, `"read", "read"`},
		{inspectSchema, inspected, `"arch"`, `"version": 1, "arch"`},
		{inspectSchema, process, `"filters":null,`, ``},
		{inspectSchema, process, `"mode":"disabled"`, `"mode":"off"`},
		{inspectSchema, process, `"calls":null`, `"calls":[]`},
		{inspectSchema, process, `"pid":1`, `"pid":1,"ppid":0`},
	} {
		validate(t, c.schema, c.doc)
		bad := strings.Replace(c.doc, c.old, c.new, 1)
		if bad == c.doc {
			t.Errorf("no %s to replace", c.old)
		} else if valid(t, c.schema, bad) == nil {
			t.Errorf("%s accepts %s", filepath.Base(c.schema), c.new)
		}
	}
}
