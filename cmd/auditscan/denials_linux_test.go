package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/internal/audittest"
)

// TestDenialToRule: the kernel denies a program a call that its profile lacks;
// of the log of that, report and check tell the rule to add, and with it the
// program runs.
func TestDenialToRule(t *testing.T) {
	audittest.Need(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "app.json")
	work := []string{"--", "sh", "-ec", "mkdir " + dir + "/made; rmdir " + dir + "/made; echo done"}
	auditscan(t, 0, "record", append([]string{"-q", "-o", file}, work...)...)
	for _, tt := range []struct {
		action specs.LinuxSeccompAction
		name   string
		status int // of the shell
	}{
		{specs.ActKillProcess, "kill_process", 128 + 31}, // SIGSYS
		{specs.ActErrno, "errno", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := readOCI(t, lacking(t, file, "mkdir"))
			p.DefaultAction, p.DefaultErrnoRet = tt.action, nil
			broken, log := writeOCI(t, p), filepath.Join(t.TempDir(), "audit.log")

			stop := audittest.Auditd(t, fmt.Sprintf("log_file = %s\nlog_format = RAW\n", log))
			auditscan(t, tt.status, "run", append([]string{"--profile", broken}, work...)...)
			stop()

			const rule = `{"names":["mkdir"],"action":"SCMP_ACT_ALLOW"}`
			stdout, _ := auditscan(t, 0, "report", "--action", tt.name, "--comm", "mkdir", "--by", "comm", log)
			if !strings.HasPrefix(stdout, "COMM    SYSCALL   ARCH     ACTION") || !strings.Contains(stdout, "\nmkdir   mkdir     x86_64   "+tt.name+" ") ||
				!strings.Contains(stdout, `, for x86_64: `+rule+"\n") {
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
		})
	}
}
