package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// result is what a run of the command has left.
type result struct {
	stdout, stderr string
	code           int
}

// command runs the command in this process.
func command(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := &environment{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" }}
	code := exitCode(env, run(t.Context(), env, args))
	return result{stdout.String(), stderr.String(), code}
}

// realLogs are all logs of testdata.
func realLogs(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, pattern := range []string{"corpus/*.log", "captures/*.log", "nginx/audit.log", "nginx/syslog"} {
		found, err := filepath.Glob(filepath.Join("../../testdata", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %q, %v", pattern, found, err)
		}
		paths = append(paths, found...)
	}
	return paths
}

// TestProfileFitsItsLog: a profile denies nothing of what ran in the log that
// it was made from, but for numbers that no profile can name.
func TestProfileFitsItsLog(t *testing.T) {
	profiles := 0
	for _, path := range realLogs(t) {
		for _, flags := range [][]string{nil, {"--exact"}, {"--variants"}} {
			made := command(t, append([]string{"profile", "-q", path}, flags...)...)
			if made.code == exitFailed && strings.Contains(made.stderr, "no record with action log") && made.stdout == "" {
				continue
			}
			if made.code != 0 && made.code != exitIncomplete {
				t.Errorf("profile %s %q: exit code %d\n%s", path, flags, made.code, made.stderr)
				continue
			}
			profiles++
			deniesOnlyNumbers(t, path, flags, made.stdout)
		}
	}
	if profiles < 3*40 {
		t.Errorf("only %d profiles were made", profiles)
	}
}

func deniesOnlyNumbers(t *testing.T, path string, flags []string, made string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "profile.json")
	if err := os.WriteFile(file, []byte(made), 0o600); err != nil {
		t.Fatal(err)
	}
	checked := command(t, "check", "-o", "json", "--action", "log", file, path)
	var got struct {
		Records, Unanswered int64
		Calls               []struct {
			Name, Verdict *string
			NR            int32
		}
	}
	if err := json.Unmarshal([]byte(checked.stdout), &got); err != nil {
		t.Fatalf("check %s: %v\n%s", path, err, checked.stderr)
	}
	if got.Records == 0 {
		t.Errorf("%s: nothing was checked", path)
	}
	for _, c := range got.Calls {
		if c.Name != nil {
			t.Errorf("%s %q: %s gets %s", path, flags, *c.Name, *c.Verdict)
		}
	}
}

// TestProfileFromAnyForm: the log, its report and its events give the same
// profile.
func TestProfileFromAnyForm(t *testing.T) {
	profiles := 0
	for _, path := range realLogs(t) {
		want := command(t, "profile", path)
		for _, form := range []string{"json", "ndjson"} {
			saved := command(t, "report", "-o", form, path)
			file := filepath.Join(t.TempDir(), "saved")
			if err := os.WriteFile(file, []byte(saved.stdout), 0o600); err != nil {
				t.Fatal(err)
			}
			got := command(t, "profile", file)
			if got.stdout != want.stdout {
				t.Errorf("%s: as %s gives another profile:\n%s\n%s\nwant\n%s", path, form, got.stdout, got.stderr, want.stdout)
			}
			if got.code != want.code {
				t.Errorf("%s: as %s exit code %d, want %d\n%s", path, form, got.code, want.code, got.stderr)
			}
		}
		if want.stdout != "" {
			profiles++
		}
	}
	if profiles < 40 {
		t.Errorf("only %d profiles were made", profiles)
	}
}

// TestEventsTellLosses: the losses among events are those of the report, each
// told once, and read back they are as many.
func TestEventsTellLosses(t *testing.T) {
	long := filepath.Join(t.TempDir(), "long.log")
	if err := os.WriteFile(long, []byte(strings.Repeat("x", 70<<10)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	told := map[string]int64{}
	for _, path := range append(realLogs(t), long) {
		stream := command(t, "report", "-o", "ndjson", path).stdout
		if stream == "" {
			continue // no record and no loss
		}
		file := filepath.Join(t.TempDir(), "events")
		if err := os.WriteFile(file, []byte(stream), 0o600); err != nil {
			t.Fatal(err)
		}
		lost, want := losses(t, path)
		lostThere, got := losses(t, file)
		if lostThere != lost || !maps.Equal(got, want) {
			t.Errorf("%s: %d lost, %v; its events say %d, %v", path, lost, want, lostThere, got)
		}
		for kind, n := range want {
			told[kind] += n
		}
	}
	for _, kind := range []string{"serial-gap", "suppressed", "backlog", "lost-counter", "malformed", "legacy"} {
		if _, ok := told[kind]; !ok {
			t.Errorf("no log has evidence of %s", kind)
		}
	}
}

// losses returns how many records a report knows to be missing, and what each
// kind of evidence counts.
func losses(t *testing.T, path string) (lost int64, kinds map[string]int64) {
	t.Helper()
	var doc struct {
		Completeness struct {
			Lost     int64
			Evidence []struct {
				Kind  string
				Count int64
			}
		}
	}
	r := command(t, "report", "-o", "json", path)
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
		t.Fatalf("report %s: %v\n%s", path, err, r.stderr)
	}
	kinds = map[string]int64{}
	for _, e := range doc.Completeness.Evidence {
		kinds[e.Kind] += e.Count
	}
	return doc.Completeness.Lost, kinds
}
