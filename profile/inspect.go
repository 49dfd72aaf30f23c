package profile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/profile/bpf"
	"github.com/auditscan/auditscan/syscalltable"
)

// Inspection is the coverage of an architecture's calls by a policy: every
// call of the table is in one of the lists, by number.
type Inspection struct {
	Arch    syscalltable.Arch
	Allowed []string
	Logged  []string
	Depends []string // arguments, a tracer or a supervisor decide
	Denied  []string
}

// MarshalJSON writes the lists in the form of schema/inspect.schema.json.
func (in Inspection) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Arch    string   `json:"arch"`
		Allowed []string `json:"allowed"`
		Logged  []string `json:"logged"`
		Depends []string `json:"depends"`
		Denied  []string `json:"denied"`
	}{in.Arch.String(), orEmpty(in.Allowed), orEmpty(in.Logged), orEmpty(in.Depends), orEmpty(in.Denied)})
}

// Inspect asks the policy about every call of its architectures.
func (p *Policy) Inspect() []Inspection {
	var list []Inspection
	for _, arch := range p.Arches {
		in := Inspection{Arch: arch}
		for nr, name := range arch.Calls() {
			in.add(name, p.Answer(arch, nr))
		}
		list = append(list, in)
	}
	return list
}

// InspectFilters asks the filters of a process, the one loaded last first,
// about every call that programs can make on a host.
func InspectFilters(filters []bpf.Filter, host syscalltable.Arch) ([]Inspection, error) {
	var list []Inspection
	for _, arch := range family(host) {
		in := Inspection{Arch: arch}
		for nr, name := range arch.Calls() {
			possible := []Outcome{{Action: syscalltable.ActionAllow}}
			for i, f := range filters {
				answers, err := filterOutcomes(f, arch, nr)
				if err != nil {
					return nil, fmt.Errorf("filter %d of %d, asked about %s: %w", i+1, len(filters), name, err)
				}
				possible = strictest(possible, answers)
			}
			in.add(name, Answer{Possible: possible})
		}
		list = append(list, in)
	}
	return list, nil
}

// InspectAnswers sorts a host's own calls by the answers that filters gave to them,
// by number: an answer of each kind that came, as SECCOMP_RET_* with its data. Calls
// that were not asked about it returns by name, and the host's other architectures,
// which it knows nothing of.
func InspectAnswers(host syscalltable.Arch, answers map[int32][]uint32) (in Inspection, unasked []string, foreign []syscalltable.Arch) {
	in.Arch = host
	for nr, name := range host.Calls() {
		if codes := answers[nr]; len(codes) > 0 {
			in.add(name, Answer{Possible: outcomes(codes)})
		} else {
			unasked = append(unasked, name)
		}
	}
	return in, unasked, slices.DeleteFunc(family(host), func(a syscalltable.Arch) bool { return a == host })
}

// filterOutcomes returns what a filter may answer to a call, the permissive
// first.
func filterOutcomes(f bpf.Filter, arch syscalltable.Arch, nr int32) ([]Outcome, error) {
	if arch == syscalltable.X32 {
		arch = syscalltable.X86_64
	}
	answers, err := f.Answers(uint32(arch), nr)
	if err != nil {
		return nil, err
	}
	return outcomes(answers), nil
}

// outcomes returns what a filter's answers stand for, the permissive first.
func outcomes(codes []uint32) []Outcome {
	var list []Outcome
	for _, code := range codes {
		list = append(list, outcomeOf(code))
	}
	slices.SortFunc(list, compareOutcomes)
	return slices.Compact(list)
}

// strictest returns what the kernel can make of the answers of two filters:
// the stricter of one of each. That the actions are ordered by severity is
// part of their definition.
func strictest(newer, older []Outcome) []Outcome {
	var list []Outcome
	for _, a := range newer {
		for _, b := range older {
			o := a
			if b.Action < a.Action {
				o = b
			}
			list = append(list, o)
		}
	}
	slices.SortFunc(list, compareOutcomes)
	return slices.Compact(list)
}

func (in *Inspection) add(name string, a Answer) {
	switch {
	case a.Effect() == Depends:
		in.Depends = append(in.Depends, name)
	case a.Effect() == Denies:
		in.Denied = append(in.Denied, name)
	case slices.Contains(a.Possible, Outcome{Action: syscalltable.ActionLog}):
		in.Logged = append(in.Logged, name)
	default:
		in.Allowed = append(in.Allowed, name)
	}
}

// describe tells in words what the policy makes of a call by its name, such
// as "allow if arg0 == 8, else errno(EPERM)".
func (p *Policy) describe(name string) string {
	k := p.byName[name]
	switch {
	case k == nil || k.always == nil && len(k.some) == 0:
		return p.Default.String()
	case k.always != nil:
		return k.always.Outcome.String()
	}
	values := map[oneOf][]uint64{}
	var parts []string
	for _, r := range k.some {
		if len(r.Args) == 1 && r.Args[0].Op == specs.OpEqualTo {
			one := oneOf{r.Outcome, r.Args[0].Index}
			values[one] = append(values[one], r.Args[0].Value)
			continue
		}
		parts = append(parts, fmt.Sprintf("%s if %s", r.Outcome, describeArgs(r)))
	}
	for one, list := range values {
		parts = append(parts, fmt.Sprintf("%s if arg%d %s", one.outcome, one.index, describeValues(list)))
	}
	slices.Sort(parts)
	return strings.Join(append(parts, "else "+p.Default.String()), ", ")
}

// oneOf is an outcome for several values of one argument.
type oneOf struct {
	outcome Outcome
	index   uint
}

// describeValues tells in words that an argument is one of some values, such as
// "== 0x8" or "in 0x1-0x3 0x10".
func describeValues(values []uint64) string {
	slices.Sort(values)
	values = slices.Compact(values)
	if len(values) == 1 {
		return fmt.Sprintf("== %#x", values[0])
	}
	var parts []string
	for len(values) > 0 {
		n := 1
		for n < len(values) && values[n] == values[0]+uint64(n) {
			n++
		}
		part := fmt.Sprintf("%#x", values[0])
		if n > 1 {
			part += fmt.Sprintf("-%#x", values[n-1])
		}
		parts, values = append(parts, part), values[n:]
	}
	return "in " + strings.Join(parts, " ")
}

func describeArgs(r *Rule) string {
	var parts []string
	for _, a := range r.Args {
		parts = append(parts, describeArg(a))
	}
	if takesEither(r) {
		return strings.Join(parts, " or ")
	}
	return strings.Join(parts, " and ")
}

func describeArg(a specs.LinuxSeccompArg) string {
	ops := map[specs.LinuxSeccompOperator]string{
		specs.OpNotEqual: "!=", specs.OpLessThan: "<", specs.OpLessEqual: "<=", specs.OpEqualTo: "==",
		specs.OpGreaterEqual: ">=", specs.OpGreaterThan: ">",
	}
	if a.Op == specs.OpMaskedEqual {
		return fmt.Sprintf("arg%d & %#x == %#x", a.Index, a.Value, a.ValueTwo)
	}
	return fmt.Sprintf("arg%d %s %#x", a.Index, ops[a.Op], a.Value)
}
