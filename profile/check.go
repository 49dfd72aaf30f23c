package profile

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/jsontime"
	"github.com/auditscan/auditscan/syscalltable"
)

// checkVersion is the version of schema/check.schema.json.
const checkVersion = 1

// CheckResult is what a profile would make of the calls of a summary.
type CheckResult struct {
	Profile    string
	By         []aggregate.Key
	Records    int64 // all that were replayed
	Denied     int64
	Depends    int64 // those whose arguments, tracer or supervisor decide
	Unanswered int64 // those without an architecture
	// Completeness is that of the log: calls that are not in it were not asked
	// about. Selected is what a filter has left of it; nil: all.
	Completeness aggregate.Completeness
	Selected     *aggregate.Selection
	// Calls are those that would not simply run, in the order of the summary.
	Calls []CheckedCall
	// Amendment lets run what is denied: applied to the profile, the same log
	// is denied nothing but what is impossible.
	Amendment *Amendment
	Notes     []string // of the policies that were asked
}

// CheckedCall is a call of a group with the profile's answer.
type CheckedCall struct {
	Group *aggregate.Group // for the values of CheckResult.By
	Call  aggregate.Call   // Name is the table's
	// Answer is meaningless if the call has no architecture.
	Answer Answer
}

// Answered reports whether the call has an answer: one without an architecture
// has none.
func (c *CheckedCall) Answered() bool { return c.Call.Arch != syscalltable.NoArch }

// Check asks a profile about every call of a summary, those that were refused
// included. env.Arch counts only for calls whose architecture a host of it
// runs; others are answered as their own host would.
func Check(s *aggregate.Summary, d *Document, env Environment) (*CheckResult, error) {
	c := &checker{document: d, env: env, policies: map[syscalltable.Arch]*Policy{}, amender: newAmender()}
	c.result = &CheckResult{Profile: d.Name, By: s.By, Completeness: s.Completeness, Selected: s.Selected}
	for i := range s.Groups {
		for _, call := range s.Groups[i].Calls {
			if err := c.check(&s.Groups[i], call); err != nil {
				return nil, err
			}
		}
	}
	c.result.Amendment = c.amender.amendment()
	c.result.Amendment.form = d.form
	return c.result, nil
}

type checker struct {
	document *Document
	env      Environment
	policies map[syscalltable.Arch]*Policy // by the host's architecture
	amender  *amender
	result   *CheckResult
}

func (c *checker) check(g *aggregate.Group, call aggregate.Call) error {
	checked := CheckedCall{Group: g, Call: call}
	c.result.Records = aggregate.Plus(c.result.Records, call.Count)
	if !checked.Answered() {
		c.result.Unanswered = aggregate.Plus(c.result.Unanswered, call.Count)
		c.result.Calls = append(c.result.Calls, checked)
		return nil
	}
	p, err := c.policy(call.Arch)
	if err != nil {
		return err
	}
	checked.Answer = p.Answer(call.Arch, call.NR)
	switch checked.Answer.Effect() {
	case Runs:
		return nil
	case Denies:
		c.result.Denied = aggregate.Plus(c.result.Denied, call.Count)
		c.amender.refused(p, &call)
	case Depends:
		c.result.Depends = aggregate.Plus(c.result.Depends, call.Count)
	}
	c.result.Calls = append(c.result.Calls, checked)
	return nil
}

// EvaluateFor is Evaluate on a host whose kernel runs an architecture: that of
// env, or another of its kind.
func (d *Document) EvaluateFor(arch syscalltable.Arch, env Environment) (*Policy, error) {
	return d.Evaluate(hostOf(arch, env))
}

func hostOf(arch syscalltable.Arch, env Environment) Environment {
	if host := host64(arch); host != syscalltable.NoArch && env.Arch != arch {
		arch = host
	}
	env.Arch = arch
	return env
}

// policy returns the document as evaluated on the host that runs an
// architecture.
func (c *checker) policy(arch syscalltable.Arch) (*Policy, error) {
	env := hostOf(arch, c.env)
	if p := c.policies[env.Arch]; p != nil {
		return p, nil
	}
	p, err := c.document.Evaluate(env)
	if err != nil {
		return nil, err
	}
	c.policies[env.Arch] = p
	for _, note := range p.Notes {
		if !slices.Contains(c.result.Notes, note) {
			c.result.Notes = append(c.result.Notes, note)
		}
	}
	return p, nil
}

// checkDocument is the JSON of a CheckResult, see schema/check.schema.json.
type checkDocument struct {
	Version      int                  `json:"version"`
	Profile      string               `json:"profile"`
	Records      int64                `json:"records"`
	Denied       int64                `json:"denied"`
	Depends      int64                `json:"depends"`
	Unanswered   int64                `json:"unanswered"`
	Filter       *checkFilter         `json:"filter,omitempty"`
	Completeness completenessEvidence `json:"completeness"`
	Notes        []string             `json:"notes"`
	Calls        []checkCall          `json:"calls"`
	Amendment    amendmentDocument    `json:"amendment"`
}

type checkFilter struct {
	Given   string `json:"given"`
	LeftOut int64  `json:"leftOut"`
}

type checkCall struct {
	Node      *string         `json:"node,omitempty"`
	Container json.RawMessage `json:"container,omitempty"`
	Nested    *string         `json:"nested,omitempty"`
	Manager   *string         `json:"manager,omitempty"`
	Pod       *string         `json:"pod,omitempty"`
	Namespace *string         `json:"namespace,omitempty"`
	Workload  *string         `json:"workload,omitempty"`
	Exe       *string         `json:"exe,omitempty"`
	Comm      *string         `json:"comm,omitempty"`
	Subj      *string         `json:"subj,omitempty"`
	PID       *int32          `json:"pid,omitempty"`
	Arch      *string         `json:"arch"`
	NR        *int32          `json:"nr"`
	Name      *string         `json:"name"`
	Action    string          `json:"action"` // what was recorded
	Verdict   string          `json:"verdict"`
	Possible  []string        `json:"possible,omitempty"`
	Because   string          `json:"because,omitempty"`
	Count     int64           `json:"count"`
	First     *string         `json:"first"`
	Last      *string         `json:"last"`
}

// WriteJSON writes the result in the form of schema/check.schema.json.
func (r *CheckResult) WriteJSON(w io.Writer) error {
	doc := checkDocument{
		Version: checkVersion, Profile: r.Profile, Records: r.Records, Denied: r.Denied, Depends: r.Depends,
		Unanswered: r.Unanswered, Completeness: explainCompleteness(r.Completeness), Notes: orEmpty(r.Notes), Calls: []checkCall{}, Amendment: r.Amendment.document(),
	}
	if r.Selected != nil {
		doc.Filter = &checkFilter{r.Selected.Filter, r.Selected.LeftOut}
	}
	for i := range r.Calls {
		row, err := r.Calls[i].document(r.By)
		if err != nil {
			return err
		}
		doc.Calls = append(doc.Calls, *row)
	}
	return encodeJSON(w, doc)
}

// Verdict is the answer in a word: an action such as "errno", "depends", or
// "unknown" for a call without an answer.
func (c *CheckedCall) Verdict() string {
	switch {
	case !c.Answered(), len(c.Answer.Possible) == 0:
		return "unknown"
	case c.Answer.DependsOnArgs():
		return "depends"
	}
	return c.Answer.Possible[0].Action.String()
}

func (c *CheckedCall) document(by []aggregate.Key) (*checkCall, error) {
	row := &checkCall{
		Arch: orNull(c.Call.Arch.String()), NR: numberOrNull(c.Call.NR, c.Call.Folded), Name: orNull(c.Call.Name()), Action: c.Call.Action.String(),
		Verdict: c.Verdict(), Because: c.Answer.Because,
		Count: c.Call.Count, First: jsontime.OrNil(c.Call.First.Time()), Last: jsontime.OrNil(c.Call.Last.Time()),
	}
	for _, o := range c.Answer.Possible {
		row.Possible = append(row.Possible, o.String())
	}
	for _, key := range by {
		if err := row.setKey(key, c.Group); err != nil {
			return nil, err
		}
	}
	return row, nil
}

// setKey sets the value of a key: the others are not in the document.
func (row *checkCall) setKey(key aggregate.Key, g *aggregate.Group) error {
	switch key {
	case aggregate.ByNode:
		row.Node = &g.Node
	case aggregate.ByContainer:
		return row.setContainer(g.Container)
	case aggregate.ByNested:
		row.Nested = &g.Nested
	case aggregate.ByManager:
		row.Manager = &g.Manager
	case aggregate.ByPod:
		row.Pod = &g.Pod
	case aggregate.ByNamespace:
		row.Namespace = &g.Namespace
	case aggregate.ByWorkload:
		row.Workload = &g.Workload
	case aggregate.ByExe:
		row.Exe = &g.Exe
	case aggregate.ByComm:
		row.Comm = &g.Comm
	case aggregate.BySubj:
		row.Subj = &g.Subj
	case aggregate.ByPID:
		row.PID = &g.PID
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return nil
}

func (row *checkCall) setContainer(id *container.Identity) (err error) {
	row.Container, err = json.Marshal(id)
	return err
}
