// Command defaults writes the files of defaults/: the profiles that engines give
// containers which ask for none, from the sources of those, in Docker's form.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/profile"
)

// The modules that the profiles are from. That CRI-O's has the containers/common
// of its go.mod is checked.
const (
	moby   = "github.com/moby/profiles/seccomp@v0.3.0"
	podman = "go.podman.io/common@v0.66.0"
	crio   = "github.com/cri-o/cri-o@v1.34.0"
	common = "github.com/containers/common@v0.63.0"
)

func main() {
	for name, make := range engines {
		text, err := make()
		if err == nil {
			err = os.WriteFile(filepath.Join("defaults", name+".json"), text, 0o644)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "defaults:", err)
			os.Exit(1)
		}
	}
}

// engines make the files of defaults/.
var engines = map[string]func() ([]byte, error){
	"docker": func() ([]byte, error) { return file(moby)(read(moby, "default.json")) },
	"podman": func() ([]byte, error) { return file(podman)(read(podman, "pkg/seccomp/seccomp.json")) },
	"crio": func() ([]byte, error) {
		d, err := read(common, "pkg/seccomp/seccomp.json")
		if err != nil {
			return nil, err
		}
		return file(crio)(narrow(d))
	},
}

// source returns a file of a module.
func source(module, file string) ([]byte, error) {
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", module, err, out)
	}
	var m struct{ Dir string }
	if err := json.Unmarshal(out, &m); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(m.Dir, file))
}

func read(module, file string) (*profile.Document, error) {
	text, err := source(module, file)
	if err != nil {
		return nil, err
	}
	d, err := profile.Parse(text, module+" "+file)
	if err == nil && len(d.Notes) > 0 {
		err = d.Notes[0]
	}
	return d, err
}

// namespaces are the calls that CRI-O takes out of the default of
// containers/common (DefaultProfile in internal/config/seccomp/seccomp.go).
var namespaces = []string{"clone", "clone3", "unshare"}

// narrowed are the rules that it adds.
const narrowed = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
	{"names": ["clone", "clone3", "unshare"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
	{"names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": {"arches": ["s390", "s390x"]}, "args": [
		{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]},
	{"names": ["clone"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["s390", "s390x"]}, "args": [
		{"index": 1, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]},
	{"names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "excludes": {"caps": ["CAP_SYS_ADMIN"], "arches": ["s390", "s390x"]}, "args": [%s]},
	{"names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "includes": {"arches": ["s390", "s390x"]}, "excludes": {"caps": ["CAP_SYS_ADMIN"]}, "args": [%s]},
	{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "excludes": {"caps": ["CAP_SYS_ADMIN"]}}]}`

// flags are conditions for each flag of clone(2) that makes a namespace.
func flags(index int) string {
	var list []string
	for _, flag := range []int{0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x2000000} {
		list = append(list, fmt.Sprintf(`{"index": %d, "value": %d, "valueTwo": %d, "op": "SCMP_CMP_MASKED_EQ"}`, index, flag, flag))
	}
	return strings.Join(list, ", ")
}

// narrow makes CRI-O's default of that of containers/common.
func narrow(d *profile.Document) (*profile.Document, error) {
	code, err := source(crio, "internal/config/seccomp/seccomp.go")
	if err != nil {
		return nil, err
	}
	modules, err := source(crio, "go.mod")
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(modules, []byte(strings.Replace(common, "@", " ", 1)+"\n")) {
		return nil, fmt.Errorf("%s does not have %s", crio, common)
	}
	for _, name := range namespaces {
		if !bytes.Contains(code, fmt.Appendf(nil, "{%q, 1, ", name)) {
			return nil, fmt.Errorf("%s does not take %s out: look at DefaultProfile", crio, name)
		}
	}
	more, err := profile.Parse(fmt.Appendf(nil, narrowed, flags(0), flags(1)), "narrowed")
	if err != nil {
		return nil, err
	}
	for i := range d.Rules {
		if r := &d.Rules[i]; slices.Contains(r.Names, "read") {
			r.Names = slices.DeleteFunc(r.Names, func(name string) bool { return slices.Contains(namespaces, name) })
		}
	}
	d.Rules = append(d.Rules, more.Rules...)
	return d, nil
}

// file returns what writes a profile with the module that it is from.
func file(module string) func(*profile.Document, error) ([]byte, error) {
	return func(d *profile.Document, err error) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		var text, doc bytes.Buffer
		if _, err := d.Write(&text, profile.FormatDocker, profile.Meta{}); err != nil {
			return nil, err
		}
		fmt.Fprintf(&doc, "{\"source\": %q, \"profile\": ", strings.Replace(module, "@", " ", 1))
		err = json.Compact(&doc, text.Bytes())
		doc.WriteString("}\n")
		return doc.Bytes(), err
	}
}
