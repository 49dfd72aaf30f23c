package source

import (
	"bytes"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/nxadm/tail"
	"github.com/nxadm/tail/watch"
)

// liveTail is nxadm/tail at the live end of one open file. It is pinned to that
// file, so that it never sees a rotation, and its lines are checked against the
// file. It starts once everything before has been read, and is stopped when it
// falls behind or anything else happens: reading then continues where its last
// line ended.
type liveTail struct {
	gen  *generation
	tail *tail.Tail

	// The watchdog: since when there is more in the file than was given.
	offset, size int64
	since        time.Time
}

const (
	// liveLimit is how many bytes the live end may be behind. Reading blocks is
	// a hundred times cheaper than reading line by line, and an endless line
	// needs no memory there.
	liveLimit = 128 << 10
	// liveStuck is how long a line may be overdue.
	liveStuck = 500 * time.Millisecond
)

// setPoll makes nxadm/tail look as often as we do. It is a variable of that
// package, read by all its goroutines.
var setPoll = sync.OnceFunc(func() { watch.POLL_DURATION = lookInterval })

// startLive leaves the end of the current file to nxadm/tail once all was read
// and little is coming in.
func (f *Follower) startLive() {
	g := f.current
	now := f.now()
	if !f.nameTail || f.live != nil || g == nil || g.phase != begun || !g.isDrained() || f.hasWaiting() ||
		g.read.offset != g.given.offset || f.given+f.rate > liveLimit || now.Before(f.liveWait) {
		return
	}
	file, ok := g.src.(plainFile)
	if !ok {
		return
	}
	name := pinnedName(file.File)
	if name == "" {
		return
	}
	setPoll()
	t, err := tail.TailFile(name, tail.Config{
		Location:      &tail.SeekInfo{Offset: g.given.offset, Whence: io.SeekStart},
		Follow:        true,
		Poll:          true,
		MustExist:     true,
		CompleteLines: true,
		Logger:        tail.DiscardingLogger,
	})
	if err != nil { // without /proc, or with fewer rights than before
		f.liveWait = now.Add(retryWait)
		return
	}
	f.live = &liveTail{gen: g, tail: t, offset: g.given.offset, size: g.state.size, since: now}
}

// hasWaiting reports whether a file waits for its turn.
func (f *Follower) hasWaiting() bool {
	return slices.ContainsFunc(f.gens, func(g *generation) bool {
		return g.phase == waiting && g.state.size > 0
	})
}

// checkLive stops the live end if it is no longer the end, too far behind or
// stuck.
func (f *Follower) checkLive() {
	l := f.live
	if l == nil {
		return
	}
	g, now := l.gen, f.now()
	if l.offset != g.given.offset || g.state.size <= l.size {
		l.offset, l.since = g.given.offset, now
	}
	stuck := now.Sub(l.since) >= liveStuck
	if g != f.current || f.hasWaiting() || g.unread() > 2*liveLimit || g.unread() < 0 || stuck {
		f.stopLive()
	}
}

// stopLive ends nxadm/tail. What it has not given is not needed: reading goes on where its
// last line ended.
func (f *Follower) stopLive() {
	if f.live == nil {
		return
	}
	f.live.tail.Kill(nil)
	for range f.live.tail.Lines { // until it has ended
	}
	f.live = nil
}

// reads reports whether g is in the hands of nxadm/tail.
func (l *liveTail) reads(g *generation) bool { return l != nil && l.gen == g }

// lines is nil, which is never ready, when there is no live end.
func (l *liveTail) lines() <-chan *tail.Line {
	if l == nil {
		return nil
	}
	return l.tail.Lines
}

// takeLive makes a chunk of a line and those that come with it, if they are
// what the file holds there. If not, the file was truncated or nxadm/tail has
// ended, and the ordinary reading finds out what happened.
func (f *Follower) takeLive(buf []byte, first *tail.Line, ok bool) Chunk {
	if !ok {
		f.liveWait = f.now().Add(retryWait)
		f.stopLive()
		return Chunk{}
	}
	l := f.live
	text, end := l.gather(buf[:0], first)
	f.mu.Lock()
	defer f.mu.Unlock()
	g, offset := l.gen, l.gen.given.offset
	if g != f.current || end != g.given.offset+int64(len(text)) || !g.accept(text) {
		f.stopLive()
		return Chunk{}
	}
	lines, long := emptyLongLines(withoutMark(text, offset), MaxLine)
	f.noteUnusable(g, batch{long: long})
	f.given += len(lines)
	c := Chunk{Lines: lines, Notes: f.notes}
	f.notes = nil
	return c
}

// gather joins the lines that have arrived already; end is where the last ends.
func (l *liveTail) gather(buf []byte, line *tail.Line) (text []byte, end int64) {
	for {
		buf = append(append(buf, line.Text...), '\n')
		end = line.SeekInfo.Offset
		if len(buf) > liveLimit {
			return buf, end
		}
		runtime.Gosched() // lets the sender come to its next line
		select {
		case next, ok := <-l.tail.Lines:
			if !ok {
				return buf, end
			}
			line = next
		default:
			return buf, end
		}
	}
}

// accept checks that what was read before text is still in front of it, and
// counts text as given if so.
func (h *heldFile) accept(text []byte) bool {
	before := make([]byte, len(h.given.tail))
	_, err := io.ReadFull(section(h.src, h.given.offset-int64(len(before))), before)
	if err != nil || !bytes.Equal(before, h.given.tail) || !h.sameHead(text, false) {
		return false
	}
	h.extendHead(text)
	h.advance(append(before, text...), false)
	return true
}
