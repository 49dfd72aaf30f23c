package profile

import "testing"

// TestNeeds: what a start cannot do without is among what every start makes, and
// each call that does instead has a name.
func TestNeeds(t *testing.T) {
	lists, err := readStartupLists()
	if err != nil {
		t.Fatal(err)
	}
	measured := 0
	for _, l := range lists {
		for mode, m := range l.NoNewPrivileges {
			for errno, needs := range m.Needs {
				measured++
				if _, ok := needs["execve"]; !ok {
					t.Errorf("%s %s, %s, %s: started without execve", l.Runtime, l.Version, mode, errno)
				}
				for name := range needs {
					if m.Calls[name] != m.Starts {
						t.Errorf("%s %s, %s, %s: needs %s, which %d of %d starts make", l.Runtime, l.Version, mode, errno, name, m.Calls[name], m.Starts)
					}
				}
			}
		}
	}
	if measured < 4*9 {
		t.Errorf("%d measurements of needs", measured)
	}
}
