package pipeline

import "github.com/auditscan/auditscan/parser"

// IsLog reports whether a file that begins with head, some KiB, has something in
// them that is read of logs, if only to say that it is malformed.
func IsLog(head []byte) bool {
	p := parser.New(parser.Sniff(head))
	p.Reset(head)
	return p.Next() != parser.ItemEnd || p.Flush() != parser.ItemEnd
}
