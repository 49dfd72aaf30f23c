package strictjson

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Node is a value of a document that knows where it stands. A nil node is a
// value that is absent.
type Node struct {
	File   string
	At     Place
	parent *Node  // nil: it is the whole
	step   string // from the parent to it, such as .action or [3]

	// Value is a string, Number, bool, nil for null, []*Node or []Member.
	Value any
}

// Number is a number as it is written.
type Number string

// A Member is a key of an object with its value.
type Member struct {
	Key   string
	At    Place // of the key
	Value *Node
}

// Parse reads a document into a tree; name is for errors, which are an [*Error].
func Parse(data []byte, name string, l Limits) (*Node, error) {
	r := NewReader(bytes.NewReader(data), name, l)
	root := r.node(&Node{File: name})
	if !r.AtEnd() {
		r.Fail("text after the end of the document")
	}
	if r.err != nil {
		return nil, r.err
	}
	return root, nil
}

// node reads a value into n.
func (r *Reader) node(n *Node) *Node {
	kind := r.Begin()
	n.At = r.From
	switch kind {
	case '{':
		n.Value = r.memberNodes(n)
	case '[':
		list := []*Node{}
		r.Array(func() { list = append(list, r.node(n.Item(len(list)))) })
		n.Value = list
	case '"':
		n.Value = r.String()
	case 't', 'f':
		n.Value = r.Bool()
	case 'n':
		r.Null()
	default:
		n.Value = Number(r.take('0'))
	}
	if e, ok := r.err.(*Error); ok && !r.hasPath {
		e.Path, r.hasPath = n.Path(), true // the innermost node is the first to come here
	}
	return n
}

func (r *Reader) memberNodes(n *Node) []Member {
	members := []Member{}
	r.Members(func(key []byte) func() {
		m := Member{Key: string(key), At: r.From}
		return func() {
			m.Value = r.node(n.Child(m.Key))
			members = append(members, m)
		}
	})
	return members
}

// Child returns a new node for the value of a key.
func (n *Node) Child(key string) *Node {
	return &Node{File: n.File, At: n.At, parent: n, step: keyStep(key)}
}

// Item returns a new node for an element of a list.
func (n *Node) Item(i int) *Node {
	return &Node{File: n.File, At: n.At, parent: n, step: "[" + strconv.Itoa(i) + "]"}
}

// keyStep is the step to a key; one that is no plain word is quoted, so that a
// path stays one line of printable text.
func keyStep(key string) string {
	if strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != "" || key == "" || len(key) > 40 {
		return fmt.Sprintf(".%.40q", key)
	}
	return "." + key
}

// Path returns the way to the node, such as syscalls[3].action. It is put
// together where it is needed: kept in each node, a long key would be in memory
// once for all below it.
func (n *Node) Path() string {
	var steps []string
	for ; n != nil; n = n.parent {
		steps = append(steps, n.step)
	}
	slices.Reverse(steps)
	return strings.TrimPrefix(strings.Join(steps, ""), ".")
}

// Errorf returns an error at the node.
func (n *Node) Errorf(format string, args ...any) *Error {
	return &Error{File: n.File, Line: n.At.Line, Column: n.At.Column, Path: n.Path(), Msg: fmt.Sprintf(format, args...)}
}
