package report

import (
	"bytes"
	"slices"
)

// SniffEvents reports whether an input that begins with head is a stream of
// events.
func SniffEvents(head []byte) bool {
	start := bytes.TrimLeft(bytes.TrimPrefix(head, byteOrderMark), " \t\r\n")
	return slices.ContainsFunc([]string{numberKey, `{"time":"`, `{"loss":{"`}, func(key string) bool { return bytes.HasPrefix(start, []byte(key)) })
}

// Sniff reports whether a file that begins with head, a few KiB, is a report
// for [Read], also after a tool such as jq has sorted its keys. It judges by the
// first keys of the first object, as far as head goes. Other JSON (events,
// journald, laurel, container runtimes, dmesg) is a log.
func Sniff(head []byte) bool {
	if start := bytes.TrimLeft(bytes.TrimPrefix(head, byteOrderMark), " \t\r\n"); len(start) == 0 || start[0] != '{' {
		return false // nearly all logs
	}
	keys := keysOf(head)
	if len(keys) > 0 && keys[0] == "completeness" {
		return true
	}
	return len(keys) > 1 && isReportKey(keys[0]) && isReportKey(keys[1])
}

func isReportKey(key string) bool {
	return slices.Contains([]string{"version", "tool", "tables", "inputs", "totals", "filter", "positions", "groups"}, key)
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
