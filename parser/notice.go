package parser

import "bytes"

// Other audit records tell of the recording itself: that settings were changed
// so that records are lost, or leave no trace, and that a process was killed.
// Each of them gives two items, since its serial counts too.

// noticed reads what a record of another type tells. Its body is what follows
// the stamp.
func (p *Parser) noticed(t int, body []byte) {
	switch t {
	case typeAbend:
		p.noticeKill(lastValue(body, " sig="), lastValue(body, " pid="), body)
	case typeConfig:
		if kind, ok := settingLoses(body); ok {
			p.notice(kind, body)
		}
	}
}

// notice makes the loss that the record tells of.
func (p *Parser) notice(kind LossKind, text []byte) {
	p.loss = Loss{Kind: kind, Stamp: p.rec.Stamp, Text: text}
	p.told = true
}

// tell gives the loss that the record tells of, which was the item before or
// is no item.
func (p *Parser) tell() Item {
	p.told, p.loss.Node = false, p.rec.Node
	return ItemLoss
}

// noticeKill makes the loss of a process that came to its end by a signal, if
// that is SIGSYS, by which filters kill on most architectures.
func (p *Parser) noticeKill(sig, pid, text []byte) {
	if string(sig) != "31" && string(sig) != "SIGSYS" {
		return
	}
	if id, ok := UnknownSyscall(pid); ok {
		p.notice(LossKilled, text)
		p.loss.PID = id
	}
}

// settingKeys are the fields of a changed setting that are of interest.
var settingKeys = [...]string{
	"op", "audit_backlog_limit", "audit_backlog_wait_time", "audit_rate_limit", "audit_enabled", "actions", "list", "old", "res",
}

// settingLoses reads a record of a changed setting. It is not ok where records
// are not lost by it: the kernel writes one at each start of auditd, too.
func settingLoses(body []byte) (kind LossKind, ok bool) {
	if res := string(lastValue(body, " res=")); res == "0" || res == "no" || res == "failed" {
		return 0, false
	}
	switch {
	case isZero(valueOf(body, " audit_backlog_wait_time=")), isLower(body, " audit_backlog_limit="), isSet(valueOf(body, " audit_rate_limit=")):
		return LossLimits, true
	case isZero(valueOf(body, " audit_enabled=")):
		return LossOff, true
	case string(valueOf(body, " op=")) == "seccomp-logging":
		return LossActions, !logsAll(valueOf(body, " actions="))
	case hasAny(body, " list=5", " list=exclude"):
		op := valueOf(body, " op=")
		return LossExclude, string(op) == "add_rule" || hasAny(body, ` op="add rule"`, " op=add rule")
	}
	return 0, false
}

// valueOf is what follows a key, where it stands first, up to the next blank;
// nil if there is no key.
func valueOf(s []byte, key string) []byte { return valueAt(s, bytes.Index(s, []byte(key)), key) }

// lastValue is the same where the key stands last: a label before it can hold
// anything.
func lastValue(s []byte, key string) []byte { return valueAt(s, bytes.LastIndex(s, []byte(key)), key) }

func valueAt(s []byte, i int, key string) []byte {
	if i < 0 {
		return nil
	}
	s = s[i+len(key):]
	if end := bytes.IndexAny(s, " \x1d"); end >= 0 {
		s = s[:end]
	}
	return s
}

func isZero(v []byte) bool { return string(v) == "0" }

func isSet(v []byte) bool {
	n, ok := UnknownSyscall(v)
	return ok && n > 0
}

// isLower reports whether a limit was set below what it was; 0 is none.
func isLower(body []byte, key string) bool {
	v, old := number(valueOf(body, key), NoID), number(valueOf(body, " old="), 0)
	return v != 0 && v < old
}

// logsAll reports whether the list of the actions that are logged has those by
// which profiles are recorded and denials are seen. What kernels of old do not
// know is not asked for.
func logsAll(actions []byte) bool {
	for _, name := range [...]string{"log", "errno", "trap", "kill_thread"} {
		if !listed(actions, name) {
			return false
		}
	}
	return true
}

// listed reports whether a list with commas has a name.
func listed(list []byte, name string) bool {
	for more := true; more; {
		var word []byte
		word, list, more = bytes.Cut(list, []byte(","))
		if string(word) == name {
			return true
		}
	}
	return false
}
