// Measure finds out which calls a container runtime makes between loading the
// seccomp filter and starting the program, by running a program that ends at
// once under a filter that logs everything, and which of them it cannot do
// without, by denying them one after the other. It prints a file for
// profile/runtimes:
//
//	go run ./profile/internal/lab/measure -starts 200 runc > profile/runtimes/runc-1.1.5.json
//
// It needs root, the runtime, and x86_64.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/profile/internal/lab"
	"github.com/auditscan/auditscan/syscalltable"
)

const logEverything = `{"defaultAction":"SCMP_ACT_LOG","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"]}`

// pause is how long a created container waits for its start.
const pause = 100 * time.Millisecond

// patience is how long a start may take: without some of its calls a runtime waits
// for ever.
const patience = 5 * time.Second

// result is a file of profile/runtimes.
type result struct {
	Runtime         string          `json:"runtime"`
	Version         string          `json:"version"`
	Host            string          `json:"host"`
	Source          string          `json:"source"`
	RefusesFlags    []string        `json:"refusesFlags,omitempty"`
	NoNewPrivileges map[string]mode `json:"noNewPrivileges"`
}

type mode struct {
	Starts int            `json:"starts"`
	Calls  map[string]int `json:"calls"` // in how many starts each was made
	// Needs has, by the error that a filter answers with, the calls of every start
	// without which there is none, each with those that do instead: none at all for
	// most.
	Needs map[string]map[string][]string `json:"needs"`
}

func main() {
	starts := flag.Int("starts", 200, "starts of each kind: run as root, run as uid 1000, create and start")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: measure [-starts N] runc|crun|PATH")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *starts); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(runtime string, starts int) error {
	r, err := describe(runtime, starts)
	if err != nil {
		return err
	}
	if r.Runtime == "crun" {
		if err := lab.PrivateCgroup2(); err != nil {
			return err
		}
	}
	if r.RefusesFlags, err = refusedFlags(lab.Container{Runtime: runtime}); err != nil {
		return err
	}
	for _, noNewPrivs := range []bool{true, false} {
		m, err := measure(lab.Container{Runtime: runtime, NoNewPrivileges: noNewPrivs}, starts)
		if err != nil {
			return err
		}
		r.NoNewPrivileges[fmt.Sprint(noNewPrivs)] = *m
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// describe asks the runtime who it is.
func describe(runtime string, starts int) (*result, error) {
	out, err := exec.Command(runtime, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --version: %w", runtime, err)
	}
	version := regexp.MustCompile(`^(\w+) version (\S+)`).FindStringSubmatch(string(out))
	if version == nil {
		return nil, fmt.Errorf("%s --version: not understood: %s", runtime, out)
	}
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return nil, err
	}
	release, _, _ := strings.Cut(unix.ByteSliceToString(uts.Release[:]), "-")
	host := []string{"Linux " + release + " " + unix.ByteSliceToString(uts.Machine[:])}
	host = append(host, regexp.MustCompile(`(?m)^(?:go|libseccomp): .*`).FindAllString(string(out), -1)...)
	return &result{
		Runtime: version[1], Version: version[2], Host: strings.Join(host, ", "),
		Source:          fmt.Sprintf("measured: go run ./profile/internal/lab/measure -starts %d %s", starts, version[1]),
		NoNewPrivileges: map[string]mode{},
	}, nil
}

// withBundle calls f with a bundle for the container, and removes it afterwards.
func withBundle(c lab.Container, f func(*bench) error) error {
	dir, err := os.MkdirTemp("", "auditscan-measure-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bundle, program, err := newBundle(dir)
	if err != nil {
		return err
	}
	c.Args = []string{"/" + program}
	return f(&bench{container: c, bundle: bundle, program: program})
}

// bench is where a runtime is measured.
type bench struct {
	container lab.Container
	bundle    *lab.Bundle
	program   string
	listener  *lab.Listener
	own       map[string]bool // calls that the program itself makes
}

// measure measures the runtime with a bundle of its own.
func measure(c lab.Container, starts int) (m *mode, err error) {
	err = withBundle(c, func(b *bench) error {
		listener, err := lab.Listen()
		if err != nil {
			return err
		}
		defer listener.Close()
		b.listener, b.own = listener, map[string]bool{}
		m, err = b.measure(starts)
		return err
	})
	return m, err
}

// measure starts the container in every kind of way, counts its calls and
// denies them.
func (b *bench) measure(starts int) (m *mode, err error) {
	m = &mode{Calls: map[string]int{}, Needs: map[string]map[string][]string{}}
	for range starts {
		if err := b.start([]byte(logEverything), func() error { return b.count(m) }); err != nil {
			return nil, err
		}
	}
	for name, errno := range denials {
		if m.Needs[name], err = b.needs(m, errno); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return m, nil
}

// refusedFlags returns the flags with which the runtime takes no profile. What the
// host's libseccomp does not know is among them.
func refusedFlags(c lab.Container) (refused []string, err error) {
	err = withBundle(c, func(b *bench) error {
		refused = b.refusedFlags()
		return nil
	})
	return refused, err
}

func (b *bench) refusedFlags() (refused []string) {
	c := b.container
	for _, flag := range []specs.LinuxSeccompFlag{"SECCOMP_FILTER_FLAG_TSYNC", specs.LinuxSeccompFlagLog, specs.LinuxSeccompFlagSpecAllow, specs.LinuxSeccompFlagWaitKillableRecv} {
		c.Seccomp = []byte(strings.Replace(logEverything, "{", fmt.Sprintf(`{"flags":[%q],`, flag), 1))
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		if _, err := b.bundle.Run(ctx, c); err != nil {
			refused = append(refused, string(flag))
		}
		cancel()
	}
	return refused
}

// denials are the errors that profiles answer with: many programs take ENOSYS
// for a kernel without the call, and fall back on another.
var denials = map[string]unix.Errno{"EPERM": unix.EPERM, "ENOSYS": unix.ENOSYS}

// tries is how often a start has to succeed without a call.
const tries = 3

// start starts the container once in each kind of way.
func (b *bench) start(seccomp []byte, then func() error) error {
	c := b.container
	c.Seccomp = seccomp
	other := c
	other.UID = 1000
	for _, start := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := b.bundle.Run(ctx, c); return err },
		func(ctx context.Context) error { _, err := b.bundle.Run(ctx, other); return err },
		func(ctx context.Context) error { return b.bundle.CreateAndStart(ctx, c, pause) },
	} {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		err := start(ctx)
		cancel()
		if err != nil {
			return err
		}
		if err := then(); err != nil {
			return err
		}
	}
	return nil
}

// needs denies each of the calls of every start, and then all of those at once
// that a start went without.
func (b *bench) needs(m *mode, errno unix.Errno) (map[string][]string, error) {
	needed := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(m.Calls)) {
		if m.Calls[name] < m.Starts || b.works(b.only(m, errno, func(other string) bool { return other != name })) {
			continue
		}
		var err error
		if needed[name], err = b.instead(m, errno, name); err != nil {
			return nil, err
		}
	}
	needs := func(name string) bool { _, ok := needed[name]; return ok || m.Calls[name] < m.Starts }
	if !b.works(b.only(m, errno, needs)) {
		return nil, fmt.Errorf("no start with %v alone, though with any one other call less", needed)
	}
	return needed, nil
}

// only returns the profile that allows those of the calls of a start, and what
// the program does.
func (b *bench) only(m *mode, errno unix.Errno, allowed func(name string) bool) []byte {
	names := slices.Collect(maps.Keys(b.own))
	for name := range m.Calls {
		if allowed(name) {
			names = append(names, name)
		}
	}
	return denying(specs.ActErrno, specs.ActAllow, errno, names...)
}

// instead returns the calls that every start makes only because it is denied
// one; none: there is no start then.
func (b *bench) instead(m *mode, errno unix.Errno, name string) ([]string, error) {
	seen := &mode{Calls: map[string]int{}}
	calls := []string{}
	if err := b.repeat(denying(specs.ActLog, specs.ActErrno, errno, name), func() error { return b.count(seen) }); err != nil {
		_, err := b.listener.Drain() // what the starts left that failed
		return calls, err
	}
	for _, other := range slices.Sorted(maps.Keys(seen.Calls)) {
		if _, usual := m.Calls[other]; !usual && seen.Calls[other] == seen.Starts {
			calls = append(calls, other)
		}
	}
	return calls, nil
}

// works reports whether the container starts under a profile.
func (b *bench) works(seccomp []byte) bool {
	return b.repeat(seccomp, func() error { return nil }) == nil
}

// repeat starts the container several times in each kind of way.
func (b *bench) repeat(seccomp []byte, then func() error) error {
	for range tries {
		if err := b.start(seccomp, then); err != nil {
			return err
		}
	}
	return nil
}

// denying returns a profile that answers the named calls with one action and the
// others with another one.
func denying(others, named specs.LinuxSeccompAction, errno unix.Errno, names ...string) []byte {
	n := uint(errno)
	p := specs.LinuxSeccomp{DefaultAction: others, Architectures: []specs.Arch{specs.ArchX86_64},
		Syscalls: []specs.LinuxSyscall{{Names: names, Action: named}}}
	if others == specs.ActErrno {
		p.DefaultErrnoRet = &n
	} else {
		p.Syscalls[0].ErrnoRet = &n
	}
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // the types are JSON's
	}
	return text
}

// count counts one start.
func (b *bench) count(m *mode) error {
	records, err := b.listener.Drain()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, r := range lab.OfProgram(records, b.program) {
		name, ok := syscalltable.Resolve(r.Arch, r.NR).Name(r.NR)
		if !ok {
			return fmt.Errorf("call %d of %s has no name", r.NR, syscalltable.Arch(r.Arch))
		}
		if r.Comm == b.program {
			b.own[name] = true
		} else {
			seen[name] = true
		}
	}
	if !seen["execve"] {
		return fmt.Errorf("no start of the program among %d records: is audit off (audit=0)?", len(records))
	}
	m.Starts++
	for name := range seen {
		m.Calls[name]++
	}
	return nil
}
