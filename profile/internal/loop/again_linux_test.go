package loop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/profile/internal/lab"
)

// archiving is the work of a container in parts, each of which makes calls
// that those before it do not.
var archiving = []string{
	"tar -cf a.tar -C /etc . && tar -tf a.tar | sort",
	"tar -cf a.tar -C /etc . && mkdir b && tar -xf a.tar -C b && cat b/hosts",
	"tar -czf a.tgz -C /etc . && tar -tzf a.tgz | sort",
}

// TestRecordAgain: recorded in parts, each under the profile that logs only
// what those before it have not shown, and united, it is the profile of one
// recording of all parts; the logs become shorter, and all parts run under it.
func TestRecordAgain(t *testing.T) {
	needRuntime(t, "runc")
	w := newWorld(t)
	b := w.bundle(t)
	for _, noNewPrivs := range []bool{true, false} {
		t.Run(fmt.Sprintf("noNewPrivileges=%t", noNewPrivs), func(t *testing.T) {
			r := again{bundle: b, container: lab.Container{Runtime: "runc", UID: plainUser, NoNewPrivileges: noNewPrivs, Mounts: w.mounts(program{})}, dir: t.TempDir(), printed: map[string][]byte{}}
			whole := r.record(t, "whole.log", []byte(logEverything), archiving...)
			want := r.profile(t, whole)

			recording, known := []byte(logEverything), []string(nil)
			var records []int
			for i, part := range archiving {
				log := r.record(t, fmt.Sprintf("run-%d.log", i+1), recording, part)
				records = append(records, r.logged(t, log, recording))
				recording = r.profile(t, append(known, "--recording", log)...)
				united := r.profile(t, append(known, log)...)
				known = []string{"--merge", write(t, filepath.Join(r.dir, "known.json"), string(united))}
			}
			if slices.Max(records[1:]) > records[0]/10 {
				t.Errorf("records in the parts: %d", records)
			}
			got, err := os.ReadFile(known[1])
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("recorded in parts:\n%s\nin one:\n%s", got, want)
			}
			r.container.Seccomp = got
			for i, part := range archiving {
				if out := r.run(t, part); !bytes.Equal(out, r.printed[part]) {
					t.Errorf("under the profile, part %d printed\n%s\nwant\n%s", i+1, out, r.printed[part])
				}
			}
		})
	}
}

// again is a container that is recorded again and again.
type again struct {
	bundle    *lab.Bundle
	container lab.Container
	dir       string
	printed   map[string][]byte // by part, when it was recorded
}

// record runs parts of the work under a profile and returns the log.
func (r *again) record(t *testing.T, name string, profile []byte, parts ...string) (log string) {
	t.Helper()
	log = filepath.Join(r.dir, name)
	recorded := t.Run("record "+name, func(t *testing.T) {
		stop := recordTo(t, log)
		r.container.Seccomp = profile
		for _, part := range parts {
			r.printed[part] = r.run(t, part)
		}
		stop()
	})
	if !recorded || len(r.printed) == 0 {
		t.SkipNow()
	}
	return log
}

// run runs a part of the work in the container.
func (r *again) run(t *testing.T, part string) []byte {
	t.Helper()
	c := r.container
	c.Args = []string{"/bin/sh", "-ec", "cd /tmp; " + part}
	return run(t, r.bundle, c)
}

// profile has auditscan make a profile.
func (r *again) profile(t *testing.T, args ...string) []byte {
	t.Helper()
	text, notes, code := command(append([]string{"profile"}, args...)...)
	if code != 0 {
		t.Fatalf("profile %q: exit code %d\n%s", args, code, notes)
	}
	return text
}

// logged returns how many records a log has, which must all be of calls that
// the recording profile does not allow.
func (r *again) logged(t *testing.T, log string, recording []byte) (records int) {
	t.Helper()
	var p specs.LinuxSeccomp
	var report struct {
		Totals struct{ Records int }
		Groups []struct{ Syscalls []struct{ Name string } }
	}
	text, _, _ := command("report", "-o", "json", log)
	if err := errors.Join(json.Unmarshal(text, &report), json.Unmarshal(recording, &p)); err != nil {
		t.Fatal(err)
	}
	for _, g := range report.Groups {
		for _, c := range g.Syscalls {
			if slices.ContainsFunc(p.Syscalls, func(rule specs.LinuxSyscall) bool { return slices.Contains(rule.Names, c.Name) }) {
				t.Errorf("%s: %s was recorded though it was known", filepath.Base(log), c.Name)
			}
		}
	}
	return report.Totals.Records
}
