package profile_test

import (
	"slices"
	"testing"

	"github.com/auditscan/auditscan/profile"
)

// An index that somebody else wrote has nothing removed that could not be ours.
func TestObsolete(t *testing.T) {
	ix := &profile.Index{Version: 1, Per: "comm", Profiles: []profile.IndexEntry{{File: "kept.json"}, {Name: "without"}}}
	for text, want := range map[string][]string{
		`{"version": 1, "per": "pod", "profiles": [{"file": "kept.json"}, {"file": "gone.json"}, {"name": "none"}, {"file": "gone.json"}]}`:                                                          {"gone.json"},
		`{"version": 1, "per": "pod", "profiles": [{"file": "../up.json"}, {"file": "/etc/x.json"}, {"file": ".hidden.json"}, {"file": "index.json"}, {"file": "notes.txt"}, {"file": "a b.json"}]}`: nil,
		`{"version": 2, "per": "pod", "profiles": [{"file": "gone.json"}]}`:                                                                                                                          nil,
		`{"version": 1, "profiles": [{"file": "gone.json"}]}`:                                                                                                                                        nil,
		`[1]`: nil,
		``:    nil,
	} {
		if got := ix.Obsolete([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
