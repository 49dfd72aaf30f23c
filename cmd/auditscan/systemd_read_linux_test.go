package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/auditscan/auditscan/internal/audittest"
	"github.com/auditscan/auditscan/internal/seccompstate"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/profile/bpf"
	"github.com/auditscan/auditscan/syscalltable"
)

// units are what a service is restricted by, and still starts and sleeps.
var units = []string{
	"SystemCallFilter=@system-service",
	"SystemCallFilter=@system-service\nSystemCallFilter=~@privileged @resources\nSystemCallErrorNumber=EPERM\nSystemCallArchitectures=native",
	"SystemCallFilter=~@clock @module ptrace:EACCES reboot:kill\nSystemCallErrorNumber=ENOSYS\nSystemCallArchitectures=native x86",
	"SystemCallFilter=~@mount\nSystemCallFilter=umount2 @system-service\nSystemCallLog=~@default read write",
	"SystemCallFilter=@system-service \\\n  # a comment between\n  @mount\nSystemCallFilter=~clone3:ENOSYS mount:EACCES swapon\nSystemCallLog=chmod @swap",
	"SystemCallFilter=read\nSystemCallFilter=\nSystemCallFilter=~ptrace nosuchcall\nSystemCallFilter=ptrace read:EPERM\nSystemCallArchitectures=x86\nSystemCallArchitectures=\nSystemCallLog=ptrace",
}

// What is read of a unit is what systemd makes of it: the filters of a service
// that runs answer the same to every call. And a drop-in that is written of it
// answers the same again, whatever the unit under it says.
func TestSystemdReads(t *testing.T) {
	if _, err := os.Stat("/usr/lib/systemd/systemd"); err != nil {
		t.Skipf("needs systemd: %v", err)
	}
	audittest.Need(t)
	for i, unit := range units {
		unit = "[Service]\n" + unit + "\n"
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			d, err := profile.Read(strings.NewReader(unit), "app.service", profile.ReadOptions{Systemd: installedSystemd("/")})
			if err != nil {
				t.Fatal(err)
			}
			var written bytes.Buffer
			if unsaid, err := d.Write(&written, profile.FormatSystemd, profile.Meta{}); err != nil || unsaid != nil {
				t.Fatalf("written as a drop-in: %v %q", err, unsaid)
			}
			compareAnswers(t, "what systemd loads", d, filtersOfService(t, unit))
			under := "[Service]\nSystemCallFilter=@system-service @mount\nSystemCallArchitectures=x86-64\n"
			compareAnswers(t, "the drop-in", d, filtersOfService(t, under+strings.TrimPrefix(written.String(), "[Service]\n")))
		})
	}
}

func TestInstalledSystemd(t *testing.T) {
	for path, want := range map[string]int{
		"usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-257.so": 257,
		"usr/lib/systemd/libsystemd-shared-252.so":                  252,
		"usr/lib/systemd/libsystemd-shared-258~rc1.fc43.so":         258,
		"usr/lib/systemd/libsystemd-core.so":                        0,
	} {
		root := t.TempDir()
		file := filepath.Join(root, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
		if got := installedSystemd(root); got != want {
			t.Errorf("%s: version %d, want %d", path, got, want)
		}
	}
}

// compareAnswers holds what filters answer together against what a document says.
func compareAnswers(t *testing.T, what string, d *profile.Document, filters []bpf.Filter) {
	t.Helper()
	if len(filters) == 0 {
		t.Errorf("%s: no filter", what)
	}
	p, err := d.Evaluate(profile.Environment{Arch: syscalltable.X86_64})
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range []syscalltable.Arch{syscalltable.X86_64, syscalltable.I386, syscalltable.X32} {
		for nr, name := range arch.Calls() {
			if newerThanLibseccomp(name) {
				continue
			}
			want := p.Answer(arch, nr).Possible[0].String()
			if got := strictestAnswer(t, filters, arch, nr); got != want {
				t.Errorf("%s answers %s of %s with %s, want %s", what, name, arch, got, want)
			}
		}
	}
}

// strictestAnswer is what the kernel makes of the answers of several filters.
func strictestAnswer(t *testing.T, filters []bpf.Filter, arch syscalltable.Arch, nr int32) string {
	t.Helper()
	if arch == syscalltable.X32 {
		arch = syscalltable.X86_64
	}
	strictest := uint32(0x7fff0000)
	for _, f := range filters {
		answers, err := f.Answers(uint32(arch), nr)
		if err != nil || len(answers) != 1 {
			t.Fatalf("%d answers: %v", len(answers), err)
		}
		if syscalltable.ActionOf(answers[0]) < syscalltable.ActionOf(strictest) {
			strictest = answers[0]
		}
	}
	action := syscalltable.ActionOf(strictest)
	if action == syscalltable.ActionErrno {
		return fmt.Sprintf("errno(%s)", profile.ErrnoName(uint16(strictest)))
	}
	return action.String()
}

// newerThanLibseccomp reports whether libseccomp 2.5.4, which the systemd of
// these tests may have, does not know a call.
func newerThanLibseccomp(name string) bool {
	d, err := profile.Parse(fmt.Appendf(nil, `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": [%q], "action": "SCMP_ACT_ALLOW"}]}`, name), "-")
	return err != nil || d.Requires().Libseccomp.Compare(profile.LibseccompVersion{Major: 2, Minor: 5, Patch: 4}) > 0
}

// filtersOfService runs a service that sleeps, and returns its filters.
func filtersOfService(t *testing.T, dropIn string) []bpf.Filter {
	t.Helper()
	dir := t.TempDir()
	mark := fmt.Sprintf("60.%d", time.Now().UnixNano())
	conf, work, out := filepath.Join(dir, "seccomp.conf"), filepath.Join(dir, "work"), filepath.Join(dir, "out")
	for file, text := range map[string]string{conf: dropIn, work: "#!/bin/sh\nexec sleep " + mark + "\n", out: ""} {
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", manager, "manager", conf, work, out)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var notes bytes.Buffer
	cmd.Stdout, cmd.Stderr = &notes, &notes
	if err := cmd.Start(); err != nil {
		t.Skipf("needs unshare: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	pid := awaitSleeper(t, mark, ended, &notes, out)
	defer func() {
		syscall.Kill(pid, syscall.SIGTERM) // the service ends, and with it the manager
		<-ended
	}()
	raw, err := seccompstate.Filters(pid)
	if err != nil {
		t.Fatal(err)
	}
	var filters []bpf.Filter
	for _, f := range raw {
		filters = append(filters, f)
	}
	return filters
}

// awaitSleeper returns the process that sleeps so long.
func awaitSleeper(t *testing.T, mark string, ended chan error, notes *bytes.Buffer, out string) int {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if text, _ := os.ReadFile(file); bytes.Equal(text, []byte("sleep\x00"+mark+"\x00")) {
				var pid int
				fmt.Sscanf(file, "/proc/%d/", &pid)
				return pid
			}
		}
		select {
		case err := <-ended:
			printed, _ := os.ReadFile(out)
			t.Fatalf("the service ended: %v: %s%s", err, printed, notes)
		case <-deadline:
			t.Fatal("the service does not start")
		case <-time.After(20 * time.Millisecond):
		}
	}
}
