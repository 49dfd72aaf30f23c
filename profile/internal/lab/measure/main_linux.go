// Measure finds out which calls a container runtime makes between loading the
// seccomp filter and starting the program, by running a program that ends at
// once under a filter that logs everything. It prints a file for
// profile/runtimes:
//
//	go run ./profile/internal/lab/measure -starts 200 runc > profile/runtimes/runc-1.1.5.json
//
// It needs root, the runtime, and busybox-static for the program.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/profile/internal/lab"
	"github.com/auditscan/auditscan/syscalltable"
)

const logEverything = `{"defaultAction":"SCMP_ACT_LOG","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"]}`

// pause is how long a created container waits for its start.
const pause = 100 * time.Millisecond

// result is a file of profile/runtimes.
type result struct {
	Runtime         string          `json:"runtime"`
	Version         string          `json:"version"`
	Host            string          `json:"host"`
	Source          string          `json:"source"`
	NoNewPrivileges map[string]mode `json:"noNewPrivileges"`
}

type mode struct {
	Starts int            `json:"starts"`
	Calls  map[string]int `json:"calls"` // in how many starts each was made
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
	for _, noNewPrivs := range []bool{true, false} {
		m, err := measure(lab.Container{Runtime: runtime, NoNewPrivileges: noNewPrivs, Seccomp: []byte(logEverything)}, starts)
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

// measure starts the container in every kind of way and counts its calls.
func measure(c lab.Container, starts int) (*mode, error) {
	dir, err := os.MkdirTemp("", "auditscan-measure-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	bundle, program, err := lab.BusyboxBundle(dir)
	if err != nil {
		return nil, err
	}
	c.Args = []string{"/" + program, "true"}
	listener, err := lab.Listen()
	if err != nil {
		return nil, err
	}
	defer listener.Close()

	ctx := context.Background()
	other := c
	other.UID = 1000
	kinds := []func() error{
		func() error { _, err := bundle.Run(ctx, c); return err },
		func() error { _, err := bundle.Run(ctx, other); return err },
		func() error { return bundle.CreateAndStart(ctx, c, pause) },
	}
	m := &mode{Calls: map[string]int{}}
	for range starts {
		for _, start := range kinds {
			if err := start(); err != nil {
				return nil, err
			}
			if err := m.add(listener, program); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// add counts one start.
func (m *mode) add(listener *lab.Listener, program string) error {
	records, err := listener.Drain()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, r := range lab.OfProgram(records, program) {
		if r.Comm == program {
			continue
		}
		name, ok := syscalltable.Resolve(r.Arch, r.NR).Name(r.NR)
		if !ok {
			return fmt.Errorf("call %d of %s has no name", r.NR, syscalltable.Arch(r.Arch))
		}
		seen[name] = true
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
