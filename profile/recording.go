package profile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/profile/bpf"
	"github.com/auditscan/auditscan/syscalltable"
)

// witness is the call that a recording profile logs even if it is known. OCI
// rules hold for all architectures, so a program of an architecture that was
// not seen before might make known calls only and leave no trace; every
// process that ends by itself makes this one, once.
const witness = "exit_group"

// Recording returns the profile for the next recording: what the document
// lets run goes unlogged, everything else runs and is logged, so that a log
// holds little but news. It knows all architectures of the host, for calls of
// others would be killed. What is learned from its log is united with the
// document by [Options.Base].
func (d *Document) Recording() (*Document, error) {
	if d.Conditional() {
		return nil, fmt.Errorf("%s: has conditions (archMap, includes, excludes), which a recording cannot have", d.Name)
	}
	rec := &Document{Name: "recording with " + d.Name, Default: Outcome{Action: syscalltable.ActionLog}}
	for _, a := range d.Architectures {
		rec.Architectures = append(rec.Architectures, family(a)...)
	}
	rec.Architectures = sortedArches(rec.Architectures)
	for _, r := range d.Rules {
		if r.Outcome.Action != syscalltable.ActionAllow {
			continue
		}
		names := slices.DeleteFunc(slices.Clone(r.Names), func(name string) bool { return name == witness })
		if len(names) > 0 {
			rec.Rules = append(rec.Rules, Rule{Names: names, Outcome: r.Outcome, Args: r.Args})
		}
	}
	return rec, nil
}

// unheard are the calls that a recording by notification lets run without a
// word. runc loads the filter, and only then sends its descriptor to the one who
// listens, by write; until that is done a call that waits for an answer waits for
// ever. The others Go makes in between on that thread: when its scheduler
// interrupts it, which does happen on a busy machine, or its heap is collected.
// Most of them runc needs to start a container in any case.
var unheard = [...]string{"futex", "getpid", "madvise", "mmap", "munmap", "nanosleep", "rt_sigprocmask", "rt_sigreturn", "sched_yield", "tgkill", "write"}

// NotifyRecording returns the profile for a recording by notification: every
// call of host's architectures waits for the listener on a unix socket, but what
// base (nil: nothing) lets run whatever its arguments, and the few that runc makes
// before it has told the listener. A call that the tables do not have, or that a
// runtime's libseccomp does not know, would run unheard: it fails with ENOSYS, as
// on a kernel before it.
func NotifyRecording(base *Document, host syscalltable.Arch, listener string) (*Document, error) {
	if base == nil {
		base = &Document{Name: "nothing", Architectures: []syscalltable.Arch{host}}
	}
	rec, err := base.Recording()
	if err != nil {
		return nil, err
	}
	quiet := map[string]bool{}
	for _, name := range unheard {
		quiet[name] = true
	}
	rec.markAllowed(quiet)
	heard := map[string]bool{}
	for _, arch := range rec.Architectures {
		for _, name := range arch.Calls() {
			heard[name] = !quiet[name]
		}
	}
	maps.DeleteFunc(quiet, func(name string, _ bool) bool { _, known := heard[name]; return !known })
	maps.DeleteFunc(heard, func(_ string, wanted bool) bool { return !wanted })
	rec.Default = Outcome{Action: syscalltable.ActionErrno, Errno: enosys(host)}
	rec.ListenerPath = listener
	rec.Rules = []Rule{
		{Names: slices.Sorted(maps.Keys(quiet)), Outcome: Outcome{Action: syscalltable.ActionAllow}},
		{Names: slices.Sorted(maps.Keys(heard)), Outcome: Outcome{Action: syscalltable.ActionUserNotif}},
	}
	return rec, nil
}

// RecordingFilter makes the filter under which a command is recorded: it answers
// every call but those that base (nil: nothing) lets run with an action, which is
// log or user_notif.
func RecordingFilter(base *Document, on Environment, action syscalltable.Action) (bpf.Filter, error) {
	if base == nil {
		base = &Document{Default: Outcome{Action: syscalltable.ActionLog}, Architectures: []syscalltable.Arch{on.Arch}}
	}
	recording, err := base.Recording()
	if err != nil {
		return nil, err
	}
	recording.Default.Action, on.NoStub = action, true // no runtime loads it
	return recording.CommandFilter(on)
}

// CommandFilter makes the filter of the document under which a command can
// start: one that denies execve is an error.
func (d *Document) CommandFilter(on Environment) (bpf.Filter, error) {
	p, err := d.Evaluate(on)
	if err != nil {
		return nil, err
	}
	if execve, ok := on.Arch.Number("execve"); ok && p.Answer(on.Arch, execve).Effect() == Denies {
		return nil, fmt.Errorf("%s: denies execve on %s, without which no command starts: allow it", d.Name, on.Arch)
	}
	return p.Filter()
}

// family returns the architectures whose programs a host runs that runs those
// of a.
func family(a syscalltable.Arch) []syscalltable.Arch {
	host := a
	if h := host64(a); h != syscalltable.NoArch {
		host = h
	}
	list := []syscalltable.Arch{host}
	for _, other := range syscalltable.Arches() {
		if host64(other) == host {
			list = append(list, other)
		}
	}
	return list
}

// LogDenied has the kernel write a record of what the document denies, where
// kernel.seccomp.actions_logged allows that.
func (d *Document) LogDenied() {
	if !slices.Contains(d.Flags, specs.LinuxSeccompFlagLog) {
		d.Flags = append(d.Flags, specs.LinuxSeccompFlagLog)
	}
}
