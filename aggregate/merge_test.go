package aggregate_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/auditscan/auditscan/aggregate"
)

// at is a time some seconds after the first one there is in these tests.
func at(seconds int64) time.Time { return time.Unix(1717243200+seconds, 0).UTC() }

// told is a report with a verdict and evidence.
func told(v aggregate.Verdict, reason string, lost int64, evidence ...aggregate.Evidence) *aggregate.Summary {
	return &aggregate.Summary{
		By: aggregate.DefaultKeys(), Inputs: []aggregate.Input{{Name: "log", Lines: 1}}, Totals: aggregate.Totals{Lines: 1},
		Completeness: aggregate.Completeness{Verdict: v, Reason: reason, Lost: lost, Evidence: evidence},
	}
}

// TestMergeVerdict: the worse verdict holds, with its reason, in any order.
func TestMergeVerdict(t *testing.T) {
	complete, unknown := told(aggregate.Complete, "", 0), told(aggregate.Unknown, "an extract", 0)
	incomplete := told(aggregate.Incomplete, "", 3, aggregate.Evidence{Kind: aggregate.SerialGap, Count: 3})
	for _, tt := range []struct {
		a, b *aggregate.Summary
		want aggregate.Completeness
	}{
		{complete, complete, complete.Completeness},
		{complete, unknown, unknown.Completeness},
		{complete, incomplete, incomplete.Completeness},
		{unknown, incomplete, incomplete.Completeness},
		{incomplete, incomplete, aggregate.Completeness{
			Verdict: aggregate.Incomplete, Lost: 6, Evidence: append(incomplete.Completeness.Evidence, incomplete.Completeness.Evidence...),
		}},
	} {
		for _, s := range []*aggregate.Summary{aggregate.Merge(tt.a, tt.b), aggregate.Merge(tt.b, tt.a)} {
			if got := s.Completeness; got.Verdict != tt.want.Verdict || got.Reason != tt.want.Reason || got.Lost != tt.want.Lost || len(got.Evidence) != len(tt.want.Evidence) {
				t.Errorf("%+v and %+v: %+v", tt.a.Completeness, tt.b.Completeness, got)
			}
		}
	}
}

// TestMergeReported: what anyone could have written is not trusted more in
// company, wherever in it that stands.
func TestMergeReported(t *testing.T) {
	log, report := told(aggregate.Complete, "", 0), told(aggregate.Complete, "", 0)
	report.Reported = true
	for i, all := range [][]*aggregate.Summary{{report, log, log}, {log, report, log}, {log, log, report}} {
		if !aggregate.Merge(all...).Reported {
			t.Errorf("a report at %d: not reported", i)
		}
	}
	if aggregate.Merge(log, log).Reported {
		t.Error("logs alone: reported")
	}
}

// TestContinueEvidence: evidence adds up only where it is about the same, in
// the same input; what it says of it is never thrown away.
func TestContinueEvidence(t *testing.T) {
	gap := aggregate.Evidence{Kind: aggregate.RotationGap, Count: 1, Input: "log", Detail: "a.1 is gone", Fix: "raise rotate"}
	other := func(change func(*aggregate.Evidence)) aggregate.Evidence {
		e := gap
		change(&e)
		return e
	}
	for name, tt := range map[string]struct {
		now  aggregate.Evidence
		want []aggregate.Evidence
	}{
		"the same":      {gap, []aggregate.Evidence{other(func(e *aggregate.Evidence) { e.Count = 2 })}},
		"another kind":  {other(func(e *aggregate.Evidence) { e.Kind = aggregate.Overrun }), nil},
		"another input": {other(func(e *aggregate.Evidence) { e.Input = "journal:" }), nil},
		"of another file": {
			other(func(e *aggregate.Evidence) { e.Detail = "a.2 is gone" }), nil,
		},
	} {
		want := tt.want
		if want == nil {
			want = []aggregate.Evidence{gap, tt.now}
		}
		got := aggregate.Continue(told(aggregate.Incomplete, "", 1, gap), told(aggregate.Incomplete, "", 1, tt.now))
		if !reflect.DeepEqual(got.Completeness.Evidence, want) {
			t.Errorf("%s: %+v\nwant %+v", name, got.Completeness.Evidence, want)
		}
	}
}

// TestContinueBounds: evidence of two runs has the bounds that both have. What
// has no beginning in the first run, or no end in the second, has none.
func TestContinueBounds(t *testing.T) {
	for _, tt := range []struct{ first, last, nowFirst, nowLast, wantFirst, wantLast int64 }{
		{1, 2, 3, 4, 1, 4},
		{3, 4, 1, 2, 1, 4}, // the clock was set back
		{0, 2, 3, 4, 0, 4},
		{1, 2, 3, 0, 1, 0},
		{1, 2, 0, 4, 1, 4},
		{1, 0, 3, 4, 1, 4},
	} {
		span := func(first, last int64) *aggregate.Summary {
			e := aggregate.Evidence{Kind: aggregate.Backlog, Count: 1, Input: "log"}
			if first != 0 {
				e.First = at(first)
			}
			if last != 0 {
				e.Last = at(last)
			}
			return told(aggregate.Incomplete, "", 1, e)
		}
		want := span(tt.wantFirst, tt.wantLast).Completeness.Evidence[0]
		got := aggregate.Continue(span(tt.first, tt.last), span(tt.nowFirst, tt.nowLast)).Completeness.Evidence
		if len(got) != 1 || got[0].Count != 2 || !got[0].First.Equal(want.First) || !got[0].Last.Equal(want.Last) {
			t.Errorf("%+v: %+v, want from %v to %v", tt, got, want.First, want.Last)
		}
	}
}

// TestContinueInputs: an input is gone on with under its name and trust, each
// figure for itself.
func TestContinueInputs(t *testing.T) {
	input := func(name string, trust aggregate.Trust, n, from, to int64) *aggregate.Summary {
		s := told(aggregate.Complete, "", 0)
		s.Inputs = []aggregate.Input{{Name: name, Trust: trust, Lines: n, Records: 10 * n, Duplicates: 100 * n, Malformed: 1000 * n, First: at(from), Last: at(to)}}
		return s
	}
	before := input("log", aggregate.TrustAuditd, 1, 1, 2)
	got := aggregate.Continue(before, input("log", aggregate.TrustAuditd, 2, 3, 4)).Inputs
	if want := input("log", aggregate.TrustAuditd, 3, 1, 4).Inputs; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	for _, other := range []*aggregate.Summary{input("log", aggregate.TrustText, 2, 3, 4), input("other", aggregate.TrustAuditd, 2, 3, 4)} {
		if got, want := aggregate.Continue(before, other).Inputs, append(before.Inputs[:1:1], other.Inputs...); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v\nwant %+v", got, want)
		}
	}
}

// TestContinueWithNothing: a run that read nothing changes nothing; one that
// heard of a loss alone has read something.
func TestContinueWithNothing(t *testing.T) {
	before, nothing := told(aggregate.Complete, "", 0), &aggregate.Summary{Completeness: aggregate.Completeness{Verdict: aggregate.Unknown}}
	if got := aggregate.Continue(before, nothing); got != before {
		t.Errorf("then nothing: %+v", got)
	}
	if got := aggregate.Continue(nothing, before); got != before {
		t.Errorf("first nothing: %+v", got)
	}
	lossy := &aggregate.Summary{By: aggregate.DefaultKeys(), Completeness: told(aggregate.Incomplete, "", 1, aggregate.Evidence{Kind: aggregate.Overrun, Count: 1}).Completeness}
	if got := aggregate.Continue(before, lossy).Completeness; got.Verdict != aggregate.Incomplete || got.Lost != 1 {
		t.Errorf("then a loss: %+v", got)
	}
}
