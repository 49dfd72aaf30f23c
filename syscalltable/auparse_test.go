//go:build unix

// auparse does not build on windows.

package syscalltable

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/elastic/go-libaudit/v2/auparse"
)

var update = flag.Bool("update", false, "rewrite testdata/auparse.txt")

// TestAuparse compares with go-libaudit's tables: every number has the same
// name, but for what testdata/auparse.txt lists, exactly. A line is
// ARCH NUMBER THEIRS OURS, with - for a number that the kernel's header of
// that architecture does not have.
func TestAuparse(t *testing.T) {
	const golden = "testdata/auparse.txt"
	got := auparseDifferences(t)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	wantLines, gotLines := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for _, line := range gotLines {
		if !slices.Contains(wantLines, line) {
			t.Errorf("not in %s: %s", golden, line)
		}
	}
	for _, line := range wantLines {
		if !slices.Contains(gotLines, line) {
			t.Errorf("no longer so: %s", line)
		}
	}
}

func auparseDifferences(t *testing.T) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(auparse.AuditSyscalls)) {
		a, err := ParseArch(name)
		if err != nil || !a.HasTable() {
			t.Errorf("no table for %s (%v)", name, err)
			continue
		}
		theirs := auparse.AuditSyscalls[name]
		for _, nr := range slices.Sorted(maps.Keys(theirs)) {
			ours, _ := a.Name(int32(nr))
			if ours != theirs[nr] {
				fmt.Fprintln(&b, a, nr, theirs[nr], cmp.Or(ours, "-"))
			}
		}
	}
	return b.String()
}

// TestNumberAuditOfAuparse reads back every name that auparse gives to a
// number of the kernel's.
func TestNumberAuditOfAuparse(t *testing.T) {
	for name, theirs := range auparse.AuditSyscalls {
		a, err := ParseArch(name)
		if err != nil {
			t.Fatal(err)
		}
		for nr, spelling := range theirs {
			_, known := a.Name(int32(nr))
			if got, ok := a.NumberAudit(spelling); ok != known || known && int(got) != nr {
				t.Errorf("%v.NumberAudit(%s) = %d, %t; want %d, %t", a, spelling, got, ok, nr, known)
			}
		}
	}
}

// TestSpellingsAreNeverGivenOut checks that the table of an architecture on
// which audit-userspace uses a spelling of its own does not have it.
func TestSpellingsAreNeverGivenOut(t *testing.T) {
	used := map[string]bool{}
	for name, theirs := range auparse.AuditSyscalls {
		a, err := ParseArch(name)
		if err != nil {
			t.Fatal(err)
		}
		for nr, spelling := range theirs {
			if ours, ok := a.Name(int32(nr)); ok && ours != spelling {
				used[spelling] = true
				if other, ok := a.Number(spelling); ok {
					t.Errorf("%v: audit's %s is %d, the kernel's %d", a, spelling, nr, other)
				}
			}
		}
	}
	for _, s := range spellings {
		if !used[s.audit] {
			t.Errorf("auparse has no %s", s.audit)
		}
	}
}

func TestAuparseArchNames(t *testing.T) {
	for value, name := range auparse.AuditArchNames {
		if got := Arch(value).String(); got != name {
			t.Errorf("%#x is %q, for auparse %q", uint32(value), got, name)
		}
	}
}
