package profile

import (
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/syscalltable"
)

// Document is a profile as it is written: OCI's form, or Docker's, which adds
// archMap and conditions.
type Document struct {
	Name          string // what errors call it
	Default       Outcome
	Architectures []syscalltable.Arch
	ArchMap       []ArchMapping
	Rules         []Rule
	Flags         []specs.LinuxSeccompFlag
	// ListenerPath and ListenerMetadata are for the supervisor of SCMP_ACT_NOTIFY.
	ListenerPath, ListenerMetadata string
	// Sets is the version of systemd whose sets (such as @system-service) were read;
	// "" if there were none.
	Sets string
	// Notes are what of the file was passed over, as runtimes do.
	Notes []*SyntaxError
	// form is FormatSystemd, FormatMinijail or formatLXC for what was read of a form
	// that is loaded as it is written, by no runtime of OCI containers.
	form Format
	// passed are rules that do not hold, since others come before them.
	passed []Rule
}

// ArchMapping is an entry of Docker's archMap: the architectures of a host.
type ArchMapping struct {
	Arch syscalltable.Arch
	Sub  []syscalltable.Arch
}

// Rule gives calls an outcome.
type Rule struct {
	Names    []string
	Outcome  Outcome
	Args     []specs.LinuxSeccompArg // all must hold; none: any arguments
	Comment  string
	Includes Condition // all of it must hold
	Excludes Condition // nothing of it may hold
	at       *node     // where it stands; nil: made, not read
}

// Condition is what Docker makes a rule depend on. The zero value is none.
type Condition struct {
	Caps      []string // such as CAP_SYS_ADMIN
	Arches    []syscalltable.Arch
	MinKernel KernelVersion
}

func (c Condition) empty() bool {
	return len(c.Caps) == 0 && len(c.Arches) == 0 && c.MinKernel == KernelVersion{}
}

// KernelVersion is a kernel as Docker compares it, without patch level. The
// zero value is none in a condition, and the newest one of a host.
type KernelVersion struct{ Major, Minor int }

// String returns "5.19", and "newest" for the zero value.
func (v KernelVersion) String() string {
	if v == (KernelVersion{}) {
		return "newest"
	}
	return fmt.Sprintf("%d.%d", v.Major, v.Minor)
}

func (v KernelVersion) atLeast(min KernelVersion) bool {
	return v == KernelVersion{} || v.Major > min.Major || v.Major == min.Major && v.Minor >= min.Minor
}

// Conditional reports whether the document is in Docker's form in more than
// name: containerd and CRI-O pass over archMap, includes and excludes.
func (d *Document) Conditional() bool {
	return len(d.ArchMap) > 0 || slices.ContainsFunc(d.Rules, func(r Rule) bool {
		return !r.unconditional()
	})
}

// allArches returns every architecture that the document names.
func (d *Document) allArches() []syscalltable.Arch {
	list := slices.Clone(d.Architectures)
	for _, m := range d.ArchMap {
		list = append(append(list, m.Arch), m.Sub...)
	}
	return sortedArches(list)
}

// sortedArches orders architectures as syscalltable.Arches does, each once.
func sortedArches(list []syscalltable.Arch) []syscalltable.Arch {
	list = slices.Clone(list)
	slices.SortFunc(list, compareArches)
	return slices.Compact(list)
}

// markAllowed sets the names that the document lets run whatever their
// arguments and the environment.
func (d *Document) markAllowed(names map[string]bool) {
	for i := range d.Rules {
		r := &d.Rules[i]
		if r.Outcome.Effect() != Runs || len(r.Args) > 0 || !r.unconditional() {
			continue
		}
		for _, name := range r.Names {
			names[name] = true
		}
	}
}

// Environment is the host and container that a profile is evaluated for.
type Environment struct {
	Arch   syscalltable.Arch // of the kernel
	Caps   []string          // the container's bounding set, such as CAP_SYS_ADMIN
	Kernel KernelVersion
	// NoStub is that the filter is loaded as it is written: by systemd, minijail
	// or LXC. runc, and what has its library, put ENOSYS above the highest number
	// that a profile lists, so that programs find out that a call is newer.
	NoStub bool
}

// DefaultCaps returns the capabilities that Docker, containerd and CRI-O give
// a container that asks for none (moby's daemon/pkg/oci/caps/defaults.go).
func DefaultCaps() []string {
	return []string{
		"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
		"CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
	}
}

// applies reports whether a rule counts in an environment.
func (r *Rule) applies(env Environment) bool {
	in, ex := r.Includes, r.Excludes
	hasCap := func(c string) bool { return slices.Contains(env.Caps, c) }
	switch {
	case len(ex.Arches) > 0 && slices.Contains(ex.Arches, env.Arch),
		slices.ContainsFunc(ex.Caps, hasCap),
		ex.MinKernel != KernelVersion{} && env.Kernel.atLeast(ex.MinKernel):
		return false
	case len(in.Arches) > 0 && !slices.Contains(in.Arches, env.Arch),
		slices.ContainsFunc(in.Caps, func(c string) bool { return !hasCap(c) }),
		!env.Kernel.atLeast(in.MinKernel):
		return false
	}
	return true
}

func (r *Rule) unconditional() bool { return r.Includes.empty() && r.Excludes.empty() }

// errorf returns an error at the place of the rule.
func (r *Rule) errorf(document, format string, args ...any) *SyntaxError {
	if r.at == nil {
		return &SyntaxError{File: document, Msg: fmt.Sprintf(format, args...)}
	}
	return r.at.Errorf(format, args...)
}

// origin names the rule for the message about one of another document.
func (r *Rule) origin() string {
	if r.at == nil {
		return "another profile"
	}
	return r.at.File + " " + r.place()
}

// place names the rule for the message about another one.
func (r *Rule) place() string {
	if r.at == nil {
		return "another rule"
	}
	if path := r.at.Path(); path != "" {
		return fmt.Sprintf("%s (line %d)", path, r.at.At.Line)
	}
	return fmt.Sprintf("line %d", r.at.At.Line)
}
