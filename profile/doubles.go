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
// before it. Those that say what the default says hold only as long as no other
// does.
func (d *Document) settle(name string, r *Rule, held []*Rule, note func(*SyntaxError)) ([]*Rule, error) {
	for _, other := range slices.Clone(held) {
		c := noClash
		switch {
		case other.Outcome == r.Outcome:
		case r.Outcome == d.Default:
			note(r.errorf(d.Name, asDefault, name, r.Outcome, other.place()))
			c = firstHolds
		case other.Outcome == d.Default:
			note(other.errorf(d.Name, asDefault, name, other.Outcome, r.place()))
			c = secondHolds
		default:
			if c = clashOf(other, r); c == clashRefused {
				return nil, refusal(d.Name, name, other, r)
			}
			if c != noClash {
				note(r.errorf(d.Name, "%s", clashNote(name, other, r, c)))
			}
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

// asDefault tells of a rule that says what the default says beside another one.
const asDefault = "%s is answered with %s here, as by default: runtimes leave that out, and %s holds"

// pass takes a name out of a rule that does not hold for it.
func (d *Document) pass(name string, r *Rule) {
	without := *r
	without.Names = []string{name}
	d.passed = append(d.passed, without)
	r.Names = slices.DeleteFunc(slices.Clone(r.Names), func(n string) bool { return n == name })
}

// effectiveRules returns, for each call of a document that has no conditions, the
// rules that have an influence: runtimes leave out those that say what the default
// says, and one that always holds is the only one, the first of several.
func (d *Document) effectiveRules() map[string][]Rule {
	byName := map[string][]Rule{}
	for _, r := range d.Rules {
		if r.Outcome == d.Default {
			continue
		}
		for _, name := range r.Names {
			switch known := byName[name]; {
			case len(known) > 0 && known[0].always():
			case r.always():
				r.Args = nil
				byName[name] = []Rule{r}
			default:
				byName[name] = append(known, r)
			}
		}
	}
	return byName
}
