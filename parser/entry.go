package parser

import "bytes"

// entry is what is of interest in a journal entry, or in another JSON wrapper
// of a line of text: one value a member, nil where it has none.
type entry [numMembers][]byte

// member is a member of an entry.
type member uint8

const (
	mNone member = iota
	mMessage
	mTransport // how journald got it: audit and kernel cannot be forged
	mAuditType
	mAuditID // the serial
	mSource  // the audit stamp's time, in microseconds
	mHost
	mIdent    // the program that said it
	mFacility // syslog's, by name or number
	mPriority // facility * 8 + severity; dmesg -J has the severity alone
	numMembers
)

// memberOf returns the member of a key, mNone for keys of no interest.
func memberOf(key []byte) member {
	switch string(key) {
	case "MESSAGE", "message", "msg", "log":
		return mMessage
	case "_TRANSPORT":
		return mTransport
	case "_AUDIT_TYPE":
		return mAuditType
	case "_AUDIT_ID":
		return mAuditID
	case "_SOURCE_REALTIME_TIMESTAMP":
		return mSource
	case "_HOSTNAME", "host", "hostname":
		return mHost
	case "SYSLOG_IDENTIFIER", "program", "programname", "syslogtag", "tag", "app-name":
		return mIdent
	case "SYSLOG_FACILITY", "syslogfacility", "facility", "fac":
		return mFacility
	case "pri":
		return mPriority
	}
	return mNone
}

// entryItem parses an entry: of the journal, where only the transports audit
// and kernel count, or of another wrapper, whose program must be the kernel's
// where it names one.
func (p *Parser) entryItem(e *entry, line []byte) Item {
	ident := bytes.TrimSuffix(e[mIdent], []byte(":"))
	switch transport := string(e[mTransport]); {
	case transport == "audit":
		return p.auditEntry(e, line)
	case transport == "kernel", transport == "" && (len(ident) == 0 || kernelIdent(ident)):
		if e.user(ident) {
			return p.refuse(e[mMessage], notKern, line)
		}
		return p.wrapped(e)
	case string(ident) == "systemd-journald", string(ident) == "rsyslogd":
		start := len(p.text)
		p.text = append(append(append(p.text, ident...), ": "...), e[mMessage]...)
		return p.lossLine(p.text[start:])
	}
	return p.refuse(e[mMessage], "written by a program, not by the kernel", line)
}

// wrapped parses the line of text that an entry holds. Text that printk wrote
// can be forged, but not where the journal's fields say so.
func (p *Parser) wrapped(e *entry) Item {
	item := p.quoted(bytes.TrimRight(e[mMessage], "\n"))
	if item != IsRecord && item != IsOther {
		return item
	}
	if p.rec.Node == nil && len(e[mHost]) > 0 {
		p.rec.Node = e[mHost]
	}
	if p.rec.Form == FormKernel && string(e[mTransport]) == "kernel" && string(e[mFacility]) == "0" {
		p.rec.Form = FormJournalKernel
	}
	return item
}

// quoted parses a line of text that another log holds: a container's output,
// a message in JSON. Whatever it looks like, any program may have written it,
// and so it has a form that is not trusted.
func (p *Parser) quoted(text []byte) Item {
	item := p.scan(text)
	if item != IsRecord && item != IsOther {
		return item
	}
	switch r := &p.rec; {
	case r.Form == FormJournalKernel:
		r.Form = FormKernel
	case r.Form == FormAuditd, r.Form == FormJSON, r.Form == FormJournal && r.HasSerial:
		r.Form = FormAudisp
	}
	return item
}

// refuse makes the item for a message that does not count, whatever it says.
func (p *Parser) refuse(message []byte, reason string, line []byte) Item {
	if mentionsRecord(message) || journalIndex(message) >= 0 {
		return p.malformed(reason, line)
	}
	return End
}

func kernelIdent(ident []byte) bool {
	return string(ident) == "kernel" || string(ident) == "audit" || audispTag(ident)
}

// user reports whether the entry's facility says that a program wrote it. The
// kernel's own is kern, journald gives auth to audit records, and auditd's
// plugin has one of its own.
func (e *entry) user(ident []byte) bool {
	if audispTag(ident) {
		return false
	}
	if v, n := digits(e[mPriority]); n > 0 && !fromKernel(v>>3, ident) {
		return true
	}
	switch string(e[mFacility]) {
	case "", "kern":
		return false
	case "auth":
		return !fromKernel(facilityAuth, ident)
	}
	v, n := digits(e[mFacility])
	return n == 0 || !fromKernel(v, ident)
}

const facilityAuth = 4

func fromKernel(facility uint64, ident []byte) bool {
	return facility == 0 || facility == facilityAuth && string(ident) == "audit"
}

// auditEntry parses an entry of journald's audit transport. The stamp, which
// the message lacks, is in fields that only journald can set.
func (p *Parser) auditEntry(e *entry, line []byte) Item {
	serial, n := digits(e[mAuditID])
	micros, m := digits(e[mSource])
	st := Stamp{Serial: uint32(serial), HasSerial: n > 0}
	if millis := micros / 1000; m > 0 && millis <= maxMillis {
		st.Millis, st.HasTime = int64(millis), true
	}
	whole := journalIndex(e[mMessage]) == 0
	switch string(e[mAuditType]) {
	case "1326":
	case "":
		if whole { // journalctl --output-fields left the type out
			break
		}
		fallthrough
	default:
		p.begin(Record{Form: FormJournal, Stamp: st, Node: e[mHost]})
		return IsOther
	}
	if !whole {
		return p.malformed("journal entry without its record", line)
	}
	item := p.journalLine(e[mMessage], 0)
	if item == IsRecord {
		p.rec.Stamp, p.rec.Node = st, e[mHost]
	}
	return item
}
