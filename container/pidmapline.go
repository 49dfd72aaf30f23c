package container

import (
	"bytes"
	"time"
)

// dateCache reads times in the form of [Process.MarshalJSON]. It remembers the
// last date, as most lines have the same.
type dateCache struct {
	date  [len("2006-01-02")]byte
	start int64 // of that day, in ms since the epoch
}

// parseLine reads a line in exactly the form that [Process.MarshalJSON] writes,
// up to the container, whose text it returns. It is for the millions of such
// lines in a map; any other line is read by [Process.UnmarshalJSON].
func (c *dateCache) parseLine(line []byte) (s stay, containerText []byte, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(`{"pid":`))
	if !ok {
		return stay{}, nil, false
	}
	if s.pid, rest, ok = cutPID(rest); !ok {
		return stay{}, nil, false
	}
	if s.start, rest, ok = c.cutTime(rest, `,"start":`); !ok {
		return stay{}, nil, false
	}
	if after, none := bytes.CutPrefix(rest, []byte(`,"end":null`)); none {
		s.end, rest = living, after
	} else if s.end, rest, ok = c.cutTime(rest, `,"end":`); !ok || s.end < s.start {
		return stay{}, nil, false
	}
	rest, ok = bytes.CutPrefix(rest, []byte(`,"container":`))
	text, closed := bytes.CutSuffix(rest, []byte("}"))
	return s, text, ok && closed
}

// cutPID reads a number of at most 9 digits: a pid is below 2^22.
func cutPID(b []byte) (pid int32, rest []byte, ok bool) {
	n := 0
	for n < len(b) && n < 9 && isDigit(b[n]) {
		pid = 10*pid + int32(b[n]-'0')
		n++
	}
	return pid, b[n:], pid > 0 && b[0] != '0'
}

// cutTime reads key and "2006-01-02T15:04:05.000Z" in quotes.
func (c *dateCache) cutTime(b []byte, key string) (ms int64, rest []byte, ok bool) {
	const form = `"2006-01-02T15:04:05.000Z"`
	if len(b) < len(key)+len(form) || string(b[:len(key)]) != key {
		return 0, nil, false
	}
	t, rest := b[len(key):len(key)+len(form)], b[len(key)+len(form):]
	for i := range t {
		if isDigit(t[i]) != isDigit(form[i]) || !isDigit(form[i]) && t[i] != form[i] {
			return 0, nil, false
		}
	}
	date, hour, minute, second := t[1:11], twoDigits(t[12:]), twoDigits(t[15:]), twoDigits(t[18:])
	if string(date) != string(c.date[:]) {
		day, err := time.Parse(time.DateOnly, string(date))
		if err != nil {
			return 0, nil, false
		}
		copy(c.date[:], date)
		c.start = day.UnixMilli()
	}
	if hour > 23 || minute > 59 || second > 59 {
		return 0, nil, false
	}
	return c.start + ((hour*60+minute)*60+second)*1000 + 10*twoDigits(t[21:]) + int64(t[23]-'0'), rest, true
}

func twoDigits(b []byte) int64 { return 10*int64(b[0]-'0') + int64(b[1]-'0') }
