package auditscan_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan"
	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
)

const line = `type=SECCOMP msg=audit(1717243200.123:77): auid=1 uid=33 gid=34 ses=7 pid=4321 comm="nginx" exe="/usr/sbin/nginx" sig=0 arch=c000003e syscall=202 compat=0 ip=0x7f00 code=0x7ffc0000` + "\n"

// TestFollowEnds: a source that ends is no error; one that cannot be had is, and
// so is a loss, which ends nothing.
func TestFollowEnds(t *testing.T) {
	log := line + "[ 1.0] kauditd_printk_skb: 29 callbacks suppressed\n" + strings.Replace(line, ":77)", ":78)", 1)
	var got []string
	for e, err := range auditscan.Follow(t.Context(), "-", auditscan.Options{Stdin: strings.NewReader(log)}) {
		var loss *auditscan.Loss
		switch {
		case err == nil:
			got = append(got, e.Name())
		case errors.As(err, &loss) && loss.Kind == aggregate.Suppressed && loss.Count == 29:
			got = append(got, err.Error())
		default:
			t.Error(err)
		}
	}
	if want := []string{"futex", "records are missing (suppressed, 29)", "futex"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	failed := 0
	for _, err := range auditscan.Follow(t.Context(), t.TempDir()+"/missing", auditscan.Options{}) {
		if failed++; err == nil {
			t.Error("an event of a file that is not there")
		}
	}
	if failed != 1 {
		t.Errorf("%d errors of a file that is not there", failed)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	for range auditscan.Follow(ended, "-", auditscan.Options{}) {
		t.Error("something after the end")
	}
}

// TestFollowStops: who has seen enough is given no more.
func TestFollowStops(t *testing.T) {
	n := 0
	for range auditscan.Follow(t.Context(), "-", auditscan.Options{Stdin: strings.NewReader(line + strings.ReplaceAll(line, ":77)", ":78)"))}) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d events", n)
	}
}

// TestSummarizeHoles: what is no event is counted as unusable.
func TestSummarizeHoles(t *testing.T) {
	p := parser.New(parser.LayoutLines)
	p.Reset([]byte(line))
	if item := p.Next(); item != parser.ItemRecord {
		t.Fatal(item)
	}
	whole, _ := event.Of(p.Record())
	s := auditscan.Summarize(slices.Values([]event.Event{{}, whole, {Record: &parser.Record{}}}))
	if n := s.Totals; n.Records != 1 || n.Malformed != 2 || n.Lines != 3 || s.Completeness.Verdict != aggregate.Incomplete {
		t.Errorf("%+v, %+v", n, s.Completeness)
	}
	if e := s.Completeness.Evidence; len(e) != 1 || e[0].Count != 2 || e[0].Line != 1 {
		t.Errorf("%+v", e)
	}
}
