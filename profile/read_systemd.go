package profile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/syscalltable"
)

// unit reads the calls that a unit of systemd or a drop-in restricts its service
// to, see systemd.exec(5). Several files one behind the other, as `systemctl
// cat` shows them, are one unit.
func (p *parser) unit(text []string) (*Document, error) {
	u := &unitReader{p: p, table: systemdOf(p.systemd), number: Outcome{Action: syscalltable.ActionKillProcess}}
	u.filter.calls, u.log.calls = map[string]answered{}, map[string]answered{}
	for i := 0; i < len(text); i++ {
		i = u.line(text, i)
	}
	if !u.filter.given && !u.log.given && u.arches == nil {
		return nil, p.at(1, 1).Errorf("no SystemCallFilter= and the like in it: nothing is said about calls")
	}
	return u.document(), nil
}

// unitReader reads a unit.
type unitReader struct {
	p           *parser
	table       systemdTable
	section     string
	filter, log callList
	number      Outcome // what is answered to calls that are denied
	arches      []syscalltable.Arch
	sets        bool // some are used
}

// callList is what the lines of SystemCallFilter= or SystemCallLog= come to.
type callList struct {
	given bool
	allow bool // the first line names what may be called, or is logged
	calls map[string]answered
}

// line reads what begins in a line, and returns the number of its last one.
func (u *unitReader) line(text []string, i int) int {
	first := strings.TrimSpace(text[i])
	switch {
	case first == "" || first[0] == '#' || first[0] == ';':
		return i
	case first[0] == '[':
		u.section = strings.Trim(first, "[]")
		return i
	}
	key, value, ok := strings.Cut(text[i], "=")
	offset := len(key) + 1
	var words []word
	for {
		rest, goesOn := strings.CutSuffix(value, `\`)
		words = append(words, u.p.words(rest, i+1, offset)...)
		if !goesOn || i+1 == len(text) {
			break
		}
		i, offset = u.goOn(text, i), 0
		value = text[i]
	}
	if key = strings.TrimSpace(key); ok && isExecSection(u.section) {
		u.assign(key, words, u.p.at(i+1, 1+strings.Index(text[i], first[:1])))
	}
	return i
}

// goOn returns the number of the line that continues line i: comments between
// them do not count.
func (u *unitReader) goOn(text []string, i int) int {
	for i++; i+1 < len(text); i++ {
		if line := strings.TrimSpace(text[i]); line == "" || line[0] != '#' && line[0] != ';' {
			break
		}
	}
	return i
}

// isExecSection reports whether a section may have settings of systemd.exec(5).
// Lines without a section are read as those of a service.
func isExecSection(name string) bool {
	return slices.Contains([]string{"", "Service", "Socket", "Mount", "Swap"}, name)
}

// otherFilters are settings that make systemd load a filter beside that of
// SystemCallFilter=.
var otherFilters = []string{
	"LockPersonality", "MemoryDenyWriteExecute", "PrivateDevices", "ProtectClock", "ProtectHostname", "ProtectKernelLogs",
	"ProtectKernelModules", "ProtectKernelTunables", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID",
}

// assign takes an assignment.
func (u *unitReader) assign(key string, words []word, at *node) {
	switch key {
	case "SystemCallFilter":
		u.list(&u.filter, words, at, true)
	case "SystemCallLog":
		u.list(&u.log, words, at, false)
	case "SystemCallErrorNumber":
		u.errorNumber(words)
	case "SystemCallArchitectures":
		u.architectures(words)
	default:
		off := len(words) == 0 || slices.Contains([]string{"no", "false", "off", "0"}, words[0].text)
		if slices.Contains(otherFilters, key) && !off {
			u.p.note(at.Errorf("%s= makes systemd load another filter, which is not read here", key))
		}
	}
}

// list takes an assignment to a list of calls. An empty one resets it; the first
// one decides whether it names what is let through or what is not.
func (u *unitReader) list(l *callList, words []word, at *node, implied bool) {
	if len(words) == 0 {
		*l = callList{calls: map[string]answered{}}
		return
	}
	invert := strings.HasPrefix(words[0].text, "~")
	if invert {
		words = slices.Clone(words)
		words[0].text = words[0].text[1:]
	}
	if !l.given {
		l.given, l.allow = true, !invert
		if l.allow && implied {
			u.add(l, word{"@default", words[0].at}, Outcome{}, false)
		}
	}
	for _, w := range words {
		if w.text == "" { // the ~ stood alone
			continue
		}
		name, number, own := strings.Cut(w.text, ":")
		o, ok := u.ownNumber(w, number, own, invert)
		if ok {
			w.text = name
			u.add(l, w, o, invert)
		}
	}
}

// ownNumber reads the error number behind a call: an outcome without action is
// that of all others.
func (u *unitReader) ownNumber(w word, number string, own, invert bool) (Outcome, bool) {
	if !own {
		return Outcome{}, true
	}
	if !invert {
		u.p.note(w.at.Errorf("%.40q: a call that is allowed has no error number: systemd passes over it", w.text))
		return Outcome{}, false
	}
	o, err := systemdNumber(number)
	if err != nil {
		u.p.note(w.at.Errorf("%.40q: %v: systemd passes over it", w.text, err))
	}
	return o, err == nil
}

// systemdNumber reads an error number, or "kill".
func systemdNumber(text string) (Outcome, error) {
	if text == "kill" {
		return Outcome{Action: syscalltable.ActionKillProcess}, nil
	}
	n, err := ParseErrno(text)
	return Outcome{Action: syscalltable.ActionErrno, Errno: n}, err
}

// add adds a call or the calls of a set to a list, or takes them out of it.
func (u *unitReader) add(l *callList, w word, o Outcome, invert bool) {
	names := []string{w.text}
	if strings.HasPrefix(w.text, "@") {
		if names = u.table.calls(w.text); names == nil {
			u.p.note(w.at.Errorf("unknown set %.40q (systemd %d has none): systemd passes over it", w.text, u.table.version))
		}
		u.sets = true
		names = slices.DeleteFunc(names, func(name string) bool { return !u.p.known[name] })
	} else if names = u.p.knownCalls(names, func(int) *node { return w.at }); len(names) == 0 {
		return
	}
	for _, name := range names {
		if invert != l.allow || o != (Outcome{}) { // with a number of its own it stays in the list, to be denied
			l.calls[name] = answered{o, w.at}
		} else {
			delete(l.calls, name)
		}
	}
}

func (u *unitReader) errorNumber(words []word) {
	u.number = Outcome{Action: syscalltable.ActionKillProcess}
	if len(words) == 0 {
		return
	}
	o, err := systemdNumber(words[0].text)
	if err != nil {
		u.p.note(words[0].at.Errorf("%v: systemd passes over it", err))
		return
	}
	u.number = o
}

func (u *unitReader) architectures(words []word) {
	if len(words) == 0 {
		u.arches = nil
	}
	for _, w := range words {
		a := u.p.host
		if w.text != "native" {
			a = systemdArchOf(w.text)
		}
		if a == syscalltable.NoArch {
			u.p.note(w.at.Errorf("unknown architecture %.40q (such as native, x86-64, arm64): systemd passes over it", w.text))
			continue
		}
		u.arches = append(u.arches, a)
	}
}

// systemdArchOf returns the architecture that systemd calls so.
func systemdArchOf(name string) syscalltable.Arch {
	for _, a := range syscalltable.Arches() {
		if name != "" && systemdArch(a) == name {
			return a
		}
	}
	return syscalltable.NoArch
}

// document puts the lists together: what runs and is in the second one, is
// logged.
func (u *unitReader) document() *Document {
	d := &Document{form: FormatSystemd, Architectures: sortedArches(u.arches)}
	if u.arches == nil {
		d.Architectures = family(u.p.host) // whatever the kernel runs reaches the filter
	}
	d.Default = u.answer("", &answered{})
	calls := map[string]answered{}
	for _, name := range slices.Concat(sortedKeys(u.filter.calls), sortedKeys(u.log.calls)) {
		var a answered
		a.outcome = u.answer(name, &a)
		calls[name] = a
	}
	maps.DeleteFunc(calls, func(_ string, a answered) bool { return a.outcome == d.Default })
	d.Rules = rulesByLine(calls)
	if u.sets {
		d.Sets = fmt.Sprintf("systemd %d", u.table.version)
	}
	return d
}

// answer returns what is answered to a call, and sets where that is said.
func (u *unitReader) answer(name string, a *answered) Outcome {
	o := Outcome{Action: syscalltable.ActionAllow}
	listed, ok := u.filter.calls[name]
	switch {
	case ok:
		a.at = listed.at
		if o = listed.outcome; o == (Outcome{}) {
			o = u.number
			if u.filter.allow {
				o = Outcome{Action: syscalltable.ActionAllow}
			}
		}
	case u.filter.allow:
		o = u.number
	}
	logged, inLog := u.log.calls[name]
	if a.at == nil {
		a.at = logged.at
	}
	if o.Action == syscalltable.ActionAllow && u.log.given && inLog == u.log.allow {
		o = Outcome{Action: syscalltable.ActionLog}
	}
	return o
}
