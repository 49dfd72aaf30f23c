package parser

import "bytes"

// parseStamp reads "audit(SEC.MSEC:SERIAL)" at the start of s and returns
// what follows the closing parenthesis.
func parseStamp(s []byte) (st Stamp, rest []byte, ok bool) {
	s = s[len(auditOp):]
	sec, n := digits(s)
	if n == 0 || n > 12 || len(s) < n+6 || s[n] != '.' {
		return st, nil, false
	}
	msec, m := digits(s[n+1:])
	s = s[n+1+m:]
	if m != 3 || s[0] != ':' {
		return st, nil, false
	}
	serial, m := digits(s[1:])
	s = s[1+m:]
	if m == 0 || m > 10 || serial > 1<<32-1 || len(s) == 0 || s[0] != ')' {
		return st, nil, false
	}
	st = Stamp{Serial: uint32(serial), HasSerial: true}
	if millis := int64(sec*1000 + msec); millis <= maxMillis {
		st.Millis, st.HasTime = millis, true
	}
	return st, s[1:], true
}

// serialOf reads a serial that stands alone.
func serialOf(s []byte) (serial uint32, ok bool) {
	v, n := digits(s)
	if n == 0 || n > 10 || n != len(s) || v > 1<<32-1 {
		return 0, false
	}
	return uint32(v), true
}

// parseDatedStamp reads the stamp of interpreted text,
// "audit(DATE HH:MM:SS.mmm:SERIAL) :". The date is in the locale and zone of
// whoever ran ausearch, so it gives no time. Auditd's syslog plugin leaves out
// milliseconds and serial when it interprets.
func parseDatedStamp(s []byte) (st Stamp, rest []byte, ok bool) {
	end := bytes.IndexByte(s, ')')
	if end < 0 {
		return st, nil, false
	}
	colon := bytes.LastIndexByte(s[:end], ':')
	if colon < 0 {
		return st, nil, false
	}
	serial, n := digits(s[colon+1 : end])
	if n == 0 || n > 10 || colon+1+n != end || serial > 1<<32-1 || colon < 4 || s[colon-4] != '.' {
		return st, nil, false
	}
	return Stamp{Serial: uint32(serial), HasSerial: true}, s[end+1:], true
}
