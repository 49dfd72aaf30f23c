package profile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/auditscan/auditscan/profile"
)

// operator is the module that publishes the CRD that a SeccompProfile has to
// satisfy. It is too large to depend on.
const operator = "sigs.k8s.io/security-profiles-operator@v1.0.0"

// publishedCRD returns the schema of the published CRD, of the version that
// --format spo writes; unknown keys, which the API server would drop, are
// refused.
func publishedCRD(t *testing.T) *jsonschema.Schema {
	t.Helper()
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Skipf("needs the go command: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(cache)), operator, "deploy/base-crds/crds/seccompprofile.yaml"))
	if err != nil {
		t.Skipf("needs the published CRD (go mod download %s): %v", operator, err)
	}
	var crd struct {
		Spec struct {
			Scope    string
			Versions []struct {
				Name   string
				Schema struct {
					OpenAPI map[string]any `yaml:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	for _, v := range crd.Spec.Versions {
		if v.Name == "v1" && crd.Spec.Scope == "Cluster" {
			strict(v.Schema.OpenAPI)
			return compileSchema(t, "crd.json", v.Schema.OpenAPI)
		}
	}
	t.Fatal("the CRD has no cluster-scoped version v1")
	return nil
}

// strict makes an OpenAPI schema refuse unknown keys, and the equal elements
// that a list of type set cannot have.
func strict(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok {
			v["additionalProperties"] = false
		}
		if v["x-kubernetes-list-type"] == "set" {
			v["uniqueItems"] = true
		}
		for _, of := range v {
			strict(of)
		}
	case []any:
		for _, of := range v {
			strict(of)
		}
	}
}

func compileSchema(t *testing.T, name string, schema any) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, asJSON(t, schema)); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// asJSON returns a value as the validator wants it, with exact numbers.
func asJSON(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// spo writes a profile as a Kubernetes object and reads it back.
func spo(t *testing.T, d *profile.Document) map[string]any {
	t.Helper()
	var out bytes.Buffer
	meta := profile.Meta{Name: "app", Coverage: &profile.Coverage{Total: 3, Syscalls: map[string]int{"read": 3}}}
	if _, err := d.Write(&out, profile.FormatSPO, meta); err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// What is written satisfies the schema, and each way to break it is refused:
// by what was written down of the CRD, and by the CRD itself where it is.
func TestSPOSchema(t *testing.T) {
	t.Run("testdata", func(t *testing.T) {
		schema, err := jsonschema.NewCompiler().Compile("testdata/seccompprofile.schema.json")
		if err != nil {
			t.Fatal(err)
		}
		testSPO(t, schema)
	})
	t.Run("published", func(t *testing.T) { testSPO(t, publishedCRD(t)) })
}

func testSPO(t *testing.T, schema *jsonschema.Schema) {
	all := `{"names": ["kill"], "action": "SCMP_ACT_LOG"}, {"names": ["acct"], "action": "SCMP_ACT_TRACE", "errnoRet": 7}, {"names": ["bpf"], "action": "SCMP_ACT_NOTIFY"}`
	built := build(t, summary("app", logged(t, "read", "clone")...), profile.Options{Variants: true}).Document
	for name, d := range map[string]*profile.Document{"rules": formatted(t, clone3Rule+","+argsRule), "actions": formatted(t, all), "built": built} {
		if err := schema.Validate(asJSON(t, spo(t, d))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []struct {
		place string // what is changed
		to    any    // nil: it is taken away
	}{
		{"spec", nil},
		{"spec.defaultAction", nil},
		{"spec.defaultAction", "SCMP_ACT_MAIM"},
		{"spec.defaultErrnoRet", 38},
		{"spec.architectures.0", "amd64"},
		{"spec.architectures.0", "SCMP_ARCH_X32"}, // which is in the list already
		{"spec.architectures", "SCMP_ARCH_X86_64"},
		{"spec.flags", []any{"SECCOMP_FILTER_FLAG_NEW_LISTENER"}},
		{"spec.listenerPath", "/run/agent.sock"},
		{"spec.syscalls", map[string]any{}},
		{"spec.syscalls.0.names", nil},
		{"spec.syscalls.0.names", []any{}},
		{"spec.syscalls.0.names", []any{"read", "read"}},
		{"spec.syscalls.0.names.0", 0},
		{"spec.syscalls.0.name", "read"},
		{"spec.syscalls.0.action", nil},
		{"spec.syscalls.0.action", "allow"},
		{"spec.syscalls.1.errnoRet", "38"},
		{"spec.syscalls.1.errnoRet", -1},
		{"spec.syscalls.2.args.0.index", nil},
		{"spec.syscalls.2.args.0.index", -1},
		{"spec.syscalls.2.args.0.value", 1.5},
		{"spec.syscalls.2.args.0.value", -1},
		{"spec.syscalls.2.args.0.op", nil},
		{"spec.syscalls.2.args.0.op", "=="},
		{"spec.syscalls.2.args.0.mask", 1},
	} {
		doc := spo(t, formatted(t, clone3Rule+","+argsRule))
		change(t, doc, strings.Split(c.place, "."), c.to)
		if schema.Validate(asJSON(t, doc)) == nil {
			t.Errorf("%s = %v is taken", c.place, c.to)
		}
	}
}

// change sets or takes away what is at a place in a document.
func change(t *testing.T, doc any, place []string, to any) {
	t.Helper()
	key := place[0]
	switch v := doc.(type) {
	case map[string]any:
		switch {
		case len(place) > 1:
			change(t, v[key], place[1:], to)
		case to == nil:
			delete(v, key)
		default:
			v[key] = to
		}
	case []any:
		var i int
		if _, err := fmt.Sscan(key, &i); err != nil {
			t.Fatal(err)
		}
		if len(place) > 1 {
			change(t, v[i], place[1:], to)
		} else {
			v[i] = to
		}
	default:
		t.Fatalf("nothing at %q", place)
	}
}
