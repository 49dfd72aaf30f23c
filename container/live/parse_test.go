package live

import (
	"encoding/binary"
	"testing"
	"time"
)

var statTests = []struct {
	name, text string
	want       stat
	exiting    bool
}{
	{"running", "1234 (cat) S 1 1234 1 0 -1 4194304 95 0 0 0 0 0 0 0 20 0 1 0 253316 2928640 224 184467 1 2 3", stat{'S', 4194304, 2533160 * ms}, false},
	{"exiting", "1234 (cat) R 1 1234 1 0 -1 4194308 95 0 0 0 0 0 0 0 20 0 1 0 7 0 0 0", stat{'R', 4194308, 70 * ms}, true},
	{"zombie", "1234 (cat) Z 1 1234 1 0 -1 4227084 95 0 0 0 0 0 0 0 20 0 1 0 7 0 0 0", stat{'Z', 4227084, 70 * ms}, true},
	{"name like fields", "1234 (a) R 1 2) (b) S 1 1234 1 0 -1 64 95 0 0 0 0 0 0 0 20 0 1 0 8 0 0 0", stat{'S', 64, 80 * ms}, false},
	{"name of a newline", "1234 (\n) S 1 1234 1 0 -1 64 95 0 0 0 0 0 0 0 20 0 1 0 8 0 0 0", stat{'S', 64, 80 * ms}, false},
	{"cut", "1234 (cat) S 1 1234 1 0 -1 4194304 95 0 0 0 0 0 0 0 20 0 1 0", stat{}, false},
	{"no name", "1234 S 1 1234 1 0 -1 4194304 95 0 0 0 0 0 0 0 20 0 1 0 7 0 0", stat{}, false},
	{"no number", "1234 (cat) S 1 1234 1 0 -1 x 95 0 0 0 0 0 0 0 20 0 1 0 7 0 0 0", stat{}, false},
	{"empty", "", stat{}, false},
}

func TestParseStat(t *testing.T) {
	for _, test := range statTests {
		got, ok := parseStat([]byte(test.text))
		if ok != (test.want != stat{}) || ok && (got != test.want || got.exiting() != test.exiting) {
			t.Errorf("%s: %+v, %v; want %+v", test.name, got, ok, test.want)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	for _, test := range statTests {
		f.Add([]byte(test.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, ok := parseStat(text); ok && (s.start < 0 || s.start%tick != 0) {
			t.Errorf("started at %v", s.start)
		}
	})
}

// datagram is an event as the kernel sends it.
func datagram(what uint32, at time.Duration, data ...uint32) []byte {
	order := binary.NativeEndian
	b := make([]byte, netlinkHeader)
	for _, v := range []uint32{cnIdxProc, cnValProc, 7, 78, 0, what, 0} {
		b = order.AppendUint32(b, v)
	}
	b = order.AppendUint64(b, uint64(at))
	for _, v := range data {
		b = order.AppendUint32(b, v)
	}
	return b
}

func TestParseEvent(t *testing.T) {
	at := 5 * time.Second
	fork := datagram(eventFork, at, 10, 11, 12, 13)
	other := datagram(eventFork, at, 10, 11, 12, 13)
	other[netlinkHeader]++ // of another of the connector's users
	for _, test := range []struct {
		name string
		b    []byte
		want event
		ok   bool
	}{
		{"fork", fork, event{what: eventFork, at: at, parent: 11, tid: 12, pid: 13, ack: 78}, true},
		{"exec", datagram(eventExec, at, 12, 13, 0, 0), event{what: eventExec, at: at, tid: 12, pid: 13, ack: 78}, true},
		{"exit", datagram(eventExit, at, 12, 13, 0, 17, 1, 1), event{what: eventExit, at: at, tid: 12, pid: 13, ack: 78}, true},
		{"acknowledgement", datagram(eventNone, at, 1, 0, 0, 0), event{at: at, err: 1, ack: 78}, true},
		{"cut fork", fork[:len(fork)-4], event{}, false},
		{"cut head", fork[:netlinkHeader+cnHeader], event{}, false},
		{"other user", other, event{}, false},
		{"empty", nil, event{}, false},
	} {
		if got, ok := parseEvent(test.b); ok != test.ok || ok && got != test.want {
			t.Errorf("%s: %+v, %v; want %+v", test.name, got, ok, test.want)
		}
	}
}
