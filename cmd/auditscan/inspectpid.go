package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

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
	Calls      []profile.Inspection `json:"calls"` // null: the filters cannot be read, or there are none
}

// inspectProcess tells what a process is under. Without the right to read the
// filters it tells what everybody may know, and fails.
func (f *policyFlags) inspectProcess(env *environment, pid int, host syscalltable.Arch) error {
	state, err := seccompstate.Read(os.DirFS("/"), pid)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no process %d can be seen here (a file of that name is ./%d)", pid, pid)
	}
	if err != nil {
		return err
	}
	var list []profile.Inspection
	var unread error
	if state.Mode == seccompstate.Filtered {
		list, unread = inspectFilters(pid, host)
	}
	err = env.output(func(w io.Writer) error { return writeProcess(w, pid, state, list, f.output, env.style(env.stdout)) })
	return errors.Join(err, unread)
}

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

func writeProcess(w io.Writer, pid int, state seccompstate.State, list []profile.Inspection, output string, style table.Style) error {
	if output == "json" {
		doc := inspectedProcess{PID: pid, Comm: state.Name, Mode: state.Mode.String(), NoNewPrivs: state.NoNewPrivs}
		if state.Filters >= 0 {
			doc.Filters = &state.Filters
		}
		doc.Calls = list
		return term.WriteJSON(w, doc, "  ")
	}
	filters := "unknown"
	if state.Filters >= 0 {
		filters = fmt.Sprint(state.Filters)
	}
	fmt.Fprintf(w, "process %d (%s): seccomp mode %s, filters: %s, no_new_privs: %v\n",
		pid, term.Escape(state.Name), state.Mode, filters, state.NoNewPrivs)
	return writeInspection(w, list, output, style)
}
