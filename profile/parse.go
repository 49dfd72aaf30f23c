package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/syscalltable"
)

// Sniff reports whether a file that begins with head, a few bytes, is a profile:
// whether its first key is one that profiles have and logs do not.
func Sniff(head []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(head, byteOrderMark)))
	begin, _ := dec.Token()
	key, _ := dec.Token()
	switch key {
	case "defaultAction", "defaultErrnoRet", "defaultErrno", "architectures", "archMap", "syscalls":
		return begin == json.Delim('{')
	}
	return false
}

// Read reads a profile as [Parse] does, but no more of the input than a
// profile can have.
func Read(in io.Reader, name string) (*Document, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	if err != nil {
		return nil, err
	}
	return Parse(data, name)
}

// Parse reads a profile in OCI's or Docker's form (with the errno names of
// Podman's). It is strict where the runtimes are not: an unknown key, action,
// architecture or call, a value without effect, two keys for one thing, or two
// rules of which only one can hold is an error that is a [*SyntaxError] with
// the place, never a profile that differs from what is written. Name is for
// errors.
func Parse(data []byte, name string) (*Document, error) {
	root, err := readTree(data, name)
	if err != nil {
		return nil, err
	}
	p := &parser{known: knownNames()}
	d, err := p.document(root)
	if err != nil {
		return nil, err
	}
	d.Name = name
	if err := d.contradiction(); err != nil {
		return nil, err
	}
	return d, nil
}

type parser struct {
	known map[string]bool // every call of every architecture
}

func knownNames() map[string]bool {
	names := map[string]bool{}
	for _, a := range syscalltable.Arches() {
		for _, name := range a.Calls() {
			names[name] = true
		}
	}
	return names
}

func (p *parser) document(root *node) (*Document, error) {
	f, err := root.fields("defaultAction", "defaultErrnoRet", "defaultErrno", "architectures", "archMap",
		"flags", "listenerPath", "listenerMetadata", "syscalls")
	if err != nil {
		return nil, err
	}
	if !f["architectures"].null() && !f["archMap"].null() {
		return nil, f["archMap"].errorf("together with architectures: Docker refuses both")
	}
	d := &Document{}
	if d.Default, err = p.defaultOutcome(root, f); err != nil {
		return nil, err
	}
	if d.Architectures, err = p.arches(f["architectures"]); err != nil {
		return nil, err
	}
	if d.ArchMap, err = p.archMap(f["archMap"]); err != nil {
		return nil, err
	}
	if err := p.extras(d, f); err != nil {
		return nil, err
	}
	rules, err := f["syscalls"].items()
	if err != nil {
		return nil, err
	}
	for _, item := range rules {
		r, err := p.rule(item)
		if err != nil {
			return nil, err
		}
		d.Rules = append(d.Rules, *r)
	}
	return d, nil
}

func (p *parser) defaultOutcome(root *node, f map[string]*node) (Outcome, error) {
	action := f["defaultAction"]
	if action.null() {
		return Outcome{}, root.errorf("defaultAction is missing: a runtime takes that for no profile at all")
	}
	o, err := p.outcome(action, f["defaultErrnoRet"], f["defaultErrno"])
	if err == nil && o.Action == syscalltable.ActionUserNotif {
		err = action.errorf("SCMP_ACT_NOTIFY cannot be the default: runtimes refuse it")
	}
	return o, err
}

// filterFlags are what runc and crun take.
var filterFlags = []specs.LinuxSeccompFlag{
	"SECCOMP_FILTER_FLAG_TSYNC", specs.LinuxSeccompFlagLog, specs.LinuxSeccompFlagSpecAllow, specs.LinuxSeccompFlagWaitKillableRecv,
}

// extras reads what has no influence on answers.
func (p *parser) extras(d *Document, f map[string]*node) error {
	flags, err := f["flags"].texts()
	if err != nil {
		return err
	}
	for i, flag := range flags {
		if !slices.Contains(filterFlags, specs.LinuxSeccompFlag(flag)) {
			return f["flags"].value.([]*node)[i].errorf("unknown flag %.40q (such as SECCOMP_FILTER_FLAG_LOG); runtimes refuse it", flag)
		}
		d.Flags = append(d.Flags, specs.LinuxSeccompFlag(flag))
	}
	if d.ListenerPath, err = f["listenerPath"].text(); err != nil {
		return err
	}
	d.ListenerMetadata, err = f["listenerMetadata"].text()
	return err
}

// outcome reads an action with its number, which Podman also writes as a name.
func (p *parser) outcome(action, number, name *node) (Outcome, error) {
	var o Outcome
	text, err := action.text()
	if err != nil {
		return o, err
	}
	if o.Action, err = parseSCMPAction(text); err != nil {
		return o, action.errorf("%v", err)
	}
	if !carriesErrno(o.Action) {
		for _, n := range []*node{number, name} {
			if !n.null() && n.value != "" {
				return o, n.errorf("%s gives no error number", text)
			}
		}
		return o, nil
	}
	o.Errno = EPERM
	if !number.null() {
		v, err := number.number(maxErrno)
		if err != nil {
			return o, err
		}
		o.Errno = uint16(v)
	}
	return o, p.errnoName(&o, number, name)
}

// errnoName reads Podman's errno, which has to agree with the number.
func (p *parser) errnoName(o *Outcome, number, name *node) error {
	text, err := name.text()
	if err != nil || text == "" {
		return err
	}
	v, err := ParseErrno(text)
	switch {
	case err != nil:
		return name.errorf("%v", err)
	case !number.null() && v != o.Errno:
		return name.errorf("%s is %d, but the number beside it is %d", text, v, o.Errno)
	}
	o.Errno = v
	return nil
}

func parseSCMPAction(text string) (syscalltable.Action, error) {
	if a, err := syscalltable.ParseAction(text); err == nil && strings.HasPrefix(text, "SCMP_ACT_") {
		return a, nil
	}
	return syscalltable.ActionUnknown, fmt.Errorf("unknown action %.40q (such as SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, SCMP_ACT_KILL_PROCESS)", text)
}

func (p *parser) arch(n *node) (syscalltable.Arch, error) {
	text, err := n.text()
	if err != nil {
		return syscalltable.NoArch, err
	}
	a, err := syscalltable.ParseArch(text)
	if err != nil || !strings.HasPrefix(text, "SCMP_ARCH_") {
		return syscalltable.NoArch, n.errorf("unknown architecture %.40q (such as SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64)", text)
	}
	return a, nil
}

func (p *parser) arches(n *node) ([]syscalltable.Arch, error) {
	items, err := n.items()
	if err != nil {
		return nil, err
	}
	var list []syscalltable.Arch
	for _, item := range items {
		a, err := p.arch(item)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

func (p *parser) archMap(n *node) ([]ArchMapping, error) {
	items, err := n.items()
	if err != nil {
		return nil, err
	}
	var list []ArchMapping
	for _, item := range items {
		f, err := item.fields("architecture", "subArchitectures")
		if err != nil {
			return nil, err
		}
		if f["architecture"].null() {
			return nil, item.errorf("architecture is missing")
		}
		var m ArchMapping
		if m.Arch, err = p.arch(f["architecture"]); err != nil {
			return nil, err
		}
		if m.Sub, err = p.arches(f["subArchitectures"]); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(list, func(other ArchMapping) bool { return other.Arch == m.Arch }) {
			return nil, f["architecture"].errorf("%s stands here twice: Docker takes the first alone", m.Arch.SCMP())
		}
		list = append(list, m)
	}
	return list, nil
}

func (p *parser) rule(n *node) (*Rule, error) {
	f, err := n.fields("names", "name", "action", "errnoRet", "errno", "args", "comment", "includes", "excludes")
	if err != nil {
		return nil, err
	}
	if f["action"].null() {
		return nil, n.errorf("action is missing")
	}
	r := &Rule{at: n}
	if r.Names, err = p.names(n, f["names"], f["name"]); err != nil {
		return nil, err
	}
	if r.Outcome, err = p.outcome(f["action"], f["errnoRet"], f["errno"]); err != nil {
		return nil, err
	}
	if r.Args, err = p.args(f["args"]); err != nil {
		return nil, err
	}
	if r.Comment, err = f["comment"].text(); err != nil {
		return nil, err
	}
	if r.Includes, err = p.condition(f["includes"]); err != nil {
		return nil, err
	}
	r.Excludes, err = p.condition(f["excludes"])
	return r, err
}

// names reads a rule's calls. A name that libseccomp does not know is passed
// over by every runtime, and the call refused: the profile would not be the
// one that is written.
func (p *parser) names(rule, names, name *node) ([]string, error) {
	list, err := names.texts()
	if err != nil {
		return nil, err
	}
	single, err := name.text()
	switch {
	case err != nil:
		return nil, err
	case single != "" && len(list) > 0:
		return nil, name.errorf("together with names: Docker refuses both")
	case single != "":
		names, list = name, []string{single}
	case len(list) == 0:
		return nil, rule.errorf("names is missing or empty")
	}
	for i, s := range list {
		if p.known[s] {
			continue
		}
		at := names
		if items, ok := names.value.([]*node); ok {
			at = items[i]
		}
		return nil, at.errorf("unknown system call %.40q%s (in no table of %s; runtimes pass over it and refuse the call)", s, p.likely(s), syscalltable.KernelVersion)
	}
	return list, nil
}

// likely suggests the kernel's name for one that a C library or strace uses.
func (p *parser) likely(name string) string {
	for _, s := range []string{strings.ToLower(name), name + "64", "new" + name, "_" + name, "rt_" + name} {
		if p.known[s] {
			return fmt.Sprintf(", did you mean %q?", s)
		}
	}
	return ""
}

func (p *parser) args(n *node) ([]specs.LinuxSeccompArg, error) {
	items, err := n.items()
	if err != nil {
		return nil, err
	}
	var list []specs.LinuxSeccompArg
	for _, item := range items {
		a, err := p.arg(item)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	slices.SortStableFunc(list, compareArgs) // as libseccomp does; it means the same
	return list, nil
}

func (p *parser) arg(n *node) (specs.LinuxSeccompArg, error) {
	var a specs.LinuxSeccompArg
	f, err := n.fields("index", "value", "valueTwo", "op")
	if err != nil {
		return a, err
	}
	for _, key := range []string{"index", "op"} {
		if f[key].null() {
			return a, n.errorf("%s is missing", key)
		}
	}
	index, err := f["index"].number(5)
	if err != nil {
		return a, err
	}
	a.Index = uint(index)
	if a.Value, err = f["value"].number(1<<64 - 1); err != nil {
		return a, err
	}
	if a.ValueTwo, err = f["valueTwo"].number(1<<64 - 1); err != nil {
		return a, err
	}
	op, err := f["op"].text()
	if err != nil {
		return a, err
	}
	switch a.Op = specs.LinuxSeccompOperator(op); a.Op {
	case specs.OpMaskedEqual:
		return a, nil
	case specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpEqualTo, specs.OpGreaterEqual, specs.OpGreaterThan:
		if a.ValueTwo != 0 {
			return a, f["valueTwo"].errorf("has no effect beside %s", op)
		}
		return a, nil
	}
	return a, f["op"].errorf("unknown operator %.40q (SCMP_CMP_NE, LT, LE, EQ, GE, GT or MASKED_EQ)", op)
}

func (p *parser) condition(n *node) (Condition, error) {
	var c Condition
	if n.null() {
		return c, nil
	}
	f, err := n.fields("caps", "arches", "minKernel")
	if err != nil {
		return c, err
	}
	if c.Caps, err = f["caps"].texts(); err != nil {
		return c, err
	}
	for i, name := range c.Caps {
		at := f["caps"].value.([]*node)[i]
		if known, err := ParseCapability(name); err != nil || known != name {
			return c, at.errorf("unknown capability %.40q (such as CAP_SYS_ADMIN)", name)
		}
	}
	arches, err := f["arches"].texts()
	if err != nil {
		return c, err
	}
	for i, name := range arches {
		a, err := syscalltable.ParseArch(name)
		if err != nil {
			return c, f["arches"].value.([]*node)[i].errorf("unknown architecture %.40q (such as amd64, arm64)", name)
		}
		c.Arches = append(c.Arches, a)
	}
	c.MinKernel, err = p.kernel(f["minKernel"])
	return c, err
}

func (p *parser) kernel(n *node) (KernelVersion, error) {
	var v KernelVersion
	text, err := n.text()
	if err != nil || text == "" {
		return v, err
	}
	if _, err := fmt.Sscanf(text, "%d.%d", &v.Major, &v.Minor); err != nil || v.String() != text || v.Major < 0 || v.Minor < 0 {
		return v, n.errorf("%.40q is not a kernel version such as 5.19", text)
	}
	return v, nil
}
