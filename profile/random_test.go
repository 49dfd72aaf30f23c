package profile_test

import (
	"math/rand/v2"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// argumentCalls are on all three architectures. Of i386's two ways to socket
// and shmget only the direct one has arguments that a filter can see.
var argumentCalls = []string{"personality", "prctl", "getpriority", "setpriority", "clone", "ioctl", "fcntl", "mprotect", "madvise", "kill", "socket", "shmget"}

// randomArguments makes a profile whose rules with arguments overlap.
func randomArguments(random *rand.Rand, arches ...specs.Arch) *specs.LinuxSeccomp {
	actions := []specs.LinuxSeccompAction{specs.ActErrno, specs.ActKillProcess, specs.ActLog, specs.ActAllow, specs.ActTrap}
	p := &specs.LinuxSeccomp{DefaultAction: actions[random.IntN(4)], Architectures: arches}
	for range 1 + random.IntN(12) {
		rule := specs.LinuxSyscall{Names: []string{argumentCalls[random.IntN(3+random.IntN(9))]}, Action: actions[random.IntN(len(actions))]}
		if rule.Action == specs.ActErrno {
			rule.ErrnoRet = errnoRet(random)
		}
		free := random.Perm(6)
		for i := range random.IntN(4) {
			if i > 0 && random.IntN(8) == 0 {
				free[i] = free[0]
			}
			rule.Args = append(rule.Args, randomArgument(random, uint(free[i])))
		}
		p.Syscalls = append(p.Syscalls, rule)
	}
	return p
}

// randomValue is small, or has a small high word.
func randomValue(random *rand.Rand) uint64 {
	v := random.Uint64N(4)
	if random.IntN(4) == 0 {
		v |= random.Uint64N(3) << 32
	}
	return v
}

// randomArgument makes a condition of any comparison.
func randomArgument(random *rand.Rand, index uint) specs.LinuxSeccompArg {
	ops := []specs.LinuxSeccompOperator{specs.OpEqualTo, specs.OpMaskedEqual, specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpGreaterThan, specs.OpGreaterEqual}
	a := specs.LinuxSeccompArg{Index: index, Op: ops[random.IntN(len(ops))], Value: randomValue(random)}
	if a.Op == specs.OpMaskedEqual {
		// A mask of upper halves alone makes a rule of 32 bits hold always.
		a.Value, a.ValueTwo = 1|a.Value, randomValue(random)
	}
	return a
}

// conditionsOfRules returns what runc makes of a rule's conditions: a rule of each
// where several are on one argument.
func conditionsOfRules(args []specs.LinuxSeccompArg) [][]specs.LinuxSeccompArg {
	indices := map[uint]bool{}
	var each [][]specs.LinuxSeccompArg
	for _, a := range args {
		indices[a.Index] = true
		each = append(each, []specs.LinuxSeccompArg{a})
	}
	if len(indices) == len(args) {
		return [][]specs.LinuxSeccompArg{args}
	}
	return each
}

func errnoRet(random *rand.Rand) *uint {
	n := uint(100 + random.IntN(3000))
	return &n
}
