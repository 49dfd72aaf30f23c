package parser

import "bytes"

// lossLine recognises a message that records are missing.
func (p *Parser) lossLine(line []byte) Item {
	if saidByAudit(line) {
		if m, at, ok := lossMessage(line); ok {
			return p.lost(m, line, at)
		}
	}
	audit := bytes.Index(line, auditWord)
	if audit < 0 { // most lines
		return p.unread(line)
	}
	if said := speech(line, audit); said > 0 {
		if m, at, ok := lossMessage(line[said:]); ok {
			return p.lost(m, line, said+at)
		}
	}
	return p.unread(line)
}

// speech is where a message of the kernel's begins behind what others put in
// front of it, 0 where there is none. The word "audit" is at i.
func speech(line []byte, i int) int {
	for {
		if start := messageStart(line, i); start > 0 {
			if _, ok := parsePrefix(line[:start], aMessage); ok {
				return start
			}
		}
		next := bytes.Index(line[i+len(auditWord):], auditWord)
		if next < 0 {
			return 0
		}
		i += len(auditWord) + next
	}
}

var auditWord = []byte("audit")

// messageStart is where a word that holds "audit" at i begins, if that is a
// name with which the kernel starts a message; else 0.
func messageStart(line []byte, i int) int {
	rest := line[i+len(auditWord):]
	switch {
	case bytes.HasPrefix(rest, []byte(": ")), bytes.HasPrefix(rest, []byte("_")):
		return i
	case bytes.HasPrefix(rest, []byte("d_")) && line[max(i-1, 0)] == 'k':
		return i - 1
	}
	return 0
}

// saidByAudit reports whether a line's message is from one that handles records:
// its tag, or the kernel's message, starts with a name in speakers.
func saidByAudit(line []byte) bool {
	if line[0] == '<' && speaks(app5424(line)) {
		return true
	}
	i := bytes.Index(line, []byte(": "))
	if i < 0 {
		return false
	}
	tag := line[bytes.LastIndexAny(line[:i], " ;>")+1 : i]
	if len(tag) == 0 || string(tag) == "kernel" { // dmesg -x has no tag
		return speaks(trimBrackets(line[i+2:]))
	}
	return speaks(tag)
}

// app5424 is an RFC 5424 line from the name of its program on.
func app5424(line []byte) []byte {
	_, line, ok := bytes.Cut(line, []byte(">1 "))
	for range 2 {
		_, line, _ = bytes.Cut(line, []byte(" "))
	}
	if !ok {
		return nil
	}
	return line
}

// speakers are the kernel's and auditd's message prefixes, and the tags of the
// daemons that tell when they drop messages.
var speakers = [...]string{"audit", "kauditd", "rsyslogd", "imuxsock", "imjournal", "imklog", "systemd-journald"}

func speaks(s []byte) bool {
	if len(s) == 0 || bytes.IndexByte([]byte("akris"), s[0]) < 0 {
		return false
	}
	for _, name := range speakers {
		if len(s) >= len(name) && string(s[:len(name)]) == name {
			return true
		}
	}
	return false
}

// mentionsRecord reports whether line holds the type of a SECCOMP record, as
// its printers write it, or a stamp and the type in any other way.
func mentionsRecord(line []byte) bool {
	for s := line; ; {
		i := bytes.Index(s, typeEq)
		if i < 0 {
			break
		}
		s = s[i+len(typeEq):]
		if bytes.HasPrefix(s, []byte("1326 ")) || bytes.HasPrefix(s, []byte("SECCOMP ")) {
			return true
		}
	}
	return holdsStamp(line) && namesType(line)
}

// holdsStamp reports whether line holds a whole stamp.
func holdsStamp(line []byte) bool {
	for {
		i := stampIndex(line)
		if i < 0 {
			return false
		}
		if _, _, ok := parseStamp(line[i:]); ok {
			return true
		}
		line = line[i+len(auditOp):]
	}
}

// namesType reports whether line names the type of SECCOMP records: its name as
// a word, or its number behind something that a type has in front of it.
func namesType(line []byte) bool {
	if bytes.Contains(line, []byte("SECCOMP")) {
		return true
	}
	for s := line; ; {
		i := bytes.Index(s, []byte("1326"))
		if i < 0 {
			return false
		}
		before, after := s[max(0, i-longestType):i], s[i+4:]
		if (len(after) == 0 || after[0]-'0' > 9) && hasAny(before, "ype", "YPE", "AUDIT", "audit-") &&
			(len(before) == 0 || before[len(before)-1]-'0' > 9) {
			return true
		}
		s = after
	}
}

// longestType is the length of what stands between the word and the number in
// "type":{"value":, "type=" with colours, and the like.
const longestType = 32

// message is a text that a kernel or collector prints when it drops records.
type message struct {
	text    []byte
	kind    LossKind
	counted bool // a number can stand right before it, or follows a '=' at its end
}

// messages of Linux's kernel/audit.c and lib/ratelimit.c, auditd, rsyslog and
// systemd-journald.
var messages = [...]message{
	{[]byte(" callbacks suppressed"), LossSuppressed, true},
	{[]byte("audit_lost="), LossCounter, true},
	{[]byte("audit: backlog limit exceeded"), LossBacklog, false},
	{[]byte("audit: audit_backlog="), LossBacklog, false}, // printed with the one above, which may be suppressed
	{[]byte("audit: rate limit exceeded"), LossRateLimit, false},
	{[]byte("audit: kauditd hold queue overflow"), LossQueue, false},
	{[]byte("audit: kauditd retry queue overflow"), LossQueue, false},
	{[]byte("audit: out of memory in audit_"), LossQueue, false},
	{[]byte("queue to plugins is full"), LossQueue, false},
	{[]byte(" messages lost due to rate-limiting"), LossCollector, true},
	{[]byte(" kernel messages"), LossCollector, true},
	{[]byte(" messages from "), LossCollector, true},
	{[]byte(" due to rate-limiting"), LossCollector, false}, // rsyslog begins to drop
	{[]byte("buffer overrun, some messages lost"), LossCollector, false},
	{[]byte(": cannot open kernel log"), LossCollector, false}, // rsyslog gives up at its start
}

// lossMessage finds which message a line holds, and where it starts.
func lossMessage(line []byte) (m message, at int, ok bool) {
	for _, m := range messages {
		if at := bytes.Index(line, m.text); at >= 0 && m.fits(line[:at]) {
			return m, at, true
		}
	}
	return m, 0, false
}

// fits reports whether the text before a message is its printer's.
func (m message) fits(before []byte) bool {
	switch m.kind {
	case LossSuppressed:
		return bytes.Contains(before, []byte("audit_")) || bytes.Contains(before, []byte("kauditd_"))
	case LossCollector:
		return bytes.Contains(before, []byte("rsyslogd")) || bytes.Contains(before, []byte("imuxsock")) ||
			bytes.Contains(before, []byte("imjournal")) || bytes.Contains(before, []byte("imklog")) ||
			bytes.Contains(before, []byte("systemd-journald")) && (!m.counted || hasAny(before, "Suppressed ", "Missed "))
	}
	return true
}

func hasAny(s []byte, words ...string) bool {
	for _, w := range words {
		if bytes.Contains(s, []byte(w)) {
			return true
		}
	}
	return false
}

// lost makes the item for message m at line[at:].
func (p *Parser) lost(m message, line []byte, at int) Item {
	p.loss = Loss{Kind: m.kind, Text: line, Stamp: printedAt(line[:at])}
	if !m.counted {
		return ItemLoss
	}
	if m.kind == LossCounter {
		s := line[at+len(m.text):]
		if v, n := digits(s); n > 0 && n <= longestCount && (n == len(s) || s[n] == ' ') {
			p.loss.Total = int64(v)
		}
		return ItemLoss
	}
	p.loss.Count = numberBefore(line[:at])
	return ItemLoss
}

// printedAt is the time that stands in front of a message, whoever put it
// there.
func printedAt(s []byte) Stamp {
	var at printers
	for range maxPrinters {
		s, _ = (&prefix{}).priority(trimQuoting(s))
		if rest, t, _ := trimStamp(s); len(rest) < len(s) {
			return t
		}
		n := at.advance(&prefix{}, s)
		if n == 0 {
			break
		}
		s = s[n:]
	}
	return Stamp{}
}

// longestCount is the length of the largest number that the printers have, 32
// bits. Longer ones are forged: added up, they would become negative.
const longestCount = 10

// numberBefore is the number at the end of s; 0 where there is none, or no
// printer has written it.
func numberBefore(s []byte) int64 {
	start := len(s)
	for start > 0 && s[start-1]-'0' <= 9 {
		start--
	}
	v, n := digits(s[start:])
	if n > longestCount {
		return 0
	}
	return int64(v)
}
