package profile

import (
	"fmt"
	"slices"
)

// clash is what two rules with different outcomes for one call come to in a
// filter of libseccomp, which gets them in the order of the file.
type clash uint8

const (
	noClash      clash = iota
	firstHolds         // wherever the second would
	secondHolds        // wherever the first would
	clashRefused       // libseccomp takes no such second rule
)

// clashOf compares a rule with one that comes behind it. A rule without
// arguments displaces those with, and of two such the first stays. Of rules
// whose arguments begin alike the one with fewer stays if it comes first, and
// is refused if it comes second.
func clashOf(first, second *Rule) clash {
	switch {
	case first.Outcome == second.Outcome:
		return noClash
	case first.always():
		return firstHolds
	case second.always():
		return secondHolds
	}
	result := firstHolds
	for _, y := range chains(second) {
		covered := false
		for _, x := range chains(first) {
			n := min(len(x), len(y))
			switch {
			case !slices.Equal(x[:n], y[:n]):
			case len(x) >= len(y):
				return clashRefused
			default:
				covered = true
			}
		}
		if !covered {
			result = noClash
		}
	}
	return result
}

// refusal is the error for a rule that libseccomp refuses.
func refusal(document, name string, first, second *Rule) error {
	return second.errorf(document, "%s is answered with %s here and with %s by %s: only one can hold, and runtimes refuse the profile", name, second.Outcome, first.Outcome, first.place())
}

// clashNote tells which of two rules holds, at the place of the second.
func clashNote(name string, first, second *Rule, c clash) string {
	answered := fmt.Sprintf("%s is answered with %s here and with %s by %s", name, second.Outcome, first.Outcome, first.place())
	switch {
	case c == secondHolds:
		return answered + ": this one holds, since it has no arguments"
	case len(second.Args) > 0:
		return answered + ": that one holds, since it has fewer arguments"
	}
	return answered + ": that one holds, since it comes first"
}

// settleDoubles takes names out of rules that do not hold wherever the document
// is used, also by what does not evaluate it, such as [Merge].
func (d *Document) settleDoubles(note func(*SyntaxError)) error {
	holding := map[string][]*Rule{}
	for i := range d.Rules {
		r := &d.Rules[i]
		if !r.unconditional() {
			continue
		}
		for _, name := range slices.Clone(r.Names) {
			held, err := d.settle(name, r, holding[name], note)
			if err != nil {
				return err
			}
			holding[name] = held
		}
	}
	d.Rules = slices.DeleteFunc(d.Rules, func(r Rule) bool { return len(r.Names) == 0 })
	return nil
}

// settle returns which rules of a call hold once r comes to those that held
// before it.
func (d *Document) settle(name string, r *Rule, held []*Rule, note func(*SyntaxError)) ([]*Rule, error) {
	differs := slices.ContainsFunc(held, func(other *Rule) bool { return other.Outcome != r.Outcome })
	if r.Outcome == d.Default {
		if differs {
			note(r.errorf(d.Name, "%s is answered with %s here, as by default: runtimes leave that out, and %s holds", name, r.Outcome, held[0].place()))
			d.pass(name, r)
		}
		return held, nil
	}
	for _, other := range slices.Clone(held) {
		c := clashOf(other, r)
		if c == clashRefused {
			return nil, refusal(d.Name, name, other, r)
		}
		if c != noClash {
			note(r.errorf(d.Name, "%s", clashNote(name, other, r, c)))
		}
		switch c {
		case firstHolds:
			d.pass(name, r)
			return held, nil
		case secondHolds:
			d.pass(name, other)
			held = slices.DeleteFunc(held, func(h *Rule) bool { return h == other })
		}
	}
	return append(held, r), nil
}

// pass takes a name out of a rule that does not hold for it.
func (d *Document) pass(name string, r *Rule) {
	without := *r
	without.Names = []string{name}
	d.passed = append(d.passed, without)
	r.Names = slices.DeleteFunc(slices.Clone(r.Names), func(n string) bool { return n == name })
}
