package profile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/syscalltable"
)

// Addition is a call that is in a profile without having been observed.
type Addition struct {
	Name    string  `json:"name"`
	Outcome string  `json:"outcome"` // "allow", "errno(ENOSYS)"
	Source  Source  `json:"source"`
	Reason  string  `json:"reason"`
	outcome Outcome // of Outcome
}

// Source is where an [Addition] comes from.
type Source string

// The sources, in the order in which they are asked; the first one to name a
// call gives the reason.
const (
	SourceDenied   Source = "denied"   // asked for by Options.IncludeDenied
	SourceKernel   Source = "kernel"   // issued by the kernel, or needed to end
	SourceVDSO     Source = "vdso"     // answered without a call, but not always
	SourceRuntime  Source = "runtime"  // the container runtime's start-up
	SourceVariants Source = "variants" // asked for by Options.Variants
	SourceFallback Source = "fallback" // refused so that libc takes another way
	SourceUnheard  Source = "unheard"  // never told of by notification
)

// named is a call with the reason for adding it.
type named struct{ name, reason string }

// kernelIssued are the calls that no program can do without. A process whose
// exit_group is refused runs on in a loop (kubernetes/kubernetes#85191).
var kernelIssued = [...]named{
	{"exit", "ends a thread"},
	{"exit_group", "ends the process"},
	{"restart_syscall", "issued by the kernel to resume a call that a stop interrupted"},
	{"rt_sigreturn", "issued when a signal handler returns"},
	{"sigreturn", "issued when a signal handler returns"},
}

// vdsoFallbacks are answered in user space until the clock source changes, as
// it does on some hosts and after some migrations (vdso(7)).
var vdsoFallbacks = [...]named{
	{"clock_getres", vdsoReason},
	{"clock_getres_time64", vdsoReason},
	{"clock_gettime", vdsoReason},
	{"clock_gettime64", vdsoReason},
	{"getcpu", vdsoReason},
	{"gettimeofday", vdsoReason},
	{"time", vdsoReason},
}

const vdsoReason = "answered by the vDSO without a call, until the clock source changes"

// adder collects additions for a set of architectures.
type adder struct {
	arches  []syscalltable.Arch
	present map[string]bool // observed or added
	list    []Addition
}

// add adds a call unless it is there already or no architecture has it.
func (a *adder) add(name string, outcome Outcome, source Source, reason string) {
	if a.present[name] || !anyHas(a.arches, name) {
		return
	}
	a.present[name] = true
	a.list = append(a.list, Addition{Name: name, Outcome: outcome.String(), outcome: outcome, Source: source, Reason: reason})
}

func (a *adder) allow(list []named, source Source) {
	for _, n := range list {
		a.add(n.name, Outcome{Action: syscalltable.ActionAllow}, source, n.reason)
	}
}

// startup adds the runtime's calls. A runtime is a program of the host: on a
// container of 32-bit programs it makes the calls of the 64-bit architecture,
// which libseccomp has in every filter.
func (a *adder) startup(st *startup) {
	arches := a.arches
	defer func() { a.arches = arches }()
	for _, arch := range arches {
		if host := host64(arch); host != syscalltable.NoArch && !slices.Contains(a.arches, host) {
			a.arches = append(slices.Clone(a.arches), host)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(st.reasons)) {
		a.add(name, Outcome{Action: syscalltable.ActionAllow}, SourceRuntime, st.reasons[name])
	}
}

// unheard adds the calls of which no recording of a container by notification
// tells; see [NotifyRecording].
func (a *adder) unheard(s *aggregate.Summary) {
	notified := func(g aggregate.Group) bool { return g.Container != nil && g.Container.Via == container.ViaRuntime }
	if !slices.ContainsFunc(s.Groups, notified) {
		return
	}
	for _, name := range unheard {
		a.add(name, Outcome{Action: syscalltable.ActionAllow}, SourceUnheard,
			"a recording by notification leaves it out: runc makes it before anyone listens")
	}
}

// denied adds the calls that a filter refused during the recording.
func (a *adder) denied(list []Denied) {
	for _, d := range list {
		if !slices.Contains(a.arches, d.Arch) {
			continue // the architecture itself is not allowed
		}
		reason := fmt.Sprintf("refused with %s %d times in the log, added on request", d.Action, d.Records)
		a.add(d.Name, Outcome{Action: syscalltable.ActionAllow}, SourceDenied, reason)
	}
}

// clone3 refuses clone3 where it was not seen but clone is allowed. The C
// library tries it first and falls back to clone on ENOSYS, but on no other
// error; and a filter cannot look at clone3's arguments.
func (a *adder) clone3() {
	if a.present["clone"] {
		a.add("clone3", Outcome{Action: syscalltable.ActionErrno, Errno: enosys(a.arches[0])}, SourceFallback,
			"not seen: ENOSYS makes the C library fall back to clone, which is allowed")
	}
}

// additions returns what the options add to the observed names.
func additions(s *aggregate.Summary, o Options, r *Result) ([]Addition, error) {
	a := &adder{arches: r.Arches, present: map[string]bool{}}
	for _, c := range r.Observed {
		a.present[c.Name] = true
	}
	if o.Base != nil {
		o.Base.markAllowed(a.present)
	}
	if o.IncludeDenied {
		a.denied(r.Denied)
	}
	if o.Exact {
		return a.list, nil
	}
	st, err := startupFor(s, o)
	if err != nil {
		return nil, err
	}
	r.Startup = st.why
	a.allow(kernelIssued[:], SourceKernel)
	a.allow(vdsoFallbacks[:], SourceVDSO)
	a.startup(st)
	a.unheard(s)
	if o.Variants {
		a.variants()
	}
	if o.outcome().Effect() != Runs {
		a.clone3()
	}
	return a.list, nil
}

func anyHas(arches []syscalltable.Arch, name string) bool {
	return slices.ContainsFunc(arches, func(a syscalltable.Arch) bool { return has(a, name) })
}

func has(a syscalltable.Arch, name string) bool {
	_, ok := a.Number(name)
	return ok
}

// host64 returns the 64-bit architecture whose kernel runs programs of a, or
// NoArch if a is one itself.
func host64(a syscalltable.Arch) syscalltable.Arch {
	switch a {
	case syscalltable.I386, syscalltable.X32:
		return syscalltable.X86_64
	case syscalltable.ARM:
		return syscalltable.AArch64
	case syscalltable.PPC:
		return syscalltable.PPC64
	case syscalltable.S390:
		return syscalltable.S390X
	case syscalltable.MIPS, syscalltable.MIPS64N32:
		return syscalltable.MIPS64
	case syscalltable.MIPSEL, syscalltable.MIPSEL64N32:
		return syscalltable.MIPSEL64
	case syscalltable.PARISC:
		return syscalltable.PARISC64
	}
	return syscalltable.NoArch
}
