package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/syscalltable"
)

func (p *parser) rule(n *node) (*Rule, error) {
	f, err := n.Fields(p.note, "names", "name", "action", "errnoRet", "errno", "args", "comment", "includes", "excludes")
	if err != nil {
		return nil, err
	}
	if f["action"].Absent() {
		return nil, n.Errorf("action is missing")
	}
	r := &Rule{at: n}
	if r.Names, err = p.names(n, f["names"], f["name"]); err != nil {
		return nil, err
	}
	if r.Outcome, err = p.outcome(f["action"], f["errnoRet"], f["errno"]); err != nil {
		return nil, err
	}
	if r.Args, err = p.args(f["args"]); err != nil {
		return nil, err
	}
	if r.Comment, err = f["comment"].Text(); err != nil {
		return nil, err
	}
	if r.Includes, err = p.condition(f["includes"]); err != nil {
		return nil, err
	}
	r.Excludes, err = p.condition(f["excludes"])
	return r, err
}

// names reads a rule's calls. A name that libseccomp does not know is passed
// over by every runtime, so that the default answers the call.
func (p *parser) names(rule, names, name *node) ([]string, error) {
	list, err := names.Texts()
	if err != nil {
		return nil, err
	}
	single, err := name.Text()
	switch {
	case err != nil:
		return nil, err
	case single != "" && len(list) > 0:
		return nil, name.Errorf("together with names: Docker refuses both")
	case single != "":
		return p.knownCalls([]string{single}, func(int) *node { return name }), nil
	case len(list) == 0:
		p.note(rule.Errorf("names is missing or empty: a rule for no call"))
		return nil, nil
	}
	return p.knownCalls(list, func(i int) *node { return names.Value.([]*node)[i] }), nil
}

// knownCalls returns the names that are in some table, and notes the others.
func (p *parser) knownCalls(list []string, at func(int) *node) []string {
	var known []string
	for i, s := range list {
		if p.known[s] {
			known = append(known, s)
			continue
		}
		p.note(at(i).Errorf("unknown system call %.40q%s (in no table of %s; runtimes pass over it, and the default answers the call)", s, p.likely(s), syscalltable.KernelVersion))
	}
	return known
}

// likely suggests the kernel's name for one that a C library or strace uses.
func (p *parser) likely(name string) string {
	for _, s := range []string{strings.ToLower(name), name + "64", "new" + name, "_" + name, "rt_" + name} {
		if p.known[s] {
			return fmt.Sprintf(", did you mean %q?", s)
		}
	}
	return ""
}

func (p *parser) args(n *node) ([]specs.LinuxSeccompArg, error) {
	items, err := n.Items()
	if err != nil {
		return nil, err
	}
	var list []specs.LinuxSeccompArg
	for _, item := range items {
		a, err := p.arg(item)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	slices.SortStableFunc(list, compareArgs) // as libseccomp does; it means the same
	return list, nil
}

func (p *parser) arg(n *node) (specs.LinuxSeccompArg, error) {
	var a specs.LinuxSeccompArg
	f, err := n.Fields(p.note, "index", "value", "valueTwo", "op")
	if err != nil {
		return a, err
	}
	for _, key := range []string{"index", "op"} {
		if f[key].Absent() {
			return a, n.Errorf("%s is missing", key)
		}
	}
	index, err := f["index"].Unsigned(5)
	if err != nil {
		return a, err
	}
	a.Index = uint(index)
	if a.Value, err = f["value"].Unsigned(1<<64 - 1); err != nil {
		return a, err
	}
	if a.ValueTwo, err = f["valueTwo"].Unsigned(1<<64 - 1); err != nil {
		return a, err
	}
	op, err := f["op"].Text()
	if err != nil {
		return a, err
	}
	switch a.Op = specs.LinuxSeccompOperator(op); {
	case a.Op == specs.OpMaskedEqual:
		return a, nil
	case isOperator(a.Op):
		if a.ValueTwo != 0 {
			p.note(f["valueTwo"].Errorf("has no effect beside %s: passed over", op))
			a.ValueTwo = 0
		}
		return a, nil
	}
	return a, f["op"].Errorf("unknown operator %.40q (SCMP_CMP_NE, LT, LE, EQ, GE, GT or MASKED_EQ)", op)
}

func isOperator(op specs.LinuxSeccompOperator) bool {
	switch op {
	case specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpEqualTo, specs.OpGreaterEqual, specs.OpGreaterThan, specs.OpMaskedEqual:
		return true
	}
	return false
}

func (p *parser) condition(n *node) (Condition, error) {
	var c Condition
	if n.Absent() {
		return c, nil
	}
	f, err := n.Fields(p.note, "caps", "arches", "minKernel")
	if err != nil {
		return c, err
	}
	if c.Caps, err = f["caps"].Texts(); err != nil {
		return c, err
	}
	for i, name := range c.Caps {
		at := f["caps"].Value.([]*node)[i]
		if known, err := ParseCapability(name); err != nil || known != name {
			p.note(at.Errorf("unknown capability %.40q (such as CAP_SYS_ADMIN): no container has it", name))
		}
	}
	arches, err := f["arches"].Texts()
	if err != nil {
		return c, err
	}
	for i, name := range arches {
		a, err := syscalltable.ParseArch(name)
		if err != nil {
			return c, f["arches"].Value.([]*node)[i].Errorf("unknown architecture %.40q (such as amd64, arm64)", name)
		}
		c.Arches = append(c.Arches, a)
	}
	c.MinKernel, err = p.kernel(f["minKernel"])
	return c, err
}

func (p *parser) kernel(n *node) (KernelVersion, error) {
	var v KernelVersion
	text, err := n.Text()
	if err != nil || text == "" {
		return v, err
	}
	if _, err := fmt.Sscanf(text, "%d.%d", &v.Major, &v.Minor); err != nil || v.String() != text || v.Major < 0 || v.Minor < 0 {
		return v, n.Errorf("%.40q is not a kernel version such as 5.19", text)
	}
	return v, nil
}
