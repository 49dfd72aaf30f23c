package profile

import (
	"fmt"
	"io"

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
)

// ParseFormat reads a format's name.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case FormatOCI, FormatDocker, FormatSPO, FormatSystemd:
		return f, nil
	}
	return "", fmt.Errorf("unknown format %q (oci, docker, spo or systemd)", s)
}

// Meta is what some formats have beyond the profile.
type Meta struct {
	Name     string    // of the SPO object
	Coverage *Coverage // nil: not known
}

// Write writes the document in a format. It is an error if the format cannot
// say what the document says. Equal documents give equal bytes.
func (d *Document) Write(w io.Writer, f Format, m Meta) error {
	switch f {
	case FormatOCI:
		p, err := d.OCI()
		if err != nil {
			return err
		}
		return Encode(w, p)
	case FormatDocker:
		return encodeJSON(w, d.docker())
	case FormatSPO:
		return d.writeSPO(w, m)
	case FormatSystemd:
		return d.writeSystemd(w)
	}
	return fmt.Errorf("unknown format %q", f)
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
