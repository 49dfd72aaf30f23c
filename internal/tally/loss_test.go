package tally

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/parser"
)

// TestLosses checks what messages of loss come to: their evidence, in the
// order of a report, and how many records are known to be missing.
func TestLosses(t *testing.T) {
	syscall := func(serial int) string {
		return fmt.Sprintf("type=SYSCALL msg=audit(1717243200.123:%d): syscall=1", serial)
	}
	for _, tt := range []struct {
		name     string
		log      []string
		evidence string // kind=count@line
		lost     int64
	}{
		{"none", []string{"nothing"}, "", 0},
		{"printk limit", []string{"x", "[ 1.0] kauditd_printk_skb: 29 callbacks suppressed", "[ 9.0] audit_printk_skb: 3 callbacks suppressed"}, "suppressed=32@2", 32},
		{"another's printk limit", []string{"[ 1.0] net_ratelimit: 29 callbacks suppressed"}, "", 0},
		{"serials tell what the printk limit left out", []string{syscall(1), "[ 1.0] kauditd_printk_skb: 29 callbacks suppressed", syscall(31)}, "serial-gap=29@0 suppressed=29@2", 29},
		{"the first message of lost records", []string{"[ 1.0] audit: audit_lost=7 audit_rate_limit=0 audit_backlog_limit=64"}, "lost-counter=1@1", 1},
		{"a running total", []string{
			"[ 1.0] audit: audit_lost=7 audit_rate_limit=0 audit_backlog_limit=64",
			"[ 2.0] audit: audit_lost=10 audit_rate_limit=0 audit_backlog_limit=64",
			"[ 2.0] audit: audit_lost=8 audit_rate_limit=0 audit_backlog_limit=64",
		}, "lost-counter=4@1", 4},
		{"backlog", []string{"[ 1.0] audit: audit_backlog=65 > audit_backlog_limit=64", "[ 1.0] audit: backlog limit exceeded"}, "backlog=0@1", 0},
		{"rate limit", []string{"[ 1.0] audit: rate limit exceeded"}, "rate-limit=0@1", 0},
		{"hold queue", []string{"[ 1.0] audit: kauditd hold queue overflow"}, "overrun=0@1", 0},
		{"retry queue", []string{"Jun  1 12:00:00 vm kernel: [ 1.0] audit: kauditd retry queue overflow"}, "overrun=0@1", 0},
		{"memory", []string{"[ 1.0] audit: out of memory in audit_log_start"}, "overrun=0@1", 0},
		{"plugin queue", []string{"Jun  1 12:00:00 vm auditd[1]: queue to plugins is full - dropping event"}, "overrun=0@1", 0},
		{"journald", []string{"Jun  1 12:00:00 vm systemd-journald[1]: aggregate.Suppressed 1153 messages from app.service"}, "dropped-by-collector=1153@1", 1153},
		{"journald and the kernel", []string{"Jun  1 12:00:00 vm systemd-journald[1]: Missed 12 kernel messages"}, "dropped-by-collector=12@1", 12},
		{"rsyslog", []string{"Jun  1 12:00:00 vm rsyslogd: imuxsock[pid 1]: 40 messages lost due to rate-limiting (limit is 200)"}, "dropped-by-collector=40@1", 40},
		{"what a program says", []string{"Jun  1 12:00:00 vm app[1]: 40 messages lost due to rate-limiting", "Jun  1 12:00:00 vm app[1]: Missed 12 kernel messages"}, "", 0},
		{"malformed", []string{"x", "type=SECCOMP msg=audit(1717243200.123:1): auid=1"}, "malformed=1@2", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := summaryOf(nil, []byte(strings.Join(tt.log, "\n")+"\n"))
			var got []string
			for _, e := range s.Completeness.Evidence {
				got = append(got, fmt.Sprintf("%s=%d@%d", e.Kind, e.Count, e.Line))
				if e.Input != "log0" || e.Detail == "" || e.Fix == "" {
					t.Errorf("%+v", e)
				}
			}
			if strings.Join(got, " ") != tt.evidence || s.Completeness.Lost != tt.lost {
				t.Errorf("%q, %d lost; want %q, %d", got, s.Completeness.Lost, tt.evidence, tt.lost)
			}
			if (s.Completeness.Verdict == aggregate.Incomplete) != (tt.evidence != "") {
				t.Errorf("%s", s.Completeness.Verdict)
			}
		})
	}
}

// TestLossTimes checks when what has no time of its own is said to have
// happened: between the records around it, and open where there are none.
func TestLossTimes(t *testing.T) {
	const (
		timeless = "Jun  1 12:00:00 vm kernel: [ 1.0] kauditd_printk_skb: 29 callbacks suppressed"
		timed    = "2024-06-01T12:00:05.000+00:00 vm kernel: [ 1.0] kauditd_printk_skb: 29 callbacks suppressed"
		cut      = "Jun  1 12:00:00 vm kernel: [ 1.0] audit: type=1326 audit(1717243203.000:1): auid=1"
		other    = "Jun  1 12:00:00 vm app[1]: nothing of interest"
	)
	record := func(second int) string {
		return fmt.Sprintf("Jun  1 12:00:%02d vm kernel: [ 1.0] audit: type=1326 audit(%d.000:%d): %s", second, 1717243200+second, second, fields)
	}
	for _, tt := range []struct {
		name        string
		log         []string
		first, last string
	}{
		{"between two records", []string{record(1), other, timeless, other, record(3)}, "12:00:01", "12:00:03"},
		{"newest first", []string{record(3), timeless, record(1)}, "12:00:01", "12:00:03"},
		{"several", []string{record(1), timeless, record(2), timeless, timeless, record(3), record(4)}, "12:00:01", "12:00:03"},
		{"at the start", []string{timeless, record(1), timeless, record(2)}, "", "12:00:02"},
		{"at the end", []string{record(1), timeless, record(2), timeless}, "12:00:01", ""},
		{"alone", []string{other, timeless, other}, "", ""},
		{"with a time", []string{record(1), timed, record(9)}, "12:00:05", "12:00:05"},
		{"with and without", []string{timed, record(6), timeless, record(9)}, "12:00:05", "12:00:09"},
		{"malformed", []string{record(1), cut, record(4)}, "12:00:01", "12:00:04"},
		{"several nodes", []string{record(1), timeless, record(3), strings.Replace(record(4), " vm ", " other ", 1)}, "", ""},
		{"several nodes, with a time", []string{record(1), timed, strings.Replace(record(9), " vm ", " other ", 1)}, "12:00:05", "12:00:05"},
		{"another input", []string{record(1), "", timeless, "", record(4)}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var logs [][]byte
			for log := range strings.SplitSeq(strings.Join(tt.log, "\n")+"\n", "\n\n") {
				logs = append(logs, []byte(log))
			}
			s := summaryOf(nil, logs...)
			if len(s.Completeness.Evidence) != 1 {
				t.Fatalf("%+v", s.Completeness)
			}
			e := s.Completeness.Evidence[0]
			if first, last := clock(e.First), clock(e.Last); first != tt.first || last != tt.last {
				t.Errorf("from %q to %q, want %q to %q", first, last, tt.first, tt.last)
			}
			for seed := range uint64(5) {
				if got := inParts(nil, logs[0], seed); len(logs) == 1 && !reflect.DeepEqual(got, s) {
					t.Errorf("in parts: %+v", got.Completeness)
				}
			}
		})
	}
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.TimeOnly)
}

// TestUnplaced: a line that was too long can stand anywhere in its input.
func TestUnplaced(t *testing.T) {
	b := New(nil)
	b.Begin(Source{Name: "log"})
	const line = "type=SECCOMP msg=audit(1717243200.123:1): " + fields + "\n"
	feed(b, parser.LayoutLines, []byte(line))
	b.Malformed("line longer than 64 KiB", 0)
	feed(b, parser.LayoutLines, []byte(line))
	if e := b.Summary().Completeness.Evidence[0]; !e.First.IsZero() || !e.Last.IsZero() {
		t.Errorf("%+v", e)
	}
}

// TestNotice checks what sources notice themselves.
func TestNotice(t *testing.T) {
	b := New(nil)
	b.Begin(Source{Name: "audit:", Trust: aggregate.TrustKernel})
	when := time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)
	b.Notice(aggregate.Overrun, 0, when, "the socket's buffer was full", "raise it")
	b.Notice(aggregate.Overrun, 0, when.Add(time.Second), "the socket's buffer was full", "raise it")
	s := b.Summary()
	if len(s.Completeness.Evidence) != 1 || s.Completeness.Verdict != aggregate.Incomplete {
		t.Fatalf("%+v", s.Completeness)
	}
	if e := s.Completeness.Evidence[0]; e.Kind != aggregate.Overrun || !e.First.Equal(when) || !e.Last.Equal(when.Add(time.Second)) || e.Input != "audit:" || e.Fix != "raise it" {
		t.Errorf("%+v", e)
	}
}

// TestNoticeLost: the kernel's own count, as a source watches it, tells what
// was lost since it was looked at last. A message has the total since boot.
func TestNoticeLost(t *testing.T) {
	b := New(nil)
	b.Begin(Source{Name: "audit:", Trust: aggregate.TrustKernel})
	when := time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)
	b.Notice(aggregate.LostCounter, 561, when, "lost", "")
	b.Notice(aggregate.LostCounter, 2246, when, "lost", "")
	if got := b.Summary().Completeness.Lost; got != 561+2246 {
		t.Errorf("%d noticed, want 2807", got)
	}
}

// TestLostCounterInEvents: of the events of a run that watched the kernel's
// count, each tells what was lost since the one before; of a run that read the
// kernel's messages, each tells the total.
func TestLostCounterInEvents(t *testing.T) {
	watched := []parser.Loss{{Count: 561}, {Count: 2246}}
	messages := []parser.Loss{{Total: 561}, {Total: 2246}}
	for want, losses := range map[int64][]parser.Loss{
		561 + 2246:             watched,
		2246 - 561 + 1:         messages,
		561 + 2*2246 - 561 + 1: append(watched, messages...),
	} {
		b := New(nil)
		b.Begin(Source{Name: "follow.ndjson", Trust: aggregate.TrustText})
		for i, l := range losses {
			l.Kind, l.Form = parser.LossCounter, parser.FormEvent
			b.Loss(&l, int64(i)+9)
		}
		c := b.Summary().Completeness
		if c.Lost != want || c.Evidence[0].Line != 9 || c.Evidence[0].Detail != "the run that wrote the events noticed it" {
			t.Errorf("%+v: %+v, want %d lost since line 9", losses, c, want)
		}
	}
}

// TestFullBurst checks the one loss that no message tells of: the kernel
// prints ten audit messages in five seconds, and says how many it left out
// only when it prints again.
func TestFullBurst(t *testing.T) {
	lines := func(times ...int64) []byte {
		var b strings.Builder
		for i, ms := range times {
			fmt.Fprintf(&b, "[ 1.0] audit: type=1326 audit(%d.%03d:%d): %s\n", 1717243200+ms/1000, ms%1000, i+1, fields)
		}
		return []byte(b.String())
	}
	burst := []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	for _, tt := range []struct {
		name  string
		times []int64
		full  bool
	}{
		{"nine", burst[:9], false},
		{"ten", burst, true},
		{"ten in more than five seconds", append(append([]int64(nil), burst[:9]...), 5000), false},
		{"a calm record, then ten", []int64{0, 10001, 10002, 10003, 10004, 10005, 10006, 10007, 10008, 10009, 10010}, true},
		{"eleven: the limit was not in force", append(append([]int64(nil), burst...), 10), false},
		{"ten, and one later", append(append([]int64(nil), burst...), 9000), false},
	} {
		s := summaryOf(nil, lines(tt.times...))
		if got := len(s.Completeness.Evidence) == 1 && s.Completeness.Evidence[0].Kind == aggregate.Suppressed; got != tt.full {
			t.Errorf("%s: %+v", tt.name, s.Completeness)
		}
	}
}

// TestVerdictOfStream checks that what a pipe gives is judged by what it
// holds, whatever it is trusted.
func TestVerdictOfStream(t *testing.T) {
	for name, want := range map[string]aggregate.Verdict{
		"corpus/106-lab-enriched-all-actions.log":  aggregate.Complete, // auditd's, with every type
		"corpus/145-lab-journalctl-json.log":       aggregate.Complete,
		"corpus/061-ausearch-time-separators.log":  aggregate.Unknown, // ausearch's extract: its gap proves nothing
		"corpus/007-bitwarden-105-snap-syslog.log": aggregate.Unknown,
		"captures/loss-rsyslog.log":                aggregate.Incomplete,
		"corpus/009-htop-snap-23-avc-only.log":     aggregate.Unknown, // no record
	} {
		log, err := os.ReadFile(filepath.Join("../../testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		b := New(nil)
		b.Begin(Source{Name: "-", Trust: aggregate.TrustText})
		feed(b, parser.Sniff(log), log)
		s := b.Summary()
		if s.Completeness.Verdict != want || s.Inputs[0].Trust != aggregate.TrustText {
			t.Errorf("%s: %s, %s; want %s", name, s.Completeness.Verdict, s.Inputs[0].Trust, want)
		}
	}
}

// TestUnrecordedKills checks that an end by SIGSYS counts where no SECCOMP record
// explains it, whatever the order of the two, and however the log is cut.
func TestUnrecordedKills(t *testing.T) {
	record := func(serial, pid int, sec int) string {
		return fmt.Sprintf(`type=SECCOMP msg=audit(17172432%02d.123:%d): auid=1 uid=33 gid=34 ses=7 pid=%d comm="x" exe="/x" sig=31 arch=c000003e syscall=1 compat=0 ip=0x1 code=0x80000000`, sec, serial, pid)
	}
	abend := func(serial, pid, sec int) string {
		return fmt.Sprintf(`type=ANOM_ABEND msg=audit(17172432%02d.123:%d): auid=1 uid=33 gid=34 ses=7 pid=%d comm="x" exe="/x" sig=31 res=1`, sec, serial, pid)
	}
	for _, tt := range []struct {
		name     string
		log      []string
		evidence string
	}{
		{"a kill", []string{record(1, 7, 0), abend(2, 7, 0)}, ""},
		{"out of order", []string{abend(2, 7, 0), record(1, 7, 0)}, ""},
		{"twice", []string{record(1, 7, 0), abend(2, 7, 0), record(1, 7, 0), abend(2, 7, 0)}, ""},
		{"another process", []string{record(1, 7, 0), abend(2, 8, 0)}, "unrecorded-kill=1@2"},
		{"the pid again, later", []string{record(1, 7, 0), abend(2, 7, 30)}, "unrecorded-kill=1@2"},
		{"another node", []string{"node=a " + record(1, 7, 0), "node=b " + abend(1, 7, 0)}, "unrecorded-kill=1@2"},
		{"two", []string{abend(1, 7, 0), abend(2, 8, 1)}, "unrecorded-kill=2@1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log := []byte(strings.Join(tt.log, "\n") + "\n")
			if got := kinds(summaryOf(nil, log)); got != tt.evidence {
				t.Errorf("%q, want %q", got, tt.evidence)
			}
			for seed := range uint64(8) {
				if got := kinds(inParts(nil, log, seed)); got != tt.evidence {
					t.Errorf("in parts: %q, want %q", got, tt.evidence)
				}
			}
		})
	}
}

// kinds are the kinds of evidence of a summary, with their count and line.
func kinds(s *aggregate.Summary) string {
	var all []string
	for _, e := range s.Completeness.Evidence {
		all = append(all, fmt.Sprintf("%s=%d@%d", e.Kind, e.Count, e.Line))
	}
	return strings.Join(all, " ")
}
