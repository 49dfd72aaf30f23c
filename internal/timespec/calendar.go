package timespec

import (
	"strings"
	"time"
)

// The forms of a date, of a time of day, and of a stamp of syslog, which lacks
// the year.
var (
	dates  = []string{"2006-01-02", "06-01-02"}
	hours  = []string{"15:04:05", "15:04"}
	stamps = []string{"Jan 2 15:04:05", "Jan 2 15:04", "Jan 2"}
)

// calendar reads a date, a time of day, or both, with or without a zone.
func (c Clock) calendar(s string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	zone, s := c.zone(s)
	s = withoutWeekday(s)
	for _, layout := range layouts() {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, true
		}
	}
	now := c.Now.In(zone)
	for _, layout := range hours {
		if t, err := time.Parse(layout, s); err == nil {
			y, m, d := now.Date()
			return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone), true
		}
	}
	for _, layout := range stamps {
		// 2000 had a Feb 29.
		if t, err := time.Parse("2006 "+layout, "2000 "+s); err == nil {
			return lastBefore(now, t), true
		}
	}
	return time.Time{}, false
}

// layouts are those of a date alone and of a date with a time of day.
func layouts() []string {
	all := append([]string{}, dates...)
	for _, date := range dates {
		for _, hour := range hours {
			all = append(all, date+" "+hour, date+"T"+hour)
		}
	}
	return all
}

// zone takes a zone off the end of s: UTC, or one of the IANA database.
func (c Clock) zone(s string) (*time.Location, string) {
	rest, name, ok := cutLast(s)
	if !ok || name != "UTC" && !strings.Contains(name, "/") {
		return c.Now.Location(), s
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return c.Now.Location(), s
	}
	return zone, rest
}

// cutLast takes the last word off s.
func cutLast(s string) (rest, word string, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// withoutWeekday takes the name of a weekday off the start of s, which the
// date tells anyway.
func withoutWeekday(s string) string {
	word, rest, ok := strings.Cut(s, " ")
	for day := time.Sunday; ok && day <= time.Saturday; day++ {
		if name := day.String(); word == name || word == name[:3] {
			return rest
		}
	}
	return s
}

// lastBefore returns the last time before now, or within the day after it,
// that has the month, day and time of day of t: a log's stamp without a year
// is of the past, and clocks differ.
func lastBefore(now, t time.Time) time.Time {
	for year := now.Year() + 1; ; year-- {
		at := time.Date(year, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), now.Location())
		if at.Day() == t.Day() && at.Before(now.Add(day)) {
			return at
		}
	}
}
