package report

import (
	"bytes"
	"slices"
)

// Sniff reports whether a file that begins with head, a few KiB, is for [Read]:
// a report or events, also after a tool such as jq has sorted their keys. The
// JSON of others (journald, laurel, container runtimes, dmesg) is not.
func Sniff(head []byte) bool { return kindOf(head) != noKind }

// kind is what Read reads.
type kind int

const (
	noKind kind = iota
	reportKind
	eventKind
)

// kindOf judges by the first keys of the first object, as far as head goes;
// the names of some say enough alone.
func kindOf(head []byte) kind {
	keys := keysOf(head)
	first := func(n int, of ...string) bool {
		return len(keys) >= n && !slices.ContainsFunc(keys[:n], func(k string) bool { return !slices.Contains(of, k) })
	}
	switch {
	case first(1, "completeness") || first(2, "version", "tool", "tables", "inputs", "totals", "filter", "positions", "groups"):
		return reportKind
	case first(1, "loss") || first(3, "time", "serial", "node", "pid", "comm", "exe", "arch", "nr", "syscall", "action", "sig",
		"compat", "ip", "uid", "gid", "auid", "ses", "subj", "container"):
		return eventKind
	}
	return noKind
}

// byteOrderMark is what editors and shells of Windows put before text. Read
// refuses it, but taken for a log a report would be an empty one.
var byteOrderMark = []byte("\ufeff")

func keysOf(head []byte) (keys []string) {
	r := newJSONReader(bytes.NewReader(bytes.TrimPrefix(head, byteOrderMark)), "")
	r.Members(func(key []byte) func() {
		keys = append(keys, string(key))
		return r.Skip
	})
	return keys
}
