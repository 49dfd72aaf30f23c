package source

import (
	"io"
	"time"
)

// LiveOptions say where a live source begins. The zero value is: with what
// comes from now on.
type LiveOptions struct {
	Stdin     io.Reader  // what the name "-" stands for
	FromStart bool       // give what a file or the journal holds already, too
	Files     []Position // where an earlier run of this file ended; see [FollowOptions]
	Cursor    string     // where an earlier run of the journal ended
}

// Live opens the source of a name: "-" for standard input, [NetlinkName] for
// the kernel's audit socket, [JournalName] for the systemd journal, else a file
// that grows.
func Live(name string, o LiveOptions) (Stream, error) {
	switch name {
	case "-":
		return Lines(name, o.Stdin), nil
	case NetlinkName:
		return Netlink()
	case JournalName:
		journal := JournalOptions{Cursor: o.Cursor}
		if !o.FromStart {
			journal.Since = time.Now()
		}
		return Journal(journal)
	}
	return Follow(name, FollowOptions{FromStart: o.FromStart, Resume: o.Files})
}
