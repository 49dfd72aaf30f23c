package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/profile/bpf"
	"github.com/auditscan/auditscan/syscalltable"
)

// Answer is what a policy makes of a call.
type Answer struct {
	// Possible outcomes, the permissive first: one, unless the call's
	// arguments decide.
	Possible []Outcome
	// Because names the rule, or says that there is none.
	Because string
}

// DependsOnArgs reports whether the call's arguments decide.
func (a Answer) DependsOnArgs() bool { return len(a.Possible) > 1 }

// Effect returns what the answer means for the program: Depends also where
// arguments decide whether the call runs, and where there is no answer.
func (a Answer) Effect() Effect {
	if len(a.Possible) == 0 {
		return Depends
	}
	effect := a.Possible[0].Effect()
	for _, o := range a.Possible[1:] {
		if o.Effect() != effect {
			return Depends
		}
	}
	return effect
}

// String returns the outcomes, such as "allow or errno(EPERM)".
func (a Answer) String() string {
	var list []string
	for _, o := range a.Possible {
		list = append(list, o.String())
	}
	return strings.Join(list, " or ")
}

// badArch is SCMP_FLTATR_ACT_BADARCH as libseccomp has it and no runtime
// changes it.
var badArch = Outcome{Action: syscalltable.ActionKillThread}

// x32Bit is __X32_SYSCALL_BIT of asm/unistd.h.
const x32Bit = 0x40000000

// Answer returns what a filter of the policy answers to a call, whose number
// is that of a record.
func (p *Policy) Answer(arch syscalltable.Arch, nr int32) Answer {
	if p.stubbed(arch, nr) {
		return Answer{[]Outcome{stubOutcome}, "above the highest number that the profile lists: runc's stub"}
	}
	if arch == syscalltable.X86_64 && uint32(nr) >= x32Bit && nr != -1 {
		arch = syscalltable.X32 // as libseccomp divides the numbers
	}
	if !slices.Contains(p.Arches, arch) {
		return Answer{[]Outcome{badArch}, fmt.Sprintf("%s is not among the profile's architectures", arch)}
	}
	return p.listed(arch, nr)
}

// listed answers as if the architecture were among the policy's.
func (p *Policy) listed(arch syscalltable.Arch, nr int32) Answer {
	name, ok := arch.Name(nr)
	if !ok {
		return Answer{[]Outcome{p.Default}, "the number has no name: the default"}
	}
	if tree := p.tree(arch, name); tree != nil {
		return p.conditional(name, tree)
	}
	if k := p.byName[name]; k != nil && k.always != nil {
		return Answer{[]Outcome{k.always.Outcome}, k.always.place()}
	}
	return Answer{[]Outcome{p.Default}, "no rule: the default"}
}

// conditional answers a call that only rules with arguments name.
func (p *Policy) conditional(name string, tree *bpf.Tree) Answer {
	var a Answer
	for _, code := range tree.Answers(p.Default.code()) {
		a.Possible = append(a.Possible, outcomeOf(code))
	}
	slices.SortFunc(a.Possible, compareOutcomes)
	var places []string
	_, sources := p.rulesOf(name)
	for i, r := range sources {
		first := slices.IndexFunc(sources, func(other source) bool { return other.Outcome == r.Outcome }) == i
		if first && slices.Contains(a.Possible, r.Outcome) {
			places = append(places, r.place())
		}
	}
	a.Because = strings.Join(places, ", ")
	return a
}

// carried is a call that goes through an older one, whose first argument is
// which.
type carried struct {
	name  string
	which uint64
}

// carry returns the conditions as they hold for the call that carries this one:
// its first argument is which call it is. That libseccomp (2.5) leaves the other
// conditions as they are, though the arguments are elsewhere, is a fault of it
// that is copied here.
func (m carried) carry(args []specs.LinuxSeccompArg) []specs.LinuxSeccompArg {
	list := []specs.LinuxSeccompArg{{Value: m.which, Op: specs.OpEqualTo}}
	for _, a := range args {
		if a.Index != 0 {
			list = append(list, a)
		}
	}
	return list
}

// multiplexed returns the calls that an older one of several 32-bit
// architectures carries (linux/net.h, linux/ipc.h); libseccomp extends rules
// for these to it.
func multiplexed(name string) []carried {
	switch name {
	case "socketcall":
		return []carried{{"accept", 5}, {"accept4", 18}, {"bind", 2}, {"connect", 3}, {"getpeername", 7}, {"getsockname", 6},
			{"getsockopt", 15}, {"listen", 4}, {"recv", 10}, {"recvfrom", 12}, {"recvmmsg", 19}, {"recvmsg", 17}, {"send", 9},
			{"sendmmsg", 20}, {"sendmsg", 16}, {"sendto", 11}, {"setsockopt", 14}, {"shutdown", 13}, {"socket", 1}, {"socketpair", 8}}
	case "ipc":
		return []carried{{"msgctl", 14}, {"msgget", 13}, {"msgrcv", 12}, {"msgsnd", 11}, {"semctl", 3}, {"semget", 2}, {"semop", 1},
			{"semtimedop", 4}, {"shmat", 21}, {"shmctl", 24}, {"shmdt", 22}, {"shmget", 23}}
	}
	return nil
}
