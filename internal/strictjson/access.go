package strictjson

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Absent reports whether there is no value: none, or null.
func (n *Node) Absent() bool { return n == nil || n.Value == nil }

// Fields returns the members of an object by key. One that differs from a known key
// in case alone is that key's, as for Go's encoding/json; both at once are an error.
// For each that is not a known key itself it calls odd with an error that says so.
func (n *Node) Fields(odd func(*Error), known ...string) (map[string]*Node, error) {
	members, ok := n.Value.([]Member)
	if !ok {
		return nil, n.Errorf("not an object")
	}
	fields := map[string]*Node{}
	for _, f := range members {
		at := func(format string, args ...any) *Error {
			e := f.Value.Errorf(format, args...)
			e.Line, e.Column = f.At.Line, f.At.Column
			return e
		}
		key, ok := likeKnown(f.Key, known)
		switch {
		case !ok:
			odd(at("unknown key%s", suggest(f.Key, known)))
			continue
		case fields[key] != nil:
			return nil, at("key %q stands here twice: runtimes written in Go do not tell the case", key)
		case key != f.Key:
			odd(at("runtimes written in Go take it for %q, others pass over it", key))
		}
		fields[key] = f.Value
	}
	return fields, nil
}

// likeKnown returns the known key that a key is, or else the one from which it
// differs in case alone.
func likeKnown(key string, known []string) (string, bool) {
	if slices.Contains(known, key) {
		return key, true
	}
	i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, key) })
	if i < 0 {
		return "", false
	}
	return known[i], true
}

// Items returns the elements of a list; none if it is absent.
func (n *Node) Items() ([]*Node, error) {
	if n.Absent() {
		return nil, nil
	}
	list, ok := n.Value.([]*Node)
	if !ok {
		return nil, n.Errorf("not a list")
	}
	return list, nil
}

// Text returns a string; "" if it is absent.
func (n *Node) Text() (string, error) {
	if n.Absent() {
		return "", nil
	}
	s, ok := n.Value.(string)
	if !ok {
		return "", n.Errorf("not a string")
	}
	return s, nil
}

// Texts returns a list of strings that are not empty; none if it is absent.
func (n *Node) Texts() ([]string, error) {
	list, err := n.Items()
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(list))
	for i, item := range list {
		if texts[i], err = item.Text(); err != nil {
			return nil, err
		}
		if texts[i] == "" {
			return nil, item.Errorf("empty")
		}
	}
	return texts, nil
}

// Unsigned returns a whole number from 0 to limit; 0 if it is absent.
func (n *Node) Unsigned(limit uint64) (uint64, error) {
	if n.Absent() {
		return 0, nil
	}
	num, ok := n.Value.(Number)
	if !ok {
		return 0, n.Errorf("not a number")
	}
	v, err := strconv.ParseUint(string(num), 10, 64)
	if err != nil || v > limit {
		return 0, n.Errorf("%.40s is not a whole number from 0 to %d", num, limit)
	}
	return v, nil
}

// suggest returns ", did you mean X?" for a word that differs from a known one
// only in case, or by a few letters at its end.
func suggest(word string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(word, k) || word != "" && (strings.HasPrefix(k, word) || strings.HasPrefix(word, k)) {
			return fmt.Sprintf(", did you mean %q?", k)
		}
	}
	return ""
}
