package parser

import "bytes"

// trimStamp skips the time that a syslog line or a journal line starts with.
// Only ISO 8601 with a zone says for certain what time it is.
func trimStamp(s []byte) (rest []byte, t Stamp, ok bool) {
	if len(s) == 0 {
		return s, t, true
	}
	if weekday(s) { // "Mon 2026-11-23 ...", "Mon Aug 31 ..."
		s = s[4:]
	}
	if millis, n := isoTime(s); n > 0 {
		if millis >= 0 && millis <= maxMillis {
			t = Stamp{Millis: millis, HasTime: true}
		}
		return bytes.TrimLeft(s[n:], " "), t, true
	}
	for _, f := range stampForms {
		if n := f(s); n > 0 {
			return bytes.TrimLeft(s[n:], " "), t, true
		}
	}
	return s, t, !bytes.ContainsAny(s, ":")
}

var stampForms = [...]func([]byte) int{monthStamp, dateStamp, clock, epoch}

func weekday(s []byte) bool {
	if len(s) < 5 || s[3] != ' ' {
		return false
	}
	switch string(s[:3]) {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}

// monthStamp is the length of "Nov 23 14:57:44[.123]", with a year behind it
// in OpenWrt's "Mon Aug 31 00:02:23 2026".
func monthStamp(s []byte) int {
	if len(s) < 15 || s[3] != ' ' {
		return 0
	}
	n := 4
	for n < len(s) && s[n] == ' ' {
		n++
	}
	_, d := digits(s[n:])
	n += d
	if d == 0 || d > 2 || n == len(s) || s[n] != ' ' {
		return 0
	}
	c := clock(s[n+1:])
	if c == 0 {
		return 0
	}
	n += 1 + c
	year, _, _ := bytes.Cut(bytes.TrimPrefix(s[n:], []byte(" ")), []byte(" "))
	if v, y := digits(year); y == 4 && len(year) == 4 && v > 1969 {
		n += 5
	}
	return n
}

// dateStamp is the length of "2026-11-23 15:15:21[.801000] [UTC]".
func dateStamp(s []byte) int {
	if len(s) < 19 || s[4] != '-' || s[7] != '-' || s[10] != ' ' {
		return 0
	}
	c := clock(s[11:])
	if c == 0 {
		return 0
	}
	n := 11 + c
	word, _, _ := bytes.Cut(bytes.TrimPrefix(s[n:], []byte(" ")), []byte(" "))
	if zoneName(word) {
		n += 1 + len(word)
	}
	return n
}

// zoneName recognises "UTC", "CEST", and "+03" or "+0545" of zones without a
// name.
func zoneName(s []byte) bool {
	if len(s) < 3 || len(s) > 5 {
		return false
	}
	if s[0] == '+' || s[0] == '-' {
		_, n := digits(s[1:])
		return n == len(s)-1
	}
	for _, c := range s {
		if c-'A' > 25 {
			return false
		}
	}
	return true
}

// clock is the length of "14:57:44[.123456]".
func clock(s []byte) int {
	n := 8
	if len(s) < n || s[2] != ':' || s[5] != ':' {
		return 0
	}
	for i, c := range s[:n] {
		if i%3 != 2 && c-'0' > 9 {
			return 0
		}
	}
	if n < len(s) && s[n]-'0' <= 9 {
		return 0
	}
	if n < len(s) && (s[n] == '.' || s[n] == ',') {
		_, frac := digits(s[n+1:])
		n += 1 + frac
	}
	return n
}

// epoch is the length of journalctl short-unix's "1795446921.801000".
func epoch(s []byte) int {
	_, sec := digits(s)
	if sec < 9 || sec == len(s) || s[sec] != '.' {
		return 0
	}
	_, frac := digits(s[sec+1:])
	return sec + 1 + frac
}

// isoTime reads "2026-11-23T14:57:44.581956+00:00" and the like, to the
// millisecond, and returns its length; 0 where s starts otherwise.
func isoTime(s []byte) (millis int64, n int) {
	if len(s) < 20 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return 0, 0
	}
	var v [6]int64
	for i, at := range [...][2]int{{0, 4}, {5, 7}, {8, 10}, {11, 13}, {14, 16}, {17, 19}} {
		d, len := digits(s[at[0]:at[1]])
		if len != at[1]-at[0] {
			return 0, 0
		}
		v[i] = int64(d)
	}
	n = 19
	frac := int64(0)
	if s[n] == '.' || s[n] == ',' {
		d, len := digits(s[n+1:])
		n += 1 + len
		if len > 9 {
			return 0, 0
		}
		for ; len > 3; len-- {
			d /= 10
		}
		for ; len < 3; len++ {
			d *= 10
		}
		frac = int64(d)
	}
	offset, z := zone(s[n:])
	if z == 0 {
		return 0, 0
	}
	sec := days(v[0], v[1], v[2])*86400 + v[3]*3600 + v[4]*60 + v[5] - offset
	return sec*1000 + frac, n + z
}

// zone reads "Z", "+0100" or "+01:00": seconds east of UTC.
func zone(s []byte) (offset int64, n int) {
	if len(s) > 0 && s[0] == 'Z' {
		return 0, 1
	}
	if len(s) < 5 || s[0] != '+' && s[0] != '-' {
		return 0, 0
	}
	h, hn := digits(s[1:3])
	m := 3
	if s[3] == ':' {
		m = 4
	}
	if len(s) < m+2 {
		return 0, 0
	}
	min, mn := digits(s[m : m+2])
	if hn != 2 || mn != 2 {
		return 0, 0
	}
	offset = int64(h*3600 + min*60)
	if s[0] == '-' {
		offset = -offset
	}
	return offset, m + 2
}

// days counts days from 1970-01-01 in the proleptic Gregorian calendar.
func days(y, m, d int64) int64 {
	if m <= 2 {
		y, m = y-1, m+12
	}
	return 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 719469
}
