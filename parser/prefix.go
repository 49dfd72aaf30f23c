package parser

import "bytes"

// prefix is what stands before a record: what its printer put there, and what
// was put there by those through whose hands the line went.
type prefix struct {
	node []byte
	tag  []byte // kernel, audit, audispd, ...; nil: none
	pid  []byte // the tag's [PID]; nil: none
	time Stamp  // of an ISO 8601 stamp with zone, for records without one
	user bool   // its facility is not kern: a program wrote it
	said bool   // a program said what follows

	facilityCode uint64
}

// content is what a prefix stands in front of.
type content uint8

const (
	ofKernel  content = iota // type=1326 audit(
	ofAuditd                 // type=SECCOMP msg=audit(
	ofJournal                // SECCOMP auid=
	aDocument                // JSON
	aMessage                 // of loss
)

// refusal is the reason why a record behind this text does not count.
func (pre *prefix) refusal() string {
	if pre.user {
		return notKern
	}
	return insideMessage
}

const insideMessage = "record text inside another message"

const notKern = "written by a program: its facility is not kern"

// maxPrinters bounds how many hands a line went through.
const maxPrinters = 8

// parsePrefix reads the text between a line's start and its record. It is not
// ok where the record would stand inside another message: a record starts
// right after its printer's own prefix, and all before that is of others who
// printed the line.
func parsePrefix(s []byte, what content) (pre prefix, ok bool) {
	if continuation(s) {
		return pre, false
	}
	s = trimQuoting(s)
	var at printers
	for range maxPrinters {
		if what == aDocument {
			s = bytes.TrimPrefix(s, []byte("data: ")) // journalctl -o json-sse
			if host := ansibleHost(s); host != nil {
				return prefix{node: host}, true
			}
		}
		inner := prefix{node: pre.node}
		if inner.printed(s, what, &at) {
			return inner, true
		}
		n := at.advance(&pre, s)
		if n == 0 || inner.user {
			pre.user = inner.user
			return pre, false
		}
		s = trimQuoting(s[n:])
	}
	return pre, false
}

// ansibleHost is the host in "ok: [web1] => " and "fatal: [web1]: FAILED! => ", as
// Ansible puts them in front of a result.
func ansibleHost(s []byte) []byte {
	word := wordLen(s)
	rest, ok := bytes.CutPrefix(s[word:], []byte(": ["))
	host, rest, closed := bytes.Cut(rest, []byte("]"))
	if word == 0 || !ok || !closed || !hostName(host) || !bytes.HasSuffix(rest, []byte(" => ")) || len(rest) > len(": UNREACHABLE! => ") {
		return nil
	}
	return host
}

// printed reports whether s is the prefix of a printer.
func (pre *prefix) printed(s []byte, what content, at *printers) bool {
	s, rfc5424 := pre.priority(s)
	ok := false
	if rfc5424 {
		ok = pre.header5424(s, what)
	} else {
		ok = pre.line(s, what, at)
	}
	// auditd's plugin logs under a facility of its own.
	return ok && (!pre.user || what == ofAuditd && pre.pid == nil && fileFacility(pre.facilityCode, pre.tag) || audispTag(pre.tag) || pre.said)
}

// line reads a prefix without its priority.
func (pre *prefix) line(whole []byte, what content, at *printers) bool {
	s := trimBrackets(whole)
	switch {
	case len(s) == 0, string(s) == "audit: " && what != aDocument:
		return true
	case bytes.HasPrefix(s, []byte("node=")):
		return pre.auditdNode(s)
	}
	if tagged := *pre; tagged.header(s, what) {
		*pre = tagged
		return true
	}
	if at.stamped && pre.sender(s, what) {
		return true
	}
	return gluedConsole(whole)
}

// sender reads what stands behind a stamp without a tag: a host, with the name
// that rsyslog gives to a file that it follows.
func (pre *prefix) sender(s []byte, what content) bool {
	host, tag, tagged := bytes.Cut(bytes.TrimRight(s, " \t"), []byte(" "))
	if !hostName(host) || tagged && (what != ofAuditd || !hostName(tag)) {
		return false
	}
	pre.node = host
	return true
}

// continuation reports whether what stands before a record is indented as far
// as journalctl indents the further lines of a message: below its stamp, host
// and tag. Any program can log a message of several lines. Docker compose pads
// names so far, too, with a bar behind.
func continuation(s []byte) bool {
	i := bytes.Index(s, indent)
	return i >= 0 && !bytes.HasPrefix(bytes.TrimLeft(s[i:], " "), []byte("| "))
}

// indent is as far as the shortest stamp, host and tag indent.
var indent = bytes.Repeat([]byte(" "), 16)

var byteOrderMark = []byte("\ufeff")

const recordSeparator = 0x1e // journalctl -o json-seq

// trimQuoting skips blanks, mail's "> ", diff's "+", a table's "| ", and the
// marks of lists and comments.
func trimQuoting(s []byte) []byte {
	s = bytes.TrimPrefix(s, byteOrderMark)
	for len(s) > 0 {
		switch s[0] {
		case ' ', '\t', '\r', recordSeparator, '>', '+', '|':
		case '#', '-', '*':
			if len(s) > 1 && s[1] != ' ' {
				return s
			}
		default:
			return s
		}
		s = s[1:]
	}
	return s
}

// priority reads what tells the facility: "<5>", "<5>1 " (RFC 5424),
// "5,353,278581956,-;" (/dev/kmsg), "kern  :notice: " (dmesg -x). The kernel
// forces facility user on text that programs write to /dev/kmsg, and rsyslog
// keeps a logger's.
func (pre *prefix) priority(s []byte) (rest []byte, rfc5424 bool) {
	if len(s) == 0 {
		return s, false
	}
	if s[0] == '<' {
		v, n := digits(s[1:])
		if n == 0 || n > 3 || len(s) < n+2 || s[n+1] != '>' {
			return s, false // "<audit-1326>" and the like
		}
		pre.facilityCode, pre.user = v>>3, v>>3 != facilityKern
		return bytes.CutPrefix(s[n+2:], []byte("1 "))
	}
	if v, n := digits(s); n > 0 && n <= 3 && n < len(s) && s[n] == ',' {
		if i := bytes.IndexByte(s, ';'); i >= 0 {
			pre.user = v>>3 != facilityKern
			return s[i+1:], false
		}
	}
	return pre.facility(s), false
}

// facility reads dmesg -x's "kern  :notice: ".
func (pre *prefix) facility(s []byte) (rest []byte) {
	i := bytes.Index(s, []byte(": "))
	if i < 0 {
		return s
	}
	colon := bytes.IndexByte(s[:i], ':')
	if colon < 6 || !facilityName(bytes.TrimRight(s[:colon], " ")) || !lowerWord(bytes.TrimRight(s[colon+1:i], " ")) {
		return s
	}
	pre.user = !bytes.HasPrefix(s, []byte("kern  "))
	return s[i+2:]
}

// facilityName reports whether a word is the name of one of syslog's facilities.
func facilityName(word []byte) bool { return string(word) == "kern" || user(nil, nil, word) }

func lowerWord(s []byte) bool {
	for _, c := range s {
		if c-'a' > 25 {
			return false
		}
	}
	return len(s) > 0
}

// audispTag reports whether a tag is auditd's plugin's.
func audispTag(tag []byte) bool {
	return string(tag) == "audispd" || string(tag) == "audisp-syslog"
}

// trimBrackets skips "[  278.581938]", "[   T55]", "[Mon Nov 23 ...]" and the
// CPU number that real-time kernels print ("000: ").
func trimBrackets(s []byte) []byte {
	for len(s) > 0 && s[0] == '[' {
		i := bytes.IndexByte(s, ']')
		if i < 0 || i > 48 {
			return s
		}
		s = bytes.TrimLeft(s[i+1:], " ")
	}
	if _, n := digits(s); n == 3 && bytes.HasPrefix(s[n:], []byte(": ")) {
		s = s[5:]
	}
	return s
}

// header reads "STAMP HOST TAG: " and what the kernel's own printing adds to
// it. The tag ends at the line's first ": ", so that an application's text
// that quotes a record never passes.
func (pre *prefix) header(s []byte, what content) bool {
	i := bytes.Index(s, []byte(": "))
	if i < 0 {
		return false
	}
	head, tail := s[:i], s[i+2:]
	word := bytes.LastIndexByte(head, ' ') + 1
	pre.splitTag(head[word:])
	stamped, ok := pre.host(head[:word])
	return ok && pre.message(tail, what, stamped)
}

// message reports whether what stands between the tag and the record is its
// printer's own.
func (pre *prefix) message(s []byte, what content, stamped bool) bool {
	switch {
	case what == aDocument:
		pre.said = pre.pid != nil
		return stamped && (len(s) == 0 || string(s) == "@cee: " || string(s) == "@cee:")
	case string(pre.tag) == "kernel":
		s = trimBrackets(s)
		return pre.pid == nil && (len(s) == 0 || string(s) == "audit: ")
	case string(pre.tag) == "audit": // only journald gives it the id of the process
		return len(s) == 0 && (what == ofJournal || pre.pid == nil)
	case audispTag(pre.tag):
		return len(s) == 0 || pre.auditdNode(s)
	}
	return stamped && pre.pid == nil && pre.followed(s, what)
}

// followed reports whether s can stand behind the tag that rsyslog gives to the
// lines of a file that it follows: nothing, where that is auditd's, or a whole
// prefix of syslog.
func (pre *prefix) followed(s []byte, what content) bool {
	if len(s) == 0 || bytes.HasPrefix(s, []byte("node=")) {
		return what == ofAuditd && (len(s) == 0 || pre.auditdNode(s))
	}
	n := stampLen(s)
	if n == 0 || bytes.Count(s, []byte(": ")) > 2 {
		return false
	}
	inner := prefix{}
	if !inner.header(s, what) || string(inner.tag) != "kernel" && !audispTag(inner.tag) {
		return false
	}
	pre.node = inner.node
	return true
}

func (pre *prefix) splitTag(tag []byte) {
	pre.tag = tag
	if n := len(tag); n > 2 && tag[n-1] == ']' {
		if i := bytes.IndexByte(tag, '['); i > 0 {
			pre.tag, pre.pid = tag[:i], tag[i+1:n-1]
		}
	}
}

// header5424 reads "STAMP HOST APP PROCID MSGID SD " with or without the
// kernel's "[uptime] audit: ".
func (pre *prefix) header5424(s []byte, what content) bool {
	var f [6][]byte
	for i := range f {
		j := bytes.IndexByte(s, ' ')
		if j < 0 {
			return false
		}
		f[i], s = s[:j], s[j+1:]
	}
	pre.node, pre.tag = f[1], f[2]
	if string(f[3]) != "-" && !audispTag(pre.tag) {
		pre.pid = f[3]
	}
	s = bytes.TrimPrefix(bytes.TrimPrefix(s, []byte(" ")), byteOrderMark)
	return pre.message(s, what, true)
}

// auditdNode reads auditd's own "node=NAME ".
func (pre *prefix) auditdNode(s []byte) bool {
	if !bytes.HasPrefix(s, []byte("node=")) {
		return false
	}
	i := bytes.IndexByte(s, ' ')
	if i < 0 || i != len(s)-1 {
		return false
	}
	pre.node = s[5:i]
	return true
}

// host reads what stands before the tag: a stamp, the host's name, and the
// facility that busybox prints. It is not ok where there is more, or anything
// else: what others put in front of a line is not its printer's.
func (pre *prefix) host(s []byte) (stamped, ok bool) {
	rest, t, _ := trimStamp(s)
	stamped, pre.time = len(rest) < len(s), t
	name, level, more := bytes.Cut(bytes.TrimRight(rest, " "), []byte(" "))
	switch {
	case more && !bytes.HasPrefix(level, []byte("kern.")) && !severity(level):
		return stamped, false
	case len(name) == 0, bytes.HasPrefix(name, []byte("kern.")), severity(name):
		return stamped, true
	case !hostName(name) && !address(name):
		return stamped, false
	}
	pre.node = name
	return stamped, true
}

// severity recognises ChromeOS's word in the host's place.
func severity(s []byte) bool {
	switch string(s) {
	case "EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG":
		return true
	}
	return false
}

// gluedConsole accepts a kernel line that was printed into the middle of
// another one, as consoles do: the line itself starts with an uptime, and
// "[uptime] audit: " comes right before the record. Text that could be the
// host and tag of journalctl's short-monotonic is not accepted: what follows
// those is a program's.
func gluedConsole(s []byte) bool {
	s = bytes.TrimSuffix(s, []byte("audit: "))
	i := bytes.LastIndexByte(s, '[')
	n := uptime(s)
	if i <= n || n == 0 || uptime(s[i:]) != len(s)-i {
		return false
	}
	head, _, tagged := bytes.Cut(s[n:i], []byte(": "))
	return !tagged || bytes.Count(head, []byte(" ")) > 1
}

// uptime is the length of "[  387.811073] ", 0 where s starts otherwise.
func uptime(s []byte) int {
	if len(s) == 0 || s[0] != '[' {
		return 0
	}
	n := 1
	for n < len(s) && s[n] == ' ' {
		n++
	}
	_, sec := digits(s[n:])
	n += sec
	if sec == 0 || n == len(s) || s[n] != '.' {
		return 0
	}
	_, frac := digits(s[n+1:])
	n += 1 + frac
	if frac != 6 || !bytes.HasPrefix(s[n:], []byte("] ")) {
		return 0
	}
	return n + 2
}
