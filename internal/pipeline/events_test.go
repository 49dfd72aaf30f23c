package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/corpustest"
	"github.com/auditscan/auditscan/report"
)

const (
	eventLine = `{"time":"2022-09-01T17:39:56.821Z","serial":272,"node":"worker","pid":801989,"comm":"runc:[2:INIT]","exe":"/",` +
		`"arch":"x86_64","nr":202,"syscall":"futex","action":"log","sig":0,"compat":false,"ip":"0x55ed9c8764f3",` +
		`"uid":0,"gid":0,"auid":4294967295,"ses":4294967295,"subj":null,"container":null}` + "\n"
	lossLine = `{"loss":{"kind":"suppressed","count":29,"time":"2022-09-01T17:39:56.821Z"}}` + "\n"
)

// readEvents counts a stream of events.
func readEvents(t testing.TB, events string, o Options) *aggregate.Summary {
	t.Helper()
	name := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(name, []byte(events), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Read(context.Background(), named(name), strings.NewReader(""), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// carriers finds a container for some of the processes.
func carriers() Find {
	ids := [...]container.Identity{
		{ID: strings.Repeat("a1", 32), Name: "web", Runtime: "docker", Via: container.ViaDirect},
		{ID: strings.Repeat("b2", 32), Name: "app \"x\"", Pod: "p-1", Namespace: "n", Workload: "p", WorkloadGuessed: true, Runtime: "containerd", Via: container.ViaLineage},
	}
	return func(pid int32, _, _ int64) (*container.Identity, bool) {
		if i := int(pid) % 3; i < len(ids) {
			return &ids[i], true
		}
		return nil, true
	}
}

// TestEventsOfLogs checks that the events of a log give what the log gives, but
// the proof that nothing is missing, and that their own events are they.
func TestEventsOfLogs(t *testing.T) {
	find := carriers()
	for _, name := range logs(t) {
		o := Options{Containers: func() Find { return find }, Workers: 1}
		var events, again bytes.Buffer
		o.Output = asEvents(&events)
		want, err := Read(context.Background(), named(name), nil, o)
		if err != nil {
			t.Fatal(err)
		}
		if events.Len() == 0 {
			continue
		}
		got := readEvents(t, events.String(), Options{Output: asEvents(&again), BlockSize: smallestBlock, Workers: 3})
		if !reflect.DeepEqual(got.Groups, want.Groups) {
			t.Errorf("%s: the groups of its events\n%+v\nwant\n%+v", name, got.Groups, want.Groups)
		}
		if again.String() != events.String() {
			t.Errorf("%s: the events of its events are others:\n%.2000s\nwant\n%.2000s", name, again.String(), events.String())
		}
		if got.Completeness.Verdict == aggregate.Complete {
			t.Errorf("%s: events cannot prove to be complete", name)
		}
		in := got.Inputs[0]
		if in.Trust != aggregate.TrustText || in.Lines != int64(bytes.Count(events.Bytes(), []byte("\n"))) || in.Malformed != 0 {
			t.Errorf("%s: input %+v", name, in)
		}
	}
}

// TestEventCounts checks what becomes of events and losses beside the groups.
func TestEventCounts(t *testing.T) {
	other := strings.Replace(eventLine, `"serial":272`, `"serial":273`, 1)
	unnamed := strings.NewReplacer(`"serial":272`, `"serial":null`, `"nr":202`, `"nr":5000`, `"futex"`, `null`).Replace(eventLine)
	s := readEvents(t, lossLine+eventLine+other+eventLine+"\n"+unnamed+strings.TrimSuffix(lossLine, "\n"), Options{})
	at := time.UnixMilli(1662053996821).UTC()
	wantInput := aggregate.Input{
		Name: s.Inputs[0].Name, Trust: aggregate.TrustText, Lines: 7, Records: 3, Duplicates: 1, First: at, Last: at,
	}
	if s.Inputs[0] != wantInput {
		t.Errorf("input %+v\nwant  %+v", s.Inputs[0], wantInput)
	}
	if len(s.Groups) != 1 || s.Groups[0].Records != 3 || len(s.Groups[0].Calls) != 2 || s.Groups[0].Calls[0].Count != 2 {
		t.Errorf("groups %+v, want one of 2 futex and a number without a name", s.Groups)
	}
	c := s.Completeness
	if c.Verdict != aggregate.Incomplete || c.Lost != 58 || len(c.Evidence) != 2 {
		t.Fatalf("completeness %+v, want 58 records lost", c)
	}
	if e := c.Evidence[0]; e.Kind != aggregate.Suppressed || e.Count != 58 || e.Line != 1 || !e.First.Equal(at) || e.Detail == "" {
		t.Errorf("evidence %+v", e)
	}
	if e := c.Evidence[1]; e.Kind != aggregate.Unresolved || e.Count != 1 {
		t.Errorf("evidence %+v", e)
	}
}

// TestDamagedEvents checks that an event that is damaged counts as evidence, in
// its line, and as no call.
func TestDamagedEvents(t *testing.T) {
	for _, test := range []struct{ old, new string }{
		{`"arch":"x86_64"`, `"arch":"x87_64"`},
		{`"nr":202`, `"nr":203`},
		{`"nr":202`, `"nr":"futex"`},
		{`"nr":202,"syscall":"futex"`, `"nr":null,"syscall":null`},
		{`"syscall":"futex"`, `"syscall":"read"`},
		{`"nr":202,"syscall":"futex"`, `"nr":null,"syscall":"futexx"`},
		{`"log"`, `"logged"`},
		{`"action":"log",`, ``},
		{`"pid":801989`, `"pid":"init"`},
		{`"container":null`, `"container":{"id":"` + strings.Repeat("x", 600) + `"}`},
		{eventLine, `{"loss":{"kind":"magic","count":1,"time":null}}`},
		{eventLine, `{"loss":{"kind":"suppressed","count":-1,"time":null}}`},
	} {
		bad := strings.Replace(eventLine, test.old, test.new, 1)
		if bad == eventLine {
			t.Fatalf("the event holds no %s", test.old)
		}
		checkDamaged(t, eventLine+bad)
	}
	for _, whole := range []string{strings.Replace(eventLine, "272", "273", 1), lossLine} {
		for n := 20; n < len(whole)-1; n++ {
			checkDamaged(t, eventLine+whole[:n])
		}
	}
}

// checkDamaged checks that of two lines of events the second counts as damaged.
func checkDamaged(t *testing.T, events string) {
	t.Helper()
	c := NewCounter("events", "", Options{})
	if err := c.Lines([]byte(events)); err != nil {
		t.Fatal(err)
	}
	s := c.Summary()
	evidence := s.Completeness.Evidence
	if s.Totals.Records != 1 || s.Totals.Malformed != 1 || len(evidence) != 1 || evidence[0].Kind != aggregate.Malformed || evidence[0].Line != 2 {
		t.Errorf("%+v, evidence %+v:\n%s", s.Totals, evidence, events)
	}
}

// TestNewerNames checks that a number counts beside a name that no table has:
// the tables of who wrote it may be newer.
func TestNewerNames(t *testing.T) {
	newer := strings.NewReplacer(`"nr":202`, `"nr":5000`, `"futex"`, `"futex_newer"`).Replace(eventLine)
	if s := readEvents(t, newer, Options{}); len(s.Groups) != 1 || s.Groups[0].Calls[0].NR != 5000 {
		t.Errorf("%+v", s)
	}
}

// TestEvidenceInEvents checks that each kind of evidence can be told by a
// stream of events, in its place.
func TestEvidenceInEvents(t *testing.T) {
	for i, kind := range aggregate.EvidenceKinds() {
		loss := string(report.AppendLoss(nil, aggregate.Loss{Kind: kind, Count: int64(i) + 2}))
		s := readEvents(t, eventLine+loss, Options{})
		c := s.Completeness
		if len(c.Evidence) != 1 || c.Evidence[0].Kind != kind || c.Evidence[0].Line != 2 || c.Verdict != aggregate.Incomplete {
			t.Errorf("%s: %+v", kind, c)
		}
	}
}

// TestCarried checks whose the records of events are.
func TestCarried(t *testing.T) {
	carrying := func(text string) string {
		return strings.Replace(eventLine, `"container":null`, `"container":`+text, 1)
	}
	asked := &container.Identity{ID: "asked"}
	ask := func() Find {
		return func(int32, int64, int64) (*container.Identity, bool) { return asked, true }
	}
	for text, want := range map[string]container.Identity{
		`null`:            *asked,
		`{}`:              *asked,
		`{"name":"only"}`: *asked,
		`{"id":"c1","name":"a\u00e9","via":"direct"}`:                           {ID: "c1", Name: "aé", Via: "direct"},
		`{"id":"c1","image":{"name":"nginx"},"runtime":"docker","labels":[{}]}`: {ID: "c1", Runtime: "docker"},
	} {
		if s := readEvents(t, carrying(text), Options{Containers: ask}); len(s.Groups) != 1 || *s.Groups[0].Container != want {
			t.Errorf("%s: %+v", text, s.Groups)
		}
	}
	two := carrying(`{"id":"c1"}`) + strings.Replace(carrying(`{"id": "c1"}`), "272", "273", 1) + strings.Replace(carrying(`{"id":"c2"}`), "272", "274", 1)
	if s := readEvents(t, two, Options{}); len(s.Groups) != 2 || s.Groups[0].Records != 2 {
		t.Errorf("%+v, want the groups of two containers", s.Groups)
	}
	kernel := `type=SECCOMP msg=audit(1662053996.821:275): auid=0 uid=0 gid=0 ses=1 pid=7 comm="x" exe="/x" sig=0 arch=c000003e syscall=1 compat=0 ip=0x1 code=0x7ffc0000` + "\n"
	if s := readEvents(t, kernel+carrying(`{"id":"c1"}`)+strings.Replace(kernel, "275", "276", 1), Options{}); len(s.Groups) != 2 || s.Groups[0].Container != nil {
		t.Errorf("%+v, want the kernel's records in no container", s.Groups)
	}
}

// TestTooManyCarried checks that made-up containers do not fill the memory, and
// that their records do not become another's.
func TestTooManyCarried(t *testing.T) {
	c := newCarried()
	name := strings.Repeat("n", 400)
	known := []byte(`{"id":"known"}`)
	before, _ := c.identity(known)
	for i := range maxCarried/len(name) + 1 {
		if _, err := c.identity(fmt.Appendf(nil, `{"id":"%d","name":"%s"}`, i, name)); err == errTooManyContainers {
			if after, err := c.identity(known); after != before || err != nil {
				t.Errorf("the container that was known is %v, %v", after, err)
			}
			return
		}
	}
	t.Errorf("%d texts are kept", len(c.byText))
}

// TestTooManyCarriedInOrder checks that the same records are of a container too
// many, for any number of workers: those whose container comes first when the
// memory is full.
func TestTooManyCarriedInOrder(t *testing.T) {
	var events bytes.Buffer
	name, r := strings.Repeat(`\u006e`, 500), rand.New(rand.NewPCG(1, 2))
	for i := range 2 * maxCarried / len(name) {
		number := i
		if i%2 == 0 {
			number = r.IntN(2*i + 1) // one that was there or is to come
		}
		events.WriteString(strings.NewReplacer(`"container":null`, fmt.Sprintf(`"container":{"id":"c%d","image":"%s"}`, number, name), "272", fmt.Sprint(i)).Replace(eventLine))
	}
	file := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(file, events.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	read := func(workers int) (lines []int64, s *aggregate.Summary) {
		s, err := Read(context.Background(), named(file), nil, Options{Workers: workers, BlockSize: 256 << 10,
			Malformed: func(_ string, line int64, _ string, _ []byte) { lines = append(lines, line) }})
		if err != nil {
			t.Fatal(err)
		}
		return lines, s
	}
	want, summary := read(1)
	if len(want) == 0 || len(want) > 5000 {
		t.Fatalf("%d are too many", len(want))
	}
	for _, workers := range []int{2, 3, 8} {
		lines, s := read(workers)
		if !slices.Equal(lines, want) {
			t.Errorf("%d workers: %d are too many, want %d", workers, len(lines), len(want))
		}
		if !reflect.DeepEqual(s, summary) {
			t.Errorf("%d workers: another summary", workers)
		}
	}
}

// BenchmarkReadEvents counts events that were made of the corpus.
func BenchmarkReadEvents(b *testing.B) {
	var events bytes.Buffer
	if _, err := Read(context.Background(), named(corpustest.Corpus.Paths(b)...), nil, Options{Output: asEvents(&events)}); err != nil {
		b.Fatal(err)
	}
	all := bytes.Repeat(events.Bytes(), 100)
	b.ReportAllocs()
	b.SetBytes(int64(len(all)))
	for b.Loop() {
		c := NewCounter("events", "", Options{})
		if err := c.Lines(all); err != nil {
			b.Fatal(err)
		}
		c.Summary()
	}
	b.ReportMetric(float64(bytes.Count(all, []byte("\n")))*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// TestLostCountersReadBack: a stream of events that was cut tells how many
// records the kernel lost, whether the run watched the kernel's count or read
// its messages.
func TestLostCountersReadBack(t *testing.T) {
	const message = "[ 1.0] audit: audit_lost=%d audit_rate_limit=0 audit_backlog_limit=64\n"
	var stream bytes.Buffer
	c := NewCounter("audit:", "", Options{Output: Output{Writer: &stream, Event: report.AppendEvent, Loss: report.AppendLoss}})
	c.Loss(aggregate.LostCounter, 561, time.Now(), "lost", "")
	c.Loss(aggregate.LostCounter, 2246, time.Now(), "lost", "")
	if err := c.Lines(fmt.Appendf(nil, message+message, 5, 9)); err != nil {
		t.Fatal(err)
	}
	const lost = 561 + 2246 + (9 - 5 + 1)
	if got := c.Summary().Completeness.Lost; got != lost {
		t.Errorf("%d lost, want %d", got, lost)
	}
	if got := readEvents(t, stream.String(), Options{}).Completeness.Lost; got != lost {
		t.Errorf("the stream tells that %d are lost, want %d:\n%s", got, lost, &stream)
	}
}
