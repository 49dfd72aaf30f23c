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
	"unicode/utf8"
)

// Limits of a profile's text. Docker's default has 14 kB and a depth of 6.
const (
	maxBytes = 256 << 10
	maxDepth = 16
)

// A SyntaxError is a profile that cannot be taken at its word.
type SyntaxError struct {
	File         string
	Line, Column int    // from 1, in bytes; 0: the file as a whole
	Path         string // such as syscalls[3].action; "" at the top
	Msg          string
}

// Error returns file:line:column: path: message.
func (e *SyntaxError) Error() string {
	s := e.File + ": "
	if e.Line > 0 {
		s = fmt.Sprintf("%s:%d:%d: ", e.File, e.Line, e.Column)
	}
	if e.Path != "" {
		s += e.Path + ": "
	}
	return s + e.Msg
}

// text is what a profile's file holds.
type text struct {
	file string
	data []byte
}

func (t *text) line(offset int) int { return 1 + bytes.Count(t.data[:offset], []byte("\n")) }

// errorf returns a [SyntaxError] at an offset in the text.
func (t *text) errorf(offset int, path, format string, args ...any) error {
	column := offset - bytes.LastIndexByte(t.data[:offset], '\n')
	return &SyntaxError{File: t.file, Line: t.line(offset), Column: column, Path: path, Msg: fmt.Sprintf(format, args...)}
}

// node is a JSON value that knows where it stands. encoding/json alone would
// not do: it takes keys of any case, the last of two equal keys, and passes
// over what it does not know.
type node struct {
	in     *text
	offset int    // where it begins
	parent *node  // nil: it is the whole
	step   string // from the parent to it, such as .action or [3]
	value  any    // string, json.Number, bool, nil, []*node or []member
}

type member struct {
	key    string
	offset int // of the key
	value  *node
}

// path returns the way to the node. It is put together where an error needs
// it: kept in each node, a long key would be in memory once for all below it.
func (n *node) path() string {
	var steps []string
	for ; n != nil; n = n.parent {
		steps = append(steps, n.step)
	}
	slices.Reverse(steps)
	return strings.TrimPrefix(strings.Join(steps, ""), ".")
}

// errorf returns a [SyntaxError] at the node.
func (n *node) errorf(format string, args ...any) error {
	return n.in.errorf(n.offset, n.path(), format, args...)
}

// readTree parses data, whose name is for errors.
func readTree(data []byte, name string) (*node, error) {
	in := &text{file: name, data: data}
	if err := in.check(); err != nil {
		return nil, err
	}
	t := &treeReader{text: in, dec: json.NewDecoder(bytes.NewReader(data))}
	t.dec.UseNumber()
	root := &node{in: in}
	if err := t.read(root, 0); err != nil {
		return nil, err
	}
	if end := t.next(); end < len(data) {
		return nil, in.errorf(end, "", "text after the end of the profile")
	}
	return root, nil
}

// byteOrderMark is what editors and shells of Windows put before text.
var byteOrderMark = []byte("\ufeff")

// check refuses what is no JSON at first sight, or what encoding/json would
// read as something else: it replaces bytes that are not UTF-8.
func (t *text) check() error {
	switch bad := notUTF8(t.data); {
	case len(t.data) > maxBytes:
		return &SyntaxError{File: t.file, Msg: fmt.Sprintf("larger than %d kB: no seccomp profile", maxBytes>>10)}
	case len(bytes.TrimSpace(t.data)) == 0:
		return &SyntaxError{File: t.file, Msg: "empty: no seccomp profile"}
	case bytes.HasPrefix(t.data, byteOrderMark):
		return t.errorf(0, "", "not JSON: a byte order mark, which runtimes do not read: save it as UTF-8 without")
	case bad >= 0:
		return t.errorf(bad, "", "not JSON: not UTF-8, or binary: save it as UTF-8")
	}
	return nil
}

// notUTF8 returns the offset of the first byte that cannot be in a JSON text,
// or -1.
func notUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

type treeReader struct {
	*text
	dec *json.Decoder
}

// next returns where the next token begins: behind white space and what
// stands between values.
func (t *treeReader) next() int {
	blank := func(i int) int { return len(t.data) - len(bytes.TrimLeft(t.data[i:], " \t\r\n")) }
	i := blank(int(t.dec.InputOffset()))
	if i < len(t.data) && (t.data[i] == ',' || t.data[i] == ':') {
		i = blank(i + 1)
	}
	return i
}

// token reads the next token, which belongs to n; the end of the text is an
// error.
func (t *treeReader) token(n *node) (json.Token, error) {
	at := t.next()
	tok, err := t.dec.Token()
	switch rest := t.data[at:]; {
	case err == nil:
		return tok, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, t.errorf(len(t.data), n.path(), "not JSON: the text ends too early")
	case bytes.HasPrefix(rest, []byte("//")), bytes.HasPrefix(rest, []byte("/*")), bytes.HasPrefix(rest, []byte("#")):
		return nil, t.errorf(at, n.path(), "not JSON: a comment, which runtimes do not read: take it out")
	case n.parent == nil && n.value == nil:
		return nil, t.errorf(at, "", "not JSON: a profile begins with {")
	}
	return nil, t.errorf(at, n.path(), "not JSON: %v", err)
}

// read reads one value into n.
func (t *treeReader) read(n *node, depth int) error {
	n.offset = t.next()
	if depth > maxDepth {
		return n.errorf("nested deeper than %d: no seccomp profile", maxDepth)
	}
	tok, err := t.token(n)
	if err != nil {
		return err
	}
	n.value = tok
	switch tok {
	case json.Delim('{'):
		n.value, err = t.object(n, depth)
	case json.Delim('['):
		n.value, err = t.array(n, depth)
	}
	return err
}

func (t *treeReader) object(n *node, depth int) ([]member, error) {
	members := []member{}
	seen := map[string]bool{}
	for t.dec.More() {
		at := t.next()
		tok, err := t.token(n)
		if err != nil {
			return nil, err
		}
		key, ok := tok.(string)
		if !ok {
			return nil, t.errorf(at, n.path(), "not JSON: a key is not a string")
		}
		if seen[key] {
			return nil, t.errorf(at, n.path(), "key %.40q stands here twice", key)
		}
		seen[key] = true
		value := &node{in: t.text, parent: n, step: keyStep(key)}
		if err := t.read(value, depth+1); err != nil {
			return nil, err
		}
		members = append(members, member{key, at, value})
	}
	_, err := t.token(n)
	return members, err
}

func (t *treeReader) array(n *node, depth int) ([]*node, error) {
	list := []*node{}
	for t.dec.More() {
		value := &node{in: t.text, parent: n, step: "[" + strconv.Itoa(len(list)) + "]"}
		if err := t.read(value, depth+1); err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := t.token(n)
	return list, err
}

// keyStep is the step to a key; one that is no plain word is quoted, so that a
// path stays one line of printable text.
func keyStep(key string) string {
	if strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != "" || key == "" || len(key) > 40 {
		return fmt.Sprintf(".%.40q", key)
	}
	return "." + key
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
			return nil, n.in.errorf(f.offset, f.value.path(), "unknown key%s", suggest(f.key, known))
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
		return 0, n.errorf("%.40s is not a whole number from 0 to %d", num, limit)
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
