package loop

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/auditscan/auditscan/profile/internal/lab"
)

// pause is how long a created container waits for its start.
const pause = 100 * time.Millisecond

// TestStartupLists: whether it was learned from one start or from ten, a
// profile does not keep the runtime from starting the container. Which calls a
// runtime written in Go makes after it loaded the filter differs from start to
// start.
func TestStartupLists(t *testing.T) {
	if !long() {
		t.Skip("measures (-loop=long); TestOneRunIsEnough of profile is its short form")
	}
	const starts = 60
	for _, runtime := range []string{"runc", "crun"} {
		t.Run(runtime, func(t *testing.T) {
			needRuntime(t, runtime)
			prepare(t, runtime)
			s := &starter{container: lab.Container{Runtime: runtime}}
			b, program, err := lab.BusyboxBundle(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			s.bundle, s.container.Args = b, []string{"/" + program, "true"}
			for _, noNewPrivs := range []bool{true, false} {
				s.container.NoNewPrivileges = noNewPrivs
				for _, n := range []int{1, 3, 10} {
					s.measure(t, n, starts)
				}
			}
		})
	}
}

// prepare makes the calling test's own thread fit for a runtime.
func prepare(t *testing.T, runtime string) {
	t.Helper()
	if runtime != "crun" {
		return
	}
	if err := lab.PrivateCgroup2(); err != nil {
		t.Skipf("needs a mount namespace with cgroup v2: %v", err)
	}
}

// starter starts a program that ends at once.
type starter struct {
	bundle    *lab.Bundle
	container lab.Container
}

// measure learns a profile from n starts and enforces it.
func (s *starter) measure(t *testing.T, n, starts int) {
	t.Helper()
	log := s.record(t, n)
	r := startRow{runtime: s.container.Runtime, noNewPrivs: s.container.NoNewPrivileges, learned: n, starts: starts}
	var profile []byte
	profile, r.observed, r.added = s.learn(t, log)
	for i := range starts {
		if err := s.start(i, profile); err != nil {
			t.Errorf("start %d, learned from %d: %v", i+1, n, err)
			r.failures++
		}
	}
	startRows = append(startRows, r)
	t.Log(r)
}

// record starts the program n times and returns the log.
func (s *starter) record(t *testing.T, n int) (log string) {
	t.Helper()
	log = filepath.Join(t.TempDir(), "audit.log")
	recorded := false
	t.Run(fmt.Sprintf("record %d", n), func(t *testing.T) {
		prepare(t, s.container.Runtime)
		stop := recordTo(t, log)
		c := s.container
		c.Seccomp = []byte(logEverything)
		for range n {
			run(t, s.bundle, c)
		}
		stop()
		recorded = true
	})
	if !recorded {
		t.SkipNow()
	}
	return log
}

// learn makes the profile of a log.
func (s *starter) learn(t *testing.T, log string) (profile []byte, observed, added int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "explain.json")
	profile, notes, code := command("profile", "--require-trusted", "--explain", file, log)
	if code != 0 {
		t.Fatalf("profile: exit code %d\n%s", code, notes)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ Calls, Additions []struct{} }
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	return profile, len(e.Calls), len(e.Additions)
}

// start is the i-th start under a profile: each in another of three ways.
func (s *starter) start(i int, profile []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := s.container
	c.Seccomp = profile
	switch i % 3 {
	case 1:
		c.UID = plainUser
	case 2:
		return s.bundle.CreateAndStart(ctx, c, pause)
	}
	_, err := s.bundle.Run(ctx, c)
	return err
}
