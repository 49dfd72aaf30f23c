package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/table"
)

// row is a line of the text formats: one call of one group.
type row struct {
	group *aggregate.Group
	call  *aggregate.Call
}

// column is a column of the text formats.
type column struct {
	head string
	// keys are what the groups must be told apart by, one of them at least,
	// for the column to say anything. None: it always does.
	keys []aggregate.Key
	// full columns are left to Wide and CSV, unless they are a key themselves.
	full bool
	// value returns "" for what is not known. It looks at the call only if
	// keys is empty.
	value func(row) string
	// missing stands for "" in formats for people; nil: "-".
	missing func(row) string
	fit     table.Fit                // on a terminal
	color   func(string) table.Color // on a terminal; nil: none
}

// allColumns returns every column there is, in the order of a line. Times are
// told in a zone; nil is UTC.
func allColumns(zone *time.Location) []column {
	var (
		node       = []aggregate.Key{aggregate.ByNode}
		containers = []aggregate.Key{aggregate.ByContainer}
	)
	return []column{
		{head: "NODE", keys: node, fit: table.Cut, value: func(r row) string { return r.group.Node }},
		{head: "CONTAINER", keys: containers, fit: table.Cut, value: func(r row) string { return containerName(identity(r)) }},
		{head: "CONTAINER-ID", keys: containers, full: true, fit: table.ID, value: func(r row) string { return identity(r).ID }},
		{head: "IMAGE", keys: containers, full: true, fit: table.Cut, value: func(r row) string { return identity(r).Image }},
		{head: "POD", keys: []aggregate.Key{aggregate.ByPod, aggregate.ByContainer}, fit: table.Cut,
			value: func(r row) string { return cmp.Or(r.group.Pod, identity(r).Pod) }},
		{head: "NAMESPACE", keys: []aggregate.Key{aggregate.ByNamespace, aggregate.ByContainer}, full: true, fit: table.Cut,
			value: func(r row) string { return cmp.Or(r.group.Namespace, identity(r).Namespace) }},
		{head: "WORKLOAD", keys: []aggregate.Key{aggregate.ByWorkload, aggregate.ByContainer}, full: true, fit: table.Cut,
			value: func(r row) string { return cmp.Or(r.group.Workload, identity(r).Workload) }},
		{head: "NESTED", keys: []aggregate.Key{aggregate.ByNested, aggregate.ByContainer}, full: true, fit: table.Cut,
			value: func(r row) string { return cmp.Or(r.group.Nested, identity(r).Nested) }},
		{head: "MANAGER", keys: []aggregate.Key{aggregate.ByManager, aggregate.ByContainer}, fit: table.Cut,
			value: func(r row) string { return cmp.Or(r.group.Manager, identity(r).Manager) }},
		{head: "COMM", keys: []aggregate.Key{aggregate.ByComm}, fit: table.Cut, value: func(r row) string { return r.group.Comm }},
		{head: "EXE", keys: []aggregate.Key{aggregate.ByExe}, fit: table.Cut, value: func(r row) string { return r.group.Exe }},
		{head: "SUBJ", keys: []aggregate.Key{aggregate.BySubj}, fit: table.Cut, value: func(r row) string { return r.group.Subj }},
		{head: "PID", keys: []aggregate.Key{aggregate.ByPID}, value: pid},
		{head: "SYSCALL", value: func(r row) string { return r.call.Name() }, missing: func(r row) string { return r.call.String() }},
		{head: "NR", full: true, value: nr},
		{head: "ARCH", value: func(r row) string { return r.call.Arch.String() }},
		{head: "ACTION", color: actionColor, value: func(r row) string { return r.call.Action.String() }},
		{head: "COUNT", fit: table.Count, value: func(r row) string { return strconv.FormatInt(r.call.Count, 10) }},
		{head: "FIRST", full: true, value: func(r row) string { return timeText(r.call.First.Time(), zone) }},
		{head: "LAST", full: true, value: func(r row) string { return timeText(r.call.Last.Time(), zone) }},
	}
}

// identity returns the container; an empty one for none, and for many.
func identity(r row) *container.Identity {
	if r.group.Folded.Has(aggregate.ByContainer) && r.group.Container != nil {
		return &container.Identity{Manager: r.group.Container.Manager, Namespace: r.group.Container.Namespace}
	}
	return cmp.Or(r.group.Container, &container.Identity{})
}

// containerName returns the name, or as much of the id as people compare.
func containerName(c *container.Identity) string {
	return cmp.Or(c.Name, c.ID[:min(12, len(c.ID))])
}

func pid(r row) string {
	if r.group.PID == 0 {
		return ""
	}
	return strconv.Itoa(int(r.group.PID))
}

// nr returns the number, "" where the call stands for all without a name.
func nr(r row) string {
	if r.call.Folded {
		return ""
	}
	return strconv.Itoa(int(r.call.NR))
}

// columnsOf returns the columns that f shows of s. In CSV they depend on the
// keys alone, so that a program can rely on them; formats for people leave
// out what tells them nothing.
func columnsOf(s *aggregate.Summary, f Format, zone *time.Location) []column {
	return slices.DeleteFunc(allColumns(zone), func(c column) bool { return !c.shown(s, f) })
}

func (c *column) shown(s *aggregate.Summary, f Format) bool {
	grouped := func(k aggregate.Key) bool { return slices.Contains(s.By, k) }
	switch {
	case len(c.keys) > 0 && !slices.ContainsFunc(c.keys, grouped):
		return false
	case f == CSV:
		return true
	case c.full && f != Wide && !grouped(aggregate.Key(strings.ToLower(c.head))):
		return false
	}
	return len(c.keys) == 0 || c.isInformative(s, f)
}

// isInformative reports whether a column is worth its room: something in it is known
// and, most logs being one host's, not every node is the same.
func (c *column) isInformative(s *aggregate.Summary, f Format) bool {
	usual := ""
	if c.keys[0] == aggregate.ByNode && f != Wide && len(s.Groups) > 0 {
		usual = s.Groups[0].Node
	}
	return slices.ContainsFunc(s.Groups, func(g aggregate.Group) bool { return c.value(row{group: &g}) != usual || g.Folded.Has(c.keys[0]) })
}

// text returns the value as formats for people show it, not escaped yet.
func (c *column) text(r row) string {
	value := c.value(r)
	switch {
	case value != "":
		return value
	case c.missing != nil:
		return c.missing(r)
	case len(c.keys) > 0 && r.group.Folded.Has(c.keys[0]):
		return "(many)"
	}
	return "-"
}
