package auditscan_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exported are the functions that a package gives to others, T.M of methods.
// Types and constants come along with the functions that have to do with them.
func exported(f goFile) (names []string) {
	for _, decl := range f.ast.Decls {
		d, ok := decl.(*ast.FuncDecl)
		if !ok || !d.Name.IsExported() {
			continue
		}
		if d.Recv == nil {
			names = append(names, d.Name.Name)
		} else if on := receiver(d); ast.IsExported(on) {
			names = append(names, on+"."+d.Name.Name)
		}
	}
	return names
}

// receiver is the type that a method is of.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	id, _ := t.(*ast.Ident)
	if id == nil {
		return ""
	}
	return id.Name
}

// mentions are the names that a piece of code takes from others: pkg.T of
// packages, and .M of anything. pkg "" is code without imports.
func mentions(pkg string, imports []*ast.ImportSpec, n ast.Node, seen map[string]bool) {
	packages := map[string]string{}
	for _, spec := range imports {
		name := strings.Trim(spec.Path.Value, `"`)
		if ours, ok := strings.CutPrefix(name, module+"/"); ok && ours != pkg {
			packages[path.Base(name)] = ours
		} else if name == module && pkg != "." {
			packages["auditscan"] = "."
		}
	}
	ast.Inspect(n, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && packages[x.Name] != "" {
				seen[packages[x.Name]+" "+sel.Sel.Name] = true
			}
			seen[pkg+" ."+sel.Sel.Name] = true
		}
		return true
	})
}

// exampleUses parses the Example functions in the module's tests.
func exampleUses(t *testing.T, seen map[string]bool) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			if d, ok := decl.(*ast.FuncDecl); ok && strings.HasPrefix(d.Name.Name, "Example") {
				mentions("example", f.Imports, d, seen)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// called are the methods that interfaces of Go's own call.
var called = []string{"String", "Error", "Unwrap", "Is", "As", "Write", "Read", "Close", "MarshalJSON", "UnmarshalJSON", "MarshalYAML", "Len", "Less", "Swap"}

// unused are the functions that no other package and no Example uses.
func unused(files []goFile, seen map[string]bool) (names []string) {
	callers := map[string][]string{} // of methods, by their name
	for k := range seen {
		if pkg, method, ok := strings.Cut(k, " ."); ok {
			callers[method] = append(callers[method], pkg)
		}
	}
	for _, f := range files {
		if f.ast.Name.Name == "main" || forTests(f) {
			continue
		}
		for _, name := range exported(f) {
			used := seen[f.pkg+" "+name]
			if _, method, ok := strings.Cut(name, "."); ok {
				used = slices.Contains(called, method) || slices.ContainsFunc(callers[method], func(pkg string) bool { return pkg != f.pkg })
			}
			if !used {
				names = append(names, f.path+": "+name)
			}
		}
	}
	return names
}

// forTests reports whether a package helps tests, which do not count as users.
func forTests(f goFile) bool {
	return strings.HasSuffix(f.pkg, "test") || strings.HasPrefix(f.pkg, "profile/internal/")
}

// TestExportedIsUsed: what nobody outside of its package uses is no part of an
// API but a promise to nobody. An Example is a use: it shows what it is for.
func TestExportedIsUsed(t *testing.T) {
	files := goFiles(t)
	seen := map[string]bool{}
	for _, f := range files {
		mentions(f.pkg, f.ast.Imports, f.ast, seen)
	}
	if len(unused(files, seen)) == 0 {
		t.Error("not even what only Examples use is found")
	}
	exampleUses(t, seen)
	for _, name := range unused(files, seen) {
		t.Errorf("%s is exported and used by no other package and no Example", name)
	}
}

// TestEnumsHaveNames: a value of an enumeration that is printed says what it is.
func TestEnumsHaveNames(t *testing.T) {
	enums, named := map[string]string{}, map[string]bool{}
	for _, f := range goFiles(t) {
		for _, decl := range f.ast.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.Name == "String" {
					named[f.pkg+" "+receiver(d)] = true
				}
			case *ast.GenDecl:
				if enum := enumOf(d); ast.IsExported(enum) {
					enums[f.pkg+" "+enum] = f.path
				}
			}
		}
	}
	if len(enums) < 5 {
		t.Errorf("only %d enumerations found", len(enums))
	}
	for enum, where := range enums {
		if !named[enum] {
			t.Errorf("%s: %s has no method String", where, enum)
		}
	}
}

// enumOf is the type of constants that are numbered by iota, "" if they have
// none or are not.
func enumOf(d *ast.GenDecl) string {
	if d.Tok != token.CONST || len(d.Specs) == 0 {
		return ""
	}
	first := d.Specs[0].(*ast.ValueSpec)
	typ, _ := first.Type.(*ast.Ident)
	if typ == nil || len(first.Values) == 0 {
		return ""
	}
	if id, ok := first.Values[0].(*ast.Ident); !ok || id.Name != "iota" {
		return ""
	}
	return typ.Name
}
