//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// example is a command of a document with what is shown below it.
type example struct {
	name          string // of the document
	line          int
	command, want string
}

// examples finds the commands that start with auditscan in a document's code
// blocks.
func examples(t *testing.T, name string) []example {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	inBlock, open, indent := false, false, ""
	for i, line := range strings.Split(string(text), "\n") {
		if before, _, fence := strings.Cut(line, "```"); fence && strings.Trim(before, " ") == "" {
			inBlock, open, indent = !inBlock, false, before
			continue
		}
		line = strings.TrimPrefix(line, indent)
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case !inBlock:
		case isCommand:
			if open = strings.HasPrefix(command, "auditscan "); open {
				all = append(all, example{name: filepath.Base(name), line: i + 1, command: command})
			}
		case open:
			all[len(all)-1].want += line + "\n"
		}
	}
	return all
}

// TestReadme runs the examples of the README and of the pages in docs one
// after the other, as in a checkout of the repository, and compares what they
// print. A line "..." stands for any lines.
func TestReadme(t *testing.T) {
	all := examples(t, "../../README.md")
	if len(all) < 8 {
		t.Fatalf("only %d examples", len(all))
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		all = append(all, examples(t, page)...)
	}
	dir := t.TempDir()
	for _, name := range []string{"testdata", "examples"} {
		target, err := filepath.Abs("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range all {
		t.Run(fmt.Sprintf("%s line %d", e.name, e.line), func(t *testing.T) { e.run(t, dir) })
	}
}

func (e example) run(t *testing.T, dir string) {
	for _, tool := range []string{"jq", "zcat"} {
		if _, err := exec.LookPath(tool); err != nil && strings.Contains(e.command, tool+" ") {
			t.Skipf("%s is not installed", tool)
		}
	}
	cmd := exec.Command("sh", "-c", e.command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	got, err := cmd.CombinedOutput()
	if _, isExit := err.(*exec.ExitError); err != nil && !isExit {
		t.Fatal(err)
	}
	if !pattern(e.want).Match(got) {
		t.Errorf("%s:%d: %s\nprints\n%s\nnot\n%s", e.name, e.line, e.command, got, e.want)
	}
}

// pattern matches a text exactly, but for lines that are "...".
func pattern(want string) *regexp.Regexp {
	var p strings.Builder
	for line := range strings.Lines(want) {
		if line == "...\n" {
			p.WriteString("(?:.*\n)+?")
		} else {
			p.WriteString(regexp.QuoteMeta(line))
		}
	}
	return regexp.MustCompile("^" + p.String() + "$")
}

// TestDocs: every command is in the package comment and in the README.
func TestDocs(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range newRoot(&environment{}).Commands() {
		if !strings.Contains(string(doc), "\n//\tauditscan "+cmd.Name()+" ") {
			t.Errorf("doc.go does not tell of %s", cmd.Name())
		}
		if cmd.Name() != "version" && !strings.Contains(string(readme), cmd.Name()) {
			t.Errorf("README.md does not tell of %s", cmd.Name())
		}
		if cmd.Example == "" || !strings.Contains(cmd.Example, "auditscan "+cmd.Name()) {
			t.Errorf("%s has no example", cmd.Name())
		}
	}
}

func TestReadmePattern(t *testing.T) {
	tests := []struct {
		want, got string
		match     bool
	}{
		{"a\n...\nd\n", "a\nb\nc\nd\n", true},
		{"a\n...\nd\n", "a\nd\n", false}, // nothing was left out
		{"a\n...\nd\n", "a\nb\nc\nx\n", false},
		{"a\n...\n", "a\nb\n", true},
		{"a\n", "a\nb\n", false},
		{"a.b\n", "axb\n", false},
		{"", "a\n", false},
	}
	for _, tt := range tests {
		if got := pattern(tt.want).MatchString(tt.got); got != tt.match {
			t.Errorf("%q against %q: %v", tt.got, tt.want, got)
		}
	}
}
