package report

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/auditscan/auditscan/internal/jsontime"
	"github.com/auditscan/auditscan/internal/term"
)

// This is the one file that knows the YAML library.

// writeYAML writes the members of doc one by one, and of a list its items one
// by one: the library takes many times their size.
func writeYAML(w io.Writer, doc object) error {
	for _, m := range doc {
		items, ok := m.value.(list)
		if !ok {
			if err := writeNode(w, node(object{m}), ""); err != nil {
				return err
			}
			continue
		}
		if err := writeItems(w, m.key, items); err != nil {
			return err
		}
	}
	return nil
}

func writeItems(w io.Writer, key string, items list) error {
	head := key + ":\n"
	for item := range items {
		if _, err := io.WriteString(w, head); err != nil {
			return err
		}
		head = ""
		one := func(yield func(object) bool) { yield(item) }
		if err := writeNode(w, node(list(one)), "  "); err != nil {
			return err
		}
	}
	if head == "" {
		return nil
	}
	return writeNode(w, node(object{{key, items}}), "")
}

// writeNode writes n with every line indented; scalars hold no line ends.
func writeNode(w io.Writer, n *yaml.Node, indent string) error {
	var text bytes.Buffer
	enc := yaml.NewEncoder(&text)
	enc.SetIndent(2)
	if err := enc.Encode(n); err != nil {
		return fmt.Errorf("encode YAML: %w", err)
	}
	var out []byte
	for line := range bytes.Lines(text.Bytes()) {
		out = append(out, indent...)
		out = append(escapeYAML(out, bytes.TrimSuffix(line, []byte("\n"))), '\n')
	}
	_, err := w.Write(out)
	return err
}

// escapeYAML appends a line and escapes what the library lets through though
// it is not [term.Printable]. That stands in quotes, where YAML understands
// the same escape as JSON.
func escapeYAML(dst, line []byte) []byte {
	for _, r := range string(line) {
		if term.Printable(r) {
			dst = utf8.AppendRune(dst, r)
		} else {
			dst = appendUnicode(dst, r)
		}
	}
	return dst
}

// node is the YAML of a value.
func node(v any) *yaml.Node {
	switch v := v.(type) {
	case object:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, m := range v {
			n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: m.key}, node(m.value))
		}
		return n
	case list:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for item := range v {
			n.Content = append(n.Content, node(item))
		}
		return n
	case string:
		return textNode(v)
	case stamp:
		return textNode(string(jsontime.Append(nil, int64(v))))
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: string(appendScalar(nil, v))}
}

// textNode quotes every text: to one reader of YAML or another, no, 1e3 and
// 12:30 are something else.
func textNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: s}
}
