package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/internal/strictjson"
	"github.com/auditscan/auditscan/syscalltable"
)

// A SyntaxError is something in a profile that cannot be taken at its word:
// file, line and column, what is wrong, and what to do.
type SyntaxError = strictjson.Error

type node = strictjson.Node

// Limits of a profile's text. Docker's default has 14 kB and a depth of 6, a
// bundle's config.json rarely more than 50 kB.
const (
	maxBytes = 256 << 10
	maxDepth = 16
)

// Sniff reports whether a file that begins with head, a few bytes, is a profile:
// whether its first key is one that profiles have and logs do not.
func Sniff(head []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(head, byteOrderMark)))
	begin, _ := dec.Token()
	key, _ := dec.Token()
	switch key {
	case "defaultAction", "defaultErrnoRet", "defaultErrno", "architectures", "archMap", "syscalls", "ociVersion":
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

// Parse reads a profile in any of these forms, told apart by what they hold:
// OCI's and Docker's JSON (with the errno names of Podman's), the config.json
// of a bundle, a SeccompProfile of the security-profiles-operator in YAML or
// JSON, also in a List, systemd's unit files, minijail's policies and LXC's
// lists. Name is for errors.
//
// What runtimes pass over is passed over with a note in Document.Notes: unknown
// keys and calls, values without effect, and rules that come after one that
// holds. What they would refuse, or take for something else than it says, is
// an error that is a [*SyntaxError] with the place.
func Parse(data []byte, name string) (*Document, error) {
	if err := checkText(data, name); err != nil {
		return nil, err
	}
	p := &parser{known: knownNames(), file: name}
	d, err := p.parse(data)
	if err != nil {
		return nil, err
	}
	d.Name = name
	if err := d.settleDoubles(p.note); err != nil {
		return nil, err
	}
	d.Notes = p.notes
	return d, nil
}

// byteOrderMark is what editors and shells of Windows put before text.
var byteOrderMark = []byte("\ufeff")

// checkText refuses what is no profile at first sight.
func checkText(data []byte, name string) error {
	at := func(offset int, msg string) error {
		line := 1 + bytes.Count(data[:offset], []byte("\n"))
		return &SyntaxError{File: name, Line: line, Column: offset - bytes.LastIndexByte(data[:offset], '\n'), Msg: msg}
	}
	switch bad := notUTF8(data); {
	case len(data) > maxBytes:
		return &SyntaxError{File: name, Msg: fmt.Sprintf("larger than %d kB: no seccomp profile", maxBytes>>10)}
	case len(bytes.TrimSpace(data)) == 0:
		return &SyntaxError{File: name, Msg: "empty: no seccomp profile"}
	case bytes.HasPrefix(data, byteOrderMark):
		return at(0, "not JSON: a byte order mark, which runtimes do not read: save it as UTF-8 without")
	case bad >= 0:
		return at(bad, "not JSON: not UTF-8, or binary: save it as UTF-8")
	}
	return nil
}

// notUTF8 returns the offset of the first byte that cannot be in a text, or -1.
func notUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// parser reads one profile.
type parser struct {
	file  string
	known map[string]bool // every call of every architecture
	notes []*SyntaxError
}

// note keeps what is passed over.
func (p *parser) note(e *SyntaxError) { p.notes = append(p.notes, e) }

// parse reads whatever form the text has.
func (p *parser) parse(data []byte) (*Document, error) {
	text := bytes.TrimSpace(data)
	switch {
	case text[0] == '{' || text[0] == '[':
		root, err := parseJSON(data, p.file)
		if err != nil {
			return nil, err
		}
		return p.root(root)
	case isYAML(text):
		return p.yaml(data)
	}
	line := 1 + bytes.Count(data[:bytes.Index(data, text)], []byte("\n"))
	return nil, &SyntaxError{File: p.file, Line: line, Column: 1, Msg: "not JSON: a profile begins with {, " +
		"and no SeccompProfile in YAML, unit of systemd, policy of minijail or list of LXC either"}
}

func parseJSON(data []byte, name string) (*node, error) {
	root, err := strictjson.Parse(data, name, strictjson.Limits{Text: maxBytes, Depth: maxDepth})
	if e, ok := err.(*SyntaxError); ok {
		explainComment(e, data)
	}
	return root, err
}

// explainComment says so where an error is a comment.
func explainComment(e *SyntaxError, data []byte) {
	lines := bytes.SplitAfter(data, []byte("\n"))
	if e.Line < 1 || e.Line > len(lines) || e.Column > len(lines[e.Line-1]) {
		return
	}
	rest := lines[e.Line-1][max(e.Column, 1)-1:]
	if bytes.HasPrefix(rest, []byte("//")) || bytes.HasPrefix(rest, []byte("/*")) || bytes.HasPrefix(rest, []byte("#")) {
		e.Msg = "not JSON: a comment, which runtimes do not read: take it out"
	}
}

// root reads a profile, or what one is in.
func (p *parser) root(n *node) (*Document, error) {
	members, _ := n.Value.([]strictjson.Member)
	keys := map[string]*node{}
	for _, m := range members {
		keys[m.Key] = m.Value
	}
	switch {
	case keys["apiVersion"] != nil && keys["kind"] != nil:
		return p.objects([]*node{n})
	case keys["ociVersion"] != nil || keys["linux"] != nil:
		return p.bundle(n, keys["linux"])
	}
	return p.document(n)
}

// bundle reads the profile of a bundle's config.json.
func (p *parser) bundle(root, linux *node) (*Document, error) {
	if !linux.Absent() {
		members, _ := linux.Value.([]strictjson.Member)
		for _, m := range members {
			if m.Key == "seccomp" && !m.Value.Absent() {
				return p.document(m.Value)
			}
		}
	}
	return nil, root.Errorf("linux.seccomp is missing: containers of this bundle have no seccomp profile")
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

// document reads a profile in OCI's or Docker's form; more are keys that may
// stand in it besides.
func (p *parser) document(root *node, more ...string) (*Document, error) {
	f, err := root.Fields(p.note, append(more, "defaultAction", "defaultErrnoRet", "defaultErrno", "architectures", "archMap",
		"flags", "listenerPath", "listenerMetadata", "syscalls")...)
	if err != nil {
		return nil, err
	}
	if !f["architectures"].Absent() && !f["archMap"].Absent() {
		return nil, f["archMap"].Errorf("together with architectures: Docker refuses both")
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
	rules, err := f["syscalls"].Items()
	if err != nil {
		return nil, err
	}
	for _, item := range rules {
		r, err := p.rule(item)
		if err != nil {
			return nil, err
		}
		if len(r.Names) > 0 {
			d.Rules = append(d.Rules, *r)
		}
	}
	return d, nil
}

func (p *parser) defaultOutcome(root *node, f map[string]*node) (Outcome, error) {
	action := f["defaultAction"]
	if action.Absent() && len(p.notes) > 0 {
		return Outcome{}, p.notes[0] // perhaps defaultAction itself, misspelt
	}
	if action.Absent() {
		return Outcome{}, root.Errorf("defaultAction is missing: a runtime takes that for no profile at all")
	}
	o, err := p.outcome(action, f["defaultErrnoRet"], f["defaultErrno"])
	if err == nil && o.Action == syscalltable.ActionUserNotif {
		err = action.Errorf("SCMP_ACT_NOTIFY cannot be the default: runtimes refuse it")
	}
	return o, err
}

// filterFlags are what runc and crun take.
var filterFlags = []specs.LinuxSeccompFlag{
	"SECCOMP_FILTER_FLAG_TSYNC", specs.LinuxSeccompFlagLog, specs.LinuxSeccompFlagSpecAllow, specs.LinuxSeccompFlagWaitKillableRecv,
}

// extras reads what has no influence on answers.
func (p *parser) extras(d *Document, f map[string]*node) error {
	flags, err := f["flags"].Texts()
	if err != nil {
		return err
	}
	for i, flag := range flags {
		if !slices.Contains(filterFlags, specs.LinuxSeccompFlag(flag)) {
			return f["flags"].Value.([]*node)[i].Errorf("unknown flag %.40q (such as SECCOMP_FILTER_FLAG_LOG); runtimes refuse it", flag)
		}
		d.Flags = append(d.Flags, specs.LinuxSeccompFlag(flag))
	}
	if d.ListenerPath, err = f["listenerPath"].Text(); err != nil {
		return err
	}
	d.ListenerMetadata, err = f["listenerMetadata"].Text()
	return err
}

// outcome reads an action with its number, which Podman also writes as a name.
func (p *parser) outcome(action, number, name *node) (Outcome, error) {
	var o Outcome
	text, err := action.Text()
	if err != nil {
		return o, err
	}
	if o.Action, err = parseSCMPAction(text); err != nil {
		return o, action.Errorf("%v", err)
	}
	if !carriesErrno(o.Action) {
		for _, n := range []*node{number, name} {
			if !n.Absent() && n.Value != "" {
				p.note(n.Errorf("%s gives no error number: passed over", text))
			}
		}
		return o, nil
	}
	o.Errno = EPERM
	if !number.Absent() {
		v, err := number.Unsigned(maxErrno)
		if err != nil {
			return o, err
		}
		o.Errno = uint16(v)
	}
	return o, p.errnoName(&o, number, name)
}

// errnoName reads Podman's errno, which has to agree with the number.
func (p *parser) errnoName(o *Outcome, number, name *node) error {
	text, err := name.Text()
	if err != nil || text == "" {
		return err
	}
	v, err := ParseErrno(text)
	switch {
	case err != nil:
		return name.Errorf("%v", err)
	case !number.Absent() && v != o.Errno:
		return name.Errorf("%s is %d, but the number beside it is %d", text, v, o.Errno)
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
	text, err := n.Text()
	if err != nil {
		return syscalltable.NoArch, err
	}
	a, err := syscalltable.ParseArch(text)
	if err != nil || !strings.HasPrefix(text, "SCMP_ARCH_") {
		return syscalltable.NoArch, n.Errorf("unknown architecture %.40q (such as SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64)", text)
	}
	return a, nil
}

func (p *parser) arches(n *node) ([]syscalltable.Arch, error) {
	items, err := n.Items()
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
	items, err := n.Items()
	if err != nil {
		return nil, err
	}
	var list []ArchMapping
	for _, item := range items {
		f, err := item.Fields(p.note, "architecture", "subArchitectures")
		if err != nil {
			return nil, err
		}
		if f["architecture"].Absent() {
			return nil, item.Errorf("architecture is missing")
		}
		var m ArchMapping
		if m.Arch, err = p.arch(f["architecture"]); err != nil {
			return nil, err
		}
		if m.Sub, err = p.arches(f["subArchitectures"]); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(list, func(other ArchMapping) bool { return other.Arch == m.Arch }) {
			p.note(f["architecture"].Errorf("%s stands here twice: Docker takes the first alone", m.Arch.SCMP()))
			continue
		}
		list = append(list, m)
	}
	return list, nil
}

func (p *parser) rule(n *node) (*Rule, error) {
	f, err := n.Fields(p.note, "names", "name", "action", "errnoRet", "errno", "args", "comment", "includes", "excludes")
	if err != nil {
		return nil, err
	}
	if f["action"].Absent() {
		return nil, n.Errorf("action is missing")
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
	if r.Comment, err = f["comment"].Text(); err != nil {
		return nil, err
	}
	if r.Includes, err = p.condition(f["includes"]); err != nil {
		return nil, err
	}
	r.Excludes, err = p.condition(f["excludes"])
	return r, err
}

// names reads a rule's calls. A name that libseccomp does not know is passed
// over by every runtime, so that the default answers the call.
func (p *parser) names(rule, names, name *node) ([]string, error) {
	list, err := names.Texts()
	if err != nil {
		return nil, err
	}
	single, err := name.Text()
	switch {
	case err != nil:
		return nil, err
	case single != "" && len(list) > 0:
		return nil, name.Errorf("together with names: Docker refuses both")
	case single != "":
		return p.knownCalls([]string{single}, func(int) *node { return name }), nil
	case len(list) == 0:
		p.note(rule.Errorf("names is missing or empty: a rule for no call"))
		return nil, nil
	}
	return p.knownCalls(list, func(i int) *node { return names.Value.([]*node)[i] }), nil
}

// knownCalls returns the names that are in some table, and notes the others.
func (p *parser) knownCalls(list []string, at func(int) *node) []string {
	var known []string
	for i, s := range list {
		if p.known[s] {
			known = append(known, s)
			continue
		}
		p.note(at(i).Errorf("unknown system call %.40q%s (in no table of %s; runtimes pass over it, and the default answers the call)", s, p.likely(s), syscalltable.KernelVersion))
	}
	return known
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
	items, err := n.Items()
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
	f, err := n.Fields(p.note, "index", "value", "valueTwo", "op")
	if err != nil {
		return a, err
	}
	for _, key := range []string{"index", "op"} {
		if f[key].Absent() {
			return a, n.Errorf("%s is missing", key)
		}
	}
	index, err := f["index"].Unsigned(5)
	if err != nil {
		return a, err
	}
	a.Index = uint(index)
	if a.Value, err = f["value"].Unsigned(1<<64 - 1); err != nil {
		return a, err
	}
	if a.ValueTwo, err = f["valueTwo"].Unsigned(1<<64 - 1); err != nil {
		return a, err
	}
	op, err := f["op"].Text()
	if err != nil {
		return a, err
	}
	switch a.Op = specs.LinuxSeccompOperator(op); a.Op {
	case specs.OpMaskedEqual:
		return a, nil
	case specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpEqualTo, specs.OpGreaterEqual, specs.OpGreaterThan:
		if a.ValueTwo != 0 {
			p.note(f["valueTwo"].Errorf("has no effect beside %s: passed over", op))
			a.ValueTwo = 0
		}
		return a, nil
	}
	return a, f["op"].Errorf("unknown operator %.40q (SCMP_CMP_NE, LT, LE, EQ, GE, GT or MASKED_EQ)", op)
}

func (p *parser) condition(n *node) (Condition, error) {
	var c Condition
	if n.Absent() {
		return c, nil
	}
	f, err := n.Fields(p.note, "caps", "arches", "minKernel")
	if err != nil {
		return c, err
	}
	if c.Caps, err = f["caps"].Texts(); err != nil {
		return c, err
	}
	for i, name := range c.Caps {
		at := f["caps"].Value.([]*node)[i]
		if known, err := ParseCapability(name); err != nil || known != name {
			p.note(at.Errorf("unknown capability %.40q (such as CAP_SYS_ADMIN): no container has it", name))
		}
	}
	arches, err := f["arches"].Texts()
	if err != nil {
		return c, err
	}
	for i, name := range arches {
		a, err := syscalltable.ParseArch(name)
		if err != nil {
			return c, f["arches"].Value.([]*node)[i].Errorf("unknown architecture %.40q (such as amd64, arm64)", name)
		}
		c.Arches = append(c.Arches, a)
	}
	c.MinKernel, err = p.kernel(f["minKernel"])
	return c, err
}

func (p *parser) kernel(n *node) (KernelVersion, error) {
	var v KernelVersion
	text, err := n.Text()
	if err != nil || text == "" {
		return v, err
	}
	if _, err := fmt.Sscanf(text, "%d.%d", &v.Major, &v.Minor); err != nil || v.String() != text || v.Major < 0 || v.Minor < 0 {
		return v, n.Errorf("%.40q is not a kernel version such as 5.19", text)
	}
	return v, nil
}
