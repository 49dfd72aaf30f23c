package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// syscallFlags are the flags of syscall.
type syscallFlags struct {
	arch   []string
	output string
}

// tableRow is one entry of a table, as `-o json` has it.
type tableRow struct {
	Arch string `json:"arch"`
	NR   int32  `json:"nr"`
	Name string `json:"name"`
	// The oldest versions that know it; left out where it is not known, and of
	// libseccomp where 2.5.2 and older do.
	Linux      string `json:"linux,omitempty"`
	Libseccomp string `json:"libseccomp,omitempty"`
	Purpose    string `json:"purpose,omitempty"`
}

// newRow makes an entry with what knows the call.
func newRow(arch syscalltable.Arch, nr int32, name string) tableRow {
	row := tableRow{Arch: arch.String(), NR: nr, Name: name, Linux: syscalltable.Since(name), Purpose: syscalltable.Purpose(name)}
	needs := profile.RequiredBy(name)
	if needs.Kernel != (profile.KernelVersion{}) {
		row.Linux = needs.Kernel.String()
	}
	if needs.Libseccomp != (profile.LibseccompVersion{}) {
		row.Libseccomp = needs.Libseccomp.String()
	}
	return row
}

func newSyscall(env *environment) *cobra.Command {
	var f syscallFlags
	cmd := &cobra.Command{
		Use:   "syscall [NAME|NUMBER]...",
		Short: "Look up system calls by name or number, on any architecture",
		Long: `Syscall prints the number of each NAME and the name of each NUMBER (decimal or
0x hex, as in syscall=), on one architecture, several or all. A NAME may be
spelt as in C (__NR_read, SYS_read, sys_read); what is no call's name finds
those that contain it. It tells since which Linux there is the call, of calls
that libseccomp 2.5.2 does not know which one does, and what the call is for.
Without arguments it lists the whole table.`,
		Example: `  auditscan syscall openat 257
  auditscan syscall --arch all clone3
  auditscan syscall --arch arm64 -o json`,
		RunE: func(_ *cobra.Command, args []string) error { return f.run(env, args) },
	}
	cmd.Flags().StringSliceVar(&f.arch, "arch", nil, "`architectures`: x86_64, arm64, ... or all (default: this machine's)")
	cmd.Flags().StringVarP(&f.output, "output", "o", "table", "`format`: table, json")
	return cmd
}

func (f *syscallFlags) run(env *environment, args []string) error {
	arches, err := f.arches()
	if err != nil {
		return err
	}
	if f.output != "table" && f.output != "json" {
		return usageErrorf("--output: unknown format %q (one of table, json)", f.output)
	}
	rows, unknown := lookUp(env, arches, args)
	if len(rows) > 0 {
		if err := env.page(f.output); err != nil {
			return err
		}
		if err := env.output(func(w io.Writer) error { return f.write(w, rows, env.style(env.stdout)) }); err != nil {
			return err
		}
	}
	return unknown
}

func (f *syscallFlags) arches() ([]syscalltable.Arch, error) {
	names := f.arch
	if len(names) == 0 {
		names = []string{runtime.GOARCH}
	}
	var arches []syscalltable.Arch
	for _, name := range names {
		if name == "all" {
			return syscalltable.Arches(), nil
		}
		a, err := syscalltable.ParseArch(name)
		if err != nil {
			return nil, usageErrorf("--arch: %v", err)
		}
		if !a.HasTable() {
			return nil, usageErrorf("--arch: there is no table for %s", a)
		}
		arches = append(arches, a)
	}
	return arches, nil
}

// lookUp finds each argument on each architecture; without arguments it gives
// the whole tables. The error tells of the arguments that none of them knows.
func lookUp(env *environment, arches []syscalltable.Arch, args []string) ([]tableRow, error) {
	if len(args) == 0 {
		return matching(arches, ""), nil
	}
	var rows []tableRow
	var unknown []string
	for _, arg := range args {
		found := find(arches, arg)
		if len(found) == 0 && !isNumber(arg) {
			if found = matching(arches, plainName(arg)); len(found) > 0 {
				env.notef("no call is named %s; these contain it", arg)
			}
		}
		if len(found) == 0 {
			unknown = append(unknown, noCall(arches, arg))
		}
		rows = append(rows, found...)
	}
	if len(unknown) > 0 {
		return rows, errors.New(strings.Join(unknown, "; "))
	}
	return rows, nil
}

// find returns the calls of a name or number.
func find(arches []syscalltable.Arch, arg string) (rows []tableRow) {
	nr, err := parseNumber(arg)
	for _, a := range arches {
		name, ok := "", false
		if err == nil {
			name, ok = a.Name(nr)
		} else {
			name = plainName(arg)
			nr, ok = a.Number(name)
		}
		if ok {
			rows = append(rows, newRow(a, nr, name))
		}
	}
	return rows
}

// parseNumber reads a number: hex with 0x, else decimal, as Chromium prints it
// with zeros before it.
func parseNumber(text string) (int32, error) {
	base := 10
	if digits, hex := strings.CutPrefix(strings.ToLower(text), "0x"); hex {
		text, base = digits, 16
	}
	nr, err := strconv.ParseInt(text, base, 32)
	return int32(nr), err
}

// isNumber reports whether an argument can be nothing but a number.
func isNumber(arg string) bool { return arg == "" || '0' <= arg[0] && arg[0] <= '9' || arg[0] == '-' }

// plainName returns the name of a call as the tables have it.
func plainName(text string) string {
	name := strings.ToLower(text)
	for _, prefix := range []string{"__nr_", "__x64_", "__arm64_", "sys_"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}

// matching returns the calls whose names contain a text.
func matching(arches []syscalltable.Arch, part string) (rows []tableRow) {
	for _, a := range arches {
		for nr, name := range a.Calls() {
			if strings.Contains(name, part) {
				rows = append(rows, newRow(a, nr, name))
			}
		}
	}
	return rows
}

// noCall says that there is no such call, and what may have been meant.
func noCall(arches []syscalltable.Arch, arg string) string {
	where, advice := "any architecture", ""
	if len(arches) < len(syscalltable.Arches()) {
		where, advice = strings.Join(texts(arches), ", "), " (try --arch all)"
	}
	if !isNumber(arg) {
		var names []string
		for _, r := range matching(arches, "") {
			names = append(names, r.Name)
		}
		if near := closest(plainName(arg), names); near != "" {
			advice = fmt.Sprintf(" (did you mean %s?)", near)
		}
	}
	return fmt.Sprintf("no call %s on %s%s", arg, where, advice)
}

func (f *syscallFlags) write(w io.Writer, rows []tableRow, style table.Style) error {
	if f.output == "json" {
		return term.WriteJSON(w, rows, "  ")
	}
	t := table.Table{
		Columns: []table.Column{{Head: "ARCH"}, {Head: "NR"}, {Head: "NAME"}, {Head: "LINUX"}, {Head: "LIBSECCOMP"}, {Head: "PURPOSE", Fit: table.WrapText}},
		Rows: table.RowsOf(rows, func(r tableRow) []string {
			return []string{r.Arch, strconv.Itoa(int(r.NR)), r.Name, cmp.Or(r.Linux, "-"), cmp.Or(r.Libseccomp, "<=2.5.2"), cmp.Or(r.Purpose, "-")}
		}),
	}
	return t.Write(w, style)
}
