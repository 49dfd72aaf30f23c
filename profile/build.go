package profile

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/syscalltable"
)

// ErrNoLog is returned where no record says that a call ran under
// SCMP_ACT_LOG: nothing can be learned from it.
var ErrNoLog = errors.New("no record with action log")

// Options say what a profile has beyond what was observed, and what it does
// with the rest. The zero value is the common case.
type Options struct {
	Exact         bool // add nothing, whatever else is set, but IncludeDenied
	Variants      bool // add calls that do the same as observed ones
	IncludeDenied bool // allow what a filter refused during the recording
	Runtime       Runtime
	// DefaultAction answers every other call; ActionUnknown stands for that of
	// Base, or errno.
	DefaultAction syscalltable.Action
	// Errno is what DefaultAction errno returns; 0 stands for that of Base, or
	// EPERM.
	Errno uint16
	// Base is a profile that the new one is united with, see [Merge]; nil:
	// none. What it lacks for its runtime is added as to any other profile.
	Base *Document
	// OverrideBase allows what was observed also where Base refuses it by name.
	OverrideBase bool
}

// outcome returns what the profile answers by default.
func (o Options) outcome() Outcome {
	if o.Base != nil && o.DefaultAction == syscalltable.ActionUnknown && o.Errno == 0 {
		return o.Base.Default
	}
	if o.DefaultAction != syscalltable.ActionUnknown && o.DefaultAction != syscalltable.ActionErrno {
		return Outcome{Action: o.DefaultAction}
	}
	return Outcome{Action: syscalltable.ActionErrno, Errno: cmp.Or(o.Errno, EPERM)}
}

// Check refuses what cannot be a default; [Build] does so too.
func (o Options) Check() error {
	switch o.DefaultAction {
	case syscalltable.ActionUnknown, syscalltable.ActionErrno, syscalltable.ActionKillProcess,
		syscalltable.ActionKillThread, syscalltable.ActionTrap, syscalltable.ActionLog:
	default:
		return fmt.Errorf("default action %s: not one of errno, kill_process, kill_thread, trap, log", o.DefaultAction)
	}
	if o.Errno > maxErrno {
		return fmt.Errorf("errno %d: larger than %d", o.Errno, maxErrno)
	}
	return nil
}

// Result is a profile with the evidence for it.
type Result struct {
	Document *Document
	// Profile is Document in OCI's form; nil if Options.Base has conditions,
	// which only Docker's form can tell.
	Profile    *specs.LinuxSeccomp
	Arches     []syscalltable.Arch // in the profile; in the order of syscalltable.Arches
	Observed   []Observed          // by name
	Additions  []Addition          // by source, then name
	Widened    []Widened           // by name
	Denied     []Denied            // by architecture, number, action
	Unresolved []Unresolved        // by architecture, number
	Startup    string              // how the runtime's calls were chosen; "" under Exact
	Base       string              // name of Options.Base; "" if there is none
	// Blocked are the calls that the log or an addition would allow and that the
	// base refuses by name: they stay refused unless Options.OverrideBase is set.
	Blocked []Blocked
}

// Blocked is a call that a base refuses by name.
type Blocked struct {
	Name    string
	Outcome string // of the base, such as "kill_process"
}

// Observed is a call that ran under SCMP_ACT_LOG.
type Observed struct {
	Name        string
	Arches      []syscalltable.Arch // where it was seen
	Records     int64
	First, Last aggregate.Millis
}

// Widened is a call that the profile allows on more architectures than it was
// seen on: OCI rules hold for every architecture of the profile.
type Widened struct {
	Name string
	Seen []syscalltable.Arch
	Also []syscalltable.Arch
}

// Denied is a call that a filter refused, or asked a tracer or supervisor
// about, during the recording.
type Denied struct {
	Arch    syscalltable.Arch
	NR      int32
	Folded  bool   // as in aggregate.Call: it stands for all numbers in no table
	Name    string // "" if the number is in no table
	Action  syscalltable.Action
	Records int64
}

// Unresolved is a call that ran under SCMP_ACT_LOG but cannot be written into
// a profile.
type Unresolved struct {
	Arch    syscalltable.Arch
	NR      int32
	Folded  bool // as in aggregate.Call: it stands for all numbers in no table
	Records int64
	Reason  string
}

// CallName returns the call's name, or its number, as [aggregate.Call.String] does.
func (d *Denied) CallName() string {
	return (&aggregate.Call{Arch: d.Arch, NR: d.NR, Folded: d.Folded}).String()
}

// CallName returns the call's number, as [aggregate.Call.String] does.
func (u *Unresolved) CallName() string {
	return (&aggregate.Call{Arch: u.Arch, NR: u.NR, Folded: u.Folded}).String()
}

// numberOrNull returns a call's number for JSON: null stands for many.
func numberOrNull(nr int32, folded bool) *int32 {
	if folded {
		return nil
	}
	return &nr
}

// Build makes the profile that allows what ran under SCMP_ACT_LOG. It fails
// with [ErrNoLog] if nothing did, unless there is a profile to add denied
// calls to.
func Build(s *aggregate.Summary, o Options) (*Result, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	o.Runtime = cmp.Or(o.Runtime, RuntimeAuto)
	r := observe(s)
	if len(r.Observed) == 0 && !(o.Base != nil && o.IncludeDenied && len(r.Denied) > 0) {
		return nil, noLog(s)
	}
	if o.Base != nil {
		r.Base = o.Base.Name
		r.Arches = basedArches(r, o.Base)
	}
	var err error
	if r.Additions, err = additions(s, o, r); err != nil {
		return nil, err
	}
	r.Widened = widened(r)
	return r, r.compose(o)
}

// basedArches returns the architectures of the profile with its base. A base
// that lists none holds for the host's own.
func basedArches(r *Result, base *Document) []syscalltable.Arch {
	arches := append(r.Arches, base.allArches()...)
	if len(arches) == 0 {
		for _, d := range r.Denied {
			if host64(d.Arch) == syscalltable.NoArch && d.Arch.SCMP() != "" {
				arches = append(arches, d.Arch)
			}
		}
	}
	return sortedArches(arches)
}

// compose writes the profile: one rule an outcome, names in order, and nothing
// that runc 1.1 or containerd do not read.
func (r *Result) compose(o Options) (err error) {
	d := &Document{Name: "the profile", Default: o.outcome(), Architectures: r.Arches}
	for _, c := range r.Observed {
		d.addRules(c.Name, []Rule{{Outcome: Outcome{Action: syscalltable.ActionAllow}}})
	}
	for _, a := range r.Additions {
		if a.outcome != d.Default { // libseccomp refuses a rule that says what the default says
			d.addRules(a.Name, []Rule{{Outcome: a.outcome}})
		}
	}
	d.sort()
	if o.Base != nil {
		r.Blocked = d.blockedBy(o.Base)
		if !o.OverrideBase {
			d.drop(r.Blocked)
		}
		if d, err = Merge(d, o.Base); err != nil {
			return err
		}
	}
	r.Document = d
	if !d.Conditional() {
		r.Profile, err = d.OCI()
	}
	return err
}

// StillDenied returns the calls that were denied during the recording and that
// the profile does not allow, whatever their arguments.
func (r *Result) StillDenied() []Denied {
	allowed := map[string]bool{}
	if r.Document != nil {
		r.Document.markAllowed(allowed)
	}
	return slices.DeleteFunc(slices.Clone(r.Denied), func(d Denied) bool {
		return allowed[d.Name] && slices.Contains(r.Arches, d.Arch)
	})
}

// blockedBy returns the calls that a document allows and a base refuses by
// name, whatever their arguments. ENOSYS is not taken for a refusal: it has
// programs fall back to another call, as that for clone3 which Build adds.
func (d *Document) blockedBy(base *Document) []Blocked {
	allowed := map[string]bool{}
	d.markAllowed(allowed)
	var list []Blocked
	for i := range base.Rules {
		r := &base.Rules[i]
		if r.Outcome.Effect() != Denies || r.Outcome == stubOutcome || r.Outcome == base.Default || len(r.Args) > 0 || !r.unconditional() {
			continue
		}
		for _, name := range r.Names {
			if allowed[name] {
				list = append(list, Blocked{name, r.Outcome.String()})
			}
		}
	}
	return list
}

// drop takes calls out of all rules.
func (d *Document) drop(list []Blocked) {
	named := func(name string) bool {
		return slices.ContainsFunc(list, func(b Blocked) bool { return b.Name == name })
	}
	for i := range d.Rules {
		d.Rules[i].Names = slices.DeleteFunc(slices.Clone(d.Rules[i].Names), named)
	}
	d.Rules = slices.DeleteFunc(d.Rules, func(r Rule) bool { return len(r.Names) == 0 })
}

// callKey is a call, whatever program made it.
type callKey struct {
	arch   syscalltable.Arch
	nr     int32
	action syscalltable.Action
	folded bool // all numbers that have no name
}

// callKeyOf returns the key of a call.
func callKeyOf(c *aggregate.Call) callKey { return callKey{c.Arch, c.NR, c.Action, c.Folded} }

func compareKeys(a, b callKey) int {
	if c := cmp.Or(compareArches(a.arch, b.arch), cmp.Compare(a.nr, b.nr), cmp.Compare(a.action, b.action)); c != 0 || a.folded == b.folded {
		return c
	}
	if a.folded {
		return 1
	}
	return -1
}

// compareArches orders as syscalltable.Arches does, others last by value.
func compareArches(a, b syscalltable.Arch) int {
	return cmp.Or(cmp.Compare(archIndex(a), archIndex(b)), cmp.Compare(a, b))
}

func archIndex(a syscalltable.Arch) int {
	arches := syscalltable.Arches()
	if i := slices.Index(arches, a); i >= 0 {
		return i
	}
	return len(arches)
}

// observe sorts the summary's calls into what can be allowed, what was denied
// and what has no name.
func observe(s *aggregate.Summary) *Result {
	r := &Result{}
	byName := map[string]*Observed{}
	calls := sumCalls(s)
	for _, key := range slices.SortedFunc(maps.Keys(calls), compareKeys) {
		c := calls[key]
		switch reason := unwritable(key, c.Name()); {
		case key.action == syscalltable.ActionAllow: // the filter that was there did not ask for it to be recorded
		case key.action.Denied():
			r.Denied = append(r.Denied, Denied{key.arch, key.nr, key.folded, c.Name(), key.action, c.Count})
		case reason != "":
			r.Unresolved = append(r.Unresolved, Unresolved{key.arch, key.nr, key.folded, c.Count, reason})
		default:
			mergeObserved(byName, c)
			if !slices.Contains(r.Arches, key.arch) {
				r.Arches = append(r.Arches, key.arch)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		r.Observed = append(r.Observed, *byName[name])
	}
	return r
}

// sumCalls adds the groups up.
func sumCalls(s *aggregate.Summary) map[callKey]*aggregate.Call {
	calls := map[callKey]*aggregate.Call{}
	for i := range s.Groups {
		for _, c := range s.Groups[i].Calls {
			key := callKeyOf(&c)
			sum := calls[key]
			if sum == nil {
				calls[key] = &c
				continue
			}
			sum.Add(&c)
		}
	}
	return calls
}

// unwritable tells why a call cannot stand in a profile; "" if it can.
func unwritable(key callKey, name string) string {
	switch {
	case key.arch == syscalltable.NoArch:
		return "the record has no architecture"
	case !key.arch.HasTable():
		return "no table of calls for this architecture"
	case key.arch.SCMP() == "":
		return "libseccomp does not know this architecture"
	case name == "":
		return "the number is not in the table of " + syscalltable.KernelVersion
	}
	return ""
}

func mergeObserved(byName map[string]*Observed, c *aggregate.Call) {
	o := byName[c.Name()]
	if o == nil {
		byName[c.Name()] = &Observed{
			Name: c.Name(), Arches: []syscalltable.Arch{c.Arch}, Records: c.Count, First: c.First.Millis(), Last: c.Last.Millis(),
		}
		return
	}
	if !slices.Contains(o.Arches, c.Arch) {
		o.Arches = append(o.Arches, c.Arch)
	}
	o.Records = aggregate.Plus(o.Records, c.Count)
	aggregate.Widen(&o.First, &o.Last, c.First.Millis(), c.Last.Millis())
}

// loggedNames are the calls of a group that ran under SCMP_ACT_LOG.
func loggedNames(g *aggregate.Group) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, c := range g.Calls {
			name := c.Name()
			if name != "" && c.Action == syscalltable.ActionLog && !yield(name) {
				return
			}
		}
	}
}

// noLog says what was there instead.
func noLog(s *aggregate.Summary) error {
	counts := map[syscalltable.Action]int64{}
	for _, c := range sumCalls(s) {
		counts[c.Action] = aggregate.Plus(counts[c.Action], c.Count)
	}
	if n := counts[syscalltable.ActionLog]; n > 0 {
		return fmt.Errorf("%w that names a known call: %d of unknown number or architecture", ErrNoLog, n)
	}
	there := []string{}
	for _, a := range slices.Sorted(maps.Keys(counts)) {
		there = append(there, fmt.Sprintf("%d %s", counts[a], a))
	}
	if len(there) == 0 {
		there = []string{"no record at all"}
	}
	return fmt.Errorf("%w: %s; run the workload under SCMP_ACT_LOG first", ErrNoLog, strings.Join(there, ", "))
}

// widened finds the observed calls that the profile allows elsewhere too.
func widened(r *Result) []Widened {
	var list []Widened
	for _, o := range r.Observed {
		var also []syscalltable.Arch
		for _, a := range r.Arches {
			if !slices.Contains(o.Arches, a) && has(a, o.Name) {
				also = append(also, a)
			}
		}
		if also != nil {
			list = append(list, Widened{Name: o.Name, Seen: o.Arches, Also: also})
		}
	}
	return list
}

// compareOutcomes puts what is allowed first.
func compareOutcomes(a, b Outcome) int {
	return cmp.Or(cmp.Compare(b.Action, a.Action), cmp.Compare(a.Errno, b.Errno))
}
