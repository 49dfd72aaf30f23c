package aggregate

import (
	"cmp"
	"strings"
	"time"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/syscalltable"
)

// Summary is everything that is known after reading: pure data in a fixed
// order, so that equal input gives equal output.
type Summary struct {
	// By are the keys of the groups, in canonical order.
	By           []Key
	Inputs       []Input
	Totals       Totals
	Completeness Completeness
	Selected     *Selection // nil: nothing was filtered
	Runs         *Runs      // nil: of one run
	// Reported is set if some of it was read from a report. Whoever could write
	// that report could claim any trust for its inputs.
	Reported bool
	Groups   []Group
}

// Selection is the filter that a summary's records passed.
type Selection struct {
	Filter  string // as the user gave it, such as "--comm nginx --arch arm64"
	LeftOut int64  // records that do not match
}

// merge combines two selections; nil is none.
func (s *Selection) merge(o *Selection) *Selection {
	if s == nil || o == nil {
		return cmp.Or(s, o)
	}
	out := &Selection{s.Filter, Plus(s.LeftOut, o.LeftOut)}
	if !strings.Contains(s.Filter, o.Filter) {
		out.Filter = strings.TrimSpace(s.Filter + " " + o.Filter)
	}
	return out
}

// Input is one file or stream that was read.
type Input struct {
	Name       string
	Trust      Trust
	Lines      int64
	Records    int64 // SECCOMP records counted, duplicates left out
	Duplicates int64 // renderings of an event that was counted already
	Malformed  int64 // records begun but not usable
	// First and Last are the earliest and latest time of a record; zero if no
	// record has a time.
	First, Last time.Time
}

// Totals are sums over all inputs and groups.
type Totals struct {
	Lines, Records, Duplicates, Malformed int64
	Unresolved                            int64 // records whose number is in no table
	Groups                                int
	Syscalls                              int // distinct (arch, number)
}

// Trust says who could have written an input.
type Trust string

// The trusts, from input that cannot be forged to input that anyone on the host
// can write.
const (
	TrustKernel Trust = "kernel"
	TrustAuditd Trust = "auditd"
	TrustText   Trust = "text"
)

// Group is the records that share the values of the summary's keys. A field
// whose key is not in [Summary.By] is zero.
type Group struct {
	Node      string
	Container *container.Identity
	// These are set only if they are among the keys.
	Nested, Manager, Pod, Namespace, Workload, Subj string

	Exe  string
	Comm string
	PID  int32
	// Folded are the keys of which this group has many values, since there were
	// too many groups to tell them apart: see [MaxGroups]. Its container is then
	// not one, but says whose they all are.
	Folded      KeySet
	Records     int64
	First, Last time.Time
	Calls       []Call // ordered by arch, number, action
}

// Call is one (architecture, number) under one action, with how often it was
// seen. Arch is NoArch where the record had none.
//
// It is also what records are counted in, so that a report of many groups needs
// no memory beyond the counts: 32 bytes without pointers, two to a cache line.
type Call struct {
	Count       int64
	Arch        syscalltable.Arch
	NR          int32
	First, Last Instant
	Action      syscalltable.Action
	// Folded is set if this stands for all calls of the arch and action whose
	// number is in no table, because there were too many to list. NR is
	// meaningless then.
	Folded bool
}

// Name returns the call's name; "" where the number is in no table.
func (c *Call) Name() string {
	if c.Folded {
		return ""
	}
	name, _ := c.Arch.Name(c.NR)
	return name
}

// String returns the call's name, or "#" and its number where no table has it;
// "#*" stands for all of those that were not listed.
func (c *Call) String() string {
	if c.Folded {
		return "#*"
	}
	return c.Arch.CallName(c.NR)
}

// Add adds the count and times of another counter of the same call.
func (c *Call) Add(o *Call) {
	c.Count = Plus(c.Count, o.Count)
	c.Widen(o.First.Millis(), o.Last.Millis())
}

// Widen extends the call's times to include others; zero times change nothing.
func (c *Call) Widen(from, to Millis) {
	if first := c.First.Millis(); from != 0 && (first == 0 || from < first) {
		c.First = from.Instant()
	}
	if to > c.Last.Millis() {
		c.Last = to.Instant()
	}
}
