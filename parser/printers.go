package parser

import "bytes"

// printers reads, one by one, what is put in front of a whole line by those who
// print or ship it: grep, ts, kubectl, stern, docker compose, logcli, Talos,
// OpenShift, GitHub and GitLab, pdsh and pssh, logcat, klog.
type printers struct {
	named   bool // a file, host or pod was read: none follows but behind a stamp
	stamped bool

	numbered bool
	detailed bool
}

// advance returns the length of the part that s starts with, 0 if there is none
// that is known.
func (at *printers) advance(pre *prefix, s []byte) int {
	if len(s) == 0 {
		return 0
	}
	n := 0
	switch s[0] { // no table of functions: what is passed to one has to be allocated
	case '[':
		n = at.brackets(s)
	case '#':
		if bytes.HasPrefix(s, []byte("##[")) {
			n = at.brackets(s)
		}
	case '{':
		n = labels(pre, s)
	}
	if n == 0 {
		n = at.stamp(s)
	}
	if n == 0 {
		n = at.level(s)
	}
	if n == 0 {
		n = at.number(s)
	}
	if n == 0 {
		n = at.file(s)
	}
	if n == 0 {
		n = at.names(pre, s)
	}
	if n == 0 {
		n = at.columns(s)
	}
	if n == 0 {
		n = at.details(s)
	}
	if n == 0 {
		return 0
	}
	return n + blanks(s[n:])
}

// columns reads the names of a job and its step, with tabs behind them, as
// GitHub's client prints them in front of the stamp.
func (at *printers) columns(s []byte) int {
	n := 0
	for range 2 {
		i := bytes.IndexByte(s[n:], '\t')
		if i <= 0 || n+i > longestBracket || bytes.Contains(s[n:n+i], []byte(": ")) {
			return 0
		}
		n += i + 1
	}
	if at.named || at.stamped || stampLen(bytes.TrimPrefix(s[n:], byteOrderMark)) == 0 {
		return 0
	}
	at.named = true
	return n
}

// details reads "app=web,tag=x ", as docker logs --details prints them. A record's
// own fields are none.
func (at *printers) details(s []byte) int {
	n := bytes.IndexByte(s, ' ')
	if at.detailed || n <= 0 || bytes.ContainsAny(s[:n], `"':`) {
		return 0
	}
	for word := s[:n]; len(word) > 0; {
		var pair []byte
		pair, word, _ = bytes.Cut(word, []byte(","))
		key, _, ok := bytes.Cut(pair, []byte("="))
		if !ok || len(key) == 0 || fieldOf(key) != fNone || string(key) == "type" || string(key) == "node" || string(key) == "msg" {
			return 0
		}
	}
	at.detailed = true
	return n + 1
}

// number reads the number of a line as cat -n, nl, awk and grep -T print it:
// "12", a colon or none, and a tab; or "12: ". Pagers have no mark.
func (at *printers) number(s []byte) int {
	_, n := digits(s)
	if at.numbered || n == 0 || n > longestNumber || n == len(s) {
		return 0
	}
	marked := s[n] == ':' || s[n] == '-'
	if marked {
		n++
	}
	if bar := []byte(" │ "); bytes.HasPrefix(s[n:], bar) {
		n += len(bar)
	} else if n == len(s) || s[n] != '\t' && (s[n] != ' ' || !marked && !startsLine(s[n+1:])) {
		return 0
	}
	at.numbered = true
	return n
}

// longestNumber is the length of the largest number of a line, or a place.
const longestNumber = 12

// blanks is how many blanks s starts with.
func blanks(s []byte) int { return len(s) - len(bytes.TrimLeft(s, " \t")) }

// longestBracket is that of kubectl --prefix: "[pod/NAME/CONTAINER]".
const longestBracket = 400

// brackets reads "[pod/web-1/app] ", "[2026-11-23 14:57:44] ", "[INFO] ", GitHub's
// "##[group]" and Talos' "[2026-11-23T14:57:44Z]: ".
func (at *printers) brackets(s []byte) int {
	n := bytes.IndexByte(s, ']') + 1
	if n < 2 || n > longestBracket || bytes.ContainsAny(s[:n], `"'`) {
		return 0
	}
	if at.named && bytes.HasPrefix(s[n:], []byte(": ")) {
		n++
	}
	return n
}

// labels reads logcli's "{app="web", node="n1"} ".
func labels(pre *prefix, s []byte) int {
	for i := 1; i < len(s); {
		eq := bytes.IndexByte(s[i:], '=')
		if eq <= 0 || i+eq+1 == len(s) || s[i+eq+1] != '"' {
			return 0
		}
		n := stringLen(s[i+eq+1:])
		if n == 0 {
			return 0
		}
		value := s[i+eq+1:][1 : n-1]
		switch f := factOf(inAny, bytes.TrimSpace(s[i:i+eq])); f {
		case factNode, factHost:
			pre.node = value
		}
		i += eq + 1 + n
		if i < len(s) && s[i] == '}' {
			return i + 1
		}
		i += len(s[i:]) - len(bytes.TrimLeft(s[i:], ", "))
	}
	return 0
}

// stamp reads a time, with what stands behind it in some: the stream of CRI
// ("stdout F "), GitLab's ("00O "), klog's and logcat's ids.
func (at *printers) stamp(s []byte) int {
	n := klogHead(s)
	if n == 0 {
		n = logcatHead(s)
	}
	if n == 0 {
		n = wazuhHead(s)
	}
	if n == 0 {
		if n = stampLen(s); n == 0 || n < len(s) && bytes.IndexByte([]byte(" \t{"), s[n]) < 0 {
			return 0
		}
		n += blanks(s[n:])
		n += streamLen(s[n:])
	}
	at.stamped = true
	return n
}

// stampLen is the length of a time in any of its forms.
func stampLen(s []byte) int {
	at := 0
	if weekday(s) {
		at = 4
	}
	if _, n := isoTime(s[at:]); n > 0 {
		return at + n
	}
	for _, f := range stampForms {
		if n := f(s[at:]); n > 0 {
			return at + n
		}
	}
	for _, f := range [...]func([]byte) int{zonelessStamp, slashStamp, secondsStamp, tai64nStamp} {
		if n := f(s); n > 0 {
			return n
		}
	}
	return 0
}

// streamLen is the length of the stream's name behind a stamp.
func streamLen(s []byte) int {
	if len(s) >= 9 && s[8] == ' ' && s[7] == 'F' && (string(s[:7]) == "stdout " || string(s[:7]) == "stderr ") {
		return 9
	}
	if len(s) >= 4 && s[0]-'0' <= 9 && s[1]-'0' <= 9 && (s[2] == 'O' || s[2] == 'E') && (s[3] == ' ' || s[3] == '+') {
		return 4
	}
	return 0
}

// zonelessStamp is the length of "2026-11-23T14:57:44.123".
func zonelessStamp(s []byte) int {
	if len(s) < 19 || s[4] != '-' || s[7] != '-' || s[10] != 'T' {
		return 0
	}
	if n := clock(s[11:]); n > 0 {
		return 11 + n
	}
	return 0
}

// slashStamp is the length of "2026/11/23 14:57:44".
func slashStamp(s []byte) int {
	if len(s) < 19 || s[4] != '/' || s[7] != '/' || s[10] != ' ' {
		return 0
	}
	if n := clock(s[11:]); n > 0 {
		return 11 + n
	}
	return 0
}

// secondsStamp is the length of "1795446921" and of "0.000012", as ts prints.
func secondsStamp(s []byte) int {
	_, n := digits(s)
	if n == 0 || n == len(s) {
		return 0
	}
	if s[n] == '.' {
		if _, frac := digits(s[n+1:]); frac >= 3 {
			return n + 1 + frac
		}
	}
	if n != 10 && n != 13 {
		return 0
	}
	return n
}

// tai64nStamp is the length of "@400000006a0c1b2c0f3d9a5c", as multilog prints.
func tai64nStamp(s []byte) int {
	const length = 25
	if len(s) < length || s[0] != '@' {
		return 0
	}
	if _, n := lowerHex(s[1:17]); n != 16 {
		return 0
	}
	if _, n := lowerHex(s[17:length]); n != 8 {
		return 0
	}
	return length
}

// level reads "NOTICE ", "info: ", and Talos' "kern: notice: ", which tells the
// facility too.
func (at *printers) level(s []byte) int {
	n := wordLen(s)
	word := s[:n]
	if n == 0 || n == len(s) {
		return 0
	}
	switch {
	case string(word) == "kern" && at.named && s[n] == ':':
		return n + 1
	case !levelName(word):
		return 0
	case bytes.HasPrefix(s[n:], []byte(": ")):
		return n + 2
	case s[n] == ' ' || s[n] == '\t':
		return n + 1
	}
	return 0
}

// wordLen is the length of the letters that s starts with.
func wordLen(s []byte) int {
	for i, c := range s {
		if c|0x20-'a' > 25 {
			return i
		}
	}
	return len(s)
}

func levelName(word []byte) bool {
	for _, name := range [...]string{"emerg", "alert", "crit", "critical", "err", "error", "warn", "warning", "notice", "info", "debug", "trace"} {
		if sameName(word, []byte(name)) {
			return true
		}
	}
	return false
}

// file reads what grep prints with -H, -n and -b: "/var/log/syslog:", "12:",
// and with '-' for ':' before the lines around a match.
func (at *printers) file(s []byte) int {
	if at.named || at.stamped {
		return 0
	}
	path := s[0] == '/' || s[0] == '.'
	for n, c := range s {
		if c == ' ' && !path || c == '\t' || c == '"' || c == '{' || c == '[' || c == '=' {
			return 0
		}
		if c != ':' && c != '-' && c != 0 || n == 0 {
			continue
		}
		end := n + 1
		if tab := tabbedNumber(s[end:]); tab > 0 {
			at.named = true
			return end + tab
		}
		for range 2 { // the line's number, and its place in bytes
			if startsLine(s[end:]) {
				break
			}
			end += lineNumber(s[end:], c)
		}
		if c == 0 || c == ':' && startsLine(s[end:]) || c == '-' && startsLine(s[end:]) && !hostAhead(s) {
			at.named = true
			return end
		}
	}
	return 0
}

// lineNumber is the length of "12:" behind a file's name.
func lineNumber(s []byte, mark byte) int {
	_, n := digits(s)
	if n == 0 || n > longestNumber || n == len(s) || s[n] != mark {
		return 0
	}
	return n + 1
}

// tabbedNumber is the length of "  12:" and a tab, as grep -T prints it.
func tabbedNumber(s []byte) int {
	pad := blanks(s)
	n := lineNumber(s[pad:], ':')
	if n == 0 || pad+n == len(s) || s[pad+n] != '\t' {
		return 0
	}
	return pad + n + 1
}

// startsLine reports whether s can be the start of a line in a log, or is at
// its end: where grep's part ends, nothing stands but that.
func startsLine(s []byte) bool {
	if len(s) == 0 || s[0] == '[' || s[0] == '<' || stampLen(s) > 0 {
		return true
	}
	for _, head := range [...]string{"node=", "audit: ", "kern  :", "data: ", "\x1e"} {
		if len(s) >= len(head) && string(s[:len(head)]) == head {
			return true
		}
	}
	if s[0] == '\t' || bytes.HasPrefix(s, []byte("   ")) { // a tag has one blank behind its colon
		return true
	}
	_, n := digits(s)
	return klogHead(s) > 0 || n > 0 && n <= 3 && n < len(s) && s[n] == ','
}

// hostAhead reports whether s starts with a word that a host's name could be,
// and a blank: '-' is in many of them.
func hostAhead(s []byte) bool {
	i := bytes.IndexByte(s, ' ')
	return i > 0 && hostName(s[:i])
}

// names reads who printed the line, where the line says so: "192.0.2.7: " and
// "node1: " (Talos, pdsh, pssh), "node-1 " (oc adm node-logs), "pod container "
// (stern), "pod-1  | " (docker compose), "ns/pod[container]: " (kail).
func (at *printers) names(pre *prefix, s []byte) int {
	if at.named {
		return 0
	}
	n := bytes.IndexAny(s, " \t")
	if n <= 0 {
		return 0
	}
	word := s[:n]
	after := n + blanks(s[n:])
	switch {
	case bytes.HasPrefix(s[after:], []byte("| ")):
		after += 2
	case at.stamped:
		if rest := s[after:]; !certainHost(word) && !stream(word) || len(rest) > 0 && !startsLine(rest) {
			return 0
		}
		pre.node = nil
		if hostName(word) {
			pre.node = word
		}
	case word[n-1] == ':' && certainHost(word[:n-1]):
		pre.node = word[:n-1]
	case word[n-1] == ':' && bytes.IndexByte(word, '/') > 0 && n > 2 && word[n-2] == ']':
	case certainHost(word):
		if startsLine(s[after:]) {
			pre.node = word
		} else if after += containerLen(s[after:]); after == n+blanks(s[n:]) {
			return 0
		}
	default:
		return 0
	}
	at.named = true
	return after
}

// stream reports whether a word is the name of a stream of logs in a cloud.
func stream(word []byte) bool {
	return bytes.IndexByte(word, '/') > 0 && len(bytes.Trim(word, "/.-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789[]$")) == 0
}

// containerLen is the length of the names behind a pod's: of its container, or
// of another pod and that, where the first was a namespace.
func containerLen(s []byte) int {
	at := 0
	for range 2 {
		n := bytes.IndexByte(s[at:], ' ')
		if n <= 0 || !hostName(s[at:at+n]) || startsLine(s[at:]) {
			break
		}
		at += n + blanks(s[at+n:])
	}
	return at
}

// hostName reports whether a word can be the name of a host, pod or container.
func hostName(word []byte) bool {
	for _, c := range word {
		if !hostByte(c) {
			return false
		}
	}
	return len(word) > 0 && len(word) <= longestHost
}

// certainHost reports whether a word is the name or address of a host, or of a
// pod, for certain enough: a mere word could be anything, and a number is one.
func certainHost(word []byte) bool {
	if len(word) < 2 || !isAlnum(word[0]) || !isAlnum(word[len(word)-1]) {
		return false
	}
	return address(word) || hostName(word) && bytes.ContainsAny(word, ".-0123456789") && len(bytes.Trim(word, "0123456789")) > 0
}

// address reports whether a word can be an address of IPv6.
func address(word []byte) bool {
	for _, c := range word {
		if c != ':' && c != '.' && c-'0' > 9 && c|0x20-'a' > 5 {
			return false
		}
	}
	return bytes.Count(word, []byte(":")) > 1 && stampLen(word) == 0
}

const longestHost = 253

func hostByte(c byte) bool { return isAlnum(c) || c == '-' || c == '.' || c == '_' }

func isAlnum(c byte) bool { return c-'0' <= 9 || c|0x20-'a' <= 25 }
