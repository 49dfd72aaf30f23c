package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/jsontime"
	"github.com/auditscan/auditscan/internal/strictjson"
	"github.com/auditscan/auditscan/syscalltable"
)

// Read reads a report that Write made as JSON. It is exact or fails: an unknown
// or missing key, a name that is none, a cut end are errors that say where, in
// the file called name. The "positions" that follow keeps in a report are passed
// over.
//
// The lines of [AppendEvent] and [AppendLoss] are no report but a log, which is
// read as any other.
func Read(in io.Reader, name string) (*aggregate.Summary, error) {
	buffered := bufio.NewReaderSize(in, headSize)
	head, err := buffered.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	r := newJSONReader(buffered, name)
	var s *aggregate.Summary
	switch {
	case bytes.HasPrefix(head, byteOrderMark):
		r.Fail("a byte order mark: save the file as UTF-8 without")
	case Sniff(head):
		s = r.report()
	default:
		r.Fail("not a report of auditscan")
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	return s, nil
}

// headSize is how much of a document its kind is told by.
const headSize = 64 << 10

// report reads a report to its end.
func (r *jsonReader) report() *aggregate.Summary {
	s := &aggregate.Summary{}
	var totals strictjson.Place
	r.object([]field{
		{"version", r.version},
		{"tool", func() { r.Bytes() }},
		{"tables", func() { r.Bytes() }},
		{"inputs", func() { r.Array(func() { s.Inputs = append(s.Inputs, r.input()) }) }},
		{"totals", func() {
			r.Begin()
			totals = r.From
			s.Totals = r.totals()
		}},
		{"completeness", func() { s.Completeness = r.completeness() }},
		{"groups", func() { r.Array(func() { r.group(s) }) }},
	}, field{"filter", func() { s.Selected = r.selection() }}, field{"runs", func() { s.Runs = r.runs() }}, field{"positions", r.Skip})
	if !r.AtEnd() {
		r.Fail("text after the end of the report")
	}
	if why := contradiction(s); why != "" {
		r.FailAt(totals, "%s", why)
	}
	if len(s.Groups) == 0 {
		s.By = aggregate.DefaultKeys() // so that Merge with it keeps every key
	}
	return s
}

// contradiction says where the totals of a report are not the sums of what is in
// it; "" if they are. Calls that had no name may have got one since.
func contradiction(s *aggregate.Summary) string {
	sums := *s
	sums.Retotal()
	told, is := s.Totals, sums.Totals
	for _, t := range [...]struct {
		what     string
		told, is int64
	}{
		{"lines", told.Lines, is.Lines}, {"records", told.Records, is.Records}, {"duplicates", told.Duplicates, is.Duplicates},
		{"malformed", told.Malformed, is.Malformed}, {"unresolved", max(told.Unresolved, is.Unresolved), told.Unresolved},
		{"groups", int64(told.Groups), int64(is.Groups)}, {"syscalls", int64(told.Syscalls), int64(is.Syscalls)},
	} {
		if t.told != t.is {
			return fmt.Sprintf("%d %s in all, where there are %d: the report was changed", t.told, t.what, t.is)
		}
	}
	return ""
}

func (r *jsonReader) version() {
	if v := r.Integer(math.MinInt64, math.MaxInt64); v != Version && r.Err() == nil {
		r.Fail("a report of version %d; this auditscan reads version %d", v, Version)
	}
}

// selection reads what a filter has left out.
func (r *jsonReader) selection() *aggregate.Selection {
	s := &aggregate.Selection{}
	r.object([]field{
		{"given", func() { s.Filter = r.String() }},
		{"leftOut", func() { s.LeftOut = r.count() }},
	})
	return s
}

// runs reads in how many runs each call was seen.
func (r *jsonReader) runs() *aggregate.Runs {
	runs := &aggregate.Runs{}
	r.object([]field{
		{"count", func() { runs.Count = int(r.Integer(2, math.MaxInt32)) }},
		{"syscalls", func() { r.Array(func() { runs.Calls = append(runs.Calls, r.callRuns()) }) }},
	})
	type call struct {
		arch syscalltable.Arch
		nr   int32
	}
	seen := map[call]bool{}
	for _, c := range runs.Calls {
		if c.Runs > runs.Count || seen[call{c.Arch, c.NR}] {
			r.Fail("call %d of %s was seen in more runs than there were, or stands here twice", c.NR, c.Arch)
		}
		seen[call{c.Arch, c.NR}] = true
	}
	return runs
}

func (r *jsonReader) callRuns() (c aggregate.CallRuns) {
	r.Begin()
	from, name := r.From, ""
	r.object([]field{
		{"arch", func() { c.Arch = r.arch() }},
		{"nr", func() { c.NR = int32(r.Integer(math.MinInt32, math.MaxInt32)) }},
		{"name", func() { name = r.syscall() }},
		{"runs", func() { c.Runs = int(r.Integer(1, math.MaxInt32)) }},
	})
	r.sameName(&aggregate.Call{Arch: c.Arch, NR: c.NR}, name, from)
	return c
}

func (r *jsonReader) input() (in aggregate.Input) {
	r.object([]field{
		{"name", func() { in.Name = r.String() }},
		{"trust", func() { in.Trust = r.trust() }},
		{"lines", func() { in.Lines = r.count() }},
		{"records", func() { in.Records = r.count() }},
		{"duplicates", func() { in.Duplicates = r.count() }},
		{"malformed", func() { in.Malformed = r.count() }},
		{"first", func() { in.First = r.time() }},
		{"last", func() { in.Last = r.time() }},
	})
	return in
}

func (r *jsonReader) trust() aggregate.Trust {
	return oneOf(r, "trust", aggregate.TrustKernel, aggregate.TrustAuditd, aggregate.TrustText)
}

func (r *jsonReader) totals() (t aggregate.Totals) {
	r.object([]field{
		{"lines", func() { t.Lines = r.count() }},
		{"records", func() { t.Records = r.count() }},
		{"duplicates", func() { t.Duplicates = r.count() }},
		{"malformed", func() { t.Malformed = r.count() }},
		{"unresolved", func() { t.Unresolved = r.count() }},
		{"groups", func() { t.Groups = int(r.Integer(0, math.MaxInt32)) }},
		{"syscalls", func() { t.Syscalls = int(r.Integer(0, math.MaxInt32)) }},
	})
	return t
}

// completeness reads what is known of losses. What speaks for one makes any
// other verdict untrue.
func (r *jsonReader) completeness() (c aggregate.Completeness) {
	r.Begin()
	from := r.From
	r.object([]field{
		{"verdict", func() {
			c.Verdict = oneOf(r, "verdict", aggregate.Complete, aggregate.Incomplete, aggregate.Unknown)
		}},
		{"lost", func() { c.Lost = r.count() }},
		{"evidence", func() { r.Array(func() { c.Evidence = append(c.Evidence, r.evidence()) }) }},
	}, field{"reason", func() { c.Reason = r.String() }})
	if c.Verdict != aggregate.Incomplete && (len(c.Evidence) > 0 || c.Lost > 0) {
		r.FailAt(from, "the verdict is %q beside evidence of a loss: the report was changed", c.Verdict)
	}
	return c
}

func (r *jsonReader) evidence() (e aggregate.Evidence) {
	r.object([]field{
		{"kind", func() { e.Kind = r.evidenceKind() }},
		{"count", func() { e.Count = r.count() }},
		{"input", func() { e.Input = r.stringOrNull() }},
		{"line", func() { e.Line = r.countOrNull() }},
		{"first", func() { e.First = r.time() }},
		{"last", func() { e.Last = r.time() }},
		{"detail", func() { e.Detail = r.String() }},
		{"fix", func() { e.Fix = r.String() }},
	})
	return e
}

func (r *jsonReader) evidenceKind() aggregate.EvidenceKind {
	return oneOf(r, "kind of evidence", aggregate.EvidenceKinds()...)
}

// group reads a group and, from the first one, what groups are told apart by.
func (r *jsonReader) group(s *aggregate.Summary) {
	r.Begin()
	from := r.From
	var (
		g  aggregate.Group
		by []string
	)
	fields := []field{
		{"records", func() { g.Records = r.count() }},
		{"first", func() { g.First = r.time() }},
		{"last", func() { g.Last = r.time() }},
		{"syscalls", func() { r.Array(func() { g.Calls = append(g.Calls, r.call()) }) }},
	}
	var keys []field
	for _, k := range groupKeys {
		keys = append(keys, field{string(k.key), func() { by = append(by, string(k.key)); k.read(r, &g) }})
	}
	keys = append(keys, field{"folded", func() { g.Folded = r.keySet() }})
	r.object(fields, keys...)
	for _, k := range groupKeys {
		if g.Folded.Has(k.key) && k.key != aggregate.ByContainer && k.value(&g) != nil {
			r.FailAt(from, "a group that has many values of %s, and one: the report was changed", k.key)
		}
	}
	if len(s.Groups) == 0 && len(by) > 0 {
		s.By, _ = aggregate.ParseKeys(strings.Join(by, ","))
	}
	if len(by) != len(s.By) || slices.ContainsFunc(by, func(k string) bool { return !slices.Contains(s.By, aggregate.Key(k)) }) {
		r.FailAt(from, "a group with other keys than the first")
	}
	if unknown := g.Folded &^ aggregate.KnownBy(s.By); unknown != 0 {
		r.FailAt(from, "a group that has many values of %s, by which the groups are not told apart: the report was changed", unknown)
	}
	records := g.Records
	if g.Recount(); g.Records != records {
		r.FailAt(from, "a group of %d records, whose calls are %d: the report was changed", records, g.Records)
	}
	s.Groups = append(s.Groups, g)
}

// keySet reads the keys of which a group has many values.
func (r *jsonReader) keySet() aggregate.KeySet {
	text := r.String()
	keys, err := aggregate.ParseKeys(text)
	set := aggregate.SetOf(keys...)
	if err != nil || set == 0 || set.String() != text {
		r.Fail("%.40q is no list of keys in their order", text)
	}
	return set
}

func (r *jsonReader) call() (c aggregate.Call) {
	r.Begin()
	from, name := r.From, ""
	r.object([]field{
		{"arch", func() { c.Arch = r.arch() }},
		{"nr", func() { c.NR, c.Folded = r.nr() }},
		{"name", func() { name = r.syscall() }},
		{"action", func() { c.Action = r.action() }},
		{"count", func() { c.Count = r.count() }},
		{"first", func() { c.First = aggregate.MillisOf(r.time()).Instant() }},
		{"last", func() { c.Last = aggregate.MillisOf(r.time()).Instant() }},
	})
	r.sameName(&c, name, from)
	return c
}

// sameName fails where the writer's tables have another name for a call than
// ours. One that it has no name for may have got one since.
func (r *jsonReader) sameName(c *aggregate.Call, name string, from strictjson.Place) {
	if known := c.Name(); name != "" && name != known {
		r.FailAt(from, "call %d of %s is %q there and %q in the tables of this auditscan", c.NR, c.Arch, name, known)
	}
}

// nr reads a call's number; null stands for all that have no name.
func (r *jsonReader) nr() (nr int32, folded bool) {
	if r.Null() {
		return -1, true
	}
	return int32(r.Integer(math.MinInt32, math.MaxInt32)), false
}

// identity reads a container, or nil.
func (r *jsonReader) identity() *container.Identity {
	if r.Null() {
		return nil
	}
	c := &container.Identity{}
	into := func(s *string) func() { return func() { *s = r.String() } }
	r.object([]field{{"id", into(&c.ID)}},
		field{"name", into(&c.Name)},
		field{"image", into(&c.Image)},
		field{"pod", into(&c.Pod)},
		field{"namespace", into(&c.Namespace)},
		field{"workload", into(&c.Workload)},
		field{"workloadGuessed", func() { c.WorkloadGuessed = r.Bool() }},
		field{"nested", into(&c.Nested)},
		field{"manager", into(&c.Manager)},
		field{"runtime", into(&c.Runtime)},
		field{"via", into(&c.Via)},
	)
	return c
}

func (r *jsonReader) pid() int32 {
	if r.Null() {
		return 0
	}
	return int32(r.Integer(math.MinInt32, math.MaxInt32))
}

func (r *jsonReader) stringOrNull() string {
	if r.Null() {
		return ""
	}
	return r.String()
}

func (r *jsonReader) countOrNull() int64 {
	if r.Null() {
		return 0
	}
	return r.count()
}

// time reads a time, or null as the zero time.
func (r *jsonReader) time() time.Time {
	if r.Null() {
		return time.Time{}
	}
	text := r.Bytes()
	t, err := jsontime.Parse(string(text))
	if err != nil {
		r.Fail("%v", err)
	}
	return t
}

// arch reads the name of an architecture, or null.
func (r *jsonReader) arch() syscalltable.Arch {
	if r.Null() {
		return syscalltable.NoArch
	}
	text := r.String()
	arch, err := syscalltable.ParseArch(text)
	if err != nil || arch.String() != text {
		r.Fail("unknown architecture %.40q", text)
	}
	return arch
}

func (r *jsonReader) action() syscalltable.Action {
	text := r.String()
	action, err := syscalltable.ParseAction(text)
	if err != nil || action.String() != text {
		r.Fail("unknown action %.40q", text)
	}
	return action
}

// syscall reads the name of a call, or null. The name may be of a newer
// kernel than the tables, but it must be one: profiles are made of it.
func (r *jsonReader) syscall() string {
	name := r.stringOrNull()
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		r.Fail("%.40q is no name of a system call", name)
	}
	return name
}

// oneOf reads a string that must be one of the values.
func oneOf[T ~string](r *jsonReader, what string, values ...T) T {
	text := r.String()
	i := slices.Index(values, T(text))
	if i < 0 {
		r.Fail("unknown %s %.40q", what, text)
		return ""
	}
	return values[i]
}
