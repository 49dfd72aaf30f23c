// Package timespec reads points in time as people type them: what systemd.time
// takes (journalctl --since), the stamps that log files begin their lines
// with, and boot.
//
//	18:32   2026-11-23 18:32:05   2026-11-23T18:32:05+01:00   @1795458742
//	today   yesterday   boot   10 minutes ago   -1h30m   2h   Nov 23 18:32
package timespec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Clock is what a relative time is relative to.
type Clock struct {
	Now  time.Time                 // its location is that of times without a zone
	Boot func() (time.Time, error) // when the host was booted
}

// Parse reads a point in time. The error says what can be read.
func (c Clock) Parse(text string) (time.Time, error) {
	s := strings.Join(strings.Fields(text), " ")
	if s == "boot" {
		return c.Boot()
	}
	for _, read := range []func(string) (time.Time, bool){c.named, c.relative, epoch, c.calendar} {
		if t, ok := read(s); ok {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("cannot read the time %q (use 2006-01-02 15:04, 15:04, 2h ago, yesterday, boot or @SECONDS)", text)
}

// named reads a word for a point in time.
func (c Clock) named(s string) (time.Time, bool) {
	switch s {
	case "now":
		return c.Now, true
	case "today":
		return c.day(0), true
	case "yesterday":
		return c.day(-1), true
	case "tomorrow":
		return c.day(1), true
	}
	return time.Time{}, false
}

// day returns the midnight at which the day begins that is so many days after
// today.
func (c Clock) day(after int) time.Time {
	y, m, d := c.Now.Date()
	return time.Date(y, m, d+after, 0, 0, 0, 0, c.Now.Location())
}

// relative reads a span before or after now. One without a sign is before: it
// is a log that is asked for.
func (c Clock) relative(s string) (time.Time, bool) {
	sign := time.Duration(-1)
	if rest, later := strings.CutPrefix(s, "+"); later {
		s, sign = rest, 1
	} else if rest, later := strings.CutSuffix(s, " left"); later {
		s, sign = rest, 1
	} else if rest, before := strings.CutPrefix(s, "-"); before {
		s = rest
	} else if rest, before := strings.CutSuffix(s, " ago"); before {
		s = rest
	} else if digits(s) { // of what unit?
		return time.Time{}, false
	}
	d, ok := span(s)
	return c.Now.Add(sign * d), ok
}

// epoch reads @SECONDS since 1970.
func epoch(s string) (time.Time, bool) {
	s, ok := strings.CutPrefix(s, "@")
	seconds, err := strconv.ParseFloat(s, 64)
	if !ok || err != nil || !digits(s) || seconds > math.MaxInt32*100 {
		return time.Time{}, false
	}
	return time.UnixMicro(int64(math.Round(seconds * 1e6))), true
}

// digits reports whether s is a decimal number and nothing else that
// strconv.ParseFloat takes.
func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789.") == "" }
