package parser

import "bytes"

// klogHead is the length of "I0921 14:13:20.123000    1 enricher.go:445] ".
func klogHead(s []byte) int {
	if len(s) < 22 || bytes.IndexByte([]byte("IWEF"), s[0]) < 0 || s[5] != ' ' {
		return 0
	}
	if _, n := digits(s[1:5]); n != 4 || clock(s[6:]) == 0 {
		return 0
	}
	return bytes.IndexByte(s[:min(len(s), longestBracket)], ']') + 1
}

// wazuhHead is the length of "2026 Nov 23 14:57:44 (agent) any->/var/log/syslog ",
// with which Wazuh archives a line.
func wazuhHead(s []byte) int {
	const date = len("2026 Nov 23 14:57:44 ")
	if _, n := digits(s); n != 4 || len(s) < date || s[4] != ' ' || stampLen(s[5:date-1]) != date-6 || s[date-1] != ' ' {
		return 0
	}
	n := date
	if agent := bytes.Index(s[n:], []byte(") ")); agent > 0 && s[n] == '(' {
		n += agent + 2
	}
	place := bytes.IndexByte(s[n:], ' ')
	if place < 0 || !bytes.Contains(s[n:n+place], []byte("->")) {
		return 0
	}
	return n + place + 1
}

// logcatHead is the length of "09-21 14:13:20.123   612   612 E audit   : ", of
// "E/audit   (  612): ", and of the same with other times, or none. They say who
// spoke: only the kernel counts.
func logcatHead(s []byte) int {
	end := bytes.Index(s, []byte(": "))
	if end < 0 {
		return 0
	}
	head := bytes.TrimRight(s[:end], " ")
	if len(head) > 4 && head[1] == '/' {
		tag, _, ok := bytes.Cut(head[2:], []byte("("))
		if ok && kernelSpoke(bytes.TrimRight(tag, " ")) {
			return end + 2
		}
		return 0
	}
	tag := bytes.LastIndexByte(head, ' ') + 1
	if tag < 2 || !kernelSpoke(head[tag:]) || bytes.IndexByte([]byte("VDIWEF"), head[tag-2]) < 0 || tag > 2 && !logcatTime(head[:tag-3]) {
		return 0
	}
	return end + 2
}

// logcatTime reports whether s is a time with the ids of a user, process and
// thread behind it, as logcat prints them.
func logcatTime(s []byte) bool {
	n := 0
	if len(s) > 14 && s[2] == '-' && s[5] == ' ' && clock(s[6:]) > 0 {
		n = 6 + clock(s[6:])
	} else if n = secondsStamp(s); n == 0 {
		n = stampLen(s)
	}
	ids := bytes.TrimLeft(s[n:], " 0123456789+-.")
	return n > 0 && len(bytes.TrimRight(ids, " 0123456789")) == wordLen(ids)
}

func kernelSpoke(tag []byte) bool {
	return string(tag) == "audit" || string(tag) == "auditd" || string(tag) == "kernel"
}
