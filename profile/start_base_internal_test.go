package profile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/syscalltable"
)

// TestStartupOfBase: a profile that has just what one version of a runtime calls,
// as one that was made before the others were known, gets what all versions of
// that runtime call, and nothing that only the other one does.
func TestStartupOfBase(t *testing.T) {
	lists, err := readStartupLists()
	if err != nil {
		t.Fatal(err)
	}
	only := map[Runtime]string{RuntimeRunc: "setgroups", RuntimeCrun: "setresuid"} // without no_new_privs
	for _, l := range lists {
		if !strings.HasPrefix(l.Source, "measured") {
			continue
		}
		for _, mode := range []string{"true", "false"} {
			name := fmt.Sprintf("%s %s %s", l.Runtime, l.Version, mode)
			base := &Document{Name: "base.json", Default: Outcome{Action: syscalltable.ActionErrno, Errno: EPERM}, Architectures: []syscalltable.Arch{syscalltable.X86_64}}
			base.Rules = []Rule{{Names: slices.Sorted(maps.Keys(l.NoNewPrivileges[mode].Calls)), Outcome: Outcome{Action: syscalltable.ActionAllow}}}
			st, err := startupOfBase(lists, base)
			if err != nil {
				t.Fatal(err)
			}
			has := func(call string) bool { return st.reasons[call] != "" }
			switch {
			case l.Runtime == RuntimeCrun && mode == "true": // nearly every profile has these
				if !has(only[RuntimeRunc]) || !has(only[RuntimeCrun]) {
					t.Errorf("%s: not what every runtime calls: %s", name, st.why)
				}
			case mode == "true":
				if has(only[RuntimeRunc]) || has(only[RuntimeCrun]) || !has("openat2") || !has("mmap") {
					t.Errorf("%s: %s", name, st.why)
				}
			default:
				if !has(only[l.Runtime]) || has(only[RuntimeRunc]) && has(only[RuntimeCrun]) {
					t.Errorf("%s: %s", name, st.why)
				}
			}
		}
	}
}
