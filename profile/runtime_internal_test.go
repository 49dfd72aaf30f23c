package profile

import (
	"strings"
	"testing"

	"github.com/auditscan/auditscan/syscalltable"
)

// The start-up lists are what a measurement prints: each call of a mode was
// seen in some of its starts, and the program was started in all.
func TestStartupLists(t *testing.T) {
	lists, err := readStartupLists()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Runtime]int{}
	for _, l := range lists {
		seen[l.Runtime]++
		if l.Version == "" || l.Host == "" || l.Source == "" || len(l.NoNewPrivileges) != 2 {
			t.Errorf("%s %s: incomplete", l.Runtime, l.Version)
		}
		for mode, m := range l.NoNewPrivileges {
			if strings.HasPrefix(l.Source, "measured") && m.Calls["execve"] != m.Starts {
				t.Errorf("%s %s, %s: execve in %d of %d starts", l.Runtime, l.Version, mode, m.Calls["execve"], m.Starts)
			}
			for name, n := range m.Calls {
				if _, ok := syscalltable.X86_64.Number(name); !ok || n < 1 || n > m.Starts {
					t.Errorf("%s %s, %s: %s in %d of %d starts", l.Runtime, l.Version, mode, name, n, m.Starts)
				}
			}
		}
	}
	if seen[RuntimeRunc] < 5 || seen[RuntimeCrun] < 1 {
		t.Errorf("lists: %v, want several versions of runc, and crun", seen)
	}
}
