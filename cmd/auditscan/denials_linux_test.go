package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/internal/audittest"
)

// TestDenialToRule: the kernel kills a program for a call that its profile
// lacks; of the log of that, report and check tell the rule to add, and with
// it the program runs.
func TestDenialToRule(t *testing.T) {
	audittest.Need(t)
	dir := t.TempDir()
	log, file := filepath.Join(dir, "audit.log"), filepath.Join(dir, "app.json")
	work := []string{"--", "sh", "-ec", "mkdir " + dir + "/made; rmdir " + dir + "/made; echo done"}
	auditscan(t, 0, "record", append([]string{"-q", "-o", file}, work...)...)
	p := readOCI(t, lacking(t, file, "mkdir"))
	p.DefaultAction, p.DefaultErrnoRet = specs.ActKillProcess, nil
	broken := writeOCI(t, p)

	stop := audittest.Auditd(t, fmt.Sprintf("log_file = %s\nlog_format = RAW\n", log))
	auditscan(t, 128+31, "run", append([]string{"--profile", broken}, work...)...) // SIGSYS
	stop()

	const rule = `{"names":["mkdir"],"action":"SCMP_ACT_ALLOW"}`
	stdout, _ := auditscan(t, 0, "report", "--action", "kill_process", "--comm", "mkdir", "--by", "comm", log)
	if !strings.Contains(stdout, "\nmkdir   mkdir     x86_64   kill_process   1\n") || !strings.Contains(stdout, `, for x86_64: `+rule+"\n") {
		t.Errorf("report:\n%s", stdout)
	}
	stdout, _ = auditscan(t, 4, "check", "-o", "json", "--comm", "mkdir", broken, log)
	var checked struct {
		Amendment struct{ Syscalls []specs.LinuxSyscall }
	}
	if err := json.Unmarshal([]byte(stdout), &checked); err != nil {
		t.Fatal(err)
	}
	if text, err := json.Marshal(checked.Amendment.Syscalls); err != nil || string(text) != "["+rule+"]" {
		t.Errorf("check: %s, %v", text, err)
	}
	p.Syscalls = append(p.Syscalls, checked.Amendment.Syscalls...)
	if stdout, _ := auditscan(t, 0, "run", append([]string{"--profile", writeOCI(t, p)}, work...)...); stdout != "done\n" {
		t.Errorf("with the rule: %q", stdout)
	}
	if _, err := os.Stat(filepath.Join(dir, "made")); err == nil {
		t.Error("the work was not done to its end")
	}
}
