package source

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Nodes says which node a file's log is of, for records that name none. The
// zero value says nothing.
type Nodes struct {
	All   string     // the node of every input that nothing else is said of
	Named []NodePath // those of files and directories, which are read, too
	From  Template   // takes the node out of a file's path
}

// NodePath is a file, a directory or a pattern that holds a node's log.
type NodePath struct{ Node, Path string }

// Template extracts the name of a node from a path. The zero value finds none.
type Template struct{ pattern *regexp.Regexp }

var templatePart = regexp.MustCompile(`\{[a-z]+\}|\*`)

// ParseTemplate reads a template such as "{node}/audit.log*": the end of a path,
// in which {node} stands for the name, and * and {anything} for any text without
// a slash. One that begins with a slash is a whole path, and one that ends with
// a slash stands for all that is below.
func ParseTemplate(text string) (Template, error) {
	if strings.Count(text, "{node}") != 1 {
		return Template{}, fmt.Errorf("%q needs {node} once, such as {node}/audit.log*", text)
	}
	pattern, rest := "^(?:.*/)?", text
	if strings.HasPrefix(text, "/") {
		pattern = "^"
	}
	for at := templatePart.FindStringIndex(rest); at != nil; at = templatePart.FindStringIndex(rest) {
		pattern += regexp.QuoteMeta(rest[:at[0]])
		if rest[at[0]:at[1]] == "{node}" {
			pattern += "([^/]+)"
		} else {
			pattern += "[^/]*"
		}
		rest = rest[at[1]:]
	}
	pattern += regexp.QuoteMeta(rest)
	if strings.HasSuffix(text, "/") {
		pattern += ".+"
	}
	compiled, err := regexp.Compile(pattern + "$")
	return Template{compiled}, err
}

// node returns the node that a path names; "" if it names none.
func (t Template) node(path string) string {
	if t.pattern == nil {
		return ""
	}
	if found := t.pattern.FindStringSubmatch(filepath.ToSlash(filepath.Clean(path))); found != nil {
		return found[1]
	}
	return ""
}

// addNamed adds what the nodes' own paths lead to.
func (x *expansion) addNamed(named []NodePath) error {
	for _, n := range named {
		x.node = n.Node
		if err := x.addArg(n.Path); err != nil {
			return err
		}
	}
	x.node = ""
	return nil
}

// nameNodes gives each file its node. One that was named with a node and again
// without is of that node.
func (x *expansion) nameNodes(nodes Nodes) error {
	named := map[fileID]string{}
	for _, f := range x.files {
		if other := named[f.id]; other != "" && f.node != "" && f.node != other {
			return fmt.Errorf("%s cannot be the log of both %s and %s", f.path, other, f.node)
		}
		if f.node != "" {
			named[f.id] = f.node
		}
	}
	for i := range x.files {
		f := &x.files[i]
		names := []string{named[f.id], nodes.From.node(f.path), nodes.All}
		if first := slices.IndexFunc(names, func(s string) bool { return s != "" }); first >= 0 {
			f.node = names[first]
		}
	}
	return nil
}
