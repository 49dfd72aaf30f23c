package auditscan_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestArchitecture: the table of packages and that of dependencies name all
// there are, and none that is gone.
func TestArchitecture(t *testing.T) {
	text := readDoc(t, "ARCHITECTURE.md")
	packages := section(t, text, "The packages")
	for pkg := range imports(goFiles(t)) {
		if strings.Contains(pkg, "/internal/") || strings.HasPrefix(pkg, "examples/") || strings.Count(pkg, "/") > 1 || pkg == "syscalltable/gen" {
			continue // part of another, or an example
		}
		if !strings.Contains(packages, "`"+pkg+"`") {
			t.Errorf("ARCHITECTURE.md has no package %s", pkg)
		}
	}
	for _, m := range regexp.MustCompile("`([a-z]+(?:/[a-z]+)?)`").FindAllStringSubmatch(packages, -1) {
		if info, err := os.Stat(m[1]); strings.Contains(m[1], "/") && (err != nil || !info.IsDir()) {
			t.Errorf("ARCHITECTURE.md has a package %s, which is gone", m[1])
		}
	}
	dependencies := section(t, text, "Dependencies")
	for _, module := range direct(t) {
		// "github.com/owner/name/v2" may stand as "owner/name/v2", and the
		// second of a pair by its last element.
		last := module[strings.LastIndex(module, "/")+1:]
		if !strings.Contains(dependencies, strings.TrimPrefix(module, "github.com/")) && !strings.Contains(dependencies, ", "+last+" |") && !strings.Contains(dependencies, ", x/"+last+" |") {
			t.Errorf("ARCHITECTURE.md does not tell why there is %s", module)
		}
	}
}

// section returns a section of a document.
func section(t *testing.T, text, title string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n## "+title+"\n")
	if !ok {
		t.Fatalf("no section %q", title)
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

// direct returns the modules that this one needs itself.
func direct(t *testing.T) []string {
	t.Helper()
	var modules []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(readDoc(t, "go.mod"), -1) {
		modules = append(modules, m[1])
	}
	if !slices.Contains(modules, "golang.org/x/sys") {
		t.Fatalf("modules: %q", modules)
	}
	return modules
}

// TestDocFiles: files and make targets that the documents name exist.
func TestDocFiles(t *testing.T) {
	makefile := readDoc(t, "Makefile")
	for _, name := range []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md", "docs/profiles.md", "docs/logs.md", "docs/notify.md", "docs/stability.md"} {
		text := readDoc(t, name)
		for _, m := range regexp.MustCompile("(?m)(?:^    |`)make ([a-z0-9]+)").FindAllStringSubmatch(text, -1) {
			if !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s: there is no target %s", name, m[1])
			}
		}
		for _, m := range regexp.MustCompile("`((?:examples|testdata|report|profile|parser|internal|cmd)/[A-Za-z0-9_./-]+)`").FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(strings.TrimSuffix(m[1], "/")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestLibrarySection: each program of the README's "As a library" is one of
// the Examples, which run in tests.
func TestLibrarySection(t *testing.T) {
	unindent := func(text string) string { return regexp.MustCompile(`(?m)^\t+`).ReplaceAllString(text, "") }
	examples := unindent(readDoc(t, "example_test.go"))
	programs := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(section(t, readDoc(t, "README.md"), "As a library"), -1)
	if len(programs) != 3 {
		t.Fatalf("%d programs, not 3", len(programs))
	}
	for _, program := range programs {
		if !strings.Contains(examples, unindent(program[1])) {
			t.Errorf("no Example has this program of the README:\n%s", program[1])
		}
	}
}

// TestForge: the files of the forge are YAML, and what they run exists.
func TestForge(t *testing.T) {
	makefile := readDoc(t, "Makefile")
	for _, pattern := range []string{".github/*.yml", ".github/*/*.yml"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %q, %v", pattern, names, err)
		}
		for _, name := range names {
			text := readDoc(t, name)
			if err := yaml.Unmarshal([]byte(text), new(map[string]any)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, m := range regexp.MustCompile(`run: .*\bmake ([a-z0-9]+)`).FindAllStringSubmatch(text, -1) {
				if !strings.Contains(makefile, "\n"+m[1]+":") {
					t.Errorf("%s: there is no target %s", name, m[1])
				}
			}
			for _, m := range regexp.MustCompile(`run: .*?(\.ci/[a-z]+)`).FindAllStringSubmatch(text, -1) {
				if info, err := os.Stat(m[1]); err != nil || info.Mode()&0o100 == 0 {
					t.Errorf("%s: %s is no program", name, m[1])
				}
			}
		}
	}
}
