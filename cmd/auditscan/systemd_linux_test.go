package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/auditscan/auditscan/internal/audittest"
	"github.com/auditscan/auditscan/profile"
)

// manager runs a program ($2) as the service of a service manager of its own,
// with a drop-in ($1), and ends with 0 if the service ended well, and with 9
// if not. A manager of user units wants a host that was booted with systemd,
// the one hierarchy of cgroups, and a cgroup to manage; other processes are to
// see nothing of it.
const manager = `set -e
dropin=$(cat "$1")
mount -t tmpfs tmpfs /run
umount -R /sys/fs/cgroup || true
mount -t cgroup2 cgroup2 /sys/fs/cgroup
before=$(sed -n 's/^0:://p' /proc/self/cgroup)
own=$(mktemp -d -p /sys/fs/cgroup)
leave() {
	echo $$ >/sys/fs/cgroup/$before/cgroup.procs
	find $own -depth -type d -exec rmdir {} \;
}
trap leave EXIT
echo $$ >$own/cgroup.procs
units=/run/user/systemd/user
mkdir -p /run/systemd/system $units/app.service.d
echo "$dropin" >$units/app.service.d/seccomp.conf
cat >$units/app.service <<END
[Unit]
DefaultDependencies=no
SuccessAction=exit
SuccessActionExitStatus=0
FailureAction=exit
FailureActionExitStatus=9
[Service]
Type=oneshot
ExecStart=$2
StandardOutput=file:$3
StandardError=inherit
END
XDG_RUNTIME_DIR=/run/user /usr/lib/systemd/systemd --user --unit=app.service
`

// TestSystemdEnforces: a service does its work under the drop-in made of its
// recording, and without one of its calls it fails.
func TestSystemdEnforces(t *testing.T) {
	if _, err := os.Stat("/usr/lib/systemd/systemd"); err != nil {
		t.Skipf("needs systemd: %v", err)
	}
	audittest.Need(t)
	dir := t.TempDir()
	work, file := filepath.Join(dir, "work"), filepath.Join(dir, "app.json")
	if err := os.WriteFile(work, []byte("#!/bin/sh -e\nmkdir "+dir+"/made\nrmdir "+dir+"/made\necho done\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, status := service(t, work, "[Service]\n"); status != 0 || out != "done\n" {
		t.Skipf("needs a service manager that runs here (status %d): %s", status, out)
	}
	// Services have no PWD, so that their shell asks the kernel for it.
	auditscan(t, 0, "record", "-o", file, "--", "env", "-u", "PWD", work)
	if out, status := service(t, work, dropIn(t, file)); status != 0 || out != "done\n" {
		t.Errorf("under its profile: status %d: %s", status, out)
	}
	out, status := service(t, work, dropIn(t, lacking(t, file, "mkdir")))
	if status != 9 || !strings.Contains(out, "mkdir") || strings.Contains(out, "done") {
		t.Errorf("without mkdir: status %d: %s", status, out)
	}
}

// service runs a program as a service and returns what was printed, and the
// manager's status.
func service(t *testing.T, program, dropIn string) (string, int) {
	t.Helper()
	conf, out := filepath.Join(t.TempDir(), "seccomp.conf"), filepath.Join(t.TempDir(), "out")
	if err := errors.Join(os.WriteFile(conf, []byte(dropIn), 0o644), os.WriteFile(out, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", manager, "manager", conf, program, out)
	notes, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Skipf("needs unshare: %v", err)
	}
	printed, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(printed) + string(notes), cmd.ProcessState.ExitCode()
}

// dropIn writes a profile in systemd's form.
func dropIn(t *testing.T, file string) string {
	t.Helper()
	d, err := readProfile(&environment{}, file)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := d.Write(&out, profile.FormatSystemd, profile.Meta{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
