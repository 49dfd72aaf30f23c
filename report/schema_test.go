package report

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/auditscan/auditscan/container"
)

func compileSchema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	text, err := fs.ReadFile(Schemas(), name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(schema *jsonschema.Schema, doc []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

func TestReportSchema(t *testing.T) {
	schema := compileSchema(t, "report.schema.json")
	for name, s := range samples(t) {
		for _, positions := range []json.RawMessage{nil, json.RawMessage(`{"files":[{"path":"/var/log/syslog","offset":12}]}`)} {
			doc := render(t, s, JSON, Options{Tool: tool, Positions: positions})
			if err := validate(schema, doc); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got, err := Read(bytes.NewReader(doc), name); err != nil || len(got.Groups) != len(s.Groups) {
				t.Errorf("%s with positions %s: %v", name, positions, err)
			}
		}
	}
}

func TestEventSchema(t *testing.T) {
	schema := compileSchema(t, "event.schema.json")
	events := eventsOf(t, map[int32]*container.Identity{11748: &web}, AppendEvent, corpusFiles(t)...)
	n := 0
	for line := range bytes.Lines(events) {
		n++
		if err := validate(schema, line); err != nil {
			t.Errorf("%s%v", line, err)
		}
	}
	if n < 100 {
		t.Errorf("%d events in the corpus, want more", n)
	}
}

// TestSchemasAreStrict checks that the schemas refuse what is not documented.
func TestSchemasAreStrict(t *testing.T) {
	report := string(render(t, samples(t)["fleet"], JSON, Options{Tool: tool}))
	event := string(eventsOf(t, map[int32]*container.Identity{801989: &web}, AppendEvent, "087-k8s-runc-init-exe-slash.log"))
	loss := `{"loss":{"kind":"suppressed","count":29,"time":null}}`
	for _, test := range []struct{ schema, doc, old, new string }{
		{"report.schema.json", report, `"version": 1`, `"version": 2`},
		{"report.schema.json", report, `"version": 1`, `"version": 1, "by": []`},
		{"report.schema.json", report, `"lines": 17`, `"lines": 17, "more": 1`},
		{"report.schema.json", report, `"unresolved": 0`, `"unresolved": 0, "more": 1`},
		{"report.schema.json", report, `"lost": 108`, `"lost": 108, "more": 1`},
		{"report.schema.json", report, `"kind": "malformed"`, `"kind": "malformed", "more": 1`},
		{"report.schema.json", report, `"kind": "malformed"`, `"kind": "gap"`},
		{"report.schema.json", report, `"pid": 1681`, `"pid": 1681, "ppid": 1`},
		{"report.schema.json", report, `"nr": 101`, `"nr": 101, "more": 1`},
		{"report.schema.json", report, `"nr": 101`, `"nr": "101"`},
		{"report.schema.json", report, `"name": "nginx"`, `"name": "nginx", "labels": {}`},
		{"report.schema.json", report, `"action": "log"`, `"action": "logged"`},
		{"report.schema.json", report, `.040Z`, `Z`},
		{"event.schema.json", event, `"sig":0`, `"sig":0,"signal":"SIGSYS"`},
		{"event.schema.json", event, `"sig":0,`, ``},
		{"event.schema.json", event, `"name":"nginx"`, `"name":"nginx","labels":{}`},
		{"event.schema.json", loss, `"count":29`, `"count":29,"input":"x"`},
		{"event.schema.json", loss, `"count":29`, `"count":-1`},
	} {
		schema := compileSchema(t, test.schema)
		if err := validate(schema, []byte(test.doc)); err != nil {
			t.Fatal(err)
		}
		bad := strings.Replace(test.doc, test.old, test.new, 1)
		if bad == test.doc {
			t.Errorf("no %s to replace", test.old)
		} else if err := validate(schema, []byte(bad)); err == nil {
			t.Errorf("%s accepts %s", test.schema, test.new)
		}
	}
}
