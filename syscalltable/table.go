package syscalltable

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
)

// call is an entry of a table; tables are ordered by number.
type call struct {
	nr   int32
	name string
}

// HasTable reports whether the architecture's calls are known.
func (a Arch) HasTable() bool { return len(a.table()) > 0 }

func (a Arch) table() []call {
	if info := a.info(); info != nil {
		return info.table
	}
	return nil
}

// Name returns the kernel's name of call nr, which is the number as a record
// has it: for [X32] with bit 30 set, for MIPS with its base of 4000, 5000 or
// 6000. It is false if the number is in no table.
func (a Arch) Name(nr int32) (string, bool) {
	table := a.table()
	// Most tables begin without a gap.
	if nr >= 0 && int(nr) < len(table) && table[nr].nr == nr {
		return table[nr].name, true
	}
	i, ok := slices.BinarySearchFunc(table, nr, func(c call, nr int32) int { return cmp.Compare(c.nr, nr) })
	if !ok {
		return "", false
	}
	return table[i].name, true
}

// Number returns the number of the call with the kernel's name, as a record
// has it (see [Arch.Name]). It is false if the architecture has no such call.
func (a Arch) Number(name string) (int32, bool) {
	for _, c := range a.table() {
		if c.name == name {
			return c.nr, true
		}
	}
	return 0, false
}

// Calls returns the architecture's calls in the order of their numbers.
func (a Arch) Calls() iter.Seq2[int32, string] {
	return func(yield func(int32, string) bool) {
		for _, c := range a.table() {
			if !yield(c.nr, c.name) {
				return
			}
		}
	}
}

// CallName returns the name of a call, or "#" and its number where no table
// has it: no call's name has a # in it.
func (a Arch) CallName(nr int32) string {
	if name, ok := a.Name(nr); ok {
		return name
	}
	return "#" + strconv.Itoa(int(nr))
}
