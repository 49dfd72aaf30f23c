package profile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/net/bpf"

	"github.com/auditscan/auditscan/internal/seccompstate"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/profile/internal/lab"
	"github.com/auditscan/auditscan/syscalltable"
)

// needContainers skips a test where containers cannot be run.
func needContainers(t *testing.T, runtime string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to run containers")
	}
	for _, tool := range []string{runtime, "busybox"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s (Debian: runc, crun, busybox-static): %v", tool, err)
		}
	}
}

// busybox returns a bundle with busybox, and the arguments that make it end
// at once.
func busybox(t *testing.T) (b *lab.Bundle, end []string) {
	t.Helper()
	b, program, err := lab.BusyboxBundle(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return b, []string{"/" + program, "true"}
}

// The answers of a policy are those of the filter that runc and libseccomp
// make of the same profile, as the kernel holds it.
func TestAnswerAgreesWithKernel(t *testing.T) {
	needContainers(t, "runc")
	if nativeArch() != x86_64 {
		t.Skip("needs x86_64, whose calls the profiles are made of")
	}
	bundle, _ := busybox(t)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 10 {
		text, err := json.Marshal(randomProfile(random))
		if err != nil {
			t.Fatal(err)
		}
		doc := parse(t, string(text))
		policy, err := doc.Evaluate(profile.Environment{Arch: x86_64})
		if err != nil {
			t.Fatalf("profile %d: %v\n%s", i, err, text)
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			compareAnswers(t, random, policy, doc, kernelFilter(t, bundle, text))
		})
	}
}

func nativeArch() syscalltable.Arch {
	for _, a := range syscalltable.Arches() {
		if a.GOARCH() == goarch {
			return a
		}
	}
	return syscalltable.NoArch
}

// kernelFilter runs a container under a profile and takes its filter.
func kernelFilter(t *testing.T, bundle *lab.Bundle, seccomp []byte) *bpf.VM {
	t.Helper()
	c, err := bundle.Start(context.Background(), lab.Container{Runtime: "runc", Args: []string{"/bin/sh", "-c", "echo; exec sleep 1000"}, NoNewPrivileges: true, Seccomp: seccomp})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Kill(); err != nil {
			t.Error(err)
		}
	}()
	filters, err := seccompstate.Filters(c.PID)
	if err != nil {
		t.Fatal(err)
	}
	return machine(t, filters[0])
}

// compareAnswers asks policy, libseccomp's filter and the one that the policy
// compiles to about every number with several arguments.
func compareAnswers(t *testing.T, random *rand.Rand, p *profile.Policy, d *profile.Document, theirs *bpf.VM) {
	t.Helper()
	filter, err := p.Filter()
	if err != nil {
		t.Fatal(err)
	}
	ours := machine(t, filter)
	for _, arch := range []syscalltable.Arch{x86_64, i386, x32, syscalltable.AArch64} {
		numbers := []int32{-1, 99999, 0x7fffffff, -0x80000000}
		if arch == x32 {
			numbers = nil
		}
		for nr := range int32(560) {
			if arch == x32 {
				nr |= 0x40000000
			}
			numbers = append(numbers, nr)
		}
		for _, nr := range numbers {
			want := p.Answer(arch, nr)
			seen := map[profile.Outcome]bool{}
			for _, args := range argumentsFor(random, d, arch, nr) {
				got := ask(t, theirs, arch, nr, args)
				seen[got] = true
				if own := ask(t, ours, arch, nr, args); own != got {
					t.Fatalf("%s %d %x: runc's filter says %s, ours %s", arch, nr, args, got, own)
				}
				if !slices.Contains(want.Possible, got) {
					t.Fatalf("%s %d %x: the kernel's filter says %s, the policy %s (%s)", arch, nr, args, got, want, want.Because)
				}
			}
			if name, _ := arch.Name(nr); len(want.Possible) > 1 && len(seen) != len(want.Possible) && onlyEqual(d, name) {
				t.Errorf("%s %s: the kernel's filter gives %v, the policy %s", arch, name, seen, want)
			}
		}
	}
}

// argumentsFor returns arguments that meet and miss the rules for a call.
func argumentsFor(random *rand.Rand, d *profile.Document, arch syscalltable.Arch, nr int32) [][6]uint64 {
	all := ^uint64(0)
	if arch == i386 {
		all = 1<<32 - 1
	}
	list := [][6]uint64{{}, {all, all, all, all, all, all}, {1001, 1001, 1001, 1001, 1001, 1001}}
	name, _ := arch.Name(nr)
	if name == "socketcall" || name == "ipc" {
		for which := range uint64(25) {
			list = append(list, [6]uint64{which})
		}
	}
	for _, r := range d.Rules {
		if len(r.Args) == 0 || !slices.Contains(r.Names, name) {
			continue
		}
		for range 4 {
			args := [6]uint64{random.Uint64N(300), random.Uint64N(300), random.Uint64N(300), 1001, 1001, 1001}
			for _, a := range r.Args {
				args[a.Index] = a.Value
			}
			list = append(list, args)
		}
	}
	return list
}

// onlyEqual reports whether all rules for a call compare its first argument for
// equality, so that every outcome can be brought about.
func onlyEqual(d *profile.Document, name string) bool {
	for _, r := range d.Rules {
		if slices.Contains(r.Names, name) && (len(r.Args) != 1 || r.Args[0].Index != 0 || r.Args[0].Op != specs.OpEqualTo) {
			return false
		}
	}
	return true
}

// shellCalls are what busybox's shell needs to say that it runs, and to sleep.
var shellCalls = []string{
	"access", "arch_prctl", "brk", "clock_nanosleep", "close", "dup2", "execve", "exit_group", "fcntl", "fstat", "getcwd",
	"getegid", "geteuid", "getgid", "getpid", "getppid", "getrandom", "getuid", "ioctl", "mmap", "mprotect", "munmap",
	"nanosleep", "newfstatat", "openat", "prctl", "prlimit64", "read", "readlink", "readlinkat", "restart_syscall", "rseq", "rt_sigaction",
	"rt_sigprocmask", "set_robust_list", "set_tid_address", "setuid", "setgid", "stat", "uname", "wait4", "write",
}

// randomProfile allows what a shell needs and has random rules about the rest,
// with a random default. It has no rules that contradict each other.
func randomProfile(random *rand.Rand) *specs.LinuxSeccomp {
	outcomes := []specs.LinuxSeccompAction{specs.ActErrno, specs.ActKillProcess, specs.ActKill, specs.ActTrap, specs.ActLog, specs.ActAllow, specs.ActTrace, specs.ActErrno}
	p := &specs.LinuxSeccomp{DefaultAction: outcomes[random.IntN(6)], Architectures: randomArches(random)}
	if p.DefaultAction == specs.ActErrno && random.IntN(2) == 0 {
		p.DefaultErrnoRet = errnoRet(random)
	}
	needed := slices.Concat(shellCalls, startupCalls())
	p.Syscalls = []specs.LinuxSyscall{{Names: needed, Action: specs.ActAllow}}
	for _, name := range randomNames(random, needed, 120) {
		op, arg := specs.OpEqualTo, uint(0)
		if random.IntN(2) == 0 {
			ops := []specs.LinuxSeccompOperator{specs.OpNotEqual, specs.OpGreaterThan, specs.OpGreaterEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpMaskedEqual}
			op, arg = ops[random.IntN(len(ops))], uint(random.IntN(6))
		}
		for i := range random.IntN(4) {
			rule := specs.LinuxSyscall{Names: []string{name}, Action: outcomes[random.IntN(len(outcomes))]}
			if rule.Action == specs.ActErrno || rule.Action == specs.ActTrace {
				rule.ErrnoRet = errnoRet(random)
			}
			rule.Args = []specs.LinuxSeccompArg{{Index: arg, Value: uint64(10*i + 1), Op: op}}
			if op == specs.OpMaskedEqual {
				rule.Args[0].ValueTwo = rule.Args[0].Value
			}
			if op != specs.OpEqualTo && random.IntN(2) == 0 {
				rule.Args = append(rule.Args, specs.LinuxSeccompArg{Index: (arg + 1) % 6, Value: 100, Op: specs.OpEqualTo})
			}
			// Through socketcall and ipc libseccomp cannot tell arguments apart.
			carried := slices.Contains(multiplexed, name) || name == "socketcall" || name == "ipc"
			if i == 0 && (carried || random.IntN(3) == 0) {
				rule.Args = nil
			}
			p.Syscalls = append(p.Syscalls, rule)
			if rule.Args == nil || op != specs.OpEqualTo {
				break // libseccomp fails on many sets of other comparisons
			}
		}
	}
	return p
}

// multiplexed are calls that socketcall and ipc carry.
var multiplexed = []string{
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recv", "recvfrom",
	"recvmmsg", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown", "socket", "socketpair",
	"msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop", "shmat", "shmctl", "shmdt", "shmget",
}

func randomArches(random *rand.Rand) []specs.Arch {
	lists := [][]specs.Arch{nil, {specs.ArchX86_64}, {specs.ArchX86_64, specs.ArchX86}, {specs.ArchX86_64, specs.ArchX86, specs.ArchX32}, {specs.ArchX86}, {specs.ArchX32}}
	return lists[random.IntN(len(lists))]
}

// randomNames returns names that libseccomp 2.5.4 (of Linux 5.17) knows.
func randomNames(random *rand.Rand, except []string, n int) []string {
	var names []string
	for _, arch := range []syscalltable.Arch{x86_64, i386} {
		for nr, name := range arch.Calls() {
			bypass := arch == x86_64 && (nr == 335 || nr == 336)
			if nr < 450 && !bypass && !slices.Contains(except, name) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names[:n]
}

// startupCalls are those that runc makes under the filter.
func startupCalls() []string {
	return []string{"close", "epoll_ctl", "epoll_pwait", "execve", "fcntl", "fstat", "fstatfs", "futex", "getdents64", "getpid",
		"gettid", "madvise", "mmap", "nanosleep", "openat", "openat2", "rt_sigreturn", "sched_yield", "statx", "tgkill", "write"}
}
