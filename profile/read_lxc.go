package profile

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/syscalltable"
)

// lxc reads a list of LXC (lxc.seccomp.profile, src/lxc/seccomp.c): the version,
// what kind of list it is, and a call a line. Version 1 is a list of numbers.
func (p *parser) lxc(text []string) (*Document, error) {
	l := &lxcReader{p: p, here: true, d: &Document{form: formatLXC, Architectures: family(p.host)}}
	read := l.head
	for i, line := range text {
		if line == "" || line[0] == '#' {
			continue
		}
		words := p.words(line, i+1, 0)
		if len(words) == 0 {
			continue
		}
		next, err := read(words, line)
		if err != nil {
			return nil, err
		}
		read = next
	}
	if l.answer == (Outcome{}) {
		return nil, p.at(len(text), 1).Errorf("the list ends before its kind: allowlist or denylist")
	}
	return l.d, nil
}

type lxcReader struct {
	p      *parser
	d      *Document
	first  bool    // version 1
	answer Outcome // to calls without an action of their own
	here   bool    // the lines are for an architecture of the host

	conditional int // rules with conditions
}

// lxcLine reads a line, and returns what reads the next one.
type lxcLine func(words []word, line string) (lxcLine, error)

// head reads the version.
func (l *lxcReader) head(words []word, _ string) (lxcLine, error) {
	switch words[0].text {
	case "1":
		l.first = true
	case "2":
	default:
		return nil, words[0].at.Errorf("%.20q is no version of LXC's lists: 1 or 2", words[0].text)
	}
	return l.kind, nil
}

// kind reads whether calls are allowed or denied, and what is answered to the
// others.
func (l *lxcReader) kind(words []word, _ string) (lxcLine, error) {
	l.d.Default, l.answer = Outcome{Action: syscalltable.ActionKillThread}, Outcome{Action: syscalltable.ActionAllow}
	switch words[0].text {
	case "allowlist", "whitelist":
	case "denylist", "blacklist":
		if l.first {
			return nil, words[0].at.Errorf("version 1 knows allow-lists alone")
		}
		l.d.Default, l.answer = l.answer, l.d.Default
	default:
		return nil, words[0].at.Errorf("%.20q is no kind of list: allowlist or denylist", words[0].text)
	}
	if l.first {
		return l.number, nil
	}
	var err error
	l.d.Default, err = l.action(words[1:], l.d.Default)
	return l.call, err
}

// number reads a line of version 1: a number of the host's table.
func (l *lxcReader) number(words []word, _ string) (lxcLine, error) {
	nr, err := strconv.ParseInt(words[0].text, 10, 32)
	if err != nil {
		return nil, words[0].at.Errorf("%.20q is not the number of a call", words[0].text)
	}
	name, ok := l.p.host.Name(int32(nr))
	if !ok {
		l.p.note(words[0].at.Errorf("number %d is in no table of %s for %s: passed over", nr, syscalltable.KernelVersion, l.p.host))
		return l.number, nil
	}
	l.d.joinRule(Rule{Names: []string{name}, Outcome: l.answer, at: words[0].at})
	return l.number, nil
}

// action reads an action and its number; without one it is the given one.
func (l *lxcReader) action(words []word, otherwise Outcome) (Outcome, error) {
	if len(words) == 0 || strings.HasPrefix(words[0].text, "#") || strings.HasPrefix(words[0].text, "[") {
		return otherwise, nil
	}
	switch w := words[0]; w.text {
	case "kill": // SCMP_ACT_KILL
		return Outcome{Action: syscalltable.ActionKillThread}, nil
	case "allow":
		return Outcome{Action: syscalltable.ActionAllow}, nil
	case "trap":
		return Outcome{Action: syscalltable.ActionTrap}, nil
	case "notify":
		return Outcome{Action: syscalltable.ActionUserNotif}, nil
	case "errno":
		if len(words) > 1 {
			if n, err := strconv.ParseUint(words[1].text, 10, 12); err == nil && n <= maxErrno {
				return Outcome{Action: syscalltable.ActionErrno, Errno: uint16(n)}, nil
			}
		}
		return otherwise, w.at.Errorf("errno without a number from 0 to %d", maxErrno)
	}
	return otherwise, words[0].at.Errorf("unknown action %.20q (kill, errno NUMBER, allow, trap or notify)", words[0].text)
}

// lxcArches are the sections for architectures; [all] is for each one of the host.
var lxcArches = map[string]syscalltable.Arch{
	"[x86]": syscalltable.I386, "[x86_64]": syscalltable.X86_64, "[x32]": syscalltable.X32, "[arm]": syscalltable.ARM, "[arm64]": syscalltable.AArch64,
	"[ppc64le]": syscalltable.PPC64LE, "[ppc64]": syscalltable.PPC64, "[ppc]": syscalltable.PPC, "[mips64]": syscalltable.MIPS64,
	"[mips64n32]": syscalltable.MIPS64N32, "[mips]": syscalltable.MIPS, "[mipsel64]": syscalltable.MIPSEL64, "[mipsel64n32]": syscalltable.MIPSEL64N32,
	"[mipsel]": syscalltable.MIPSEL, "[s390x]": syscalltable.S390X, "[s390]": syscalltable.S390,
}

// call reads a line of version 2: a section, or a call with its answer and
// conditions. LXC applies a section's lines to every architecture of the host
// once the section is for one of these.
func (l *lxcReader) call(words []word, line string) (lxcLine, error) {
	w := words[0]
	if w.text[0] == '[' {
		arch, ok := lxcArches[strings.ToLower(w.text)]
		if all := strings.EqualFold(w.text, "[all]"); !ok && !all {
			return nil, w.at.Errorf("unknown architecture %.20q (such as [all], [x86_64], [arm64])", w.text)
		}
		l.here = !ok
		for _, a := range l.d.Architectures {
			l.here = l.here || a == arch
		}
		if !l.here {
			l.p.note(w.at.Errorf("calls of another architecture than %s: passed over", l.p.host))
		}
		return l.call, nil
	}
	if !l.here {
		return l.call, nil
	}
	r := Rule{Names: []string{w.text}, at: w.at}
	var err error
	if r.Outcome, err = l.action(words[1:], l.answer); err != nil {
		return nil, err
	}
	if r.Args, err = l.conditions(w, line); err != nil {
		return nil, err
	}
	if len(r.Args) > 0 {
		if l.conditional++; l.conditional > maxConditional {
			return nil, tooMany(w.at)
		}
	}
	if w.text == "reject_force_umount" {
		r.Names, r.Outcome = []string{"umount2"}, Outcome{Action: syscalltable.ActionErrno, Errno: eacces}
		r.Args = []specs.LinuxSeccompArg{{Index: 1, Value: mntForce, ValueTwo: mntForce, Op: specs.OpMaskedEqual}}
	}
	if r.Names = l.p.knownCalls(r.Names, func(int) *node { return w.at }); len(r.Names) > 0 {
		l.d.joinRule(r)
	}
	return l.call, nil
}

const (
	eacces   = 13 // asm-generic/errno-base.h
	mntForce = 1  // MNT_FORCE of linux/fs.h
)

var lxcCondition = regexp.MustCompile(`^\[(\w+),(\w+),([A-Z_!<>=&]+)(?:,(\w+))?\]$`)

var lxcOps = map[string]specs.LinuxSeccompOperator{
	"!=": specs.OpNotEqual, "<": specs.OpLessThan, "<=": specs.OpLessEqual, "==": specs.OpEqualTo, ">=": specs.OpGreaterEqual, ">": specs.OpGreaterThan,
	"&=": specs.OpMaskedEqual,
}

// conditions reads the parts of a line that are in brackets: [INDEX,VALUE,OP] or
// [INDEX,VALUE,OP,MASK]. Several on one argument all have to hold, which
// libseccomp cannot say.
func (l *lxcReader) conditions(w word, line string) ([]specs.LinuxSeccompArg, error) {
	begin := strings.IndexByte(line, '[')
	if begin < 0 {
		return nil, nil
	}
	line, _, _ = strings.Cut(line[begin:], "#")
	var args []specs.LinuxSeccompArg
	for _, part := range strings.SplitAfter(strings.TrimSpace(line), "]") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		a, ok := parseLXCCondition(part)
		if !ok {
			return nil, w.at.Errorf("%.40q is no condition such as [0,8,==] or [1,1,&=,1]", part)
		}
		args = append(args, a)
	}
	r := Rule{Args: args}
	if takesEither(&r) {
		return nil, w.at.Errorf("several conditions on one argument: libseccomp refuses that")
	}
	return args, nil
}

func parseLXCCondition(text string) (a specs.LinuxSeccompArg, ok bool) {
	m := lxcCondition.FindStringSubmatch(strings.ReplaceAll(text, " ", ""))
	if m == nil {
		return a, false
	}
	index, err := strconv.ParseUint(m[1], 0, 3)
	if err != nil || index > 5 {
		return a, false
	}
	a.Index = uint(index)
	if a.Value, err = strconv.ParseUint(m[2], 0, 64); err != nil {
		return a, false
	}
	if a.Op = lxcOps[m[3]]; a.Op == "" {
		a.Op = specs.LinuxSeccompOperator(m[3])
	}
	if a.Op != specs.OpMaskedEqual {
		return a, isOperator(a.Op)
	}
	var mask uint64 // 0 where it is left out
	if m[4] != "" {
		if mask, err = strconv.ParseUint(m[4], 0, 64); err != nil {
			return a, false
		}
	}
	a.Value, a.ValueTwo = mask, a.Value
	return a, true
}
