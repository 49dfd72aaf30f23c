package source

import (
	"io"
	"time"
)

// LiveOptions says where a live source begins; the zero value: with what comes
// from now on.
type LiveOptions struct {
	Stdin     io.Reader  // what the name "-" stands for
	FromStart bool       // give what a file or the journal holds already, too
	Tail      int        // give so many lines of what is there, too
	Files     []Position // where an earlier run of this file ended; see [FollowOptions]
	Cursor    string     // where an earlier run of the journal ended
}

// Live opens a source by name: "-" is standard input, [NetlinkName] the
// kernel's audit socket, [JournalName] the systemd journal, and anything else a
// file that grows.
func Live(name string, o LiveOptions) (Stream, error) {
	switch name {
	case "-":
		return Lines(name, o.Stdin), nil
	case NetlinkName:
		return Netlink()
	case JournalName:
		journal := JournalOptions{Cursor: o.Cursor}
		if journal.Tail = o.Tail; !o.FromStart && o.Tail == 0 {
			journal.Since = time.Now()
		}
		return Journal(journal)
	}
	return Follow(name, FollowOptions{FromStart: o.FromStart, Tail: o.Tail, Resume: o.Files})
}
