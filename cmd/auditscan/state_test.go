//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestStateOfOne: two that saved to one state would each forget what the other
// has counted. The second ends, and the first goes on; when that has ended, or
// was killed, the state is free.
func TestStateOfOne(t *testing.T) {
	dir := t.TempDir()
	log, state := filepath.Join(dir, "audit.log"), filepath.Join(dir, "state.json")
	record, err := os.ReadFile("../../testdata/nginx/audit.log")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(log, record, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-o", "json", "--from-start", "--state", state, log}
	first := follow(t, args...)
	first.line()
	second := follow(t, args...)
	second.ends(exitFailed)
	if said := second.stderr.String(); !strings.Contains(said, state) || !strings.Contains(said, "another auditscan writes it") {
		t.Errorf("the second says %q", said)
	}
	first.stop(syscall.SIGTERM)
	third := follow(t, args...)
	appendTo(t, log, 900001)
	third.line()
	third.kill()
	fourth := follow(t, args...)
	appendTo(t, log, 900002)
	fourth.line()
	fourth.stop(syscall.SIGTERM)
}

// TestStateFreeAfterError: a state that cannot be used is said to be so again,
// and not that another has it.
func TestStateFreeAfterError(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"empty": "", "text": "no report", "report": `{"version":1}`, "folder": ""} {
		path := filepath.Join(dir, name)
		if name == "folder" {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, first := loadState(path)
		st, again := loadState(path)
		if first == nil || again == nil || first.Error() != again.Error() || st != nil {
			t.Errorf("%s: %v, and then %v", name, first, again)
		}
	}
}
