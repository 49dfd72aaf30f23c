package profile

import (
	"io"
	"path"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/syscalltable"
)

// maxIncludes is how deep compile_seccomp_policy.py lets policies include
// others.
const maxIncludes = 10

// minijail reads a policy of minijail, in the grammar of its compiler
// (tools/parser.py), which has all that libminijail (syscall_filter.c) reads.
func (p *parser) minijail(text []string) (*Document, error) {
	m := &policyReader{p: p, fallback: Outcome{Action: syscalltable.ActionKillProcess}, calls: map[string][]policyFilter{}}
	if err := m.file(text, 0); err != nil {
		return nil, err
	}
	d := &Document{form: FormatMinijail, Default: m.fallback, Architectures: []syscalltable.Arch{p.host}}
	for _, name := range m.order {
		if err := m.addCall(d, name); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// policyReader reads a policy and what it includes.
type policyReader struct {
	p        *parser
	fallback Outcome // of calls that are not named
	denylist bool
	order    []string
	calls    map[string][]policyFilter
	depth    int // of parentheses
	included int // bytes

	conditional int // rules with conditions
}

// policyFilter answers a call for which one of its clauses holds.
type policyFilter struct {
	clauses       []clause
	unconditional bool // whatever the arguments
	outcome       Outcome
	at            *node
}

func (m *policyReader) file(text []string, depth int) error {
	for i := 0; i < len(text); i++ {
		c := &cursor{}
		for {
			line, goesOn := strings.CutSuffix(text[i], `\`)
			list, err := m.p.tokens(line, i+1)
			if err != nil {
				return err
			}
			c.list, c.end = append(c.list, list...), m.p.at(i+1, len(line)+1)
			if !goesOn || i+1 == len(text) {
				break
			}
			i++
		}
		if len(c.list) == 0 {
			continue
		}
		if err := m.statement(c, depth); err != nil {
			return err
		}
		if w := c.next(); w.text != "" {
			return w.at.Errorf("%q where the line has to end", w.text)
		}
	}
	return nil
}

func (m *policyReader) statement(c *cursor, depth int) (err error) {
	switch first := c.peek(); {
	case first == "@include":
		return m.include(c, depth)
	case first == "@frequency": // for the speed of the filter alone
		c.list = nil
		return nil
	case first == "@denylist":
		c.next()
		m.fallback, m.denylist = Outcome{Action: syscalltable.ActionAllow}, true
		return nil
	case first == "@default":
		c.next()
		w := c.next()
		m.fallback, err = m.action(w, c)
		if err == nil && m.fallback.Effect() == Runs {
			err = w.at.Errorf("%s cannot be minijail's default", w.text)
		}
		return err
	case strings.HasPrefix(first, "@"):
		return c.next().at.Errorf("unknown statement %s", first)
	}
	return m.rule(c)
}

// include reads another policy in place of the statement.
func (m *policyReader) include(c *cursor, depth int) error {
	at := c.next().at
	name := c.next()
	file := name.text
	switch {
	case !strings.HasPrefix(file, "/") && !strings.HasPrefix(file, "./"):
		return name.at.Errorf("%s is no path: it has to begin with / or ./", orEnd(file))
	case m.p.include == nil:
		return at.Errorf("other files are not read here: put %.80q in place of the line", file)
	case depth+1 == maxIncludes:
		return at.Errorf("policies include each other more than %d deep", maxIncludes)
	case !path.IsAbs(file):
		file = path.Join(path.Dir(m.p.file), file)
	}
	in, err := m.p.include(file)
	if err != nil {
		return at.Errorf("%v", err)
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	if err != nil {
		return at.Errorf("%v", err)
	}
	if m.included += len(data); m.included > maxBytes {
		return at.Errorf("what is included is larger than %d kB", maxBytes>>10)
	}
	outer := m.p.file
	m.p.file = file
	defer func() { m.p.file = outer }()
	if err := checkText(data, file); err != nil {
		return err
	}
	return m.file(lines(data), depth+1)
}

// rule reads calls and what is answered to them.
func (m *policyReader) rule(c *cursor) error {
	names, err := m.names(c)
	if err != nil {
		return err
	}
	if err := c.expect(":"); err != nil {
		return err
	}
	filters, err := m.filters(c)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := m.add(name, filters); err != nil {
			return err
		}
	}
	return nil
}

// add adds filters to those that a call has from other lines.
func (m *policyReader) add(name word, filters []policyFilter) error {
	if m.calls[name.text] == nil {
		m.order = append(m.order, name.text)
	}
	for _, f := range filters {
		known := m.calls[name.text]
		if m.conditional += len(f.clauses); m.conditional > maxConditional {
			return tooMany(name.at)
		}
		if n := len(known); n > 0 && known[n-1].unconditional {
			return name.at.Errorf("%s is answered already by line %d, whatever its arguments: minijail refuses the policy", name.text, known[n-1].at.At.Line)
		}
		m.calls[name.text] = append(known, f)
	}
	return nil
}

// names reads a call, or several in braces.
func (m *policyReader) names(c *cursor) ([]word, error) {
	if !c.skip("{") {
		return m.name(c)
	}
	var all []word
	for {
		names, err := m.name(c)
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
		if !c.skip(",") {
			return all, c.expect("}")
		}
	}
}

// name reads a call; none if it is for other architectures or unknown.
func (m *policyReader) name(c *cursor) ([]word, error) {
	w := c.next()
	if w.text == "" || !isLetter(w.text[0]) {
		return nil, w.at.Errorf("%s where the name of a call has to be", orEnd(w.text))
	}
	here, err := m.metadata(c)
	if err != nil || !here {
		return nil, err
	}
	if len(m.p.knownCalls([]string{w.text}, func(int) *node { return w.at })) == 0 {
		return nil, nil
	}
	return []word{w}, nil
}

func isLetter(b byte) bool { return b == '_' || b|0x20 >= 'a' && b|0x20 <= 'z' }

// metadata reads [arch=x86_64,arm64], and reports whether the host is among
// these.
func (m *policyReader) metadata(c *cursor) (here bool, err error) {
	if !c.skip("[") {
		return true, nil
	}
	here = true
	for {
		key := c.next()
		if err := c.expect("="); err != nil {
			return false, err
		}
		var values []string
		for {
			values = append(values, c.next().text)
			if !c.skip(",") {
				break
			}
		}
		if key.text == "arch" && !slices.ContainsFunc(values, m.isHost) {
			m.p.note(key.at.Errorf("for other architectures than %s: passed over", m.p.host))
			here = false
		}
		if !c.skip(";") {
			return here, c.expect("]")
		}
	}
}

func (m *policyReader) isHost(name string) bool {
	a, err := syscalltable.ParseArch(name)
	return err == nil && a == m.p.host
}

// filters reads what is answered: one filter, or several in braces, which are
// tried one after the other.
func (m *policyReader) filters(c *cursor) ([]policyFilter, error) {
	if !c.skip("{") {
		return m.single(c)
	}
	var all []policyFilter
	for {
		f, err := m.filter(c)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
		if !c.skip(",") {
			return all, c.expect("}")
		}
	}
}

// filter reads an action, or conditions with the action that they lead to.
func (m *policyReader) filter(c *cursor) (f policyFilter, err error) {
	f.outcome = Outcome{Action: syscalltable.ActionAllow}
	if strings.HasPrefix(c.peek(), "arg") {
		if f.clauses, f.at, err = m.expression(c); err != nil || !c.skip(";") {
			return f, err
		}
	}
	w := c.next()
	if f.at == nil {
		f.at, f.unconditional = w.at, true
	}
	f.outcome, err = m.action(w, c)
	return f, err
}

// single reads a filter that stands alone. What comes behind conditions is read
// as libminijail does: it is answered where they do not hold. minijail's
// compiler of policies takes it for what is answered where they do.
func (m *policyReader) single(c *cursor) ([]policyFilter, error) {
	f, err := m.filter(c)
	if err != nil || f.unconditional || f.outcome.Action != syscalltable.ActionErrno || m.denylist {
		return []policyFilter{f}, err
	}
	m.p.note(f.at.Errorf("read as libminijail does: %s unless the conditions hold; compile_seccomp_policy.py takes it for %s if they hold: put it in braces", f.outcome, f.outcome))
	otherwise := policyFilter{unconditional: true, outcome: f.outcome, at: f.at}
	f.outcome = Outcome{Action: syscalltable.ActionAllow}
	return []policyFilter{f, otherwise}, nil
}

// action reads an action whose first word was taken.
func (m *policyReader) action(w word, c *cursor) (Outcome, error) {
	switch w.text {
	case "1", "allow":
		return Outcome{Action: syscalltable.ActionAllow}, nil
	case "kill", "kill-process": // that kill is this one is a setting of minijail, and its default
		return Outcome{Action: syscalltable.ActionKillProcess}, nil
	case "kill-thread":
		return Outcome{Action: syscalltable.ActionKillThread}, nil
	case "trap":
		return Outcome{Action: syscalltable.ActionTrap}, nil
	case "trace":
		return Outcome{Action: syscalltable.ActionTrace}, nil
	case "log":
		return Outcome{Action: syscalltable.ActionLog}, nil
	case "user-notify":
		return Outcome{Action: syscalltable.ActionUserNotif}, nil
	case "return":
		number := c.next()
		n, err := m.number(number)
		if err == nil && n > maxErrno {
			err = number.at.Errorf("%s is not an error number from 0 to %d", number.text, maxErrno)
		}
		return Outcome{Action: syscalltable.ActionErrno, Errno: uint16(n)}, err
	}
	return Outcome{}, w.at.Errorf("unknown action %s (such as allow, kill-process, return EPERM)", orEnd(w.text))
}
