package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/atomicfile"
	"github.com/auditscan/auditscan/syscalltable"
)

// TestFileName checks that names from a log are safe as file names, and that
// no two of them share a file.
func TestFileName(t *testing.T) {
	names := []string{
		"nginx", "web-0", "index", "../../etc/cron.d/x", "/usr/sbin/nginx", "-usr-sbin-nginx", "a b", "a-b", "a\nb", ".hidden", "..",
		"", strings.Repeat("x", 65), strings.Repeat("x", 66), "\u202egpj.exe", "runc:[2:INIT]", "CON", "nul", "com1.x", "a/b", "a_x0123456789ab",
		"shop/web-0", "shop_web-0", "k8s_shop_web-0", "shop/web-0/app", "shop/web_0/app", "a/b_c", "a_b/c", "a/b/c", "/a/b", "../b",
	}
	seen := map[string]string{}
	for _, name := range names {
		file := fileName(name)
		if other, ok := seen[file]; ok {
			t.Errorf("%q and %q share %s", name, other, file)
		}
		seen[file] = name
		if len(file) > 80 || strings.HasPrefix(file, ".") || strings.Trim(file, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != "" {
			t.Errorf("%q becomes %q, which is not safe", name, file)
		}
		if atomicfile.IsDevice(file) {
			t.Errorf("%q becomes %q, which is a device on Windows", name, file)
		}
		if file == indexName {
			t.Errorf("%q takes the place of the index", name)
		}
		if again := fileName(strings.TrimSuffix(file, ".json")); again == file && file != name+".json" {
			t.Errorf("a program could call itself %q and share the file of %q", strings.TrimSuffix(file, ".json"), name)
		}
	}
	for name, want := range map[string]string{"nginx": "nginx.json", "shop/web-0/app": "k8s_shop_web-0_app.json"} {
		if got := fileName(name); got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
	}
}

// TestSplitRuntime checks that what runc does before the program starts counts
// for the program that its process becomes.
func TestSplitRuntime(t *testing.T) {
	s := &aggregate.Summary{By: aggregate.DefaultKeys(), Groups: []aggregate.Group{
		{PID: 7, Comm: "runc:[2:INIT]", Exe: "/", Records: 3},
		{PID: 7, Comm: "sleep", Exe: "/bin/sleep", Records: 2},
		{PID: 8, Comm: "runc:[2:INIT]", Exe: "/", Records: 5},
		{PID: 9, Comm: "sh", Exe: "/bin/sh", Records: 1},
	}}
	parts, unattributed := split(s, aggregate.ByComm)
	var got []string
	for _, p := range parts {
		got = append(got, p.name)
	}
	if !slices.Equal(got, []string{"sh", "sleep"}) {
		t.Fatalf("parts %q", got)
	}
	if sleep := parts[1]; len(sleep.summary.Groups) != 2 || sleep.runtime != 3 {
		t.Errorf("sleep has %d groups and %d records of the runtime, want 2 and 3", len(sleep.summary.Groups), sleep.runtime)
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
	parts, _ := split(aggregate.Merge(run("web", 1), run("web", 1), run("db", 2)), aggregate.ByComm)
	want := map[string]aggregate.CallRuns{"web": {Arch: syscalltable.X86_64, NR: 1, Runs: 2}, "db": {Arch: syscalltable.X86_64, NR: 2, Runs: 1}}
	for _, p := range parts {
		if r := p.summary.Runs; r == nil || r.Count != 3 || !slices.Equal(r.Calls, []aggregate.CallRuns{want[p.name]}) {
			t.Errorf("%s: %+v, want 3 runs and %+v", p.name, r, want[p.name])
		}
	}
	if parts, _ := split(run("web", 1), aggregate.ByComm); parts[0].summary.Runs != nil {
		t.Errorf("of one run: %+v", parts[0].summary.Runs)
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
		parts, _ := split(s, key)
		var got []string
		for _, p := range parts {
			got = append(got, p.name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

// TestIndexOverwrites checks that nothing is written where something is in the
// way.
func TestIndexOverwrites(t *testing.T) {
	dir := t.TempDir()
	ix := &index{Profiles: []indexEntry{{Name: "a", File: "a.json", content: []byte("new")}, {Name: "b", File: "b.json", content: []byte("new")}}}
	if err := os.WriteFile(filepath.Join(dir, "b.json"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := ix.write(dir, false); err == nil || !strings.Contains(err.Error(), "b.json exists") {
		t.Fatalf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.json")); err == nil {
		t.Error("a.json was written although b.json was in the way")
	}
	if err := ix.write(dir, true); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.json", "b.json"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(data) != "new" {
			t.Errorf("%s holds %q, %v", name, data, err)
		}
	}
}
