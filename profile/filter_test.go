package profile_test

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/net/bpf"

	"github.com/auditscan/auditscan/profile"
	bpfilter "github.com/auditscan/auditscan/profile/bpf"
	"github.com/auditscan/auditscan/syscalltable"
)

// compile makes the filter of a profile for x86_64.
func compile(t *testing.T, text string) (*profile.Policy, bpfilter.Filter, error) {
	t.Helper()
	policy, err := parse(t, text).Evaluate(profile.Environment{Arch: x86_64})
	if err != nil {
		t.Fatal(err)
	}
	filter, err := policy.Filter()
	return policy, filter, err
}

// ask runs a filter in x/net/bpf's machine, which loads words in network
// order.
func ask(t *testing.T, vm *bpf.VM, arch syscalltable.Arch, nr int32, args [6]uint64) profile.Outcome {
	t.Helper()
	if arch == x32 {
		arch = x86_64
	}
	words := []uint32{uint32(nr), uint32(arch), 0, 0}
	for _, a := range args {
		words = append(words, uint32(a), uint32(a>>32))
	}
	var data []byte
	for _, w := range words {
		data = binary.BigEndian.AppendUint32(data, w)
	}
	ret, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return outcome(uint32(ret))
}

// outcome is what a filter's answer stands for.
func outcome(code uint32) profile.Outcome {
	o := profile.Outcome{Action: syscalltable.ActionOf(code)}
	if o.Action == syscalltable.ActionErrno || o.Action == syscalltable.ActionTrace {
		o.Errno = uint16(code)
	}
	return o
}

// outcomes returns what a filter may answer to a call, the permissive first.
func outcomes(t *testing.T, f bpfilter.Filter, arch syscalltable.Arch, nr int32) []profile.Outcome {
	t.Helper()
	if arch == x32 {
		arch = x86_64
	}
	codes, err := f.Answers(uint32(arch), nr)
	if err != nil {
		t.Fatal(err)
	}
	var list []profile.Outcome
	for _, code := range codes {
		list = append(list, outcome(code))
	}
	slices.SortFunc(list, func(a, b profile.Outcome) int {
		return cmp.Or(cmp.Compare(b.Action, a.Action), cmp.Compare(a.Errno, b.Errno))
	})
	return list
}

func machine(t *testing.T, f bpfilter.Filter) *bpf.VM {
	t.Helper()
	instructions, ok := bpf.Disassemble(f)
	if !ok {
		t.Fatal("the filter has instructions that are not understood")
	}
	vm, err := bpf.NewVM(instructions)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

// TestFilterArguments: each comparison, with words that are less, equal and
// greater in each half, on an architecture of 64 bits and one of 32.
func TestFilterArguments(t *testing.T) {
	holds := map[specs.LinuxSeccompOperator]func(arg, value uint64) bool{
		specs.OpEqualTo:      func(a, v uint64) bool { return a == v },
		specs.OpNotEqual:     func(a, v uint64) bool { return a != v },
		specs.OpLessThan:     func(a, v uint64) bool { return a < v },
		specs.OpLessEqual:    func(a, v uint64) bool { return a <= v },
		specs.OpGreaterThan:  func(a, v uint64) bool { return a > v },
		specs.OpGreaterEqual: func(a, v uint64) bool { return a >= v },
		specs.OpMaskedEqual:  func(a, v uint64) bool { return a&v == v },
	}
	const value = 7<<32 | 5
	for op, want := range holds {
		second := uint64(0)
		if op == specs.OpMaskedEqual {
			second = value
		}
		_, filter, err := compile(t, fmt.Sprintf(`{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],
			"syscalls":[{"names":["personality"],"action":"SCMP_ACT_ALLOW","args":[
			{"index":0,"value":%d,"valueTwo":%d,"op":%q},{"index":5,"value":9,"op":"SCMP_CMP_EQ"}]}]}`, uint64(value), second, op))
		if err != nil {
			t.Fatal(err)
		}
		vm := machine(t, filter)
		for _, high := range []uint64{6, 7, 8} {
			for _, low := range []uint64{4, 5, 6, 7} {
				arg := high<<32 | low
				for _, last := range []uint64{9, 10} {
					args := [6]uint64{0: arg, 5: last}
					got := ask(t, vm, x86_64, 135, args).Action == syscalltable.ActionAllow
					if got != (want(arg, value) && last == 9) {
						t.Errorf("%s %#x, last argument %d: allowed is %v", op, arg, last, got)
					}
					args[0] = low
					got = ask(t, vm, i386, 136, args).Action == syscalltable.ActionAllow
					if got != (want(low, 5) && last == 9) {
						t.Errorf("%s %#x on i386, last argument %d: allowed is %v", op, low, last, got)
					}
				}
			}
		}
	}
}

// TestFilterAnswers: filter and policy agree on every number and around, and
// so do the two machines.
func TestFilterAnswers(t *testing.T) {
	docker, _, err := profile.BuiltIn(profile.RuntimeDefaultName)
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]string{
		"some": `{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],"syscalls":[
			{"names":["read","write","openat","clone"],"action":"SCMP_ACT_ALLOW"},{"names":["clone3"],"action":"SCMP_ACT_ERRNO","errnoRet":38},
			{"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},
			{"names":["socket"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":2,"op":"SCMP_CMP_EQ"}]}]}`,
		"all arches": `{"defaultAction":"SCMP_ACT_LOG","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32","SCMP_ARCH_AARCH64"],
			"syscalls":[{"names":["read","getpid","connect","shmget"],"action":"SCMP_ACT_KILL_PROCESS"},{"names":["mmap"],"action":"SCMP_ACT_ALLOW"}]}`,
	}
	for name, text := range list {
		t.Run(name, func(t *testing.T) {
			policy, filter, err := compile(t, text)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, policy, filter)
		})
	}
	t.Run("runtime/default", func(t *testing.T) {
		policy, err := docker.Evaluate(profile.Environment{Arch: x86_64, Caps: profile.DefaultCaps()})
		if err != nil {
			t.Fatal(err)
		}
		filter, err := policy.Filter()
		if err != nil {
			t.Fatal(err)
		}
		agree(t, policy, filter)
	})
}

func agree(t *testing.T, policy *profile.Policy, filter bpfilter.Filter) {
	t.Helper()
	vm := machine(t, filter)
	for _, arch := range []syscalltable.Arch{x86_64, i386, x32, syscalltable.RISCV64} {
		numbers := []int32{-2, -1, 1 << 30, 99999, 0x7fffffff, -0x80000000}
		for nr := range int32(600) {
			numbers = append(numbers, nr, nr|1<<30)
		}
		for _, nr := range numbers {
			if arch == x32 && (nr&(1<<30) == 0 || nr == -1) { // -1 is x86_64's
				continue
			}
			want := policy.Answer(arch, nr).Possible
			got := outcomes(t, filter, arch, nr)
			if !slices.Equal(got, want) {
				t.Fatalf("%s %d: the filter says %v, the policy %v", arch, nr, got, want)
			}
			if one := ask(t, vm, arch, nr, [6]uint64{}); !slices.Contains(got, one) {
				t.Fatalf("%s %d: x/net/bpf says %v, the filter's answers are %v", arch, nr, one, got)
			}
		}
	}
}

func TestFilterRefused(t *testing.T) {
	var rules []specs.LinuxSyscall
	for i := range uint64(1500) {
		rules = append(rules, specs.LinuxSyscall{Names: []string{"ioctl"}, Action: specs.ActAllow,
			Args: []specs.LinuxSeccompArg{{Index: 1, Value: i, Op: specs.OpEqualTo}}})
	}
	text, err := json.Marshal(specs.LinuxSeccomp{DefaultAction: specs.ActErrno, Architectures: []specs.Arch{specs.ArchX86_64}, Syscalls: rules})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := compile(t, string(text)); err == nil || !strings.Contains(err.Error(), "the kernel takes 4096") {
		t.Errorf("a filter that is too large: %v", err)
	}
}
