package timespec

import (
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// berlin is a zone with summer time.
func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skipf("no zones here: %v", err)
	}
	return zone
}

func TestParse(t *testing.T) {
	zone := berlin(t)
	now := time.Date(2026, 11, 30, 8, 15, 30, 5e8, zone)
	boot := time.Date(2026, 11, 28, 1, 2, 3, 0, time.UTC)
	clock := Clock{Now: now, Boot: func() (time.Time, error) { return boot, nil }}
	at := func(y int, m time.Month, d, h, min, s int) time.Time { return time.Date(y, m, d, h, min, s, 0, zone) }
	tests := []struct {
		text string
		want time.Time
	}{
		{"now", now},
		{"today", at(2026, 11, 30, 0, 0, 0)},
		{"yesterday", at(2026, 11, 29, 0, 0, 0)},
		{"tomorrow", at(2026, 12, 1, 0, 0, 0)},
		{"boot", boot},
		{"10 minutes ago", now.Add(-10 * time.Minute)},
		{"10min ago", now.Add(-10 * time.Minute)},
		{"-1h", now.Add(-time.Hour)},
		{"-1h30m", now.Add(-90 * time.Minute)},
		{"1 hour 30 minutes ago", now.Add(-90 * time.Minute)},
		{"2h", now.Add(-2 * time.Hour)},
		{"2d", now.Add(-48 * time.Hour)},
		{"1w ago", now.Add(-7 * day)},
		{"1.5h", now.Add(-90 * time.Minute)},
		{"90 ago", now.Add(-90 * time.Second)},
		{"0d", now},
		{"+5s", now.Add(5 * time.Second)},
		{"5s left", now.Add(5 * time.Second)},
		{"@1795458742", time.Unix(1795458742, 0)},
		{"@1795458742.25", time.Unix(1795458742, 25e7)},
		{"18:32", at(2026, 11, 30, 18, 32, 0)},
		{"18:32:05", at(2026, 11, 30, 18, 32, 5)},
		{"2026-11-23", at(2026, 11, 23, 0, 0, 0)},
		{"26-11-23", at(2026, 11, 23, 0, 0, 0)},
		{"2026-11-23 18:32", at(2026, 11, 23, 18, 32, 0)},
		{"2026-11-23T18:32:05", at(2026, 11, 23, 18, 32, 5)},
		{"2026-11-23 18:32:05.25", at(2026, 11, 23, 18, 32, 5).Add(250 * time.Millisecond)},
		{"Mon 2026-11-23 18:32:05", at(2026, 11, 23, 18, 32, 5)},
		{"2026-11-23 18:32:05 UTC", time.Date(2026, 11, 23, 18, 32, 5, 0, time.UTC)},
		{"2026-11-23 18:32 Asia/Tokyo", time.Date(2026, 11, 23, 9, 32, 0, 0, time.UTC)},
		{"18:32 UTC", time.Date(2026, 11, 30, 18, 32, 0, 0, time.UTC)},
		{"2026-11-23T18:32:05Z", time.Date(2026, 11, 23, 18, 32, 5, 0, time.UTC)},
		{"2026-11-23T18:32:05.250+02:00", time.Date(2026, 11, 23, 16, 32, 5, 25e7, time.UTC)},
		{"Nov 23 18:32", at(2026, 11, 23, 18, 32, 0)},
		{"Nov  3 18:32:05", at(2026, 11, 3, 18, 32, 5)},
		{"Nov 23", at(2026, 11, 23, 0, 0, 0)},
		{"Dec 1 08:00:00", at(2026, 12, 1, 8, 0, 0)},  // a clock that is ahead
		{"Dec 1 08:16:00", at(2025, 12, 1, 8, 16, 0)}, // of the year before
		{"Feb 29 12:00", at(2024, 2, 29, 12, 0, 0)},
		{"2026-07-01 12:00", time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)}, // summer
	}
	for _, tt := range tests {
		if got, err := clock.Parse(tt.text); err != nil || !got.Equal(tt.want) {
			t.Errorf("%q is %v, %v; want %v", tt.text, got, err, tt.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	noBoot := errors.New("no boot")
	clock := Clock{Now: time.Unix(0, 0).UTC(), Boot: func() (time.Time, error) { return time.Time{}, noBoot }}
	for _, text := range []string{
		"", " ", "ago", "-", "+", "@", "@x", "@1e9", "@-5", "lately", "10 parsecs ago", "25:00", "2026-13-01", "2026-02-29",
		"Feb 30 12:00", "Nov 23 2026", "18:32 Mars/Olympus", "1h ago ago", "--1h", "1.2.3h", "99999999999999y", "NaN", "Inf", "0x10s", "90", "3xd", "d", "2026-03-1", "24:00", "7:8:9",
	} {
		if got, err := clock.Parse(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
	if _, err := clock.Parse("boot"); !errors.Is(err, noBoot) {
		t.Errorf("boot: %v", err)
	}
}

// TestAgainstSystemd: what systemd takes, this takes as the same time.
func TestAgainstSystemd(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is missing (Debian: systemd)")
	}
	texts := []string{
		"now", "today", "yesterday", "tomorrow", "10 minutes ago", "-1h", "+3h30min", "-5s", "11min ago", "2 hours ago", "1week 2days ago",
		"3 months ago", "1y ago", "1.5h ago", "@1795458742", "@1795458742.5", "2026-11-23 18:15:22", "2026-11-23 18:15", "2026-11-23", "26-11-23",
		"18:15:22", "18:15", "Mon 2026-11-23 11:12:13", "2026-11-23 11:12:13 UTC", "2026-11-23 11:12:13.654321",
		"2026-07-23 11:12:13", "lately", "25:00", "2026-13-01", "5 parsecs ago",
	}
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York"} {
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Skipf("no zones here: %v", err)
		}
		for _, text := range texts {
			t.Run(zone+"/"+text, func(t *testing.T) { compareToSystemd(t, text, location) })
		}
	}
}

var epochLine = regexp.MustCompile(`(?m)^ *UNIX seconds: @([0-9.]+)`)

// compareToSystemd compares a relative time within the time that asking takes.
func compareToSystemd(t *testing.T, text string, zone *time.Location) {
	before := time.Now()
	cmd := exec.Command("systemd-analyze", "timestamp", "--", text)
	cmd.Env = []string{"TZ=" + zone.String(), "PATH=/usr/bin:/bin", "LC_ALL=C"}
	out, theirErr := cmd.CombinedOutput()
	after := time.Now()
	low, err := Clock{Now: before.In(zone)}.Parse(text)
	high, _ := Clock{Now: after.In(zone)}.Parse(text)
	if (err == nil) != (theirErr == nil) {
		t.Fatalf("we: %v; systemd: %v: %s", err, theirErr, out)
	}
	if err != nil {
		return
	}
	match := epochLine.FindSubmatch(out)
	if match == nil {
		t.Fatalf("no time in %s", out)
	}
	seconds, err := strconv.ParseFloat(string(match[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	theirs := time.UnixMicro(int64(seconds * 1e6))
	const rounding = 2 * time.Microsecond
	if theirs.Before(low.Add(-rounding)) || theirs.After(high.Add(rounding)) {
		t.Errorf("systemd says %v, we %v to %v", theirs.In(zone), low, high)
	}
}

// FuzzParse: whatever is typed is read or refused, and what is read as a time
// with a date and zone reads back as itself.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"2h ago", "Nov 23 18:32", "@1", "2026-11-23 18:32 UTC", "Mon 18:32", "-1h30m", "1.5h"} {
		f.Add(text)
	}
	clock := Clock{Now: time.Date(2026, 11, 30, 8, 15, 30, 0, time.UTC), Boot: func() (time.Time, error) { return time.Time{}, nil }}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := clock.Parse(text)
		if err != nil {
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) {
				t.Errorf("%q: error with control characters: %q", text, err)
			}
			return
		}
		if got.Year() < 0 || got.Year() > 9999 {
			return
		}
		again, err := clock.Parse(fmt.Sprint(got.UTC().Format(time.RFC3339Nano)))
		if err != nil || !again.Equal(got) {
			t.Errorf("%q is %v, and again %v, %v", text, got, again, err)
		}
	})
}
