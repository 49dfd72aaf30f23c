package profile

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/internal/term"
)

// Format is a way to write a profile down.
type Format string

// The formats.
const (
	// FormatOCI is what runc, crun, containerd, CRI-O, Docker, Podman and the
	// kubelet's localhostProfile all read.
	FormatOCI Format = "oci"
	// FormatDocker has archMap and conditions; Docker and Podman read it.
	FormatDocker Format = "docker"
	// FormatSPO is the SeccompProfile of the security-profiles-operator.
	FormatSPO Format = "spo"
	// FormatSystemd is a drop-in with SystemCallFilter=.
	FormatSystemd Format = "systemd"
	// FormatMinijail is a policy of minijail.
	FormatMinijail Format = "minijail"
	formatLXC      Format = "lxc" // which is read alone
)

// Formats returns all formats.
func Formats() []Format {
	return []Format{FormatOCI, FormatDocker, FormatSPO, FormatSystemd, FormatMinijail}
}

// ParseFormat reads a format's name.
func ParseFormat(s string) (Format, error) {
	if f := Format(s); slices.Contains(Formats(), f) {
		return f, nil
	}
	return "", fmt.Errorf("unknown format %q (oci, docker, spo, systemd or minijail)", s)
}

// Meta is what some formats have beyond the profile.
type Meta struct {
	Name     string    // of the SPO object
	Coverage *Coverage // nil: not known
}

// Write writes the document in a format. Equal documents give equal bytes.
//
// Unsaid is what of the document the format cannot say and that was left out: for
// each the written profile is the stricter one. It is an error if it would let
// more run than the document.
func (d *Document) Write(w io.Writer, f Format, m Meta) (unsaid []string, err error) {
	if d.form != "" {
		d = d.grouped()
	}
	var text string
	switch f {
	case FormatOCI:
		p, err := d.OCI()
		if err != nil {
			return nil, err
		}
		return nil, Encode(w, p)
	case FormatDocker:
		return nil, encodeJSON(w, d.docker())
	case FormatSPO:
		return d.writeSPO(w, m)
	case FormatSystemd:
		text, unsaid, err = d.unit()
	case FormatMinijail:
		text, unsaid, err = d.policyText()
	default:
		err = fmt.Errorf("unknown format %q", f)
	}
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	return unsaid, err
}

// grouped returns the document with a rule for all calls that are answered alike:
// forms of a line a call have one for each.
func (d *Document) grouped() *Document {
	g := *d
	g.setRules(d.Rules)
	return &g
}

// setRules sets the rules: one for all calls that are answered alike whatever
// their arguments, and behind these the others in their order, which can tell
// which of two holds.
func (d *Document) setRules(rules []Rule) {
	d.Rules = nil
	for _, r := range rules {
		for _, name := range r.Names {
			if len(r.Args) == 0 {
				d.addRules(name, []Rule{r})
			}
		}
	}
	d.sort()
	for _, r := range rules {
		if len(r.Args) > 0 {
			d.Rules = append(d.Rules, Rule{Names: r.Names, Outcome: r.Outcome, Args: r.Args})
		}
	}
}

// unsaid collects what a format cannot say.
type unsaid struct{ list []string }

func (u *unsaid) note(texts ...string) {
	for _, text := range texts {
		if text != "" && !slices.Contains(u.list, text) {
			u.list = append(u.list, text)
		}
	}
}

// unsaidSettings tells of flags and listener, which only runtimes know.
func (d *Document) unsaidSettings(whose string) string {
	var what []string
	for _, flag := range d.Flags {
		what = append(what, string(flag))
	}
	if d.ListenerPath != "" {
		what = append(what, "listenerPath")
	}
	if d.ListenerMetadata != "" {
		what = append(what, "listenerMetadata")
	}
	if len(what) == 0 {
		return ""
	}
	return fmt.Sprintf("%s has no %s", whose, strings.Join(what, ", "))
}

// Encode writes a profile in OCI's form as indented JSON.
func Encode(w io.Writer, p *specs.LinuxSeccomp) error { return encodeJSON(w, p) }

func encodeJSON(w io.Writer, v any) error { return term.WriteJSON(w, v, "  ") }

// cannot is the error for what a format cannot say.
func (d *Document) cannot(f Format, format string, args ...any) error {
	return fmt.Errorf("%s: cannot be written in the form of %s: %s", d.Name, f, fmt.Sprintf(format, args...))
}

// OCI returns the document in OCI's form, which has no conditions.
func (d *Document) OCI() (*specs.LinuxSeccomp, error) {
	if d.Conditional() {
		return nil, d.cannot(FormatOCI, "it has conditions (archMap, includes, excludes); docker can")
	}
	p := &specs.LinuxSeccomp{
		DefaultAction: d.Default.scmp(), DefaultErrnoRet: d.Default.errnoRet(),
		Flags: d.Flags, ListenerPath: d.ListenerPath, ListenerMetadata: d.ListenerMetadata,
	}
	for _, a := range d.Architectures {
		p.Architectures = append(p.Architectures, specs.Arch(a.SCMP()))
	}
	for _, r := range d.Rules {
		p.Syscalls = append(p.Syscalls, r.oci())
	}
	return p, nil
}

func (r *Rule) oci() specs.LinuxSyscall {
	return specs.LinuxSyscall{Names: r.Names, Action: r.Outcome.scmp(), ErrnoRet: r.Outcome.errnoRet(), Args: r.Args}
}
