package profile

import (
	"fmt"
	"slices"

	"github.com/auditscan/auditscan/syscalltable"
)

// addStub notes above which numbers runc (libcontainer/seccomp/patchbpf, since
// 1.0.0-rc93) answers ENOSYS instead of the default: those above the highest one
// that any rule names, on each architecture that the profile lists. It does so
// also where the default kills, but not where the default lets calls run, asks a
// tracer or is ENOSYS already.
func (p *Policy) addStub(d *Document) {
	switch p.Default.Action {
	case syscalltable.ActionAllow, syscalltable.ActionLog, syscalltable.ActionTrace:
		return
	}
	if p.Env.NoStub || d.form != "" || p.Default == stubOutcome {
		return
	}
	if !d.lists(p.Env.Arch, p.Env.Arch) && p.Default.Action != syscalltable.ActionErrno {
		p.Notes = append(p.Notes, fmt.Sprintf("%s: it lists no architecture of this host: runc from 1.1.15 on answers ENOSYS to calls above the highest number that it lists, older ones %s", p.Name, p.Default))
	}
	p.highest = map[syscalltable.Arch]uint32{}
	for _, arch := range p.Arches {
		if !d.lists(arch, p.Env.Arch) {
			continue
		}
		p.highest[arch] = 0
		for _, r := range p.Rules {
			for _, name := range r.Names {
				if nr, ok := arch.Number(name); ok {
					p.highest[arch] = max(p.highest[arch], uint32(nr))
				}
			}
		}
	}
}

// stubOutcome is what runc's stub answers.
var stubOutcome = Outcome{Action: syscalltable.ActionErrno, Errno: ENOSYS}

// lists reports whether the document itself names an architecture for a host:
// without that runc makes no stub.
func (d *Document) lists(arch, host syscalltable.Arch) bool {
	if slices.Contains(d.Architectures, arch) {
		return true
	}
	return slices.ContainsFunc(d.ArchMap, func(m ArchMapping) bool {
		return m.Arch == host && (arch == host || slices.Contains(m.Sub, arch))
	})
}

// stubbed reports whether runc's stub answers a call before the filter does. It
// tells x32 by the bit alone, libseccomp by the size of the number.
func (p *Policy) stubbed(arch syscalltable.Arch, nr int32) bool {
	switch x32 := uint32(nr)&x32Bit != 0; {
	case arch == syscalltable.X86_64 && x32:
		arch = syscalltable.X32 // -1 as well
	case arch == syscalltable.X32 && !x32:
		arch = syscalltable.X86_64
	}
	highest, ok := p.highest[arch]
	return ok && uint32(nr) > highest
}
