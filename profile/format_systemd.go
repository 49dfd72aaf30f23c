package profile

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/syscalltable"
)

// writeSystemd writes the document as a drop-in for a service, see
// systemd.exec(5).
func (d *Document) writeSystemd(w io.Writer) error {
	u, err := d.unit()
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, u)
	return err
}

// unit returns the text of the drop-in. systemd has one list of calls, no
// arguments, and under an allow-list one error number for all others.
func (d *Document) unit() (string, error) {
	if err := d.fitsSystemd(); err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintln(&b, "[Service]")
	if d.Default.Action == syscalltable.ActionAllow {
		d.systemdDenied(&b)
	} else if err := d.systemdAllowed(&b); err != nil {
		return "", err
	}
	if len(d.Architectures) > 0 {
		var names []string
		for _, a := range d.Architectures {
			names = append(names, systemdArch(a))
		}
		fmt.Fprintln(&b, "SystemCallArchitectures="+strings.Join(names, " "))
	}
	return b.String(), nil
}

// fitsSystemd refuses what a unit cannot say.
func (d *Document) fitsSystemd() error {
	switch {
	case d.Conditional():
		return d.cannot(FormatSystemd, "it has conditions (archMap, includes, excludes)")
	case slices.ContainsFunc(d.Rules, func(r Rule) bool { return len(r.Args) > 0 }):
		return d.cannot(FormatSystemd, "it has rules with arguments")
	}
	for _, a := range d.Architectures {
		if systemdArch(a) == "" {
			return d.cannot(FormatSystemd, "systemd does not know %s", a)
		}
	}
	for _, r := range d.Rules {
		switch r.Outcome.Action {
		case syscalltable.ActionAllow, syscalltable.ActionErrno, syscalltable.ActionKillProcess:
		default:
			return d.cannot(FormatSystemd, "it has rules of %s", r.Outcome.Action)
		}
	}
	return nil
}

// systemdAllowed writes an allow-list. A rule of its own for a call that is
// refused, as for clone3, cannot be said; where it is ENOSYS that becomes the
// number for all calls, for the C library depends on it.
func (d *Document) systemdAllowed(b *strings.Builder) error {
	number := d.Default
	for _, r := range d.Rules {
		switch {
		case r.Outcome.Action == syscalltable.ActionAllow:
			fmt.Fprintln(b, "SystemCallFilter="+strings.Join(r.Names, " "))
		case r.Outcome.Action == syscalltable.ActionErrno && r.Outcome.Errno == ENOSYS && number.Action == syscalltable.ActionErrno:
			fmt.Fprintf(b, "# systemd has one error number for all calls that are not listed: that of %s.\n", strings.Join(r.Names, ", "))
			number = r.Outcome
		default:
			return d.cannot(FormatSystemd, "%s is answered with %s, not with the default", r.Names[0], r.Outcome)
		}
	}
	switch number.Action {
	case syscalltable.ActionErrno:
		fmt.Fprintln(b, "SystemCallErrorNumber="+errnoName(number.Errno))
	case syscalltable.ActionKillProcess: // what systemd does by itself
	default:
		return d.cannot(FormatSystemd, "its default is %s", number)
	}
	return nil
}

// systemdDenied writes a deny-list.
func (d *Document) systemdDenied(b *strings.Builder) {
	for _, r := range d.Rules {
		if r.Outcome == d.Default {
			continue
		}
		suffix := ":kill"
		if r.Outcome.Action == syscalltable.ActionErrno {
			suffix = ":" + errnoName(r.Outcome.Errno)
		}
		fmt.Fprintln(b, "SystemCallFilter=~"+strings.Join(r.Names, suffix+" ")+suffix)
	}
}

// systemdArch returns systemd's name of an architecture (systemd.exec(5),
// ConditionArchitecture= of systemd.unit(5)); "" if it has none.
func systemdArch(a syscalltable.Arch) string {
	switch a {
	case syscalltable.X86_64:
		return "x86-64"
	case syscalltable.I386:
		return "x86"
	case syscalltable.AArch64:
		return "arm64"
	case syscalltable.PPC64LE:
		return "ppc64-le"
	case syscalltable.MIPSEL:
		return "mips-le"
	case syscalltable.MIPSEL64:
		return "mips64-le"
	case syscalltable.MIPSEL64N32:
		return "mips64-le-n32"
	case syscalltable.MIPS64N32:
		return "mips64-n32"
	case syscalltable.X32, syscalltable.ARM, syscalltable.RISCV64, syscalltable.LoongArch64, syscalltable.PPC,
		syscalltable.PPC64, syscalltable.S390, syscalltable.S390X, syscalltable.MIPS, syscalltable.MIPS64,
		syscalltable.PARISC, syscalltable.PARISC64, syscalltable.M68K:
		return a.String()
	}
	return ""
}
