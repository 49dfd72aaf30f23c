// Package auditscan_test holds the layout of the repository: who may import
// whom, and what no package may do. ARCHITECTURE.md tells the same in prose.
package auditscan_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/auditscan/auditscan"

// rule says what a package must not reach, and why.
type rule struct {
	pkg    string   // path in this module
	not    []string // packages of this module (by their path in it), of Go, or modules of others
	direct bool     // only what it imports itself; else whatever that imports, too, in this module
	why    string
}

var rules = []rule{
	{pkg: "parser", not: []string{"."}, why: "the grammar stands alone: it is usable as a library, and knows no tables"},
	{pkg: "parser", not: []string{"os", "net", "io/fs", "syscall", "os/exec"}, direct: true,
		why: "it is given bytes; reading them is the business of source, so that it builds and is tested everywhere"},
	{pkg: "parser", not: []string{"regexp", "encoding/json", "strconv"}, direct: true,
		why: "these allocate for each record, and accept more than the kernel writes"},
	{pkg: "syscalltable", not: []string{"."}, why: "the tables are usable as a library"},
	{pkg: "syscalltable", not: []string{"github.com/elastic/go-libaudit/v2", "golang.org/x/sys"}, direct: true,
		why: "auparse's names are audit-userspace's, which no runtime knows; x/sys has the host's numbers only"},
	{pkg: "source", not: []string{"parser", "syscalltable", "aggregate", "report", "profile", "container", "cmd/auditscan"},
		why: "it gives lines and does not know what a record means"},
	{pkg: "source/notify", not: []string{"internal/pipeline", "internal/tally", "container/live", "profile", "cmd/auditscan"},
		why: "it gives events, whoever counts them, and is told who a container is; to decide over a call is no business of a listener's"},
	{pkg: "container", not: []string{"parser", "event", "syscalltable", "aggregate", "source", "report", "profile", "internal/pipeline", "cmd/auditscan"}, why: "what is known of containers is usable as a library, wherever it comes from"},
	{pkg: "container", not: []string{"os", "io/fs", "path/filepath", "net", "syscall", "os/exec", "golang.org/x/sys"}, direct: true,
		why: "it is given texts and answers from them; looking at a running host is the business of container/live, so that all who need an identity import nothing live"},
	{pkg: "container/live", not: []string{"report", "profile", "source", "aggregate", "parser", "cmd/auditscan"},
		why: "who a record belongs to does not depend on what is done with it"},
	{pkg: "event", not: []string{"aggregate", "source", "report", "profile", "internal/pipeline", "cmd/auditscan"},
		why: "what a record means does not depend on who asks"},
	{pkg: "aggregate", not: []string{"parser", "event", "internal/tally", "source", "report", "profile", "cmd/auditscan"},
		why: "it is what is known, apart from how it comes to be known"},
	{pkg: "aggregate", not: []string{"os", "io/fs", "path/filepath", "net"}, direct: true,
		why: "it is pure data: equal input gives an equal summary"},
	{pkg: "internal/tally", not: []string{"source", "report", "profile", "internal/pipeline", "cmd/auditscan"},
		why: "it is told what was read and does not care how, or what for"},
	{pkg: "internal/tally", not: []string{"os", "io/fs", "path/filepath", "net"}, direct: true,
		why: "it counts what it is given: equal input gives an equal summary"},
	{pkg: "report", not: []string{"source", "profile", "cmd/auditscan"}, why: "it renders a summary and collects none"},
	{pkg: "report", not: []string{"os", "net"}, direct: true, why: "it writes to the writer that it is given"},
	{pkg: "profile", not: []string{"report", "source", "cmd/auditscan"}, why: "it needs a summary, wherever that is from"},
	{pkg: "profile", not: []string{"github.com/elastic/go-libaudit/v2"}, direct: true,
		why: "auparse's names (pread for pread64) are unknown to libseccomp, which skips them without a word"},
	{pkg: "profile/bpf", not: []string{"."}, why: "it compiles and runs numbers: names, forms and summaries are the business of profile, which imports it"},
	{pkg: "profile/bpf", not: []string{"os", "io", "encoding/json"}, direct: true, why: "it is given a policy and gives a filter"},
	{pkg: "internal/strictjson", not: []string{"."}, why: "reports and profiles are read by it alike: it knows neither"},
	{pkg: "internal/term", not: []string{"."}, why: "the edge to the terminal is below everything"},
	{pkg: "internal/table", not: []string{"parser", "syscalltable", "container", "aggregate", "report", "source", "profile", "cmd/auditscan"},
		why: "it lays out cells, whatever is in them"},
	{pkg: "internal/share", not: []string{"."}, why: "it divides room, whatever for"},
	{pkg: "internal/liveview", not: []string{"parser", "source", "profile", "internal/pipeline", "internal/tally", "container/live"}, direct: true,
		why: "it sees a summary and nothing else, so that how fast records come makes no difference to it"},
	{pkg: "internal/jsontime", not: []string{"."}, why: "a time is told in one way, whoever tells it"},
	{pkg: "internal/atomicfile", not: []string{"."}, why: "it replaces files, whatever is in them"},
	{pkg: "internal/confine", not: []string{"parser", "container", "aggregate", "report", "source", "profile", "cmd/auditscan"},
		why: "it gives up rights, whatever they were for"},
	{pkg: "internal/pipeline", not: []string{"profile", "cmd/auditscan"}, why: "it reads; what is made of it comes after"},
	{pkg: "internal/launch", not: []string{"profile", "aggregate", "parser", "source", "cmd/auditscan"}, why: "it starts programs, whatever the filter is for"},
	{pkg: "cmd/auditscan", not: []string{"parser"}, direct: true, why: "it wires stages and words what they say; to parse is not its business"},
	{pkg: "cmd/auditscan", not: []string{"internal/audittest", "internal/corpustest", "internal/loggen", "testing"}, why: "these are for tests"},
}

// goFile is a file of the module that is not a test.
type goFile struct {
	pkg  string // path of its directory in the module
	path string
	ast  *ast.File
}

// goFiles parses the module, for every operating system at once.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		files = append(files, goFile{path.Dir(filepath.ToSlash(name)), filepath.ToSlash(name), f})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 100 {
		t.Fatalf("only %d files: not at the top of the module?", len(files))
	}
	return files
}

// imports returns what each package imports; paths of this module without the
// module's name.
func imports(files []goFile) map[string][]string {
	all := map[string][]string{}
	for _, f := range files {
		if all[f.pkg] == nil {
			all[f.pkg] = []string{}
		}
		for _, spec := range f.ast.Imports {
			name := strings.Trim(spec.Path.Value, `"`)
			if rest, ours := strings.CutPrefix(name, module+"/"); ours {
				name = rest
			}
			all[f.pkg] = append(all[f.pkg], name)
		}
	}
	return all
}

// way returns how pkg comes to import what is forbidden, or nil.
func way(all map[string][]string, pkg string, r rule) []string {
	seen := map[string]bool{}
	var walk func(at string, trail []string) []string
	walk = func(at string, trail []string) []string {
		for _, next := range all[at] {
			if forbidden(all, next, r.not) {
				return append(trail, next)
			}
			if _, ours := all[next]; ours && !r.direct && !seen[next] {
				seen[next] = true
				if found := walk(next, append(trail, next)); found != nil {
					return found
				}
			}
		}
		return nil
	}
	return walk(pkg, []string{pkg})
}

// forbidden reports whether an import is in the list; "." is all of the module.
func forbidden(all map[string][]string, name string, list []string) bool {
	_, ours := all[name]
	return slices.ContainsFunc(list, func(not string) bool {
		return not == name || not == "." && ours || strings.Contains(not, ".") && strings.HasPrefix(name, not+"/")
	})
}

func TestImports(t *testing.T) {
	all := imports(goFiles(t))
	for _, r := range rules {
		if found := way(all, r.pkg, r); found != nil {
			t.Errorf("%s must not import %s: %s", r.pkg, strings.Join(found[1:], ", which imports "), r.why)
		}
	}
}

// TestRulesHold: a rule about a package that was renamed would hold for ever.
func TestRulesHold(t *testing.T) {
	all := imports(goFiles(t))
	gomod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		if _, ours := all[r.pkg]; !ours {
			t.Errorf("there is no package %s any more, of which a rule says: %s", r.pkg, r.why)
		}
		for _, not := range r.not {
			_, ours := all[not]
			_, err := build.Import(not, "", build.FindOnly)
			if !ours && not != "." && err != nil && !bytes.Contains(gomod, []byte("\t"+not+" ")) {
				t.Errorf("there is no package %s any more, which %s must not import", not, r.pkg)
			}
		}
	}
}

// TestRulesBite: each rule finds what it forbids.
func TestRulesBite(t *testing.T) {
	for _, r := range rules {
		for _, not := range r.not {
			all := maps.Clone(imports(goFiles(t)))
			bad := not
			if not == "." {
				bad = "cmd/auditscan"
			}
			all[r.pkg] = append(slices.Clone(all[r.pkg]), bad)
			if way(all, r.pkg, r) == nil {
				t.Errorf("%s could import %s", r.pkg, not)
			}
		}
		if r.direct {
			continue
		}
		all := imports(goFiles(t))
		all["between"] = []string{r.not[0]}
		if r.not[0] == "." {
			all["between"] = []string{"cmd/auditscan"}
		}
		all[r.pkg] = append(slices.Clone(all[r.pkg]), "between")
		if way(all, r.pkg, r) == nil {
			t.Errorf("%s could import %s through another", r.pkg, r.not[0])
		}
	}
}

// TestHabits: what no package of ours does.
func TestHabits(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, spec := range f.ast.Imports {
			if spec.Path.Value == `"C"` {
				t.Errorf("%s uses cgo: the binary is static, and builds for every system from any", f.path)
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if complaint := habit(f, n); complaint != "" {
				t.Errorf("%s: %s", f.path, complaint)
			}
			return true
		})
	}
}

// TestHabitsBite: each habit is seen where it is.
func TestHabitsBite(t *testing.T) {
	tests := []struct{ pkg, src, want string }{
		{"source", "package source\nfunc init() {}", "init()"},
		{"source", "package source\nfunc (t T) init() {}", ""},
		{"cmd/auditscan", "package main\nfunc init() {}", ""},
		{"source", "package source\nvar x = os.Exit", "os.Exit in a library"},
		{"cmd/auditscan", "package main\nvar x = os.Exit", "os.Exit outside of main"},
		{"examples/library", "package main\nvar x = os.Exit", ""},
		{"report", "package report\nvar x = os.Stdout", "os.Stdout in a library"},
		{"aggregate", "package aggregate\nvar x = time.Now", "time.Now"},
		{"source", "package source\nvar x = time.Now", ""},
		{"profile", "package profile\nvar X map[int]int", "X is a map"},
		{"profile", "package profile\nvar X = map[int]int{}", "X is a map"},
		{"profile", "package profile\nvar X, Y = 1, make(map[int]int)", "Y is a map"},
		{"profile", "package profile\nvar x = map[int]int{}", ""},
		{"profile", "package profile\nvar X = []int{}", ""},
	}
	for _, tt := range tests {
		tree, err := parser.ParseFile(token.NewFileSet(), "x.go", tt.src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		ast.Inspect(tree, func(n ast.Node) bool {
			got += habit(goFile{tt.pkg, tt.pkg + "/x.go", tree}, n)
			return true
		})
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.src, got, tt.want)
		}
	}
}

// habit returns what is wrong with a piece of code.
func habit(f goFile, n ast.Node) string {
	switch n := n.(type) {
	case *ast.FuncDecl:
		if n.Name.Name == "init" && n.Recv == nil && f.ast.Name.Name != "main" {
			return "init() runs for everyone who imports the package: do it where it is needed"
		}
	case *ast.SelectorExpr:
		return selector(f, n)
	case *ast.GenDecl:
		return exportedMap(n)
	}
	return ""
}

func selector(f goFile, n *ast.SelectorExpr) string {
	name := ""
	if x, ok := n.X.(*ast.Ident); ok {
		name = x.Name + "." + n.Sel.Name
	}
	switch {
	case name == "os.Exit" && f.ast.Name.Name != "main":
		return "os.Exit in a library: return an error"
	case name == "os.Exit" && f.pkg == "cmd/auditscan" && path.Base(f.path) != "main.go":
		return "os.Exit outside of main: return an error, so that what was deferred is done"
	case (name == "os.Stdout" || name == "os.Stderr" || name == "os.Stdin") && f.ast.Name.Name != "main":
		return name + " in a library: take a reader or writer"
	case (name == "time.Now" || name == "time.Since") && slices.Contains([]string{"parser", "syscalltable", "event", "aggregate", "internal/tally", "report", "profile"}, f.pkg):
		return name + ": equal input must give equal output, so the clock is not read here"
	}
	return ""
}

// exportedMap finds exported variables that anyone could write into.
func exportedMap(n *ast.GenDecl) string {
	if n.Tok != token.VAR {
		return ""
	}
	for _, spec := range n.Specs {
		v := spec.(*ast.ValueSpec)
		for i, name := range v.Names {
			if name.IsExported() && (isMap(v.Type) || i < len(v.Values) && isMap(v.Values[i])) {
				return fmt.Sprintf("%s is a map that every importer could change: export a function", name.Name)
			}
		}
	}
	return ""
}

func isMap(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.MapType:
		return true
	case *ast.CompositeLit:
		return isMap(e.Type)
	case *ast.CallExpr:
		return len(e.Args) > 0 && isMap(e.Args[0]) // make
	}
	return false
}
