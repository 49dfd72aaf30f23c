package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Limits of a profile's text. Docker's default has 14 kB and a depth of 6.
const (
	maxBytes = 256 << 10
	maxDepth = 16
)

// A SyntaxError is a profile that cannot be taken at its word.
type SyntaxError struct {
	File string
	Line int    // 0: the file as a whole
	Path string // such as syscalls[3].action; "" at the top
	Msg  string
}

// Error returns file:line: path: message.
func (e *SyntaxError) Error() string {
	s := e.File + ": "
	if e.Line > 0 {
		s = fmt.Sprintf("%s:%d: ", e.File, e.Line)
	}
	if e.Path != "" {
		s += e.Path + ": "
	}
	return s + e.Msg
}

// node is a JSON value that knows where it stands. encoding/json alone would
// not do: it takes keys of any case, the last of two equal keys, and passes
// over what it does not know.
type node struct {
	file  string
	line  int
	path  string
	value any // string, json.Number, bool, nil, []*node or []member
}

type member struct {
	key   string
	value *node
}

// errorf returns a [SyntaxError] at the node.
func (n *node) errorf(format string, args ...any) error {
	return &SyntaxError{File: n.file, Line: n.line, Path: n.path, Msg: fmt.Sprintf(format, args...)}
}

// readTree parses data, whose name is for errors.
func readTree(data []byte, name string) (*node, error) {
	if len(data) > maxBytes {
		return nil, &SyntaxError{File: name, Msg: fmt.Sprintf("larger than %d kB: no seccomp profile", maxBytes>>10)}
	}
	t := &treeReader{data: data, file: name, dec: json.NewDecoder(bytes.NewReader(data))}
	t.dec.UseNumber()
	root, err := t.read("", 0)
	if err != nil {
		return nil, err
	}
	if _, err := t.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, t.errorf("", "text after the end of the profile")
	}
	return root, nil
}

type treeReader struct {
	data []byte
	file string
	dec  *json.Decoder
	// offset is up to where the newlines are counted.
	offset, newlines int
}

// line returns the line of the token that was read last.
func (t *treeReader) line() int {
	end := int(t.dec.InputOffset())
	t.newlines += bytes.Count(t.data[t.offset:end], []byte("\n"))
	t.offset = end
	return 1 + t.newlines
}

func (t *treeReader) errorf(path, format string, args ...any) error {
	return &SyntaxError{File: t.file, Line: t.line(), Path: path, Msg: fmt.Sprintf(format, args...)}
}

// token reads the next token; the end of the text is an error.
func (t *treeReader) token(path string) (json.Token, error) {
	tok, err := t.dec.Token()
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return tok, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, &SyntaxError{File: t.file, Line: 1 + bytes.Count(t.data, []byte("\n")), Path: path, Msg: "not JSON: the text ends too early"}
	case errors.As(err, &syntax):
		line := 1 + bytes.Count(t.data[:min(int(syntax.Offset), len(t.data))], []byte("\n"))
		return nil, &SyntaxError{File: t.file, Line: line, Path: path, Msg: "not JSON: " + syntax.Error()}
	}
	return nil, t.errorf(path, "not JSON: %v", err)
}

// read reads one value.
func (t *treeReader) read(path string, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, t.errorf(path, "nested deeper than %d: no seccomp profile", maxDepth)
	}
	tok, err := t.token(path)
	if err != nil {
		return nil, err
	}
	n := &node{file: t.file, line: t.line(), path: path, value: tok}
	switch tok {
	case json.Delim('{'):
		n.value, err = t.object(path, depth)
	case json.Delim('['):
		n.value, err = t.array(path, depth)
	}
	return n, err
}

func (t *treeReader) object(path string, depth int) ([]member, error) {
	members := []member{}
	for t.dec.More() {
		tok, err := t.token(path)
		if err != nil {
			return nil, err
		}
		key, ok := tok.(string)
		if !ok {
			return nil, t.errorf(path, "not JSON: a key is not a string")
		}
		if slices.ContainsFunc(members, func(m member) bool { return m.key == key }) {
			return nil, t.errorf(path, "key %q stands here twice", key)
		}
		value, err := t.read(joinPath(path, key), depth+1)
		if err != nil {
			return nil, err
		}
		members = append(members, member{key, value})
	}
	_, err := t.token(path)
	return members, err
}

func (t *treeReader) array(path string, depth int) ([]*node, error) {
	list := []*node{}
	for t.dec.More() {
		value, err := t.read(path+"["+strconv.Itoa(len(list))+"]", depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := t.token(path)
	return list, err
}

// joinPath appends a key; one that is no plain word is quoted, so that a path
// stays one line of printable text.
func joinPath(path, key string) string {
	if strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != "" || key == "" {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// null tells an absent value: nil, or null as Docker's own profile has it.
func (n *node) null() bool { return n == nil || n.value == nil }

// fields returns the members of an object by key, and an error for a key that
// is not among the known ones.
func (n *node) fields(known ...string) (map[string]*node, error) {
	members, ok := n.value.([]member)
	if !ok {
		return nil, n.errorf("not an object")
	}
	m := map[string]*node{}
	for _, f := range members {
		if !slices.Contains(known, f.key) {
			return nil, f.value.errorf("unknown key%s", suggest(f.key, known))
		}
		m[f.key] = f.value
	}
	return m, nil
}

// items returns the elements of an array; none if it is absent.
func (n *node) items() ([]*node, error) {
	if n.null() {
		return nil, nil
	}
	list, ok := n.value.([]*node)
	if !ok {
		return nil, n.errorf("not a list")
	}
	return list, nil
}

// text returns a string; "" if it is absent.
func (n *node) text() (string, error) {
	if n.null() {
		return "", nil
	}
	s, ok := n.value.(string)
	if !ok {
		return "", n.errorf("not a string")
	}
	return s, nil
}

// texts returns a list of strings.
func (n *node) texts() ([]string, error) {
	list, err := n.items()
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(list))
	for i, item := range list {
		if texts[i], err = item.text(); err != nil {
			return nil, err
		}
		if texts[i] == "" {
			return nil, item.errorf("empty")
		}
	}
	return texts, nil
}

// number returns an integer from 0 to limit; 0 if it is absent.
func (n *node) number(limit uint64) (uint64, error) {
	if n.null() {
		return 0, nil
	}
	num, ok := n.value.(json.Number)
	if !ok {
		return 0, n.errorf("not a number")
	}
	v, err := strconv.ParseUint(string(num), 10, 64)
	if err != nil || v > limit {
		return 0, n.errorf("%s is not a whole number from 0 to %d", num, limit)
	}
	return v, nil
}

// suggest returns ", did you mean X?" for a word that differs from a known
// one only in case, or by a few letters at its end.
func suggest(word string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(word, k) || word != "" && (strings.HasPrefix(k, word) || strings.HasPrefix(word, k)) {
			return fmt.Sprintf(", did you mean %q?", k)
		}
	}
	return ""
}
