package main

import (
	"testing"
	"time"
)

// TestParseTime: what --since and --until take, and that a half of it is
// refused and not read as something else.
func TestParseTime(t *testing.T) {
	zone := time.FixedZone("here", 2*3600)
	now := time.Date(2024, 3, 10, 12, 30, 15, 0, zone)
	for text, want := range map[string]time.Time{
		"":                     {},
		"now":                  now,
		"today":                time.Date(2024, 3, 10, 0, 0, 0, 0, zone),
		"yesterday":            time.Date(2024, 3, 9, 0, 0, 0, 0, zone),
		"2024-03-01":           time.Date(2024, 3, 1, 0, 0, 0, 0, zone),
		"2024-03-01 07:08":     time.Date(2024, 3, 1, 7, 8, 0, 0, zone),
		"2024-03-01 07:08:09":  time.Date(2024, 3, 1, 7, 8, 9, 0, zone),
		"2024-03-01T07:08:09":  time.Date(2024, 3, 1, 7, 8, 9, 0, zone),
		"2024-03-01T07:08:09Z": time.Date(2024, 3, 1, 7, 8, 9, 0, time.UTC),
		"07:08":                time.Date(2024, 3, 10, 7, 8, 0, 0, zone),
		"07:08:09":             time.Date(2024, 3, 10, 7, 8, 9, 0, zone),
		"90m":                  now.Add(-90 * time.Minute),
		"2h ago":               now.Add(-2 * time.Hour),
		"-2h":                  now.Add(-2 * time.Hour),
		"3d":                   now.Add(-72 * time.Hour),
		"3d ago":               now.Add(-72 * time.Hour),
		"0d":                   now,
	} {
		if got, err := parseTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"3xd", "d", "xd", "3 d", "1.5d", "3", "ago", "2024-03-1", "2024-13-01", "24:00", "7:8:9", "tomorrow", " "} {
		if got, err := parseTime(text, now); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}
