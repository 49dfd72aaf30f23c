package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/auditscan/auditscan/internal/seccompstate"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/profile/bpf"
	"github.com/auditscan/auditscan/syscalltable"
)

// inspectedProcess is `inspect PID -o json`.
type inspectedProcess struct {
	PID        int                  `json:"pid"`
	Comm       string               `json:"comm"`
	Mode       string               `json:"mode"`
	Filters    *int                 `json:"filters"` // null: the kernel does not tell
	NoNewPrivs bool                 `json:"no_new_privs"`
	Asked      *askedFilters        `json:"asked,omitempty"` // absent: the filters themselves were read
	Calls      []profile.Inspection `json:"calls"`           // null: the filters cannot be read, or there are none
}

// askedFilters says what was asked of filters that cannot be read, by calls that
// are not carried out, and what was not.
type askedFilters struct {
	PID      int      `json:"pid"`      // whose filters they are: those of inspect itself
	NotAsked []string `json:"notAsked"` // calls that no filter sees, or that there was no time for
	Arches   []string `json:"notAskedArches"`
}

// inspectProcess tells what a process is under. Without the right to read the
// filters it tells what everybody may know, and fails, unless this process is under
// the same filters: those it can ask.
func (f *policyFlags) inspectProcess(ctx context.Context, env *environment, pid int, host syscalltable.Arch) error {
	state, err := seccompstate.Read(os.DirFS("/"), pid)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no process %d can be seen here (a file of that name is ./%d)", pid, pid)
	}
	if err != nil {
		return err
	}
	p := inspectedProcess{PID: pid, Comm: state.Name, Mode: state.Mode.String(), NoNewPrivs: state.NoNewPrivs}
	if state.Filters >= 0 {
		p.Filters = &state.Filters
	}
	var unread error
	if state.Mode == seccompstate.Filtered {
		p.Calls, unread = inspectFilters(pid, host)
		if unread != nil && host.GOARCH() == runtime.GOARCH && sharesFilters(pid, state) {
			unread = p.ask(ctx, host, unread)
		}
	}
	err = env.output(func(w io.Writer) error { return p.write(w, f.output, env.style(env.stdout)) })
	if p.Asked != nil && unread == nil {
		p.sayAsked(env)
	}
	return errors.Join(err, unread)
}

// inspectFilters asks the filters that the kernel holds for a process.
func inspectFilters(pid int, host syscalltable.Arch) ([]profile.Inspection, error) {
	raw, err := seccompstate.Filters(pid)
	if err != nil {
		return nil, err
	}
	var filters []bpf.Filter
	for _, f := range raw {
		filters = append(filters, f)
	}
	return profile.InspectFilters(filters, host)
}

// sharesFilters reports whether this process seems to be under the same filters as
// another: it is that one, or in the same container with as many of them.
func sharesFilters(pid int, state seccompstate.State) bool {
	self := os.Getpid()
	if pid == self {
		return true
	}
	own, err := seccompstate.Read(os.DirFS("/"), self)
	if err != nil || own.Mode != state.Mode || own.Filters != state.Filters {
		return false
	}
	cgroup := func(pid int) string {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid)) // everybody may read it
		return string(text)
	}
	return cgroup(pid) != "" && cgroup(pid) == cgroup(self)
}

// longestAsk bounds how long filters are asked: where they kill, each answer takes
// a process.
const longestAsk = 20 * time.Second

// ask asks the filters of this process in the place of those that cannot be read.
func (p *inspectedProcess) ask(ctx context.Context, host syscalltable.Arch, unread error) error {
	ctx, cancel := context.WithTimeout(ctx, longestAsk)
	defer cancel()
	var numbers []int
	for nr, name := range host.Calls() {
		if seccompstate.Askable(name) {
			numbers = append(numbers, int(nr))
		}
	}
	list, err := seccompstate.Ask(ctx, numbers)
	if err != nil {
		return fmt.Errorf("%w; nor do they answer: %w", unread, err)
	}
	answers := map[int32][]uint32{}
	for _, a := range list {
		answers[int32(a.NR)] = a.Codes
	}
	in, unasked, foreign := profile.InspectAnswers(host, answers)
	p.Calls = []profile.Inspection{in}
	p.Asked = &askedFilters{PID: os.Getpid(), NotAsked: append([]string{}, unasked...), Arches: []string{}}
	for _, a := range foreign {
		p.Asked.Arches = append(p.Asked.Arches, a.String())
	}
	return nil
}

// sayAsked tells what answers are worth that no filter was read for.
func (p *inspectedProcess) sayAsked(env *environment) {
	whose := "those of this process, which is in the same container and has as many,"
	if p.PID == p.Asked.PID {
		whose = "they"
	}
	env.notef("the filters of process %d cannot be read without CAP_SYS_ADMIN and no filter on the reader, so %s were asked, by calls that were not carried out", p.PID, whose)
	env.notef("not asked: which calls are logged (they are among those allowed), and combinations of different arguments")
	if len(p.Asked.Arches) > 0 {
		env.notef("not asked: the calls of %s", strings.Join(p.Asked.Arches, ", "))
	}
	if len(p.Asked.NotAsked) > 0 {
		env.notef("not asked: %s", table.List(p.Asked.NotAsked))
	}
}

func (p *inspectedProcess) write(w io.Writer, output string, style table.Style) error {
	if output == "json" {
		return term.WriteJSON(w, p, "  ")
	}
	filters := "unknown"
	if p.Filters != nil {
		filters = fmt.Sprint(*p.Filters)
	}
	fmt.Fprintf(w, "process %d (%s): seccomp mode %s, filters: %s, no_new_privs: %v\n", p.PID, term.Escape(p.Comm), p.Mode, filters, p.NoNewPrivs)
	return writeInspection(w, p.Calls, output, style)
}
