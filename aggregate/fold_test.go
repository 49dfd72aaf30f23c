package aggregate_test

import (
	"fmt"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
)

// of is a summary with a group of one record for each container.
func of(ids ...container.Identity) *aggregate.Summary {
	s := &aggregate.Summary{By: aggregate.DefaultKeys(), Inputs: []aggregate.Input{{Name: "log", Lines: 1}}}
	for i := range ids {
		s.Groups = append(s.Groups, aggregate.Group{Container: &ids[i], Exe: "/x", Comm: "x", PID: int32(1 + i), Calls: []aggregate.Call{{Count: 1}}})
	}
	s.Groups = aggregate.Unite(s.Groups, s.By)
	s.Retotal()
	return s
}

// rootless are containers that a user made.
func rootless(from, to int) (ids []container.Identity) {
	for i := from; i < to; i++ {
		ids = append(ids, container.Identity{ID: fmt.Sprintf("%064d", i), Name: "web", Manager: "user@1000.service", Runtime: "podman"})
	}
	return ids
}

// TestMergeBounds checks at its edge that reports and runs of one state
// together have no more groups than one, and that whoever has too many loses the
// detail of his own.
func TestMergeBounds(t *testing.T) {
	web := container.Identity{ID: "aa", Name: "web", Runtime: "docker"}
	for _, tt := range []struct {
		second []container.Identity
		groups int
		whose  string
	}{
		{rootless(1000, aggregate.MaxGroups-1), aggregate.MaxGroups, ""},
		{rootless(1000, aggregate.MaxGroups), 2, "manager user@1000.service"},
	} {
		first := of(append(rootless(0, 1000), web)...)
		for name, merge := range map[string]func(a, b *aggregate.Summary) *aggregate.Summary{
			"merge":    func(a, b *aggregate.Summary) *aggregate.Summary { return aggregate.Merge(a, b) },
			"continue": aggregate.Continue,
		} {
			got := merge(first, of(tt.second...))
			if len(got.Groups) != tt.groups || got.Totals.Records != int64(1001+len(tt.second)) {
				t.Fatalf("%s: %d groups, want %d; %+v", name, len(got.Groups), tt.groups, got.Totals)
			}
			whose, exact := "", 0
			for _, g := range got.Groups {
				if g.Folded != 0 {
					whose = g.Whose()
				} else if g.Container.ID == web.ID && g.Exe == "/x" && g.PID != 0 {
					exact++
				}
			}
			if whose != tt.whose || exact != 1 {
				t.Errorf("%s: folded %q, want %q; %d of another", name, whose, tt.whose, exact)
			}
			// Once folded, it stays so, and takes in what comes later.
			if again := merge(got, of(rootless(0, aggregate.MaxGroups)...)); tt.whose != "" && len(again.Groups) != 2 {
				t.Errorf("%s again: %d groups", name, len(again.Groups))
			}
		}
	}
}

// TestFilterFolded checks that a filter that asks what a group cannot tell says
// so, and that one that asks something else passes it.
func TestFilterFolded(t *testing.T) {
	s := of(rootless(0, aggregate.MaxGroups+1)...)
	s = aggregate.Merge(s, of(container.Identity{ID: "aa", Name: "other", Runtime: "docker"}))
	for _, tt := range []struct {
		f       aggregate.Filter
		records int64
		verdict aggregate.Verdict
	}{
		{aggregate.Filter{}, aggregate.MaxGroups + 2, ""},
		{aggregate.Filter{Container: []string{"other"}}, 1, aggregate.Incomplete},
		{aggregate.Filter{Comm: []string{"x"}}, 1, aggregate.Incomplete},
		{aggregate.Filter{Comm: []string{"*"}}, 1, aggregate.Incomplete},
		{aggregate.Filter{Pod: []string{"p"}, Comm: []string{"x"}}, 0, aggregate.Incomplete},
	} {
		got := tt.f.Apply(s)
		if got.Totals.Records != tt.records || got.Completeness.Verdict != tt.verdict {
			t.Errorf("%+v: %d records, %q, want %d, %q", tt.f, got.Totals.Records, got.Completeness.Verdict, tt.records, tt.verdict)
		}
	}
}
