package parser_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/internal/corpustest"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/syscalltable"
)

// auditLogs are the real logs as auditd wrote them. Of each, ausearch finds
// what the parser finds.
func auditLogs(t testing.TB) (paths []string) {
	for _, name := range []string{
		"106-lab-enriched-all-actions.log", "108-lab-enriched-odd-numbers.log", "110-lab-enriched-thread.log",
		"112-lab-raw-mixed-rule.log", "155-lab-enriched-long-exe.log",
	} {
		paths = append(paths, corpustest.Corpus.Path(t, name))
	}
	for _, name := range []string{"auditd-raw.log", "auditd-rawhost.log", "auditd-enr.log", "auditd-enruser.log"} {
		paths = append(paths, corpustest.Captures.Path(t, name))
	}
	return paths
}

// ausearch runs the real tool on a log. The test is skipped where it is not
// installed.
func ausearch(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("ausearch")
	if err != nil {
		t.Skip("ausearch is not installed")
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ausearch %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// bySerial orders events by node and serial. Ausearch may print them in
// another order than the file has them.
func bySerial(t *testing.T, all []event) map[uint32]event {
	t.Helper()
	m := map[uint32]event{}
	for _, e := range all {
		if _, ok := m[e.stamp.Serial]; ok {
			t.Errorf("serial %d twice", e.stamp.Serial)
		}
		m[e.stamp.Serial] = e
	}
	return m
}

func TestAusearchRaw(t *testing.T) {
	for _, path := range auditLogs(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			want := bySerial(t, logRecords(t, path))
			got := bySerial(t, records(ausearch(t, "--raw", "-m", "SECCOMP", "-if", path)))
			if len(got) != len(want) {
				t.Errorf("%d records, want %d", len(got), len(want))
			}
			for serial, e := range want {
				if got[serial] != e {
					t.Errorf("\n got %+v\nwant %+v", got[serial], e)
				}
			}
		})
	}
}

func TestAusearchInterpreted(t *testing.T) {
	for _, path := range auditLogs(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			want := bySerial(t, logRecords(t, path))
			out := ausearch(t, "-i", "-m", "SECCOMP", "-if", path)
			got := bySerial(t, records(out))
			if len(got)+len(reasons(out)) != len(want) {
				t.Errorf("%d records and %q, want %d", len(got), reasons(out), len(want))
			}
			for serial, e := range got {
				e.sameInterpreted(t, want[serial])
			}
		})
	}
}

func logRecords(t *testing.T, path string) []event {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return records(string(data))
}

// sameInterpreted compares an interpreted event with the raw one.
func (e event) sameInterpreted(t *testing.T, raw event) {
	t.Helper()
	arch, err := syscalltable.ParseArch(e.archName)
	nr, ok := parser.UnknownSyscall([]byte(e.syscallName))
	if !ok {
		nr, ok = arch.NumberAudit(e.syscallName)
	}
	action := syscalltable.ActionOf(raw.code).String()
	if strings.HasPrefix(action, "kill") && e.codeName == "kill" {
		action = "kill" // 3.0.9 does not tell the two apart
	}
	theirs, _ := syscalltable.ParseAction(e.codeName)
	if err != nil || !ok || uint32(arch) != raw.arch || nr != raw.nr || theirs.String() != action ||
		e.pid != raw.pid || e.ip != raw.ip || e.compat != raw.compat || e.node != raw.node {
		t.Errorf("\n got %+v\nwant %+v", e, raw)
	}
	if escaped := strings.NewReplacer("\n", `\012`, "\t", `\011`, "\x1b", `\033`, "\x7f", `\177`); e.comm != escaped.Replace(raw.comm) || e.exe != escaped.Replace(raw.exe) {
		t.Errorf("got %q %q, want %q %q", e.comm, e.exe, raw.comm, raw.exe)
	}
}
