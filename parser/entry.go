package parser

import "bytes"

// entry is what is of interest in a journal entry of several lines: one value a
// member, nil where it has none.
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
	mFacility // syslog's, by number
	numMembers
)

// memberOf returns the member of a key, mNone for keys of no interest.
func memberOf(key []byte) member {
	switch string(key) {
	case "MESSAGE":
		return mMessage
	case "_TRANSPORT":
		return mTransport
	case "_AUDIT_TYPE":
		return mAuditType
	case "_AUDIT_ID":
		return mAuditID
	case "_SOURCE_REALTIME_TIMESTAMP":
		return mSource
	case "_HOSTNAME":
		return mHost
	case "SYSLOG_IDENTIFIER":
		return mIdent
	case "SYSLOG_FACILITY":
		return mFacility
	}
	return mNone
}

// entryItem parses an entry of the journal, where only the transports audit and
// kernel count.
func (p *Parser) entryItem(e *entry) Item {
	message := bytes.TrimRight(e[mMessage], "\n")
	ident := e[mIdent]
	switch string(e[mTransport]) {
	case "audit":
		return p.auditEntry(e[mMessage], e[mAuditType], e[mAuditID], e[mSource], e[mHost], true)
	case "kernel", "":
		if len(e[mTransport]) == 0 && len(ident) > 0 && !kernelIdent(ident) {
			break
		}
		if user(ident, nil, e[mFacility]) {
			return p.refuse(message, notKern)
		}
		return p.kernelEntry(e, message)
	}
	if string(ident) == "systemd-journald" || string(ident) == "rsyslogd" {
		p.text = append(append(append(p.text[:0], ident...), ": "...), message...)
		return p.lossLine(p.text)
	}
	return p.refuse(message, byProgram)
}

// kernelEntry parses what printk wrote. It can be forged, but not where the
// journal's fields say so.
func (p *Parser) kernelEntry(e *entry, message []byte) Item {
	item := p.quoted(message)
	if item != ItemRecord && item != ItemOther {
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
	return p.untrusted(p.scan(text))
}

// untrusted gives the record of an item a form that is not trusted.
func (p *Parser) untrusted(item Item) Item {
	if item == ItemRecord || item == ItemOther {
		p.distrust()
	}
	return item
}

// distrust gives the record a form that is not trusted.
func (p *Parser) distrust() {
	switch r := &p.rec; {
	case r.Form == FormJournalKernel:
		r.Form = FormKernel
	case r.Form == FormAuditd, r.Form == FormJSON, r.Form == FormJournal && r.HasSerial:
		r.Form = FormAudisp
	}
}

// refuse makes the item for a message that does not count, whatever it says.
func (p *Parser) refuse(message []byte, reason string) Item {
	if mentionsRecord(message) || journalIndex(message) >= 0 {
		return p.malformed(reason, message)
	}
	return ItemEnd
}

func kernelIdent(ident []byte) bool {
	return string(ident) == "kernel" || string(ident) == "audit" || audispTag(ident)
}

// user reports whether a message's facility says that a program wrote it. The
// kernel's own is kern, journald gives auth to audit records, and auditd's
// plugin has one of its own.
func user(ident, priority, facility []byte) bool {
	if audispTag(ident) {
		return false
	}
	v, ok := facilityOf(priority, facility)
	return ok && !fromKernel(v, ident)
}

// facilities are the names of syslog's facilities, in the order of their numbers.
var facilities = [...]string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
	"ntp", "security", "console", "solaris-cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}

const (
	facilityKern   = 0
	facilityUser   = 1
	facilityAuth   = 4
	facilityLocal0 = 16
)

// facilityOf is the facility of a priority, if that tells one, or one that is
// told by its number or name.
func facilityOf(priority, facility []byte) (v uint64, ok bool) {
	if v, n := digits(priority); n > 0 && v>>3 != facilityKern && v>>3 < uint64(len(facilities)) {
		return v >> 3, true
	}
	if len(facility) == 0 {
		return 0, false
	}
	if v, n := digits(facility); n > 0 {
		return v, true
	}
	for v, name := range facilities {
		if string(facility) == name {
			return uint64(v), true
		}
	}
	return 0, false
}

func fromKernel(facility uint64, ident []byte) bool {
	return facility == facilityKern || facility == facilityAuth && string(ident) == "audit"
}

// fileFacility reports whether a collector that follows a file gives its lines a
// facility, and a tag, so: rsyslog has local0 and any tag, syslog-ng has user and
// none, unless it is told another.
func fileFacility(facility uint64, tag []byte) bool {
	return facility >= facilityLocal0 || facility == facilityUser && ofAuditLog(tag)
}

// ofAuditLog reports whether a tag can be that of auditd's file.
func ofAuditLog(tag []byte) bool { return len(tag) == 0 || bytes.Contains(tag, auditWord) }

// auditEntry parses an entry of journald's audit transport. The stamp, which
// the message lacks, is in fields that only journald can set; it is trusted in
// the journal's own rendering alone.
func (p *Parser) auditEntry(message, auditType, id, source, host []byte, trusted bool) Item {
	var st Stamp
	st.Serial, st.HasSerial = serialOf(id)
	micros, n := digits(source)
	if millis := micros / 1000; n > 0 && n == len(source) && n <= 18 && millis <= maxMillis {
		st.Millis, st.HasTime = int64(millis), true
	}
	item := p.auditMessage(message, auditType, st, host)
	if item != ItemMalformed {
		p.rec.Stamp, p.rec.Node = st, host
		if !trusted {
			p.distrust()
		}
	}
	return item
}

func (p *Parser) auditMessage(message, auditType []byte, st Stamp, host []byte) Item {
	whole := journalIndex(message) == 0
	switch string(auditType) {
	case "1326":
	case "":
		if whole { // journalctl --output-fields left the type out
			break
		}
		fallthrough
	default:
		p.begin(Record{Form: FormJournal, Stamp: st, Node: host})
		p.noticed(int(number(auditType, 0)), message)
		return ItemOther
	}
	if !whole {
		return p.malformed("journal entry without its record", message)
	}
	return p.journalLine(message, 0)
}
