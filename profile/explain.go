package profile

import (
	"cmp"
	"io"
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/jsontime"
	"github.com/auditscan/auditscan/syscalltable"
)

// explainVersion is the version of schema/explain.schema.json.
const explainVersion = 1

// explanation is the document that goes along with a profile. Times are RFC
// 3339 UTC with milliseconds; null is unknown.
type explanation struct {
	Version      int                  `json:"version"`
	Tables       string               `json:"tables"`  // kernel of the syscall tables
	Profile      any                  `json:"profile"` // in OCI's form, or in Docker's if it has conditions
	Base         string               `json:"base,omitempty"`
	Startup      string               `json:"startup,omitempty"`
	Requires     *explainedNeeds      `json:"requires,omitempty"` // absent: any will do
	Trust        aggregate.Trust      `json:"trust"`              // of the least trustworthy input
	Inputs       []explainedInput     `json:"inputs"`
	Runs         int                  `json:"runs,omitempty"`      // that the inputs unite; absent: not known
	Discovery    *explainedDiscovery  `json:"discovery,omitempty"` // absent: calls have no times, or are of several runs, or there is a base
	Completeness completenessEvidence `json:"completeness"`
	Calls        []explainedCall      `json:"calls"`
	Additions    []Addition           `json:"additions"`
	Widened      []explainedWidening  `json:"widened"`
	Denied       []explainedNumber    `json:"denied"`
	Unresolved   []explainedNumber    `json:"unresolved"`
}

// explainedNeeds are the oldest versions that know every call of the profile;
// without one 2.5.2 and 5.0, and older, will do.
type explainedNeeds struct {
	Libseccomp string `json:"libseccomp,omitempty"`
	Kernel     string `json:"kernel"`
}

type explainedInput struct {
	Name       string          `json:"name"`
	Trust      aggregate.Trust `json:"trust"`
	Records    int64           `json:"records"`
	Duplicates int64           `json:"duplicates"`
	Malformed  int64           `json:"malformed"`
	First      *string         `json:"first"`
	Last       *string         `json:"last"`
}

// explainedDiscovery is when the observed calls were seen first. The run lasted
// from the first record of one to the last, and is told in parts of equal length.
type explainedDiscovery struct {
	First  *string   `json:"first"`
	Last   *string   `json:"last"`
	Newest *string   `json:"newest"` // when the last new call came
	Names  []string  `json:"names"`  // which came then
	Ending Ending    `json:"ending"`
	Share  float64   `json:"share"`           // of the parts, those that brought new calls
	New    []int     `json:"new,omitempty"`   // calls in each part; absent in an index
	Known  []float64 `json:"known,omitempty"` // share of all calls at the end of each part
}

// newDiscovery returns it without what is told of each part.
func newDiscovery(d *Discovery) *explainedDiscovery {
	if d == nil {
		return nil
	}
	return &explainedDiscovery{
		First: jsontime.OrNil(d.First.Time()), Last: jsontime.OrNil(d.Last.Time()), Newest: jsontime.OrNil(d.Newest.Time()),
		Names: d.Names, Ending: d.Ending(), Share: d.Share(),
	}
}

func explainDiscovery(d *Discovery) *explainedDiscovery {
	e := newDiscovery(d)
	if d != nil {
		e.New, e.Known = d.New[:], d.Known()
	}
	return e
}

type completenessEvidence struct {
	Verdict  aggregate.Verdict `json:"verdict"`
	Lost     int64             `json:"lost"`
	Evidence []explainedLoss   `json:"evidence"`
}

type explainedLoss struct {
	Kind   aggregate.EvidenceKind `json:"kind"`
	Count  int64                  `json:"count"`
	Input  string                 `json:"input"`
	Line   int64                  `json:"line,omitempty"`
	Detail string                 `json:"detail"`
	Fix    string                 `json:"fix"`
}

type explainedCall struct {
	Name    string    `json:"name"`
	Arches  []string  `json:"arches"`
	Records int64     `json:"records"`
	Runs    int       `json:"runs,omitempty"` // in how many of them
	First   *string   `json:"first"`
	Last    *string   `json:"last"`
	By      []program `json:"by"` // those that made it most often
	Others  int       `json:"others,omitempty"`
}

// program is who made a call.
type program struct {
	Container string `json:"container,omitempty"`
	Exe       string `json:"exe,omitempty"`
	Comm      string `json:"comm,omitempty"`
	Records   int64  `json:"records"`
}

type explainedWidening struct {
	Name string   `json:"name"`
	Seen []string `json:"seen"`
	Also []string `json:"also"`
}

type explainedNumber struct {
	Arch    *string `json:"arch"`
	NR      *int32  `json:"nr"`
	Name    *string `json:"name,omitempty"`
	Action  string  `json:"action,omitempty"`
	Records int64   `json:"records"`
	Reason  string  `json:"reason,omitempty"`
}

// programsShown bounds the programs named for one call.
const programsShown = 10

// WriteExplain writes what a profile rests on as JSON: how complete and how
// trustworthy the records were, who made each call and how often, and why
// anything else is in it. The form is that of schema/explain.schema.json.
func WriteExplain(w io.Writer, r *Result, s *aggregate.Summary) error {
	e := &explanation{
		Version: explainVersion, Tables: syscalltable.KernelVersion,
		Profile: r.Profile, Base: r.Base, Startup: r.Startup,
		Trust: LeastTrust(s), Inputs: explainInputs(s), Discovery: explainDiscovery(r.Discovery(s)), Completeness: explainCompleteness(s.Completeness),
		Calls: explainCalls(r, s), Additions: orEmpty(r.Additions),
		Widened: []explainedWidening{}, Denied: []explainedNumber{}, Unresolved: []explainedNumber{},
	}
	if r.Profile == nil {
		e.Profile = r.Document.docker()
	}
	if s.Runs != nil {
		e.Runs = s.Runs.Count
	}
	if need := r.Document.Requires(); need.Kernel != (KernelVersion{}) {
		e.Requires = &explainedNeeds{Kernel: need.Kernel.String()}
		if need.Libseccomp != (LibseccompVersion{}) {
			e.Requires.Libseccomp = need.Libseccomp.String()
		}
	}
	for _, x := range r.Widened {
		e.Widened = append(e.Widened, explainedWidening{x.Name, archNames(x.Seen), archNames(x.Also)})
	}
	for _, d := range r.Denied {
		e.Denied = append(e.Denied, explainedNumber{Arch: orNull(d.Arch.String()), NR: numberOrNull(d.NR, d.Folded), Name: orNull(d.Name), Action: d.Action.String(), Records: d.Records})
	}
	for _, u := range r.Unresolved {
		e.Unresolved = append(e.Unresolved, explainedNumber{Arch: orNull(u.Arch.String()), NR: numberOrNull(u.NR, u.Folded), Records: u.Records, Reason: u.Reason})
	}
	return encodeJSON(w, e)
}

// LeastTrust returns the trust of the input that is easiest to forge. A summary
// without inputs, or of a report that anybody could have written, has that of
// text.
func LeastTrust(s *aggregate.Summary) aggregate.Trust {
	order := []aggregate.Trust{aggregate.TrustKernel, aggregate.TrustAuditd, aggregate.TrustText}
	if len(s.Inputs) == 0 || s.Reported {
		return aggregate.TrustText
	}
	least := 0
	for _, in := range s.Inputs {
		i := slices.Index(order, in.Trust)
		if i < 0 {
			return aggregate.TrustText
		}
		least = max(least, i)
	}
	return order[least]
}

func explainInputs(s *aggregate.Summary) []explainedInput {
	list := []explainedInput{}
	for _, in := range s.Inputs {
		list = append(list, explainedInput{in.Name, in.Trust, in.Records, in.Duplicates, in.Malformed, jsontime.OrNil(in.First), jsontime.OrNil(in.Last)})
	}
	return list
}

func explainCompleteness(c aggregate.Completeness) completenessEvidence {
	e := completenessEvidence{Verdict: cmp.Or(c.Verdict, aggregate.Unknown), Lost: c.Lost, Evidence: []explainedLoss{}}
	for _, v := range c.Evidence {
		e.Evidence = append(e.Evidence, explainedLoss{v.Kind, v.Count, v.Input, v.Line, v.Detail, v.Fix})
	}
	return e
}

func explainCalls(r *Result, s *aggregate.Summary) []explainedCall {
	who := programs(s)
	seen := map[string]int{}
	if s.Runs != nil {
		seen = r.Coverage(s).Syscalls
	}
	list := make([]explainedCall, 0, len(r.Observed))
	for _, o := range r.Observed {
		by := who[o.Name]
		shown := by[:min(len(by), programsShown)]
		list = append(list, explainedCall{
			Name: o.Name, Arches: archNames(o.Arches), Records: o.Records, Runs: seen[o.Name],
			First: jsontime.OrNil(o.First.Time()), Last: jsontime.OrNil(o.Last.Time()), By: shown, Others: len(by) - len(shown),
		})
	}
	return list
}

// programs returns who made each call under SCMP_ACT_LOG, most often first.
func programs(s *aggregate.Summary) map[string][]program {
	counts := map[string]map[program]int64{}
	for i := range s.Groups {
		g := &s.Groups[i]
		who := program{Exe: g.Exe, Comm: g.Comm}
		if g.Container != nil {
			who.Container = cmp.Or(g.Container.Name, g.Container.ID)
		}
		for _, c := range g.Calls {
			name := c.Name()
			if name == "" || c.Action != syscalltable.ActionLog {
				continue
			}
			if counts[name] == nil {
				counts[name] = map[program]int64{}
			}
			counts[name][who] = aggregate.Plus(counts[name][who], c.Count)
		}
	}
	lists := make(map[string][]program, len(counts))
	for name, by := range counts {
		for who, n := range by {
			who.Records = n
			lists[name] = append(lists[name], who)
		}
		slices.SortFunc(lists[name], comparePrograms)
	}
	return lists
}

func comparePrograms(a, b program) int {
	return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Container, b.Container),
		cmp.Compare(a.Exe, b.Exe), cmp.Compare(a.Comm, b.Comm))
}

func archNames(arches []syscalltable.Arch) []string {
	names := make([]string, len(arches))
	for i, a := range arches {
		names[i] = a.String()
	}
	return names
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
