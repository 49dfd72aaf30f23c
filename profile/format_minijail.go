package profile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/profile/bpf"
	"github.com/auditscan/auditscan/syscalltable"
)

// policyWriter writes a document as a policy of minijail. What libminijail
// itself reads is written so that it does; @default, @denylist, braces and
// actions but 1 and return are for compile_seccomp_policy.py alone.
type policyWriter struct {
	d *Document
	unsaid
	text strings.Builder
}

// policyText returns the text of the policy.
func (d *Document) policyText() (string, []string, error) {
	if d.Conditional() {
		return "", nil, d.cannot(FormatMinijail, "it has conditions (archMap, includes, excludes)")
	}
	w := &policyWriter{d: d}
	w.note(d.unsaidSettings("minijail"))
	if err := w.fallback(); err != nil {
		return "", nil, err
	}
	if len(d.Architectures) > 1 {
		w.note("a policy is for one architecture, that it is compiled for: calls of others are denied")
	}
	byName, arch := d.effectiveRules(), d.host()
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if _, ok := arch.Number(name); !ok {
			continue // minijail refuses a policy with calls that its architecture does not have
		}
		if err := w.call(name, byName[name]); err != nil {
			return "", nil, err
		}
	}
	text := w.text.String()
	switch {
	case text == "":
		text = "@default kill-process\n"
	case strings.ContainsAny(text, "@{"):
		text = "# For compile_seccomp_policy.py: libminijail itself reads no braces, @default and @denylist.\n" + text
	}
	return text, w.list, nil
}

// fallback writes what is answered to calls that are not named.
func (w *policyWriter) fallback() error {
	switch o := w.d.Default; o.Action {
	case syscalltable.ActionKillProcess: // what minijail does by itself
	case syscalltable.ActionKillThread, syscalltable.ActionTrap:
		fmt.Fprintln(&w.text, "@default "+policyAction(o))
	case syscalltable.ActionErrno:
		w.note(fmt.Sprintf("its default is %s, but minijail's cannot be an error number: the process is killed", o))
	case syscalltable.ActionAllow:
		fmt.Fprintln(&w.text, "@denylist")
	default:
		return w.d.cannot(FormatMinijail, "its default is %s", o)
	}
	return nil
}

// call writes the answers to a call.
func (w *policyWriter) call(name string, rules []Rule) error {
	if slices.ContainsFunc(rules, func(r Rule) bool { return r.Outcome.Action == syscalltable.ActionTrace && r.Outcome.Errno != 0 }) {
		w.note(fmt.Sprintf("%s is given to a tracer without its number", name))
	}
	if w.d.Default.Action == syscalltable.ActionAllow {
		for i := range rules {
			if o := rules[i].Outcome; o.Action != syscalltable.ActionErrno {
				if o.Effect() != Denies {
					return w.d.cannot(FormatMinijail, "%s is answered with %s, and a deny-list knows error numbers alone", name, o)
				}
				w.note(fmt.Sprintf("%s is answered with %s, but a deny-list of minijail knows error numbers alone: EPERM is written", name, o))
				rules[i].Outcome = Outcome{Action: syscalltable.ActionErrno, Errno: EPERM}
			}
		}
	}
	if text := w.filters(rules); text != "" {
		fmt.Fprintf(&w.text, "%s: %s\n", name, text)
	}
	return nil
}

// filters returns what is answered by rules, in the order in which libseccomp
// tries them.
func (w *policyWriter) filters(rules []Rule) string {
	if len(rules) == 1 && len(rules[0].Args) == 0 {
		return policyAction(rules[0].Outcome)
	}
	if len(rules) == 2 {
		if otherwise, ok := opposite(rules[0].Args); ok && slices.Equal(otherwise, rules[1].Args) {
			return w.braces([]string{policyClause(rules[0].Args) + "; " + policyAction(rules[0].Outcome), policyAction(rules[1].Outcome)})
		}
	}
	type part struct {
		outcome Outcome
		text    string
	}
	var numbered []bpf.Rule
	var parts []part
	for _, r := range rules {
		for _, conditions := range chains(&r) {
			numbered = append(numbered, bpf.Rule{Conditions: compileConditions(conditions), Answer: uint32(len(parts))})
			parts = append(parts, part{r.Outcome, policyClause(conditions)})
		}
	}
	var filters []string
	var last *part
	for _, n := range bpf.Order(numbered, true) {
		p := &parts[n.Answer]
		switch {
		case p.text == "":
			return w.braces(append(filters, policyAction(p.outcome)))
		case last != nil && last.outcome == p.outcome:
			i := len(filters) - 1
			filters[i] = strings.Replace(filters[i], ";", " || "+p.text+";", 1)
		default:
			filters = append(filters, p.text+"; "+policyAction(p.outcome))
		}
		last = p
	}
	if len(filters) == 1 && last.outcome.Action == syscalltable.ActionAllow {
		condition, _, _ := strings.Cut(filters[0], ";")
		return condition
	}
	return w.braces(filters)
}

// braces joins filters that are tried one after the other.
func (w *policyWriter) braces(filters []string) string {
	if len(filters) == 0 {
		return ""
	}
	return "{ " + strings.Join(filters, ", ") + " }"
}

// policyAction is minijail's word for an answer.
func policyAction(o Outcome) string {
	switch o.Action {
	case syscalltable.ActionAllow:
		return "1"
	case syscalltable.ActionErrno:
		return "return " + ErrnoName(o.Errno)
	case syscalltable.ActionUserNotif:
		return "user-notify"
	}
	return strings.ReplaceAll(o.Action.String(), "_", "-") // kill-process, kill-thread, trap, trace, log
}

// policyClause is minijail's text of conditions that all have to hold; "" for
// the one that always does.
func policyClause(args []specs.LinuxSeccompArg) string {
	if len(args) == 1 && args[0] == always {
		return ""
	}
	var atoms []string
	for _, a := range args {
		atoms = append(atoms, policyAtoms(a)...)
	}
	return strings.Join(atoms, " && ")
}

// policyAtoms says a condition in those that minijail has: of a mask each bit
// that has to be set, and which others may be.
func policyAtoms(a specs.LinuxSeccompArg) []string {
	arg := fmt.Sprintf("arg%d", a.Index)
	for text, op := range policyOps {
		if a.Op == op {
			return []string{fmt.Sprintf("%s %s %#x", arg, text, a.Value)}
		}
	}
	var atoms []string
	set, clear := a.Value&a.ValueTwo, a.Value&^a.ValueTwo
	for ; set != 0; set &= set - 1 {
		atoms = append(atoms, fmt.Sprintf("%s & %#x", arg, set&-set))
	}
	if clear != 0 {
		atoms = append(atoms, fmt.Sprintf("%s in %#x", arg, ^clear))
	}
	return atoms
}
