package profile

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
	"gopkg.in/yaml.v3"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/syscalltable"
)

// Coverage tells in how many of several recordings each call was seen: what
// the security-profiles-operator notes on a merged profile.
type Coverage struct {
	Total    int            // recordings
	Syscalls map[string]int // in how many of them, by name
}

// Coverage tells in how many of the runs that a summary unites the calls were
// seen that the profile was made from.
func (r *Result) Coverage(s *aggregate.Summary) *Coverage {
	runs := s.AsRuns()
	c := &Coverage{Total: runs.Count, Syscalls: map[string]int{}}
	for _, o := range r.Observed {
		for _, seen := range runs.Calls {
			if name, ok := seen.Arch.Name(seen.NR); ok && name == o.Name && slices.Contains(o.Arches, seen.Arch) {
				c.Syscalls[name] = max(c.Syscalls[name], seen.Runs)
			}
		}
	}
	return c
}

// coverageAnnotation is the annotation that a Coverage is kept in.
const coverageAnnotation = "spo.x-k8s.io/syscall-coverage"

// spoProfile is a SeccompProfile of security-profiles-operator.x-k8s.io/v1,
// which is cluster-scoped (api/seccompprofile/v1 of the operator).
type spoProfile struct {
	APIVersion string      `yaml:"apiVersion"`
	Kind       string      `yaml:"kind"`
	Metadata   spoMetadata `yaml:"metadata"`
	Spec       spoSpec     `yaml:"spec"`
}

type spoMetadata struct {
	Name        string            `yaml:"name"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

type spoSpec struct {
	DefaultAction    specs.LinuxSeccompAction `yaml:"defaultAction"`
	Architectures    []specs.Arch             `yaml:"architectures,omitempty"`
	ListenerPath     string                   `yaml:"listenerPath,omitempty"`
	ListenerMetadata string                   `yaml:"listenerMetadata,omitempty"`
	Flags            []specs.LinuxSeccompFlag `yaml:"flags,omitempty"`
	Syscalls         []spoSyscall             `yaml:"syscalls,omitempty"`
}

type spoSyscall struct {
	Action   specs.LinuxSeccompAction `yaml:"action"`
	ErrnoRet *uint                    `yaml:"errnoRet,omitempty"`
	Names    []string                 `yaml:"names"`
	Args     []spoArg                 `yaml:"args,omitempty"`
}

type spoArg struct {
	Index    uint                       `yaml:"index"`
	Value    uint64                     `yaml:"value,omitempty"`
	ValueTwo uint64                     `yaml:"valueTwo,omitempty"`
	Op       specs.LinuxSeccompOperator `yaml:"op"`
}

var objectName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

func checkName(name string) error {
	if !objectName.MatchString(name) || len(name) > 253 {
		return fmt.Errorf("%q is no name for a Kubernetes object (lower-case letters, digits, - and .)", name)
	}
	return nil
}

// writeSPO writes the document as a Kubernetes object.
func (d *Document) writeSPO(w io.Writer, m Meta) ([]string, error) {
	if err := checkName(m.Name); err != nil {
		return nil, err
	}
	spec, unsaid, err := d.spoSpec()
	if err != nil {
		return nil, err
	}
	p := spoProfile{APIVersion: "security-profiles-operator.x-k8s.io/v1", Kind: "SeccompProfile", Metadata: spoMetadata{Name: m.Name}, Spec: *spec}
	if m.Coverage != nil {
		text, err := json.Marshal(map[string]any{"version": "v1", "total": m.Coverage.Total, "syscalls": m.Coverage.Syscalls})
		if err != nil {
			return nil, err
		}
		p.Metadata.Annotations = map[string]string{coverageAnnotation: string(text)}
	}
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(p); err != nil {
		return nil, err
	}
	return unsaid, enc.Close()
}

// spoSpec returns the document as the operator has it, which knows fewer
// architectures and error numbers than runtimes do.
func (d *Document) spoSpec() (*spoSpec, []string, error) {
	p, err := d.OCI()
	if err != nil {
		return nil, nil, err
	}
	var left unsaid
	if carriesErrno(d.Default.Action) && d.Default.Errno != EPERM {
		left.note(fmt.Sprintf("its default is %s, but a SeccompProfile has no defaultErrnoRet: EPERM is answered", d.Default))
	}
	spec := &spoSpec{DefaultAction: p.DefaultAction, Flags: p.Flags, ListenerPath: p.ListenerPath, ListenerMetadata: p.ListenerMetadata}
	for i, a := range d.Architectures {
		if spoKnows(a) {
			spec.Architectures = append(spec.Architectures, p.Architectures[i])
		} else {
			left.note(fmt.Sprintf("a SeccompProfile does not know %s: its calls are denied", a.SCMP()))
		}
	}
	for _, r := range p.Syscalls {
		if r.ErrnoRet != nil && *r.ErrnoRet == 0 {
			left.note(fmt.Sprintf("errnoRet 0 of %s is taken for EPERM", r.Names[0]))
		}
		args, err := d.spoArgs(r.Args)
		if err != nil {
			return nil, nil, err
		}
		spec.Syscalls = append(spec.Syscalls, spoSyscall{Action: r.Action, ErrnoRet: r.ErrnoRet, Names: r.Names, Args: args})
	}
	return spec, left.list, nil
}

func (d *Document) spoArgs(args []specs.LinuxSeccompArg) ([]spoArg, error) {
	var list []spoArg
	for _, a := range args {
		if a.Value > math.MaxInt64 || a.ValueTwo > math.MaxInt64 {
			return nil, d.cannot(FormatSPO, "an argument's value does not fit into 63 bits")
		}
		list = append(list, spoArg(a))
	}
	return list, nil
}

// spoKnows reports whether an architecture is in the enumeration of
// api/seccompprofile/v1.
func spoKnows(a syscalltable.Arch) bool {
	switch a {
	case syscalltable.LoongArch64, syscalltable.M68K, syscalltable.SH, syscalltable.SHEL:
		return false
	}
	return a.SCMP() != ""
}
