package syscalltable

import (
	"slices"
	"strings"
	"testing"
)

// TestPurpose: every call of every table has a purpose, once, and nothing else has.
func TestPurpose(t *testing.T) {
	var calls []string
	for _, a := range Arches() {
		for _, name := range a.Calls() {
			if calls = append(calls, name); Purpose(name) == "" {
				t.Errorf("%s has no purpose", name)
			}
		}
	}
	seen := map[string]bool{}
	for line := range strings.Lines(purposes) {
		names, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if line[0] == '#' {
			continue
		}
		if !ok || len(text) > 72 {
			t.Errorf("%q has no purpose that fits a line", line)
		}
		for name := range strings.FieldsSeq(names) {
			if seen[name] || !slices.Contains(calls, name) {
				t.Errorf("%s stands twice, or is no call", name)
			}
			seen[name] = true
		}
	}
	if got := Purpose("nosuchcall"); got != "" {
		t.Errorf("nosuchcall: %q", got)
	}
}

// TestSince: calls whose age is well known, and each of the table is found.
func TestSince(t *testing.T) {
	for name, want := range map[string]string{"read": "1.0", "openat": "2.6.16", "seccomp": "3.17", "clone3": "5.3", "epoll_create1": "2.6.27", "nosuchcall": ""} {
		if got := Since(name); got != want {
			t.Errorf("%s: since %q, want %q", name, got, want)
		}
	}
	for _, x := range introductions {
		if Since(x.name) != x.release {
			t.Errorf("%s is not found", x.name)
		}
	}
}
