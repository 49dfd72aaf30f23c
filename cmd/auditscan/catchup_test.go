//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/auditscan/auditscan/internal/loggen"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/source"
)

// TestFollowCatchesUpAsReport: what follow sums up of a log that was there is
// what report says of it, with any number of workers.
func TestFollowCatchesUpAsReport(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	var text bytes.Buffer
	if err := loggen.Write(&text, loggen.Rough, 24<<20, 3); err != nil {
		t.Fatal(err)
	}
	text.WriteString(record(1))
	if err := os.WriteFile(log, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	want := command(t, "report", log).stdout
	events := command(t, "report", "-q", "-o", "ndjson", log).stdout
	for _, cores := range []string{"1", "2", "5"} {
		t.Setenv("GOMAXPROCS", cores)
		f := follow(t, "-o", "json", "--from-start", log)
		var got strings.Builder
		for got.Len() == 0 || !strings.Contains(got.String()[max(0, got.Len()-1000):], `"comm":"seven"`) {
			got.WriteString(f.line() + "\n")
		}
		got.WriteString(f.stop(syscall.SIGTERM))
		if f.stderr.String() != want {
			t.Errorf("GOMAXPROCS=%s: the summary is not the report's: %d and %d bytes", cores, f.stderr.Len(), len(want))
		}
		if withoutTimes(got.String()) != withoutTimes(events) {
			t.Errorf("GOMAXPROCS=%s: other events", cores)
		}
	}
}

// withoutTimes leaves out when losses were noticed, which live is now.
func withoutTimes(events string) string {
	var out strings.Builder
	for line := range strings.Lines(events) {
		if at := strings.Index(line, `,"time":`); strings.Contains(line, `,"loss":`) && at > 0 {
			line = line[:at] + "}}\n"
		}
		if at := strings.Index(line, `,"evidence":`); at > 0 {
			line = line[:at] + "}}}\n"
		}
		out.WriteString(line)
	}
	return out.String()
}

// backlogOf writes a log with n records of serials from one on.
func backlogOf(t *testing.T, path string, first, n int) {
	t.Helper()
	var log []byte
	for serial := range n {
		log = hammerRecord(log, first+serial)
	}
	if err := os.WriteFile(path, log, 0o600); err != nil {
		t.Fatal(err)
	}
}

// inOrder checks that the next event is that of a serial, and goes on so up to
// the one before end.
func (f *following) inOrder(serial, end int) {
	f.t.Helper()
	for ; serial < end; serial++ {
		if got := f.serial(); got != serial {
			f.t.Fatalf("serial %d, want %d", got, serial)
		}
	}
}

// TestFollowRotationInBacklog: files that come while one is caught up with
// follow it in order.
func TestFollowRotationInBacklog(t *testing.T) {
	const each = 60_000
	log := filepath.Join(t.TempDir(), "audit.log")
	backlogOf(t, log, 0, each)
	f := follow(t, "-o", "json", "--from-start", log)
	f.inOrder(0, 1)
	for i := 1; i < 4; i++ {
		shiftRotated(log, i)
		if err := os.Rename(log, log+".1"); err != nil {
			t.Fatal(err)
		}
		backlogOf(t, log, i*each, each)
		f.inOrder((i-1)*each+1, i*each+1)
	}
	f.inOrder(3*each+1, 4*each)
	onlyEnd(t, f.stop(syscall.SIGTERM))
	if want := fmt.Sprintf("\n%s records, ", table.Number(int64(4*each))); !strings.Contains(f.stderr.String(), want) || !strings.Contains(f.stderr.String(), "\nunknown: ") {
		t.Errorf("summary:\n%s", &f.stderr)
	}
}

// TestFollowNotesInBacklog: what the source notices of a backlog is told where
// it was, and the records around it stay in order.
func TestFollowNotesInBacklog(t *testing.T) {
	const all, long = 60_000, 30_000
	log := filepath.Join(t.TempDir(), "audit.log")
	var text []byte
	for serial := range all {
		if serial == long {
			text = append(append(text, make([]byte, source.MaxLine)...), "x\n"...)
		}
		text = hammerRecord(text, serial)
	}
	if err := os.WriteFile(log, text, 0o600); err != nil {
		t.Fatal(err)
	}
	f := follow(t, "-q", "-o", "json", "--from-start", log)
	told := -1
	for next := 0; next < all; {
		var e struct {
			Serial int
			Loss   *struct{ Count int }
		}
		line := f.line()
		switch err := json.Unmarshal([]byte(line), &e); {
		case err != nil || e.Loss == nil && e.Serial != next || e.Loss != nil && (told >= 0 || e.Loss.Count != 1):
			t.Fatalf("%v, after %d: %s", err, next, line)
		case e.Loss != nil:
			told = next
		default:
			next++
		}
	}
	if told < long-10_000 || told > long {
		t.Errorf("the long line is told after %d records, want up to a block before %d", told, long)
	}
	f.stop(syscall.SIGTERM)
	if want := fmt.Sprintf("\nincomplete: 1 record malformed (%s: lines over 64 KiB in %s)", log, log); !strings.Contains(f.stderr.String(), want) {
		t.Errorf("summary:\n%s\nlacks %s", &f.stderr, want)
	}
}

// TestFollowEndsInBacklog: Ctrl-C ends it with the summary of what was shown.
func TestFollowEndsInBacklog(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	backlogOf(t, log, 0, 200_000)
	f := follow(t, "-q", "-o", "json", "--from-start", log)
	f.inOrder(0, 1)
	shown := 1
	for line := range strings.Lines(f.stop(os.Interrupt)) {
		var e struct {
			Serial int
			End    *struct{ Records int }
		}
		if err := json.Unmarshal([]byte(line), &e); e.End != nil && e.End.Records == shown {
			break
		} else if err != nil || e.Serial != shown {
			t.Fatalf("%v in %s after %d", err, line, shown)
		}
		shown++
	}
	if want := fmt.Sprintf("%s records, ", table.Number(int64(shown))); !strings.HasPrefix(f.stderr.String(), want) {
		t.Errorf("%d were shown, but the summary is\n%s", shown, &f.stderr)
	}
}

// TestFollowKilledInBacklog: what was counted of a backlog before the process
// was killed, and saved, is counted once with the rest.
func TestFollowKilledInBacklog(t *testing.T) {
	const all = 400_000
	dir := t.TempDir()
	log, state := filepath.Join(dir, "audit.log"), filepath.Join(dir, "state.json")
	backlogOf(t, log, 0, all)
	start := func() *following { return follow(t, "-q", "-o", "json", "--from-start", "--state", state, log) }
	for range 2 {
		f := start()
		f.untilSaved(f.serial()+1, state)
		f.kill()
	}
	f := start()
	f.inOrder(f.serial()+1, all)
	f.stop(syscall.SIGTERM)
	if lost, doubled := countedIn(t, state, all); lost > 0 || doubled > 0 {
		t.Errorf("%d lost, %d doubled", lost, doubled)
	}
}

// untilSaved reads events, not too fast, until the state has been saved with
// some of them.
func (f *following) untilSaved(serial int, state string) {
	f.t.Helper()
	before, err := os.Stat(state)
	if err != nil {
		f.t.Fatal(err)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		f.inOrder(serial, serial+100)
		serial += 100
		<-tick.C
		if now, err := os.Stat(state); err != nil {
			f.t.Fatal(err)
		} else if !os.SameFile(before, now) {
			return
		}
	}
}

// writes keeps what was written, and how often.
type writes struct {
	bytes.Buffer
	n int
}

func (w *writes) Write(p []byte) (int, error) {
	w.n++
	return w.Buffer.Write(p)
}

// TestGatherer: small pieces are gathered while that is wanted, and everything
// comes out in order.
func TestGatherer(t *testing.T) {
	var out writes
	g := gatherer{w: &out, written: time.Now().Add(time.Hour)} // so that no time passes
	var want strings.Builder
	write := func(s string) {
		want.WriteString(s)
		if n, err := g.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatalf("wrote %d of %d bytes, %v", n, len(s), err)
		}
	}
	write("1\n")
	if out.n != 1 {
		t.Errorf("%d writes of what is not to be gathered, want 1", out.n)
	}
	g.gathers = true
	write("2\n")
	write("3\n")
	if out.n != 1 {
		t.Errorf("%d writes while it gathers, want 1", out.n)
	}
	write(strings.Repeat("4\n", gatherSize))
	if err := g.flush(); err != nil || out.n != 2 || out.String() != want.String() {
		t.Errorf("%d writes of %d bytes in all, %v; want 2 of %d", out.n, out.Len(), err, want.Len())
	}
	g.written = time.Time{}
	write("5\n")
	if out.n != 3 || out.String() != want.String() {
		t.Errorf("%d writes, want 3: it was time", out.n)
	}
}

// pieces is a stream that has chunks, and waits when they have been given.
type pieces []source.Chunk

func (p *pieces) NextIn(ctx context.Context, _ []byte) (source.Chunk, error) {
	if len(*p) == 0 {
		<-ctx.Done()
		return source.Chunk{}, ctx.Err()
	}
	c := (*p)[0]
	*p = (*p)[1:]
	return c, nil
}

func (p *pieces) Backlog(int64) bool { return len(*p) > 0 }

// TestBacklogEnds: a stretch ends when nothing waits any more, and at a note,
// whose chunk is kept; what is over does not wait for the stream.
func TestBacklogEnds(t *testing.T) {
	line := func(s string) source.Chunk { return source.Chunk{Lines: []byte(s + "\n")} }
	noted := source.Chunk{Lines: []byte("3\n"), Notes: []source.Note{{Kind: source.LongLine, Count: 1}}}
	for name, tt := range map[string]struct {
		chunks     pieces
		lines      string
		rest, left int
	}{
		"nothing waits": {pieces{line("1"), line("2")}, "1\n2\n", 0, 0},
		"a note":        {pieces{line("1"), noted, line("4")}, "1\n", 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			b := &backlog{ctx: ctx, stream: &tt.chunks}
			var got strings.Builder
			for {
				lines, err := b.Next(nil)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				got.Write(lines)
			}
			if got.String() != tt.lines || len(b.rest.Notes) != tt.rest || len(tt.chunks) != tt.left {
				t.Errorf("%q, then %d notes, and %d chunks are left", &got, len(b.rest.Notes), len(tt.chunks))
			}
		})
	}
}
