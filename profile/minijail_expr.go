package profile

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/profile/bpf"
)

// clause is a list of conditions that all have to hold, by argument.
type clause []specs.LinuxSeccompArg

// maxClauses bounds what the conditions of one filter come to.
const maxClauses = 256

// expression reads conditions that are joined with && and ||.
func (m *policyReader) expression(c *cursor) ([]clause, *node, error) {
	var all []clause
	at := c.list[0].at
	for {
		clauses := []clause{nil}
		for {
			w := c.next()
			atoms, err := m.atom(w, c)
			if err != nil {
				return nil, nil, err
			}
			if clauses, err = m.both(clauses, atoms, w.at); err != nil {
				return nil, nil, err
			}
			if !c.skip("&&") {
				break
			}
		}
		if all = append(all, clauses...); len(all) > maxClauses {
			return nil, nil, at.Errorf("the conditions come to more than %d rules", maxClauses)
		}
		if !c.skip("||") {
			return all, at, nil
		}
	}
}

// atom reads a condition, which may come to several of which one has to hold.
func (m *policyReader) atom(arg word, c *cursor) ([]specs.LinuxSeccompArg, error) {
	digit, ok := strings.CutPrefix(arg.text, "arg")
	if !ok || len(digit) != 1 || digit[0] < '0' || digit[0] > '5' {
		return nil, arg.at.Errorf("%s where arg0 to arg5 has to be", orEnd(arg.text))
	}
	op := c.next()
	v, err := m.value(c)
	if err != nil {
		return nil, err
	}
	a := specs.LinuxSeccompArg{Index: uint(digit[0] - '0'), Value: v}
	if a.Op, ok = policyOps[op.text]; ok {
		return []specs.LinuxSeccompArg{a}, nil
	}
	a.Op = specs.OpMaskedEqual
	switch op.text {
	case "in": // no other bits than these
		a.Value, a.ValueTwo = m.truncate(^v), 0
		return []specs.LinuxSeccompArg{a}, nil
	case "&": // one of these bits
		var list []specs.LinuxSeccompArg
		for ; v != 0; v &= v - 1 {
			a.Value = 1 << bits.TrailingZeros64(v)
			a.ValueTwo = a.Value
			list = append(list, a)
		}
		return list, nil
	}
	return nil, op.at.Errorf("unknown comparison %s (==, !=, <, <=, >, >=, & or in)", orEnd(op.text))
}

var policyOps = map[string]specs.LinuxSeccompOperator{
	"==": specs.OpEqualTo, "!=": specs.OpNotEqual, "<": specs.OpLessThan, "<=": specs.OpLessEqual, ">": specs.OpGreaterThan, ">=": specs.OpGreaterEqual,
}

// both returns the clauses in which one of the conditions holds as well.
func (m *policyReader) both(clauses []clause, atoms []specs.LinuxSeccompArg, at *node) ([]clause, error) {
	var all []clause
	for _, c := range clauses {
		for _, a := range atoms {
			i := slices.IndexFunc(c, func(b specs.LinuxSeccompArg) bool { return b.Index == a.Index })
			if i < 0 {
				all = append(all, append(slices.Clone(c), a))
				continue
			}
			joined, possible, ok := join(c[i], a)
			if !ok {
				return nil, at.Errorf("two conditions on arg%d that have to hold together: profiles of runtimes cannot say that", a.Index)
			}
			if possible {
				next := slices.Clone(c)
				next[i] = joined
				all = append(all, next)
			}
		}
	}
	if len(all) > maxClauses {
		return nil, at.Errorf("the conditions come to more than %d rules", maxClauses)
	}
	if all == nil {
		m.p.note(at.Errorf("the conditions can never hold together"))
	}
	return all, nil
}

// holds reports whether a condition holds for a value.
func holds(a specs.LinuxSeccompArg, v uint64) bool {
	switch a.Op {
	case specs.OpEqualTo:
		return v == a.Value
	case specs.OpNotEqual:
		return v != a.Value
	case specs.OpLessThan:
		return v < a.Value
	case specs.OpLessEqual:
		return v <= a.Value
	case specs.OpGreaterEqual:
		return v >= a.Value
	case specs.OpGreaterThan:
		return v > a.Value
	}
	return v&a.Value == a.ValueTwo&a.Value
}

// join makes one condition of two on the same argument. It is not ok if no
// single one says the same; some are not possible together.
func join(a, b specs.LinuxSeccompArg) (joined specs.LinuxSeccompArg, possible, ok bool) {
	if b.Op == specs.OpEqualTo {
		a, b = b, a
	}
	if a.Op == specs.OpEqualTo {
		return a, holds(b, a.Value), true
	}
	if a.Op != specs.OpMaskedEqual || b.Op != specs.OpMaskedEqual {
		return a, true, a == b
	}
	if a.Value&b.Value&(a.ValueTwo^b.ValueTwo) != 0 {
		return a, false, true
	}
	a.ValueTwo = a.ValueTwo&a.Value | b.ValueTwo&b.Value
	a.Value |= b.Value
	return a, true, true
}

// addCall adds the rules that the filters of a call come to. libseccomp tries
// rules in an order of its own, see [bpf.Order], and runtimes leave out those
// that say what the default says: what does not come to the same is refused.
func (m *policyReader) addCall(d *Document, name string) error {
	rules := m.rules(name)
	if len(rules) == 2 && isAlways(&rules[1]) {
		if c, ok := opposite(rules[0].Args); ok {
			rules[1].Args = c
		}
	}
	if i := slices.IndexFunc(rules, comparesFirst); i >= 0 && slices.ContainsFunc(rules, func(r Rule) bool { return isAlways(&r) }) {
		return rules[i].errorf(m.p.file, "%s has an answer where no condition on arg0 holds: profiles of runtimes cannot say that", name)
	}
	order := m.triedOrder(rules)
	for i := range rules {
		for j := range rules[:i] {
			before, after := &rules[j], &rules[i]
			if before.Outcome == after.Outcome || disjoint(before.Args, after.Args) {
				continue
			}
			if before.Outcome == d.Default || order[j] > order[i] && after.Outcome != d.Default {
				return after.errorf(m.p.file, "%s is answered by the first condition that holds here (line %d comes before): profiles of runtimes cannot say that", name, before.at.At.Line)
			}
		}
	}
	for _, r := range rules {
		if r.Outcome != d.Default {
			d.joinRule(r)
		}
	}
	return nil
}

// rules returns the rules of a call in the order in which minijail tries them.
func (m *policyReader) rules(name string) []Rule {
	var rules []Rule
	filters := m.calls[name]
	for _, f := range filters {
		if f.unconditional {
			f.clauses = []clause{nil}
		}
		for _, c := range f.clauses {
			args := withoutIdle(c)
			if len(args) == 0 && (len(filters) > 1 || len(f.clauses) > 1) {
				args = clause{always}
			}
			slices.SortStableFunc(args, compareArgs)
			if !slices.ContainsFunc(rules, func(r Rule) bool { return slices.Equal(r.Args, args) }) { // else the first holds
				rules = append(rules, Rule{Names: []string{name}, Outcome: f.outcome, Args: args, at: f.at})
			}
		}
	}
	return rules
}

// always is a condition that holds for every argument, and is tried last: beside
// rules with conditions one without would be the only one.
var always = specs.LinuxSeccompArg{Op: specs.OpGreaterEqual}

func isAlways(r *Rule) bool { return len(r.Args) == 1 && r.Args[0] == always }

// comparesFirst reports whether a rule looks for the order of the first argument,
// which libseccomp does not take together with always.
func comparesFirst(r Rule) bool {
	return !isAlways(&r) && slices.ContainsFunc(r.Args, func(a specs.LinuxSeccompArg) bool {
		return a.Index == 0 && a.Op != specs.OpEqualTo && a.Op != specs.OpNotEqual && a.Op != specs.OpMaskedEqual
	})
}

// opposite returns the condition that holds where a single one does not.
func opposite(c clause) (clause, bool) {
	if len(c) != 1 {
		return nil, false
	}
	a := c[0]
	switch a.Op {
	case specs.OpEqualTo:
		a.Op = specs.OpNotEqual
	case specs.OpNotEqual:
		a.Op = specs.OpEqualTo
	case specs.OpLessThan:
		a.Op = specs.OpGreaterEqual
	case specs.OpGreaterEqual:
		a.Op = specs.OpLessThan
	case specs.OpGreaterThan:
		a.Op = specs.OpLessEqual
	case specs.OpLessEqual:
		a.Op = specs.OpGreaterThan
	default:
		a.ValueTwo ^= a.Value
		return clause{a}, bits.OnesCount64(a.Value) == 1
	}
	return clause{a}, true
}

// disjoint reports whether two lists of conditions never hold together.
func disjoint(a, b clause) bool {
	return slices.ContainsFunc(a, func(x specs.LinuxSeccompArg) bool {
		return slices.ContainsFunc(b, func(y specs.LinuxSeccompArg) bool {
			return x.Index == y.Index && exclude(x, y)
		})
	})
}

// exclude reports whether two conditions on one argument never hold together.
func exclude(a, b specs.LinuxSeccompArg) bool {
	if _, possible, ok := join(a, b); ok {
		return !possible
	}
	not, ok := opposite(clause{b})
	return ok && follows(not[0], a)
}

// triedOrder returns for each rule its place in the order of libseccomp.
func (m *policyReader) triedOrder(rules []Rule) []int {
	numbered := make([]bpf.Rule, len(rules))
	for i, r := range rules {
		numbered[i] = bpf.Rule{Conditions: compileConditions(r.Args), Answer: uint32(i)}
	}
	order := make([]int, len(rules))
	for place, r := range bpf.Order(numbered, m.p.host&is64Bit != 0) {
		order[r.Answer] = place
	}
	return order
}

// joinRule adds a rule, or its calls to the one of the same line and scope.
func (d *Document) joinRule(r Rule) {
	i := slices.IndexFunc(d.Rules, func(o Rule) bool {
		return o.Outcome == r.Outcome && o.at.At.Line == r.at.At.Line && o.at.File == r.at.File && slices.Equal(o.Args, r.Args)
	})
	if i < 0 {
		d.Rules = append(d.Rules, r)
	} else {
		d.Rules[i].Names = append(d.Rules[i].Names, r.Names...)
	}
}
