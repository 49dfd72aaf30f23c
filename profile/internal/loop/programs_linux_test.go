package loop

import (
	"embed"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

//go:embed testdata/programs
var scripts embed.FS

// program is a real program with work to do, which prints the same whenever
// it goes well. It is a script of testdata/programs, whose first lines say what it
// is:
//
//	# program: its name, as the document has it
//	# packages: Debian's packages that have what it needs
//	# needs: what of them it cannot do without, by path
//	# etc: what of /etc it wants
//	# built: what it wants of the programs that are built here
//	# root: it runs as root, with the capabilities that Docker gives
//	# engines: it is run by Docker, Podman and containerd, too; it needs no port of the host's
//	# short: it is in the short form, too
type program struct {
	name, script         string
	packages, needs, etc []string
	built                string
	root, engines, short bool
}

// programs returns all there are.
var programs = sync.OnceValue(func() (list []program) {
	names, err := scripts.ReadDir("testdata/programs")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, f := range names {
		if filepath.Ext(f.Name()) != ".sh" || f.Name() == "common.sh" {
			continue
		}
		text, err := scripts.ReadFile("testdata/programs/" + f.Name())
		if err != nil {
			panic(err)
		}
		p := program{script: f.Name()}
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "# ") {
				break
			}
			p.set(strings.TrimSpace(line[2:]))
		}
		list = append(list, p)
	}
	return list
})

// set reads a line of a script's head.
func (p *program) set(line string) {
	key, value, _ := strings.Cut(line, ": ")
	switch key {
	case "program":
		p.name = value
	case "packages":
		p.packages = strings.Fields(value)
	case "needs":
		p.needs = strings.Fields(value)
	case "etc":
		p.etc = strings.Fields(value)
	case "built":
		p.built = value
	case "root":
		p.root = true
	case "engines":
		p.engines = true
	case "short":
		p.short = true
	default:
		panic(fmt.Sprintf("%s: %q is not known in the head of a program", p.script, line))
	}
}

// args is the command of the program.
func (p program) args() []string {
	return []string{"/bin/sh", "-ec", "cd /tmp; . /programs/common.sh; . /programs/" + p.script + "; perform"}
}

// TestPrograms: what the heads of the scripts say is whole, and no two programs
// share a name.
func TestPrograms(t *testing.T) {
	var names []string
	for _, p := range programs() {
		if p.name == "" || len(p.needs) == 0 && p.built == "" {
			t.Errorf("%s: name %q, needs %q, built %q", p.script, p.name, p.needs, p.built)
		}
		names = append(names, p.name)
	}
	slices.Sort(names)
	if all := len(names); len(slices.Compact(names)) != all || all < 40 {
		t.Errorf("%d programs: %q", all, names)
	}
}
