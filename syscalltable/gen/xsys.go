package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// errNoSource is wrapped when the module cache lacks golang.org/x/sys.
var errNoSource = errors.New("source is not in the module cache: run go mod download")

// xsys is the module golang.org/x/sys that go.mod asks for.
type xsys struct {
	Path, Version, Dir string
	release            string // of the kernel, such as "7.2"
}

func (x *xsys) String() string { return x.Path + "@" + x.Version }

// findXSys asks the go command where the module is.
func findXSys() (*xsys, error) {
	const module = "golang.org/x/sys"
	text, err := output("go", "list", "-m", "-json", module)
	if err != nil {
		return nil, err
	}
	var x xsys
	if err := json.Unmarshal(text, &x); err != nil {
		return nil, fmt.Errorf("go list -m %s: %w", module, err)
	}
	if x.Dir == "" {
		return nil, fmt.Errorf("%s: %w", &x, errNoSource)
	}
	x.release, err = kernelRelease(filepath.Join(x.Dir, "unix", "linux", "Dockerfile"))
	return &x, err
}

// clonesKernel matches the command that fetches the kernel from which x/sys
// makes its tables. The tables themselves do not say.
var clonesKernel = regexp.MustCompile(`git clone --branch v([0-9.]+) .*/torvalds/linux\b`)

func kernelRelease(dockerfile string) (string, error) {
	text, err := os.ReadFile(dockerfile)
	if err != nil {
		return "", err
	}
	m := clonesKernel.FindSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("%s: names no kernel release", dockerfile)
	}
	return string(m[1]), nil
}

// calls returns what x/sys numbers for a Go architecture.
func (x *xsys) calls(goarch string) ([]call, error) {
	path := filepath.Join(x.Dir, "unix", "zsysnum_linux_"+goarch+".go")
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var calls []call
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.CONST {
			continue
		}
		for _, spec := range gen.Specs {
			c, err := parseConstant(spec.(*ast.ValueSpec))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			calls = append(calls, c)
		}
	}
	return calls, nil
}

// parseConstant reads SYS_NAME = number. The name of a call is in lower case
// in every header.
func parseConstant(spec *ast.ValueSpec) (call, error) {
	name, ok := strings.CutPrefix(spec.Names[0].Name, "SYS_")
	if !ok || len(spec.Values) != 1 {
		return call{}, fmt.Errorf("%s is not SYS_NAME = number", spec.Names[0].Name)
	}
	lit, ok := spec.Values[0].(*ast.BasicLit)
	if !ok {
		return call{}, fmt.Errorf("%s is no literal number", name)
	}
	nr, err := strconv.ParseInt(lit.Value, 10, 32)
	return call{int32(nr), strings.ToLower(name)}, err
}
