package pipeline

import (
	"testing"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
)

// TestShownBounded checks that what is known to have been shown is bounded,
// and that what has been forgotten is new again.
func TestShownBounded(t *testing.T) {
	s := shown{}
	for key := range uint64(maxShown) {
		if !s.add(key) || s.add(key) {
			t.Fatalf("%d is not new once", key)
		}
	}
	if !s.add(maxShown) || len(s) > maxShown || !s.add(0) {
		t.Errorf("%d are remembered", len(s))
	}
}

// TestKeys checks what events are told apart by: wherever one text ends and
// the next begins, and however the kernel has written it.
func TestKeys(t *testing.T) {
	text := func(s string) parser.Text { return parser.Text{Bytes: []byte(s), Enc: parser.EncQuoted} }
	made := func(change func(*event.Event)) *event.Event {
		e := &event.Event{Record: &parser.Record{Node: []byte("n"), Process: &parser.Process{PID: 7, Comm: text("ab"), Exe: text("cd")}}, NR: 1}
		change(e)
		return e
	}
	seen := map[uint64]int{}
	for i, change := range []func(*event.Event){
		func(*event.Event) {},
		func(e *event.Event) { e.Record.Node = nil },
		func(e *event.Event) { e.Record.Node, e.Record.Comm = []byte("na"), text("b") },
		func(e *event.Event) { e.Record.Comm, e.Record.Exe = text("abc"), text("d") },
		func(e *event.Event) { e.Record.PID = 8 },
		func(e *event.Event) { e.NR = 2 },
		func(e *event.Event) { e.Arch = 1 },
		func(e *event.Event) { e.Action = 1 },
		func(e *event.Event) { e.Container = &container.Identity{ID: "x"} },
		func(e *event.Event) { e.Container = &container.Identity{Name: "y"} },
	} {
		key := keyOf(made(change))
		if before, ok := seen[key]; ok {
			t.Errorf("%d is as %d", i, before)
		}
		seen[key] = i
	}
	for _, same := range []func(*event.Event){
		func(e *event.Event) { e.Record.Serial, e.Record.Millis, e.Record.IP, e.Record.UID = 1, 2, 3, 4 },
		func(e *event.Event) { e.Record.Comm = parser.Text{Bytes: []byte("6162"), Enc: parser.EncHex} },
	} {
		if seen[keyOf(made(same))] != 0 {
			t.Error("one call of one group has two keys")
		}
	}
}
