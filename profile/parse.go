package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
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

// ReadOptions say what reading a profile depends on beside its text. The zero
// value is a profile for this machine that stands alone.
type ReadOptions struct {
	// Host is the machine that a unit of systemd, a policy of minijail or a list of
	// LXC is for: these say less of architectures than profiles of runtimes do.
	// NoArch stands for this one.
	Host syscalltable.Arch
	// Systemd is the version of systemd that a unit is for: sets of calls differ
	// between versions. 0 stands for the newest that is known.
	Systemd int
	// Include opens what a policy of minijail includes; nil: nothing may be.
	Include func(name string) (io.ReadCloser, error)
}

// Read reads a profile as [Parse] does, but no more of the input than a
// profile can have.
func Read(in io.Reader, name string, o ReadOptions) (*Document, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	if err != nil {
		return nil, err
	}
	return parseFor(data, name, o)
}

// Parse reads a profile for this machine in any of these forms, told apart by
// what they hold:
//
//   - OCI's and Docker's JSON (with the errno names of Podman's)
//   - the config.json of a bundle, also as `ctr container info` and `crictl inspect` print it
//   - a SeccompProfile of the security-profiles-operator in YAML or JSON, also in a List
//   - SystemCallFilter= and the like of units and drop-ins of systemd
//   - policies of minijail
//   - lists of LXC
//
// Name is for errors.
//
// What runtimes pass over is passed over with a note in Document.Notes: unknown
// keys and calls, values without effect, and rules that come after one that
// holds. What they would refuse, or take for something else than it says, is
// an error that is a [*SyntaxError] with the place.
func Parse(data []byte, name string) (*Document, error) {
	return parseFor(data, name, ReadOptions{})
}

// parseFor reads a profile as [Parse] does, for any machine.
func parseFor(data []byte, name string, o ReadOptions) (*Document, error) {
	if err := checkText(data, name); err != nil {
		return nil, err
	}
	p := &parser{known: knownNames(), file: name, host: o.Host, systemd: o.Systemd, include: o.Include}
	if p.host == syscalltable.NoArch {
		p.host = thisHost()
	}
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

// thisHost returns the architecture of this machine; x86_64 if it has none that
// Linux runs on.
func thisHost() syscalltable.Arch {
	a, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil {
		return syscalltable.X86_64
	}
	return a
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
	file    string
	known   map[string]bool // every call of every architecture
	host    syscalltable.Arch
	systemd int
	include func(name string) (io.ReadCloser, error)
	notes   []*SyntaxError
}

// note keeps what is passed over.
func (p *parser) note(e *SyntaxError) { p.notes = append(p.notes, e) }

// parse reads whatever form the text has.
func (p *parser) parse(data []byte) (*Document, error) {
	text := bytes.TrimSpace(data)
	switch {
	case text[0] == '{' && !policyBraces.Match(text), text[0] == '[' && !unitStart.Match(text):
		root, err := parseJSON(data, p.file)
		if err != nil {
			return nil, err
		}
		return p.root(root)
	case isYAML(text):
		return p.yaml(data)
	}
	if read := p.linesForm(data); read != nil {
		return read(lines(data))
	}
	line := 1 + bytes.Count(data[:bytes.Index(data, text)], []byte("\n"))
	if isComment(text) && bytes.ContainsRune(text, '{') {
		return nil, &SyntaxError{File: p.file, Line: line, Column: 1, Msg: noComment}
	}
	return nil, &SyntaxError{File: p.file, Line: line, Column: 1, Msg: "not JSON: a profile begins with {, and " +
		"no SeccompProfile in YAML, unit of systemd, policy of minijail or list of LXC either"}
}

func parseJSON(data []byte, name string) (*node, error) {
	root, err := strictjson.Parse(data, name, strictjson.Limits{Text: maxBytes, Depth: maxDepth})
	if e, ok := err.(*SyntaxError); ok {
		explainJSON(e, data)
	}
	return root, err
}

// explainJSON says so where an error is a comment or a comma behind the last
// value, which people write and other readers take.
func explainJSON(e *SyntaxError, data []byte) {
	lines := bytes.SplitAfter(data, []byte("\n"))
	if e.Line < 1 || e.Line > len(lines) || e.Column > len(lines[e.Line-1]) {
		return
	}
	offset := max(e.Column, 1) - 1
	for _, line := range lines[:e.Line-1] {
		offset += len(line)
	}
	before, rest := bytes.TrimSpace(data[:offset]), data[offset:]
	next := bytes.TrimLeft(rest, ", \t\r\n")
	comma := bytes.HasSuffix(before, []byte(",")) || bytes.HasPrefix(rest, []byte(",")) && !bytes.HasPrefix(bytes.TrimLeft(rest[1:], " \t\r\n"), []byte(","))
	switch {
	case isComment(rest):
		e.Msg = noComment
	case comma && len(next) > 0 && (next[0] == ']' || next[0] == '}'):
		e.Msg = fmt.Sprintf("not JSON: a comma before %c, which runtimes do not read: take it out", next[0])
	}
}

const noComment = "not JSON: a comment, which runtimes do not read: take it out"

func isComment(text []byte) bool {
	return bytes.HasPrefix(text, []byte("//")) || bytes.HasPrefix(text, []byte("/*")) || bytes.HasPrefix(text, []byte("#"))
}

// root reads a profile, or what one is in.
func (p *parser) root(n *node) (*Document, error) {
	switch {
	case member(n, "apiVersion") != nil && member(n, "kind") != nil:
		return p.objects([]*node{n})
	case member(n, "ociVersion") != nil || member(n, "linux") != nil:
		return p.bundle(n)
	}
	for _, path := range specPaths {
		spec := n
		for _, key := range path {
			spec = member(spec, key)
		}
		if spec != nil {
			return p.bundle(spec)
		}
	}
	return p.document(n)
}

// specPaths lead to a container's configuration, as it is in a bundle, in what
// `ctr container info` (and nerdctl) and `crictl inspect` print.
var specPaths = [][]string{{"Spec"}, {"info", "runtimeSpec"}}

// member returns an object's member; nil: there is none, or it is no object.
func member(n *node, key string) *node {
	if n == nil {
		return nil
	}
	members, _ := n.Value.([]strictjson.Member)
	for _, m := range members {
		if m.Key == key {
			return m.Value
		}
	}
	return nil
}

// bundle reads the profile of a bundle's config.json.
func (p *parser) bundle(root *node) (*Document, error) {
	if seccomp := member(member(root, "linux"), "seccomp"); !seccomp.Absent() {
		return p.document(seccomp)
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
	for _, note := range p.notes {
		if action.Absent() && strings.Contains(note.Msg, `"defaultAction"`) { // misspelt
			return Outcome{}, note
		}
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
	return o, p.ErrnoName(&o, number, name)
}

// ErrnoName reads Podman's errno, which has to agree with the number.
func (p *parser) ErrnoName(o *Outcome, number, name *node) error {
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
