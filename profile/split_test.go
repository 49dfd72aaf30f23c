package profile_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// TestSplitRuntime checks that what runc does before the program starts counts
// for the program that its process becomes.
func TestSplitRuntime(t *testing.T) {
	s := &aggregate.Summary{By: aggregate.DefaultKeys(), Groups: []aggregate.Group{
		{PID: 7, Comm: "runc:[2:INIT]", Exe: "/", Records: 3},
		{PID: 7, Comm: "sleep", Exe: "/bin/sleep", Records: 2},
		{PID: 8, Comm: "runc:[2:INIT]", Exe: "/", Records: 5},
		{PID: 9, Comm: "sh", Exe: "/bin/sh", Records: 1},
	}}
	parts, unattributed := profile.Split(s, aggregate.ByComm)
	var got []string
	for _, p := range parts {
		got = append(got, p.Name)
	}
	if !slices.Equal(got, []string{"sh", "sleep"}) {
		t.Fatalf("parts %q", got)
	}
	if sleep := parts[1]; len(sleep.Summary.Groups) != 2 || sleep.Runtime != 3 {
		t.Errorf("sleep has %d groups and %d records of the runtime, want 2 and 3", len(sleep.Summary.Groups), sleep.Runtime)
	}
	if unattributed != 5 {
		t.Errorf("%d records are nobody's, want the 5 of a process that became no program", unattributed)
	}
}

// TestSplitRuns checks that each part knows in how many of several runs its
// calls were seen, and nothing of the calls of others.
func TestSplitRuns(t *testing.T) {
	run := func(comm string, nr int32) *aggregate.Summary {
		call := aggregate.Call{Arch: syscalltable.X86_64, NR: nr, Action: syscalltable.ActionLog, Count: 1}
		return &aggregate.Summary{By: aggregate.DefaultKeys(), Groups: []aggregate.Group{{Comm: comm, Records: 1, Calls: []aggregate.Call{call}}}}
	}
	parts, _ := profile.Split(aggregate.Merge(run("web", 1), run("web", 1), run("db", 2)), aggregate.ByComm)
	want := map[string]aggregate.CallRuns{"web": {Arch: syscalltable.X86_64, NR: 1, Runs: 2}, "db": {Arch: syscalltable.X86_64, NR: 2, Runs: 1}}
	for _, p := range parts {
		if r := p.Summary.Runs; r == nil || r.Count != 3 || !slices.Equal(r.Calls, []aggregate.CallRuns{want[p.Name]}) {
			t.Errorf("%s: %+v, want 3 runs and %+v", p.Name, r, want[p.Name])
		}
	}
	if parts, _ := profile.Split(run("web", 1), aggregate.ByComm); parts[0].Summary.Runs != nil {
		t.Errorf("of one run: %+v", parts[0].Summary.Runs)
	}
}

// TestSplitKeepsApart checks that what is called the same is not taken for the
// same: not in two namespaces, and not outside of Kubernetes, where any user
// can give a container any name. A container that was started again in its pod
// is the same.
func TestSplitKeepsApart(t *testing.T) {
	in := func(id, name, pod, namespace, workload string) aggregate.Group {
		return aggregate.Group{Comm: "app", Records: 1, Container: &container.Identity{
			ID: strings.Repeat(id, 64), Name: name, Pod: pod, Namespace: namespace, Workload: workload}}
	}
	s := &aggregate.Summary{By: aggregate.DefaultKeys(), Groups: []aggregate.Group{
		in("1", "app", "web-0", "shop", "web"), in("2", "app", "web-0", "shop", "web"), in("3", "app", "web-0", "bank", "web"),
		in("4", "db", "", "", ""), in("5", "db", "", "", ""), in("6", "cache", "", "", ""), in("7", "", "", "", ""), in("8", "", "", "", ""),
		in("", "noid", "", "", ""),
	}}
	for key, want := range map[aggregate.Key][]string{
		aggregate.ByContainer: {
			strings.Repeat("7", 64), strings.Repeat("8", 64), "bank/web-0/app", "cache", "db_444444444444", "db_555555555555", "noid", "shop/web-0/app",
		},
		aggregate.ByPod:      {"bank/web-0", "shop/web-0"},
		aggregate.ByWorkload: {"bank/web", "shop/web"},
	} {
		parts, _ := profile.Split(s, key)
		var got []string
		for _, p := range parts {
			got = append(got, p.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

// TestSplitNoNameTwice: whatever people call their containers, nobody's records
// get into the profile of another's.
func TestSplitNoNameTwice(t *testing.T) {
	in := func(id, name string) aggregate.Group {
		return aggregate.Group{Comm: "app", Records: 1, Container: &container.Identity{ID: id, Name: name}}
	}
	a, b, c := strings.Repeat("a", 64), strings.Repeat("b", 64), strings.Repeat("c", 64)
	s := &aggregate.Summary{By: aggregate.DefaultKeys(), Groups: []aggregate.Group{
		in(a, "nginx"), in(b, "nginx"), in(c, "nginx_"+a[:12]), in("", "nginx_"+b), in("", "nginx"),
		in(strings.Repeat("d", 64), ""), in(strings.Repeat("e", 64), strings.Repeat("d", 64)),
	}}
	parts, _ := profile.Split(s, aggregate.ByContainer)
	seen := map[string]bool{}
	for _, p := range parts {
		if seen[p.Name] || len(p.Summary.Groups) != 1 {
			t.Errorf("%s stands here twice, or has %d groups", p.Name, len(p.Summary.Groups))
		}
		seen[p.Name] = true
	}
	if len(parts) != len(s.Groups) {
		t.Errorf("%d parts of %d containers", len(parts), len(s.Groups))
	}
}

// TestSplitKnowsRuntimes: crun counts for the program that it starts, wherever
// it is installed and however it names its threads.
func TestSplitKnowsRuntimes(t *testing.T) {
	for _, who := range []aggregate.Group{
		{Comm: "runc:[2:INIT]", Exe: "/"}, {Comm: "runc:[1:CHILD]", Exe: "/usr/bin/runc"}, {Comm: "crun", Exe: "/usr/bin/crun"},
		{Comm: "crun", Exe: "/usr/local/bin/crun"}, {Comm: "crun", Exe: "/"}, {Comm: "crun:[2:x]", Exe: "/proc/self/exe"}, {Comm: "crun-helper", Exe: "/opt/crun"},
	} {
		who.PID, who.Records = 7, 5
		who.Calls = logged(t, "capset", "close", "execve", "prctl", "setresuid")
		s := &aggregate.Summary{By: aggregate.DefaultKeys(), Groups: []aggregate.Group{who, {PID: 7, Comm: "app", Exe: "/app", Records: 1, Calls: logged(t, "read")}}}
		ix, err := profile.BuildPer(s, aggregate.ByComm, profile.Options{}, "auditscan")
		if err != nil {
			t.Fatal(err)
		}
		if len(ix.Profiles) != 1 || ix.Profiles[0].Name != "app" || ix.Profiles[0].Runtime != 5 {
			t.Errorf("%s of %s: %+v, want app alone, with 5 records of the runtime", who.Comm, who.Exe, ix.Profiles)
		}
		if r := ix.Profiles[0].Result; strings.HasPrefix(r.Startup, "no runtime's start-up is in the log") {
			t.Errorf("%s of %s is not taken for a runtime by Build: %s", who.Comm, who.Exe, r.Startup)
		}
	}
	s := &aggregate.Summary{By: aggregate.DefaultKeys(), Groups: []aggregate.Group{{PID: 7, Comm: "crunch", Exe: "/usr/bin/crunch", Records: 5, Calls: logged(t, "read")}}}
	if parts, _ := profile.Split(s, aggregate.ByComm); len(parts) != 1 || parts[0].Runtime != 0 {
		t.Errorf("crunch is taken for crun: %+v", parts)
	}
}

// TestFilesOfOneCase: two names that differ in case alone are two files on any
// file system, and none is the index.
func TestFilesOfOneCase(t *testing.T) {
	s := &aggregate.Summary{By: []aggregate.Key{aggregate.ByComm}}
	x86, _ := syscalltable.ParseArch("x86_64")
	names := []string{"nginx", "NGINX", "Nginx", "Xorg", "INDEX"}
	for _, comm := range names {
		s.Groups = append(s.Groups, aggregate.Group{Comm: comm, Calls: []aggregate.Call{{Arch: x86, NR: 39, Action: syscalltable.ActionLog, Count: 1}}})
	}
	ix, err := profile.BuildPer(s, aggregate.ByComm, profile.Options{Exact: true}, "auditscan")
	if err != nil || len(ix.Profiles) != len(names) {
		t.Fatalf("%+v, %v", ix, err)
	}
	files := map[string]bool{profile.IndexName: true}
	for _, e := range ix.Profiles {
		if name := strings.ToLower(e.File); files[name] {
			t.Errorf("%s has the file of another, %s", e.Name, e.File)
		} else {
			files[name] = true
		}
		if e.Name == "Xorg" && e.File != "Xorg.json" {
			t.Errorf("%s has the file %s", e.Name, e.File)
		}
	}
	old := []byte(`{"version":1,"per":"comm","profiles":[{"file":"XORG.json"},{"file":"gone.json"}]}`)
	if got := ix.Obsolete(old); len(got) != 1 || got[0] != "gone.json" {
		t.Errorf("obsolete: %q", got)
	}
}
