package source

import (
	"bytes"
	"encoding/binary"

	"github.com/elastic/go-libaudit/v2/auparse"
	"golang.org/x/sys/unix"
)

// appendMessage renders an audit netlink message as the line that auditd
// would write in its raw form. Only the stamp of records other than SECCOMP
// is kept: it tells which serials were there. A message that is no record
// (without a stamp, and so without a serial) gives no line.
//
// The header's length is not looked at: a datagram holds one message, and the
// kernel has counted the header in or not, depending on its version.
func appendMessage(dst, msg []byte) []byte {
	if len(msg) < unix.SizeofNlMsghdr {
		return dst
	}
	msgType := auparse.AuditMessageType(binary.NativeEndian.Uint16(msg[4:]))
	text := msg[unix.SizeofNlMsghdr:]
	stamp := leadingStamp(text)
	if stamp == nil {
		return dst
	}
	if msgType != auparse.AUDIT_SECCOMP {
		text = stamp
	}
	dst = append(dst, "type="...)
	dst = append(dst, msgType.String()...)
	dst = append(dst, " msg="...)
	start := len(dst)
	dst = append(dst, bytes.TrimRight(text, "\x00\n")...)
	blankControls(dst[start:])
	return append(dst, '\n')
}

// leadingStamp returns the "audit(SEC.MSEC:SERIAL):" that every record begins
// with, or nil.
func leadingStamp(text []byte) []byte {
	rest, ok := bytes.CutPrefix(text, []byte("audit("))
	if !ok {
		return nil
	}
	for _, end := range []byte(".:)") {
		digits := 0
		for digits < len(rest) && '0' <= rest[digits] && rest[digits] <= '9' {
			digits++
		}
		if digits == 0 || digits == len(rest) || rest[digits] != end {
			return nil
		}
		rest = rest[digits+1:]
	}
	if len(rest) == 0 || rest[0] != ':' {
		return nil
	}
	return text[:len(text)-len(rest)+1]
}

// blankControls keeps one record one line, whatever a security module put
// into its label.
func blankControls(b []byte) {
	for i, c := range b {
		if c < ' ' || c == 0x7f {
			b[i] = ' '
		}
	}
}
