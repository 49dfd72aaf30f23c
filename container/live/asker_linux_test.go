package live

import (
	"os"
	"testing"
	"time"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/audittest"
)

// TestAskerAsTracker: an Asker says what the Tracker says, also of what it has
// asked about before.
func TestAskerAsTracker(t *testing.T) {
	ended, alive := audittest.RandomHex(t, 32), audittest.RandomHex(t, 32)
	tracker := openTracker(t, nil, connectorBuffer)
	gone, _ := audittest.StartIn(t, audittest.NewCgroup(t, "docker/"+ended), "cat")
	here, _ := audittest.StartIn(t, audittest.NewCgroup(t, "docker/"+alive), "cat")
	inGone := time.Now()
	wantContainer(t, tracker, gone.Process.Pid, inGone, ended, container.ViaDirect)
	stop(t, gone)
	asker := NewAsker(tracker)
	const noPID = 1 << 22 // the kernel's limit, which no process has
	for range 3 {
		now := time.Now()
		for _, pid := range []int32{int32(gone.Process.Pid), int32(here.Process.Pid), int32(os.Getpid()), noPID} {
			for _, at := range []time.Time{now.Add(-1e6 * time.Hour), now.Add(-1e6*time.Hour + time.Millisecond), now.Add(-time.Hour), inGone, now} {
				at = time.UnixMilli(at.UnixMilli()) // as records tell it: a process can end within one
				id, settled := asker.Attribute(pid, at.UnixMilli(), now.UnixMilli())
				if wantID, wantSettled := tracker.Attribute(pid, at); id != wantID || settled != wantSettled {
					t.Errorf("pid %d at %v: %+v, %v; want %+v, %v", pid, at, id, settled, wantID, wantSettled)
				}
			}
		}
	}
}

// TestAskerRemembers: old records of one process are asked about once, for as
// long as the answer is good; of new ones more may be known at any time.
func TestAskerRemembers(t *testing.T) {
	tracker := openTracker(t, nil, connectorBuffer)
	asker := NewAsker(tracker)
	const noPID = 1 << 22
	now := time.Now()
	slot := &asker.recent[noPID%len(asker.recent)]
	for _, tt := range []struct {
		at, now time.Time
		asks    bool
	}{
		{now.Add(-time.Hour), now, true},
		{now.Add(-2 * time.Hour), now.Add(freshFor / 2), false},
		{now, now, true},
		{now, now, true},
		{now.Add(-time.Hour), now, false},
		{now.Add(-time.Hour), now.Add(2 * freshFor), true},
	} {
		slot.id = &container.Identity{} // stays if nobody asks
		id, _ := asker.Attribute(noPID, tt.at.UnixMilli(), tt.now.UnixMilli())
		if asks := id == nil; asks != tt.asks {
			t.Errorf("a record from %v, %v later: asks %v, want %v", now.Sub(tt.at), tt.now.Sub(now), asks, tt.asks)
		}
	}
}

// TestAskerKeepsWhatLasts: that a record from long ago was of no container is
// asked about once; of a new one, as the clock says now, more may be known.
func TestAskerKeepsWhatLasts(t *testing.T) {
	asker := NewAsker(openTracker(t, nil, connectorBuffer))
	const noPID = 1 << 22
	now := time.Now()
	asker.Attribute(noPID, now.Add(-time.Hour).UnixMilli(), now.UnixMilli())
	slot := &asker.recent[noPID%len(asker.recent)]
	for _, tt := range []struct {
		at, now time.Time
		asks    bool
	}{
		{now.Add(-time.Hour), now.Add(2 * freshFor), false},
		{now.Add(-time.Hour), now.Add(-time.Hour), true}, // the clock was set back
	} {
		slot.until = 1
		asker.Attribute(noPID, tt.at.UnixMilli(), tt.now.UnixMilli())
		if asks := slot.until != 1; asks != tt.asks {
			t.Errorf("a record from %v, at %v: asks %v, want %v", tt.at, tt.now, asks, tt.asks)
		}
	}
}

// TestOldRecordsNeedNoLook: whoever has the pid of an old record now, and was
// born later, has nothing to do with it.
func TestOldRecordsNeedNoLook(t *testing.T) {
	tracker := openTracker(t, nil, connectorBuffer)
	pid := int32(os.Getpid())
	tracker.Attribute(pid, time.Now())
	tracker.mu.Lock()
	l := tracker.lineage.alive[pid]
	born := tracker.clocks().wall(l.since)
	tracker.mu.Unlock()
	for at, looks := range map[time.Time]bool{
		born.Add(-time.Hour): false, born.Add(-2 * container.StampLag): false, born.Add(container.StampLag): true, time.Now(): true,
	} {
		tracker.mu.Lock()
		l.seen = 0
		tracker.mu.Unlock()
		tracker.Attribute(pid, at)
		tracker.mu.Lock()
		if (l.seen > 0) != looks {
			t.Errorf("a record from %v after its birth: looks %v, want %v", at.Sub(born), l.seen > 0, looks)
		}
		tracker.mu.Unlock()
	}
}
