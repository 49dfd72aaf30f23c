package profile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/auditscan/auditscan/internal/strictjson"
)

var yamlKind = regexp.MustCompile(`(?m)^(kind|apiVersion):`)

// isYAML reports whether a text is an object of Kubernetes in YAML.
func isYAML(text []byte) bool { return yamlKind.Match(text) }

// yaml reads all documents of a file, of which one is a SeccompProfile, or a
// List of them.
func (p *parser) yaml(data []byte) (*Document, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var roots []*node
	r := yamlReader{left: maxBytes}
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return p.objects(roots)
		}
		if err != nil {
			return nil, p.yamlError(err)
		}
		if len(doc.Content) == 0 {
			continue
		}
		n := &node{File: p.file}
		if err := r.read(n, doc.Content[0], 0); err != nil {
			return nil, err
		}
		if !n.Absent() {
			roots = append(roots, n)
		}
	}
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// yamlError puts the line of an error of the YAML reader where all others have it.
func (p *parser) yamlError(err error) error {
	e := &SyntaxError{File: p.file, Line: 1, Column: 1}
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(msg); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		msg = strings.Replace(msg, m[0], "", 1)
	}
	e.Msg = fmt.Sprintf("not YAML: %.200q", msg)
	return e
}

// yamlReader turns values of YAML into those of JSON that they stand for.
type yamlReader struct{ left int } // values: with aliases there can be more than there is text

func (r *yamlReader) read(n *node, y *yaml.Node, depth int) error {
	n.At = strictjson.Place{Line: y.Line, Column: y.Column}
	if depth > maxDepth {
		return n.Errorf("nested deeper than %d values", maxDepth)
	}
	if r.left--; r.left < 0 {
		return n.Errorf("more than %d values, by aliases", maxBytes)
	}
	switch y.Kind {
	case yaml.AliasNode:
		return r.read(n, y.Alias, depth+1)
	case yaml.MappingNode:
		return r.mapping(n, y, depth)
	case yaml.SequenceNode:
		list := []*node{}
		for i, item := range y.Content {
			value := n.Item(i)
			if err := r.read(value, item, depth+1); err != nil {
				return err
			}
			list = append(list, value)
		}
		n.Value = list
		return nil
	case yaml.ScalarNode:
		return scalarFromYAML(n, y)
	}
	return n.Errorf("nothing that JSON has")
}

func (r *yamlReader) mapping(n *node, y *yaml.Node, depth int) error {
	members := []strictjson.Member{}
	seen := map[string]bool{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := y.Content[i]
		m := strictjson.Member{Key: key.Value, At: strictjson.Place{Line: key.Line, Column: key.Column}, Value: n.Child(key.Value)}
		m.Value.At = m.At
		if key.Kind != yaml.ScalarNode || key.Tag != "!!str" {
			return m.Value.Errorf("a key that is not a string")
		}
		if seen[m.Key] {
			return m.Value.Errorf("this key stands here twice")
		}
		seen[m.Key] = true
		if err := r.read(m.Value, y.Content[i+1], depth+1); err != nil {
			return err
		}
		members = append(members, m)
	}
	n.Value = members
	return nil
}

func scalarFromYAML(n *node, y *yaml.Node) error {
	switch y.Tag {
	case "!!str", "!!timestamp":
		n.Value = y.Value
	case "!!null":
	case "!!bool":
		n.Value = y.Value == "true" || y.Value == "True" || y.Value == "TRUE"
	case "!!int":
		n.Value = strictjson.Number(y.Value)
		if v, err := strconv.ParseUint(y.Value, 0, 64); err == nil { // 0x10, 0o7, 1_000
			n.Value = strictjson.Number(strconv.FormatUint(v, 10))
		}
	case "!!float":
		n.Value = strictjson.Number(y.Value)
	default:
		return n.Errorf("a value of type %.20q, which JSON does not have", y.Tag)
	}
	return nil
}
