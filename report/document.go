package report

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/jsontime"
	"github.com/auditscan/auditscan/syscalltable"
)

// Version is the version of the report document. It changes when a reader of
// the old one would misunderstand the new one.
const Version = 1

// document is the report as schema/report.schema.json describes it.
func document(s *aggregate.Summary, o Options) object {
	doc := object{
		{"version", int64(Version)},
		{"tool", o.Tool},
		{"tables", syscalltable.KernelVersion},
		{"inputs", each(s.Inputs, inputObject)},
		{"totals", totalsObject(&s.Totals)},
		{"completeness", completenessObject(&s.Completeness)},
	}
	if s.Selected != nil {
		doc = append(doc, member{"filter", object{{"given", valid(s.Selected.Filter)}, {"leftOut", s.Selected.LeftOut}}})
	}
	if s.Runs != nil {
		doc = append(doc, member{"runs", runsObject(s.Runs)})
	}
	if o.Positions != nil {
		doc = append(doc, member{"positions", o.Positions})
	}
	return append(doc, member{"groups", each(s.Groups, func(obj object, g *aggregate.Group) object { return groupObject(obj, g, s.By) })})
}

func runsObject(r *aggregate.Runs) object {
	return object{
		{"count", int64(r.Count)},
		{"syscalls", each(r.Calls, func(obj object, c *aggregate.CallRuns) object {
			name, _ := c.Arch.Name(c.NR)
			return append(obj, object{
				{"arch", known(c.Arch.String())}, {"nr", int64(c.NR)}, {"name", known(name)}, {"runs", int64(c.Runs)},
			}...)
		})},
	}
}

func inputObject(obj object, in *aggregate.Input) object {
	return append(obj, object{
		{"name", valid(in.Name)},
		{"trust", string(in.Trust)},
		{"lines", in.Lines},
		{"records", in.Records},
		{"duplicates", in.Duplicates},
		{"malformed", in.Malformed},
		{"first", timeOrNull(in.First)},
		{"last", timeOrNull(in.Last)},
	}...)
}

func totalsObject(t *aggregate.Totals) object {
	return object{
		{"lines", t.Lines},
		{"records", t.Records},
		{"duplicates", t.Duplicates},
		{"malformed", t.Malformed},
		{"unresolved", t.Unresolved},
		{"groups", int64(t.Groups)},
		{"syscalls", int64(t.Syscalls)},
	}
}

// completenessObject tells the reason only where there is one: why the verdict
// is unknown.
func completenessObject(c *aggregate.Completeness) object {
	obj := object{{"verdict", string(c.Verdict)}}
	if c.Reason != "" {
		obj = append(obj, member{"reason", valid(c.Reason)})
	}
	return append(obj, object{{"lost", c.Lost}, {"evidence", each(c.Evidence, evidenceObject)}}...)
}

func evidenceObject(obj object, e *aggregate.Evidence) object {
	return append(obj, object{
		{"kind", string(e.Kind)},
		{"count", e.Count},
		{"input", known(e.Input)},
		{"line", intOrNull(e.Line)},
		{"first", timeOrNull(e.First)},
		{"last", timeOrNull(e.Last)},
		{"detail", valid(e.Detail)},
		{"fix", valid(e.Fix)},
	}...)
}

// groupKeys are the keys of a group in the order of its JSON form, with their
// values and how to read them again.
var groupKeys = [...]struct {
	key   aggregate.Key
	value func(*aggregate.Group) any
	read  func(*jsonReader, *aggregate.Group)
}{
	{aggregate.ByNode, func(g *aggregate.Group) any { return known(g.Node) },
		func(r *jsonReader, g *aggregate.Group) { g.Node = r.stringOrNull() }},
	{aggregate.ByContainer, func(g *aggregate.Group) any { return identityObject(g.Container) },
		func(r *jsonReader, g *aggregate.Group) { g.Container = r.identity() }},
	{aggregate.ByNested, func(g *aggregate.Group) any { return known(g.Nested) },
		func(r *jsonReader, g *aggregate.Group) { g.Nested = r.stringOrNull() }},
	{aggregate.ByManager, func(g *aggregate.Group) any { return known(g.Manager) },
		func(r *jsonReader, g *aggregate.Group) { g.Manager = r.stringOrNull() }},
	{aggregate.ByPod, func(g *aggregate.Group) any { return known(g.Pod) },
		func(r *jsonReader, g *aggregate.Group) { g.Pod = r.stringOrNull() }},
	{aggregate.ByNamespace, func(g *aggregate.Group) any { return known(g.Namespace) },
		func(r *jsonReader, g *aggregate.Group) { g.Namespace = r.stringOrNull() }},
	{aggregate.ByWorkload, func(g *aggregate.Group) any { return known(g.Workload) },
		func(r *jsonReader, g *aggregate.Group) { g.Workload = r.stringOrNull() }},
	{aggregate.ByPID, func(g *aggregate.Group) any { return intOrNull(int64(g.PID)) },
		func(r *jsonReader, g *aggregate.Group) { g.PID = r.pid() }},
	{aggregate.ByComm, func(g *aggregate.Group) any { return known(g.Comm) },
		func(r *jsonReader, g *aggregate.Group) { g.Comm = r.stringOrNull() }},
	{aggregate.ByExe, func(g *aggregate.Group) any { return known(g.Exe) },
		func(r *jsonReader, g *aggregate.Group) { g.Exe = r.stringOrNull() }},
	{aggregate.BySubj, func(g *aggregate.Group) any { return known(g.Subj) },
		func(r *jsonReader, g *aggregate.Group) { g.Subj = r.stringOrNull() }},
}

// groupObject leaves out the keys that the groups are not told apart by.
func groupObject(obj object, g *aggregate.Group, by []aggregate.Key) object {
	for _, k := range groupKeys {
		if slices.Contains(by, k.key) {
			obj = append(obj, member{string(k.key), k.value(g)})
		}
	}
	if g.Folded != 0 {
		obj = append(obj, member{"folded", g.Folded.String()})
	}
	return append(obj, object{
		{"records", g.Records},
		{"first", timeOrNull(g.First)},
		{"last", timeOrNull(g.Last)},
		{"syscalls", each(g.Calls, callObject)},
	}...)
}

func callObject(obj object, c *aggregate.Call) object {
	var nr any // null: all that have no name
	if !c.Folded {
		nr = int64(c.NR)
	}
	return append(obj, object{
		{"arch", known(c.Arch.String())},
		{"nr", nr},
		{"name", known(c.Name())},
		{"action", c.Action.String()},
		{"count", c.Count},
		{"first", timeOrNull(c.First.Time())},
		{"last", timeOrNull(c.Last.Time())},
	}...)
}

// identityObject has the keys of the Identity's own JSON form.
func identityObject(c *container.Identity) any {
	if c == nil {
		return nil
	}
	var obj object
	for i, text := range identityTexts(c) {
		if text != "" || i == 0 {
			obj = append(obj, member{identityKeys[i], valid(text)})
		}
	}
	if c.WorkloadGuessed {
		obj = append(obj, member{guessedKey, true})
	}
	return obj
}

// The keys of a container: the first is always there, the others when known,
// the last when true.
var identityKeys = [...]string{"id", "name", "image", "pod", "namespace", "workload", "nested", "manager", "runtime", "via"}

const guessedKey = "workloadGuessed"

// identityTexts are the values of identityKeys.
func identityTexts(c *container.Identity) [len(identityKeys)]string {
	return [...]string{c.ID, c.Name, c.Image, c.Pod, c.Namespace, c.Workload, c.Nested, c.Manager, c.Runtime, c.Via}
}

// known returns s, or null if it is empty, which stands for not known.
func known(s string) any {
	if s == "" {
		return nil
	}
	return valid(s)
}

func intOrNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// timeOrNull returns t, or null if it is not known (the zero time) or not
// representable.
func timeOrNull(t time.Time) any {
	if !jsontime.Representable(t.UnixMilli()) {
		return nil
	}
	return stamp(t.UnixMilli())
}

// valid returns s with a replacement character for each byte that is no
// UTF-8: Linux names are bytes, JSON and YAML are text.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}
