package profile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/syscalltable"
)

// unitWriter writes a document as a drop-in for a service, see systemd.exec(5):
// lists of calls, an error number for each, and no arguments.
type unitWriter struct {
	d *Document
	unsaid
	text    strings.Builder
	answers map[string]Outcome // to calls that have a rule without conditions
	parts   map[string]bool    // calls that have rules with conditions alone
}

// unit returns the text of the drop-in.
func (d *Document) unit() (string, []string, error) {
	if d.Conditional() {
		return "", nil, d.cannot(FormatSystemd, "it has conditions (archMap, includes, excludes)")
	}
	u := &unitWriter{d: d, answers: map[string]Outcome{}, parts: map[string]bool{}}
	u.note(d.unsaidSettings("systemd"))
	if err := u.sort(); err != nil {
		return "", nil, err
	}
	fmt.Fprintln(&u.text, "[Service]")
	switch d.Default.Action {
	case syscalltable.ActionAllow, syscalltable.ActionLog:
		u.denyList()
	case syscalltable.ActionTrace, syscalltable.ActionUserNotif:
		return "", nil, d.cannot(FormatSystemd, "its default is %s", d.Default)
	default:
		u.allowList()
	}
	u.logList()
	u.architectures()
	return u.text.String(), u.list, nil
}

// sort finds what is answered to each call, and refuses what would make the unit
// let more run than the document.
func (u *unitWriter) sort() error {
	for name, rules := range u.d.effectiveRules() {
		if len(rules[0].Args) == 0 {
			u.answers[name] = rules[0].Outcome
		} else {
			u.parts[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(u.parts)) {
		if u.d.Default.Effect() == Runs {
			return u.d.cannot(FormatSystemd, "%s is answered by its arguments, and without them it could only run", name)
		}
		u.note(fmt.Sprintf("%s is answered by its arguments, which systemd does not look at: it is denied", name))
	}
	for _, name := range slices.Sorted(maps.Keys(u.answers)) {
		if o := u.answers[name]; o.Effect() == Depends {
			if u.d.Default.Effect() == Runs {
				return u.d.cannot(FormatSystemd, "%s is answered with %s, and without that it could only run", name, o)
			}
			u.note(fmt.Sprintf("%s is answered with %s, which systemd does not know: it is denied", name, o))
			delete(u.answers, name)
		}
	}
	return nil
}

// allowList writes the calls that run, and what is answered to those that do not
// and are named. It takes away what the unit itself lists, and @default, which
// systemd adds to every allow-list.
func (u *unitWriter) allowList() {
	running := u.named(func(o Outcome) bool { return o.Effect() == Runs })
	if !slices.Contains(running, "execve") {
		running = append(running, "execve")
		slices.Sort(running)
		u.note("execve is allowed: without it systemd starts no service")
	}
	fmt.Fprint(&u.text, "SystemCallFilter=\nSystemCallFilter=@default\nSystemCallFilter=~@default\n")
	u.line("SystemCallFilter=", running)
	u.denied(func(o Outcome) bool { return o != u.d.Default })
	if number := u.number(u.d.Default, "what is not listed"); number != "kill" {
		u.line("SystemCallErrorNumber=", []string{number})
	}
}

// denyList writes the calls that do not run.
func (u *unitWriter) denyList() {
	fmt.Fprintln(&u.text, "SystemCallFilter=")
	u.denied(func(Outcome) bool { return true })
}

// denied writes the calls that are denied in a way that is asked for, with the
// error number of each.
func (u *unitWriter) denied(wanted func(Outcome) bool) {
	var words []string
	for _, name := range u.named(func(o Outcome) bool { return o.Effect() == Denies && wanted(o) }) {
		if name != "execve" || u.d.Default.Effect() == Runs {
			words = append(words, name+":"+u.number(u.answers[name], name))
		}
	}
	u.line("SystemCallFilter=~", words)
}

// logList writes the calls that are logged; all but the named ones if the
// default is that.
func (u *unitWriter) logList() {
	if u.d.Default.Action == syscalltable.ActionLog {
		quiet := u.named(func(o Outcome) bool { return o.Action == syscalltable.ActionAllow })
		fmt.Fprintln(&u.text, "SystemCallLog=\nSystemCallLog=~"+strings.Join(quiet, " "))
		return
	}
	u.line("SystemCallLog=\nSystemCallLog=", u.named(func(o Outcome) bool { return o.Action == syscalltable.ActionLog }))
}

// named returns the calls that have such an answer, in order.
func (u *unitWriter) named(such func(Outcome) bool) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(u.answers)) {
		if such(u.answers[name]) {
			list = append(list, name)
		}
	}
	return list
}

// line writes a setting unless it has no value. Where the key holds an empty
// setting, that takes away what the unit itself says.
func (u *unitWriter) line(key string, words []string) {
	if len(words) > 0 {
		fmt.Fprintln(&u.text, key+strings.Join(words, " "))
	}
}

// number is what systemd writes for an answer that denies.
func (u *unitWriter) number(o Outcome, whose string) string {
	switch {
	case o.Action == syscalltable.ActionErrno && o.Errno != 0:
		return ErrnoName(o.Errno)
	case o.Action == syscalltable.ActionErrno:
		u.note(fmt.Sprintf("%s is answered with error 0: systemd has no such number, and EPERM is written", whose))
		return ErrnoName(EPERM)
	case o.Action != syscalltable.ActionKillProcess:
		u.note(fmt.Sprintf("%s is answered with %s: systemd kills the process", whose, o))
	}
	return "kill"
}

// architectures writes those whose calls reach the lists: without the setting
// that would be all that run on the host.
func (u *unitWriter) architectures() {
	var names []string
	for _, a := range u.d.Architectures {
		if name := systemdArch(a); name != "" {
			names = append(names, name)
		} else {
			u.note(fmt.Sprintf("systemd does not know %s: its calls are denied", a))
		}
	}
	if len(names) == 0 {
		names = []string{"native"}
	}
	fmt.Fprintln(&u.text, "SystemCallArchitectures=\nSystemCallArchitectures="+strings.Join(names, " "))
}

// systemdArch returns systemd's name of an architecture (systemd.exec(5),
// ConditionArchitecture= of systemd.unit(5)); "" if it has none.
func systemdArch(a syscalltable.Arch) string {
	switch a {
	case syscalltable.X86_64:
		return "x86-64"
	case syscalltable.I386:
		return "x86"
	case syscalltable.AArch64:
		return "arm64"
	case syscalltable.PPC64LE:
		return "ppc64-le"
	case syscalltable.MIPSEL:
		return "mips-le"
	case syscalltable.MIPSEL64:
		return "mips64-le"
	case syscalltable.MIPSEL64N32:
		return "mips64-le-n32"
	case syscalltable.MIPS64N32:
		return "mips64-n32"
	case syscalltable.X32, syscalltable.ARM, syscalltable.RISCV64, syscalltable.LoongArch64, syscalltable.PPC,
		syscalltable.PPC64, syscalltable.S390, syscalltable.S390X, syscalltable.MIPS, syscalltable.MIPS64,
		syscalltable.PARISC, syscalltable.PARISC64, syscalltable.M68K:
		return a.String()
	}
	return ""
}
