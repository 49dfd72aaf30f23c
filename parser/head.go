package parser

import "bytes"

// headMemo is the start of the kernel's line that was read last, up to and
// with "kernel: ". What stands there is the same for a second, and says the
// same of every line: the prefix is parted at its first ": ", and what can
// follow in the prefix, the uptime and "audit: ", is in no part before it.
type headMemo struct {
	text, node []byte
	uptime     [16]byte // its seconds: "[  387."
	uptimeLen  int
}

// keep remembers the head of a prefix that has no priority: that one is read
// by other rules.
func (m *headMemo) keep(text []byte, pre *prefix) {
	end := bytes.Index(text, []byte(": "))
	if end < 0 || !bytes.HasSuffix(text[:end], []byte(" kernel")) || !wordStart(text[0]) || pre.pid != nil {
		return
	}
	m.text = append(m.text[:0], text[:end+2]...)
	m.node = append(m.node[:0], pre.node...)
	if pre.node == nil {
		m.node = nil
	}
}

func wordStart(c byte) bool { return c-'0' <= 9 || c|0x20-'a' <= 25 }

// recall returns where the time begins in a line of the remembered head, 0
// where s is none.
func (m *headMemo) recall(s []byte) int {
	const bare, named = "type=1326 audit(", "audit: type=1326 audit("
	if len(m.text) == 0 || !bytes.HasPrefix(s, m.text) {
		return 0
	}
	n := len(m.text)
	n += m.uptimePrefix(s[n:])
	switch {
	case len(s) < n+len(named):
		return 0
	case string(s[n:n+len(named)]) == named:
		return n + len(named)
	case string(s[n:n+len(bare)]) == bare:
		return n + len(bare)
	}
	return 0
}

// uptimePrefix is the length of the uptime that s starts with: [uptime] with a memory of
// its seconds.
func (m *headMemo) uptimePrefix(s []byte) int {
	const micros = len("811073] ")
	n := m.uptimeLen
	if n > 0 && len(s) >= n+micros && string(s[:n]) == string(m.uptime[:n]) {
		if _, k := eightDigits(le64(s[n:])); k == 6 && s[n+6] == ']' && s[n+7] == ' ' {
			return n + micros
		}
	}
	up := uptime(s)
	if n = up - micros; n > 0 && n <= len(m.uptime) {
		m.uptimeLen = copy(m.uptime[:], s[:n])
	}
	return up
}
