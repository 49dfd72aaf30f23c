package main

import "testing"

func TestClosest(t *testing.T) {
	names := []string{"read", "readv", "openat", "clone3", "clock_nanosleep"}
	for word, want := range map[string]string{
		"raed": "read", "redv": "readv", "opneat": "openat", "openatt": "openat", "clock_nanoslep": "clock_nanosleep",
		"clone": "clone3", "raxd": "", "opxnxt": "openat", "oxxxat": "", "x": "", "nosuchcall": "", "": "",
	} {
		if got := closest(word, names); got != want {
			t.Errorf("closest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abd", 1}, {"abc", "ab", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
