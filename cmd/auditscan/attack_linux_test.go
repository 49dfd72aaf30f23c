package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const nobody = 65534

// TestAttackGapAcrossRestarts: a run that happens to see SECCOMP records alone
// still knows that the log is whole, since the run before saw others.
func TestAttackGapAcrossRestarts(t *testing.T) {
	dir := t.TempDir()
	log, state := filepath.Join(dir, "audit.log"), filepath.Join(dir, "state.json")
	other := func(serial int) {
		t.Helper()
		line := fmt.Sprintf("type=USER_AUTH msg=audit(%d.%03d:%d): pid=1 uid=0 auid=0 ses=1 msg='op=x'\n", 1795446783+serial/1000, serial%1000, serial)
		f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = f.WriteString(line)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	runTo := func(last int, flags ...string) {
		t.Helper()
		f := follow(t, append([]string{"-q", "-o", "json", "--state", state, log}, flags...)...)
		for f.serial() != last {
		}
		f.stop(unix.SIGTERM)
	}
	other(1)
	appendTo(t, log, 2, 3)
	runTo(3, "--from-start")
	appendTo(t, log, 204, 205) // 200 are missing
	runTo(205)
	appendTo(t, log, 206)
	runTo(206)
	for _, file := range []string{state, log} {
		r := command(t, "report", "-o", "json", "--strict", file)
		if r.code != exitIncomplete || !strings.Contains(r.stdout, `"lost": 200`) {
			t.Errorf("%s: exit code %d\n%s%s", file, r.code, r.stdout, r.stderr)
		}
	}
}

// TestAttackNames: where another user can make names, none of his is followed,
// opened or taken for a way out.
func TestAttackNames(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make another user's files")
	}
	const secretText = "root:x:0:0:\n"
	for _, line := range []string{
		"follow --from-start --state X LOG", "follow --from-start --pidmap X LOG", "profile --explain X LOG", "profile -o X LOG", "profile --security-context X LOG",
		"profile --per comm --force -O D LOG", "record -o X -- true",
	} {
		for kind, make := range map[string]func(secret, path string) error{
			"link":        os.Symlink,
			"descriptor":  func(secret, path string) error { return os.Symlink("/proc/self/fd/../../.."+secret, path) },
			"pipe":        func(_, path string) error { return unix.Mkfifo(path, 0o666) },
			"hard link":   os.Link,
			"other's":     func(_, path string) error { return os.WriteFile(path, nil, 0o666) },
			"lock's link": func(_, path string) error { return os.Symlink(filepath.Dir(path)+"/nologin", path+".lock") },
			"temporary": func(secret, path string) error {
				return os.Symlink(secret, filepath.Dir(path)+"/."+filepath.Base(path)+".tmp")
			},
			"index":        func(secret, path string) error { return os.Symlink(secret, filepath.Dir(path)+"/index.json") },
			"index's pipe": func(_, path string) error { return unix.Mkfifo(filepath.Dir(path)+"/index.json", 0o666) },
			"profile":      func(secret, path string) error { return os.Symlink(secret, filepath.Dir(path)+"/seven.json") },
		} {
			t.Run(kind+"/"+line, func(t *testing.T) {
				t.Parallel()
				shared, secret := t.TempDir(), filepath.Join(t.TempDir(), "passwd")
				x := filepath.Join(shared, "x")
				err := errors.Join(os.Chmod(shared, 0o777), os.WriteFile(secret, []byte(secretText), 0o600), make(secret, x))
				if err != nil {
					t.Fatal(err)
				}
				giveAway(t, shared)
				cmd := attacked(t, t.TempDir(), strings.Replace(line, " D ", " "+shared+" ", 1), x)
				endsWhenTold(t, cmd)
				if text, err := os.ReadFile(secret); err != nil || string(text) != secretText {
					t.Errorf("root's file holds %q: %v", text, err)
				}
				if _, err := os.Lstat(filepath.Join(shared, "nologin")); err == nil {
					t.Error("a file has been made through a link")
				}
			})
		}
	}
}

// giveAway gives nobody all that is in a directory, but not what has other names.
func giveAway(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && (e.Type() != 0 || info.Size() == 0) {
			err = os.Lchown(filepath.Join(dir, e.Name()), nobody, nobody)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// writers are the commands that write, with the directory that they write into.
var writers = []string{
	"follow -q --from-start --state DIR/out LOG", "profile -o DIR/json --explain DIR/out --security-context DIR/yaml LOG",
	"profile --per comm --force -O DIR LOG", "record -q -o DIR/out -- true", "follow -q --from-start --pidmap DIR/out LOG",
}

// TestAttackKilled kills each command that writes at any moment. What it wrote
// is whole, the old or the new, and what it left is gone after the next.
func TestAttackKilled(t *testing.T) {
	kills := 6
	if *attack == "long" {
		kills = 80 // of each of five
	}
	for _, line := range writers {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			out := filepath.Join(dir, "out")
			if err := os.Mkdir(out, 0o755); err != nil {
				t.Fatal(err)
			}
			start := func() *exec.Cmd {
				cmd := attacked(t, dir, strings.ReplaceAll(line, "DIR", out), "")
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				return cmd
			}
			begun := time.Now()
			finish(t, start())
			names := namesIn(t, out)
			whole := min(time.Since(begun), 600*time.Millisecond) // follow does not end by itself
			for range kills {
				cmd := start()
				time.Sleep(rand.N(whole + whole/4)) // any moment, and some behind the end
				cmd.Process.Kill()
				cmd.Wait()
				wantWhole(t, out)
			}
			finish(t, start())
			if got := namesIn(t, out); got != names {
				t.Errorf("%d kills left %s, want %s", kills, got, names)
			}
		})
	}
}

// finish lets a command that does not end by itself write, and ends it.
func finish(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if code := cmd.ProcessState.ExitCode(); code != 0 && code != exitIncomplete {
			if strings.Contains(strings.Join(cmd.Args, " "), "record") {
				t.Skip("record needs rights here")
			}
			t.Fatalf("%q: %v", cmd.Args, err)
		}
	case <-time.After(2 * time.Second):
		cmd.Process.Signal(unix.SIGTERM)
		<-ended
	}
}

// namesIn lists a directory. What is named for a moment is none of it.
func namesIn(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// wantWhole checks that each file of a directory that has its final name is a whole
// document.
func wantWhole(t *testing.T, dir string) {
	t.Helper()
	for _, name := range strings.Fields(namesIn(t, dir)) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		document := !strings.HasPrefix(name, ".") && !strings.HasSuffix(name, ".lock")
		if document && !bytes.HasSuffix(text, []byte("}\n")) && name != "yaml" && len(text) > 0 {
			t.Errorf("%s is a part: %q", name, text[max(0, len(text)-40):])
		}
	}
}

// TestAttackClosedOutput: what could not be written is no success, but where it
// is not all that a command does.
func TestAttackClosedOutput(t *testing.T) {
	dir := t.TempDir()
	for line, want := range map[string]int{
		"report LOG": 1, "report -o json LOG": 1, "report -o ndjson LOG": 1, "report -o csv LOG": 1, "profile LOG": 1, "merge REPORT": 1,
		"syscall read": 1, "inspect runtime/default": 1, "version": 1, "version -o json": 1, "--help": 1, "help report": 1, "completion bash": 1,
		"follow --from-start - <LOG": 1,
		// These have an exit code or a file beside it.
		"check runtime/default LOG": 0, "diff runtime/default runtime/default": 0, "profile -o DIR/x.json LOG": 0,
		"follow --from-start --state DIR/state.json - <LOG": 0,
	} {
		report := filepath.Join(dir, "report.json")
		line = strings.NewReplacer("LOG", "../../testdata/nginx/audit.log", "REPORT", report, "DIR", dir).Replace(line)
		if r := command(t, "report", "-o", "json", "../../testdata/nginx/audit.log"); r.code != 0 || os.WriteFile(report, []byte(r.stdout), 0o600) != nil {
			t.Fatal(r.stderr)
		}
		for _, tt := range []struct {
			to   string
			want int
		}{{">&-", want}, {">/dev/null", 0}, {"<>/dev/null >&0 2>&0", 0}} {
			if strings.Contains(line, "<") && strings.HasPrefix(tt.to, "<") {
				continue
			}
			cmd := exec.Command("sh", "-c", "exec auditscan "+line+" "+tt.to)
			out, err := cmd.CombinedOutput()
			if got := cmd.ProcessState.ExitCode(); got != tt.want || got != 0 && !bytes.Contains(out, []byte("standard output is closed")) {
				t.Errorf("%s: exit code %d, want %d: %v\n%s", cmd.Args[2], got, tt.want, err, out)
			}
		}
	}
}

// TestAttackIndexIsAPipe: what others made in place of an earlier index is not
// waited for, and replaced.
func TestAttackIndexIsAPipe(t *testing.T) {
	dir := t.TempDir()
	index := filepath.Join(dir, "index.json")
	if err := unix.Mkfifo(index, 0o666); err != nil {
		t.Fatal(err)
	}
	if r := command(t, "profile", "--per", "comm", "--force", "-O", dir, "../../testdata/nginx/audit.log"); r.code != 0 {
		t.Fatalf("exit code %d\n%s", r.code, r.stderr)
	}
	if info, err := os.Lstat(index); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the index is %v: %v", info, err)
	}
}
