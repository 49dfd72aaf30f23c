package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/report"
)

// renamed is auditd's log of nginx, and of a user's process that renames itself
// again and again: more often than there is room for groups.
func renamed(t *testing.T) string {
	t.Helper()
	var log strings.Builder
	serial := 0
	line := func(uid, pid int, comm, exe string, nr int) {
		serial++
		fmt.Fprintf(&log, "type=SECCOMP msg=audit(1717243200.%03d:%d): auid=4294967295 uid=%d gid=%d ses=4294967295 subj=unconfined pid=%d comm=%q exe=%q sig=0 arch=c000003e syscall=%d compat=0 ip=0x1 code=0x7ffc0000\n",
			serial%1000, serial, uid, uid, pid, comm, exe, nr)
	}
	for i := range aggregate.MaxGroups {
		line(1000, 4242, fmt.Sprintf("m%d", i), "/home/m/x", i%300)
		if i%8000 == 0 {
			line(33, 700, "nginx", "/usr/sbin/nginx", 39)
			line(33, 701, "nginx-worker", "/usr/sbin/nginx", 0)
		}
	}
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAttackErasedGroups: who makes too many groups loses the detail of his own,
// which is said, and of nobody else.
func TestAttackErasedGroups(t *testing.T) {
	log := renamed(t)
	const said = "auditscan: too many groups: comm, pid of exe /home/m/x not told apart (32,768 records)\n"
	r := command(t, "report", "--by", "comm", "--syscall", "getpid", log)
	if r.code != 0 || r.stderr != said && !strings.Contains(r.stderr, "too many groups: comm, pid of exe /home/m/x not told apart") {
		t.Errorf("report --by comm: exit code %d\n%s", r.code, r.stderr)
	}
	if r = command(t, "report", "--by", "comm", log); !strings.Contains(r.stdout, "\n(many) ") || !strings.Contains(r.stdout, "\nnginx ") || r.stderr != said {
		t.Errorf("report --by comm:\n%.2000s%s", r.stdout, r.stderr)
	}
	r = command(t, "report", "-o", "json", log)
	s, err := report.Read(strings.NewReader(r.stdout), "-")
	if err != nil || r.stderr != said || !strings.Contains(r.stdout, `"folded": "comm,pid"`) || len(s.Groups) != 3 || s.Totals.Syscalls != 300 {
		t.Fatalf("report -o json: %v\n%.2000s%s", err, r.stdout, r.stderr)
	}
	saved := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(saved, []byte(r.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, input := range []string{log, saved} {
		dir := t.TempDir()
		r := command(t, "profile", "--per", "comm", "--exact", "-O", dir, input)
		for _, want := range []string{said, "many of exe /home/m/x: no profile: counted together"} {
			if r.code != exitIncomplete || !strings.Contains(r.stderr, want) {
				t.Errorf("profile --per comm: exit code %d, want %q in\n%s", r.code, want, r.stderr)
			}
		}
		for _, name := range []string{"nginx.json", "nginx-worker.json", "index.json"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Error(err)
			}
		}
		entries, _ := os.ReadDir(dir)
		if len(entries) != 3 {
			t.Errorf("profile --per comm made %v", entries)
		}
	}
	// A filter sees what the log says, and knows what a report does not.
	if r := command(t, "profile", "--exact", "--comm", "m7", log); r.code != 0 || !strings.Contains(r.stderr, "1 syscall observed") {
		t.Errorf("profile of the log by a name: exit code %d\n%s", r.code, r.stderr)
	}
	if r := command(t, "profile", "--exact", "--comm", "nginx", saved); r.code != exitIncomplete || !strings.Contains(r.stderr, "counted together with others") {
		t.Errorf("profile of the report by a name: exit code %d\n%s", r.code, r.stderr)
	}
}

// TestAttackErasedGroupsAcrossRestarts: runs that each have room for their groups
// keep the state within its bound all the same, and the others' groups exact.
func TestAttackErasedGroupsAcrossRestarts(t *testing.T) {
	text, err := os.ReadFile(renamed(t))
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(t.TempDir(), "state.json")
	for half := range slices.Chunk(slices.Collect(bytes.Lines(text)), aggregate.MaxGroups/2+6) {
		cmd := exec.Command("auditscan", "follow", "-q", "-o", "json", "--from-start", "--state", state, "-")
		cmd.Stdin = bytes.NewReader(bytes.Join(half, nil))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%.2000s", err, out)
		}
	}
	r := command(t, "report", "--by", "comm", state)
	for _, want := range []string{"\n(many) ", "\nnginx ", "\nnginx-worker ", "\n32,778 records, 300 syscalls, 3 groups\n"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("there is no %q in\n%.2000s%s", want, r.stdout, r.stderr)
		}
	}
}
