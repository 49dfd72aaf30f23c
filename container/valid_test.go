package container

import (
	"strings"
	"testing"
)

// TestValid: what can be an id, a name or a reference, up to its length and not
// beyond.
func TestValid(t *testing.T) {
	hex, task := strings.Repeat("a1", 32), strings.Repeat("0f", 16)
	for _, tt := range []struct {
		is    func(string) bool
		what  string
		text  string
		valid bool
	}{
		{ValidID, "id", hex, true},
		{ValidID, "id", hex[1:], false},
		{ValidID, "id", hex + "a", false},
		{ValidID, "id", strings.ToUpper(hex), false},
		{ValidID, "id", hex[:63] + "g", false},
		{ValidID, "id", task + "-1", true},
		{ValidID, "id", task + "-", false},
		{ValidID, "id", task + "-" + strings.Repeat("1", 20), true},
		{ValidID, "id", task + "-" + strings.Repeat("1", 21), false},
		{ValidID, "id", task + "_1", false},
		{ValidID, "id", task + "-1a", false},
		{ValidName, "name", "web-1.example_2", true},
		{ValidName, "name", "", false},
		{ValidName, "name", ".", false},
		{ValidName, "name", "..", false},
		{ValidName, "name", "...", true},
		{ValidName, "name", "a/b", false},
		{ValidName, "name", "a b", false},
		{ValidName, "name", "é", false},
		{ValidName, "name", "a[b", false}, // between the letters of both cases
		{ValidName, "name", "a`b", false},
		{ValidName, "name", "a@b", false},
		{ValidName, "name", "a{b", false},
		{ValidName, "name", strings.Repeat("a", 253), true},
		{ValidName, "name", strings.Repeat("a", 254), false},
		{ValidImage, "image", "registry.example:5000/a/b:v1@sha256:0f", true},
		{ValidImage, "image", "a/../b", false},
		{ValidImage, "image", "", false},
		{ValidImage, "image", strings.Repeat("a", 512), true},
		{ValidImage, "image", strings.Repeat("a", 513), false},
	} {
		if tt.is(tt.text) != tt.valid {
			t.Errorf("%q is a valid %s: %v", tt.text, tt.what, !tt.valid)
		}
	}
}

// TestStayEnds: a record may be two milliseconds later than the end of its
// process, and no more.
func TestStayEnds(t *testing.T) {
	m, _, err := ReadMap(t.Context(), strings.NewReader(savedMap), "map")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]bool{"10:00:05.000": true, "10:00:05.002": true, "10:00:05.003": false} {
		if id, ok := m.Lookup(7, clock(t, at)); ok != want {
			t.Errorf("at %s: %v, %v", at, id, ok)
		}
	}
}
