// Package jsontime is how every JSON of auditscan tells a time: RFC 3339 in
// UTC with milliseconds, from 1970 up to the end of the year 9999, which RFC
// 3339 ends with.
package jsontime

import (
	"fmt"
	"time"
)

// layout is the form, for package time.
const layout = "2006-01-02T15:04:05.000Z"

const year10000 = 253402300800000 // ms since the epoch

// Representable reports whether a time, in ms since the epoch, can be told; a
// forged record can have any.
func Representable(millis int64) bool { return 0 <= millis && millis < year10000 }

// Format returns the text of a time that can be told.
func Format(t time.Time) string { return string(Append(nil, t.UnixMilli())) }

// Append appends the text of a time in ms since the epoch. Package time is
// quick with its own layout of whole seconds only.
func Append(dst []byte, millis int64) []byte {
	t := time.UnixMilli(millis).UTC()
	dst = t.AppendFormat(dst, time.RFC3339)
	n := t.Nanosecond() / 1e6
	return append(dst[:len(dst)-1], '.', byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10), 'Z')
}

// AppendIn appends a time for people, with the offset of a zone; nil is UTC.
func AppendIn(dst []byte, millis int64, zone *time.Location) []byte {
	if zone == nil || zone == time.UTC {
		return Append(dst, millis)
	}
	return time.UnixMilli(millis).In(zone).AppendFormat(dst, "2006-01-02T15:04:05.000Z07:00")
}

// OrNil returns the text of a time; nil, which is null in JSON, for the zero
// time.
func OrNil(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := Format(t)
	return &text
}

// Parse reads what Append writes, and nothing else.
func Parse(text string) (time.Time, error) {
	t, err := time.Parse(layout, text)
	if err != nil || !Representable(t.UnixMilli()) || Format(t) != text {
		return time.Time{}, fmt.Errorf("%.40q is no time since 1970 like %s", text, layout)
	}
	return t, nil
}
