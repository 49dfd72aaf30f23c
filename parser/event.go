package parser

import "bytes"

// isEvent reports whether an object says which call a process made, and what
// became of it. Kernels before 3.16 tell no architecture.
func (f *object) isEvent() bool {
	const call, action = 1<<factNR | 1<<fSyscall, 1<<factAction | 1<<fCode
	known := f.seen | f.null&(1<<fArch|1<<fPID)
	return known&(1<<fArch) != 0 && known&(1<<fPID) != 0 && known&call != 0 && known&action != 0
}

// resemblesEvent reports whether an object is of a SECCOMP record, or of a
// call that a filter decided over.
func (f *object) resemblesEvent() bool {
	const call, action = 1<<factNR | 1<<fSyscall, 1<<factAction | 1<<fCode
	const only = 1<<fCompat | 1<<fIP // no other audit record has these
	const some = call | action | 1<<fPID | 1<<factSerial
	return f.has(factType) && f.seen&some != 0 || f.has(factEnricher) || f.has(fact(fCompat)) && (f.seen|f.null)&only == only ||
		f.seen&call != 0 && f.seen&action != 0 && f.has(fact(fPID))
}

// Reasons why other tools' events are no calls for certain.
const (
	logEnricher  = "event of the log enricher or vArmor, which tells neither arch nor action: read the node's audit.log instead"
	jsonEnricher = "event of the JSON enricher, which tells neither arch nor action: read the node's audit.log instead"
	gadget       = "event without arch, as inspektor-gadget has them: read the node's audit.log instead"
	gadgetTable  = "table of inspektor-gadget, which tells no arch: read the node's audit.log instead"
	snappyDebug  = "excerpt of snappy-debug: read the log that it was made from instead"
	noEvent      = "event of a SECCOMP record that lacks its call, arch, action or pid"
)

// lacks is the reason why an object is no event.
func (f *object) lacks() string {
	switch {
	case f.has(factEnricher):
		return jsonEnricher
	case f.has(fact(fSyscall)) && f.has(fact(fPID)) && f.seen&(1<<factAction|1<<fCode) != 0:
		return gadget
	case f.has(fact(fSyscall)) && f.has(fact(fPID)) && f.seen&(1<<fArch) == 0:
		return logEnricher
	}
	return noEvent
}

// collected makes the record of an object that tells of a call: an event of
// auditscan itself, auditbeat or osquery. Its numbers are JSON numbers or text,
// its names decoded.
func (p *Parser) collected(frame int) (reason string) {
	d := &p.doc
	f := &d.frames[frame]
	if !f.isEvent() {
		return f.lacks()
	}
	p.begin(Record{Form: FormEvent, Node: d.node(frame)})
	r := &p.rec
	for _, id := range [...]struct {
		fact fact
		into *uint32
	}{{fact(fAUID), &r.AUID}, {fact(fUID), &r.UID}, {fact(fGID), &r.GID}, {fact(fSes), &r.Ses}} {
		*id.into = number(d.fact(f, id.fact), NoID)
	}
	r.Comm, r.Exe, r.Subj = d.name(f, fComm), d.name(f, fExe), d.fact(f, fact(fSubj))
	if !f.endsStream {
		r.Container = d.rawOf(f)
	}
	r.Compat = bytes.Equal(d.fact(f, fact(fCompat)), []byte("true")) || bytes.Equal(d.fact(f, fact(fCompat)), []byte("1"))
	r.IP, _ = lowerHex(bytes.TrimPrefix(d.fact(f, fact(fIP)), []byte("0x")))
	ok := signed(&r.PID, d.fact(f, fact(fPID))) || f.null>>fPID&1 != 0
	if sig := d.fact(f, fact(fSig)); sig != nil && !signed(&r.Sig, sig) {
		r.Sig = signalNumber(sig)
	}
	p.collectedStamp(f)
	if !ok || r.PID < 0 {
		return badValue[fPID]
	}
	return p.collectedCall(f)
}

// name is comm or exe; one that is empty is not one that is missing.
func (d *document) name(f *object, x field) Text {
	if !f.has(fact(x)) {
		return Text{}
	}
	return plain(d.fact(f, fact(x)))
}

func (p *Parser) collectedStamp(f *object) {
	st := &p.rec.Stamp
	if serial := p.doc.fact(f, factSerial); serial != nil {
		st.Serial, st.HasSerial = serialOf(serial)
	}
	millis, ok := timeOf(p.doc.fact(f, factTime))
	if ok && millis >= 0 && millis <= maxMillis {
		st.Millis, st.HasTime = millis, true
	}
}

// timeOf reads a time in RFC 3339, or in seconds since the epoch.
func timeOf(s []byte) (millis int64, ok bool) {
	if millis, n := isoTime(s); n > 0 && n == len(s) {
		return millis, true
	}
	sec, n := digits(s)
	if n == 0 || n > 12 {
		return 0, false
	}
	if n == len(s) {
		return int64(sec) * 1000, n >= len("100000000") // else it is a year, or an uptime
	}
	msec, m := digits(s[n+1:])
	return int64(sec*1000 + msec), s[n] == '.' && m == 3 && n+1+m == len(s)
}

// collectedCall reads which call it was, by number or by name, and what the
// filter decided.
func (p *Parser) collectedCall(f *object) (reason string) {
	d, r := &p.doc, &p.rec
	if reason = p.collectedAction(f); reason != "" {
		return reason
	}
	arch := d.fact(f, fact(fArch))
	numeric := arch == nil
	if v, n := lowerHex(bytes.TrimPrefix(arch, []byte("0x"))); n > 0 && n <= 8 && n == len(bytes.TrimPrefix(arch, []byte("0x"))) {
		r.Arch, numeric = uint32(v), true
	}
	name := bytes.TrimSuffix(d.fact(f, fact(fSyscall)), []byte("(unknown)")) // osquery
	nr, hasNR := name, f.has(factNR)
	if hasNR {
		nr = d.fact(f, factNR)
	}
	numbered := signed(&r.NR, nr)
	switch {
	case numeric && numbered && r.CodeName == nil:
		return ""
	case arch == nil, len(nr) == 0, hasNR && !numbered:
		return noEvent
	}
	r.ArchName, r.SyscallName, r.Numbered = arch, name, numbered
	if r.CodeName == nil {
		r.CodeName = codeNames(r.Code)
	}
	return ""
}

// collectedAction reads the action: by its code, or by its name.
func (p *Parser) collectedAction(f *object) (reason string) {
	r := &p.rec
	if code := p.doc.fact(f, fact(fCode)); code != nil {
		if n, _ := r.code(code); n == len(code) {
			return ""
		}
		if a := actionOf(code); a != nil {
			r.setAction(a)
			return ""
		}
	}
	action := p.doc.fact(f, factAction)
	if a := actionOf(action); a != nil {
		r.setAction(a)
		return ""
	}
	if string(action) != "unknown" {
		return badValue[fCode]
	}
	r.CodeName = action
	return ""
}

// action is what a filter can decide, by its name; those without a code of
// their own leave open which it was.
type action struct {
	name  []byte
	code  uint32
	known bool
}

var actions = [...]action{
	{[]byte("kill_process"), 0x80000000, true},
	{[]byte("kill_thread"), 0, true},
	{[]byte("kill"), 0, false},
	{[]byte("trap"), 0x30000, true},
	{[]byte("errno"), 0x50000, true},
	{[]byte("user_notif"), 0x7fc00000, true},
	{[]byte("trace"), 0x7ff00000, true},
	{[]byte("log"), 0x7ffc0000, true},
	{[]byte("allow"), 0x7fff0000, true},
}

// actionOf returns the action of a name: the kernel's, with or without
// SECCOMP_RET_, libseccomp's or auparse's; nil if it is none.
func actionOf(name []byte) *action {
	name = bytes.TrimPrefix(bytes.TrimPrefix(name, []byte("SECCOMP_RET_")), []byte("SCMP_ACT_"))
	if string(name) == "NOTIFY" || string(name) == "user-notify" {
		name = actions[5].name
	}
	for i := range actions {
		if sameName(name, actions[i].name) {
			return &actions[i]
		}
	}
	return nil
}

// sameName compares without regard to case, and to '-' for '_'.
func sameName(s, name []byte) bool {
	if len(s) != len(name) {
		return false
	}
	for i, c := range s {
		if c-'A' <= 25 {
			c |= 0x20
		}
		if c == '-' {
			c = '_'
		}
		if c != name[i] {
			return false
		}
	}
	return true
}

func (r *Record) setAction(a *action) {
	r.Code = a.code
	if !a.known {
		r.CodeName = a.name
	}
}

// codeNames is the name of an action's code.
func codeNames(code uint32) []byte {
	for i := range actions {
		if actions[i].known && actions[i].code == code&0xffff0000 {
			return actions[i].name
		}
	}
	return []byte("unknown")
}

// signed reads a whole number of 32 bits.
func signed(into *int32, s []byte) bool {
	v, ok := UnknownSyscall(s)
	if ok {
		*into = v
	}
	return ok
}

// number reads a whole number of 32 bits; what is none is other.
func number(s []byte, other uint32) uint32 {
	v, n := digits(s)
	if n == 0 || n > 10 || n != len(s) || v > 1<<32-1 {
		return other
	}
	return uint32(v)
}

// signalNumber is the number of a signal by which filters kill.
func signalNumber(name []byte) int32 {
	switch string(name) {
	case "SIGSYS":
		return 31
	case "SIGKILL":
		return 9
	}
	return 0
}

// lossKindOf is the kind of a loss in the events of auditscan itself.
func lossKindOf(name []byte) (LossKind, bool) {
	for kind, known := range lossKinds {
		if string(name) == known {
			return LossKind(kind), true
		}
	}
	return 0, false
}

// collectedLoss makes the loss of {"loss":{...}}.
func (p *Parser) collectedLoss(frame int) Item {
	d := &p.doc
	f := &d.frames[frame]
	kind, ok := lossKindOf(d.fact(f, factLossKind))
	count, counted := countOf(d.fact(f, factLossCount))
	total, totalled := countOf(d.fact(f, factLossTotal))
	if !ok || !counted || f.has(factLossTotal) && !totalled {
		return p.malformed("loss of a kind or count that is none", d.whole)
	}
	p.loss = Loss{Kind: kind, Count: count, Total: total, Text: d.fact(f, factLossKind), Form: FormEvent}
	if millis, ok := timeOf(d.fact(f, factTime)); ok && millis >= 0 && millis <= maxMillis {
		p.loss.Stamp = Stamp{Millis: millis, HasTime: true}
	}
	return ItemLoss
}

func countOf(s []byte) (v int64, ok bool) {
	n, length := digits(s)
	return int64(n), length > 0 && length <= 18 && length == len(s)
}
