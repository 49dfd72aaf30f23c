package main

import (
	"fmt"
	"io"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/syscalltable"
)

// syscallFlags are the flags of syscall.
type syscallFlags struct {
	arch   string
	output string
}

// tableRow is one entry of a table, as `-o json` has it.
type tableRow struct {
	Arch string `json:"arch"`
	NR   int32  `json:"nr"`
	Name string `json:"name"`
}

func newSyscall(env *environment) *cobra.Command {
	var f syscallFlags
	cmd := &cobra.Command{
		Use:   "syscall [NAME|NUMBER]...",
		Short: "Look up system calls by name or number, on any architecture",
		Long: `Syscall prints the number of each NAME and the name of each NUMBER (decimal or
0x hex, as in syscall=), on one architecture or all. Without arguments it lists
the whole table.`,
		Example: `  auditscan syscall openat 257
  auditscan syscall --arch all clone3
  auditscan syscall --arch arm64 -o json`,
		RunE: func(_ *cobra.Command, args []string) error { return f.run(env, args) },
	}
	cmd.Flags().StringVar(&f.arch, "arch", "", "`architecture`: x86_64, arm64, ... or all (default: this machine's)")
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
	rows, err := lookUp(arches, args)
	if err != nil {
		return err
	}
	return env.output(func(w io.Writer) error { return f.write(w, rows, env.style(env.stdout)) })
}

func (f *syscallFlags) arches() ([]syscalltable.Arch, error) {
	switch f.arch {
	case "all":
		return syscalltable.Arches(), nil
	case "":
		f.arch = runtime.GOARCH
	}
	a, err := syscalltable.ParseArch(f.arch)
	if err != nil {
		return nil, usageErrorf("--arch: %v", err)
	}
	if !a.HasTable() {
		return nil, usageErrorf("--arch: there is no table for %s", a)
	}
	return []syscalltable.Arch{a}, nil
}

// lookUp finds each argument on each architecture; without arguments it gives
// the whole tables. An argument that none of them knows is an error.
func lookUp(arches []syscalltable.Arch, args []string) ([]tableRow, error) {
	rows := []tableRow{}
	if len(args) == 0 {
		for _, a := range arches {
			for nr, name := range a.Calls() {
				rows = append(rows, tableRow{a.String(), nr, name})
			}
		}
	}
	for _, arg := range args {
		before := len(rows)
		for _, a := range arches {
			if nr, name, ok := find(a, arg); ok {
				rows = append(rows, tableRow{a.String(), nr, name})
			}
		}
		if len(rows) == before {
			return nil, fmt.Errorf("no call %s on %s", arg, archNames(arches))
		}
	}
	return rows, nil
}

func find(a syscalltable.Arch, arg string) (nr int32, name string, ok bool) {
	if v, err := strconv.ParseInt(arg, 0, 32); err == nil {
		name, ok = a.Name(int32(v))
		return int32(v), name, ok
	}
	nr, ok = a.Number(arg)
	return nr, arg, ok
}

func archNames(arches []syscalltable.Arch) string {
	if len(arches) == 1 {
		return arches[0].String() + " (try --arch all)"
	}
	return "any architecture"
}

func (f *syscallFlags) write(w io.Writer, rows []tableRow, style table.Style) error {
	if f.output == "json" {
		return term.WriteJSON(w, rows, "  ")
	}
	t := table.Table{
		Columns: []table.Column{{Head: "ARCH"}, {Head: "NR"}, {Head: "NAME"}},
		Rows: table.RowsOf(rows, func(r tableRow) []string {
			return []string{r.Arch, strconv.Itoa(int(r.NR)), r.Name}
		}),
	}
	return t.Write(w, style)
}
