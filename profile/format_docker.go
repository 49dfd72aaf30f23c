package profile

import (
	"github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/syscalltable"
)

// docker returns the document in Docker's form, with archMap instead of
// architectures.
func (d *Document) docker() *seccomp.Seccomp {
	p := &seccomp.Seccomp{
		LinuxSeccomp: specs.LinuxSeccomp{
			DefaultAction: d.Default.scmp(), DefaultErrnoRet: d.Default.errnoRet(),
			Flags: d.Flags, ListenerPath: d.ListenerPath, ListenerMetadata: d.ListenerMetadata,
		},
		Syscalls: []*seccomp.Syscall{},
	}
	for _, m := range append(mapOf(d.Architectures), d.ArchMap...) {
		a := seccomp.Architecture{Arch: specs.Arch(m.Arch.SCMP()), SubArches: []specs.Arch{}}
		for _, sub := range m.Sub {
			a.SubArches = append(a.SubArches, specs.Arch(sub.SCMP()))
		}
		p.ArchMap = append(p.ArchMap, a)
	}
	for i := range d.Rules {
		r := &d.Rules[i]
		p.Syscalls = append(p.Syscalls, &seccomp.Syscall{
			LinuxSyscall: r.oci(), Comment: r.Comment, Includes: r.Includes.docker(), Excludes: r.Excludes.docker(),
		})
	}
	return p
}

// docker returns the condition in Docker's form, or nil if there is none.
func (c Condition) docker() *seccomp.Filter {
	if c.empty() {
		return nil
	}
	f := &seccomp.Filter{Caps: c.Caps}
	for _, a := range c.Arches {
		f.Arches = append(f.Arches, dockerArch(a))
	}
	if c.MinKernel != (KernelVersion{}) {
		f.MinKernel = &seccomp.KernelVersion{Kernel: uint64(c.MinKernel.Major), Major: uint64(c.MinKernel.Minor)}
	}
	return f
}

// dockerArch returns the name that conditions have for an architecture:
// libseccomp's, which is Go's for some and audit's for the others.
func dockerArch(a syscalltable.Arch) string {
	switch a {
	case syscalltable.X86_64, syscalltable.ARM, syscalltable.AArch64:
		return a.GOARCH()
	case syscalltable.I386:
		return "x86"
	}
	return a.String()
}
