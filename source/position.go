package source

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"time"
)

// Position is where the lines returned so far end in one file, so that a later
// run can continue there, with each line exactly once, even if the file was
// renamed, compressed or copied and truncated in between. It is plain data for
// a state file.
type Position struct {
	Path   string    `json:"path"`   // the name that is followed, not where the file is now
	Device uint64    `json:"device"` // with Inode and Birth: which file it was; 0 in an archive
	Inode  uint64    `json:"inode"`
	Birth  time.Time `json:"birth,omitzero"` // when the file was created; zero: not known
	Offset int64     `json:"offset"`         // in bytes of text
	Head   string    `json:"head"`           // SHA-256 of the first bytes, at most 1,024 and none after Offset
	Tail   string    `json:"tail"`           // SHA-256 of the last bytes before Offset, at most 256
	Seen   int       `json:"seen,omitempty"` // nothing was read of the file yet, and Head is of so many bytes that were there
	BootID string    `json:"boot_id,omitempty"`
}

// position describes where the returned lines of g end.
func (g *generation) position(path string) Position {
	p := markPosition(g.head, g.given)
	p.Path = path
	if p.Offset == 0 && g.isWanted() && hasLine(g.head) {
		p.Seen, p.Head = len(g.head), sum(g.head)
	}
	if g.grows() {
		p.Device, p.Inode, p.Birth = g.id.numbers()
	}
	return p
}

// markPosition describes a mark in a file that began with head.
func markPosition(head []byte, m mark) Position {
	return Position{Offset: m.offset, Head: sum(head[:min(m.offset, int64(len(head)))]), Tail: sum(m.tail)}
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// isFile reports whether the position was taken in this very file, whatever
// happened to its content since.
func (p Position) isFile(id fileID) bool {
	device, inode, birth := id.numbers()
	return p.Inode != 0 && p.Device == device && p.Inode == inode && p.Birth.Equal(birth)
}

// find returns the place of p in g, if g holds what was read before p was
// taken.
func (g *generation) find(p Position) (m mark, ok bool) {
	head := make([]byte, max(min(p.Offset, headLen), min(int64(p.Seen), headLen)))
	if _, err := io.ReadFull(section(g.src, 0), head); err != nil || sum(head) != p.Head {
		return mark{}, false
	}
	m, err := g.markAt(p.Offset)
	return m, err == nil && sum(m.tail) == p.Tail
}

// resumeAt moves g to p, unless it is further already, and reports whether p is
// in it.
func (g *generation) resumeAt(p Position) bool {
	m, ok := g.find(p)
	if ok && m.offset > g.given.offset {
		ok = g.jump(m) == nil
	}
	return ok
}
