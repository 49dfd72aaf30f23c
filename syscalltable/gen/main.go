// Command gen writes the tables of package syscalltable, z*.go:
//
//	go run ./gen [-o DIR]
//
// It needs no network. Its inputs are golang.org/x/sys/unix, of the version
// in go.mod, and for what that lacks the extracts of Linux headers in
// gen/headers. Both have to be of the same kernel release; after an update of
// golang.org/x/sys, extracts are made anew from Debian's linux-libc-dev:
//
//	apt-get download linux-libc-dev=7.2.13-1
//	go run ./gen -extract linux-libc-dev_7.2.13-1_all.deb
//
// The releases that calls came with are from syscalls(2) of Debian's manpages-dev:
//
//	go run ./gen -manual /usr/share/man/man2/syscalls.2.gz
//
// This needs dpkg-deb and dpkg-query. It takes every header that gen wants from a package of
// that release; the one for s390, which Linux 7.2 no longer has, comes from
// linux-libc-dev 6.12.117-1.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	out := flag.String("o", ".", "write z*.go to this `directory`")
	deb := flag.String("extract", "", "make gen/headers from this linux-libc-dev `package` instead")
	manual := flag.String("manual", "", "make gen/kernels.txt from this `page` instead")
	flag.Parse()
	if err := run(*out, *deb, *manual); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(out, deb, manual string) error {
	if manual != "" {
		return extractManual(manual)
	}
	sys, err := findXSys()
	if err != nil {
		return err
	}
	if deb != "" {
		return extractDeb(deb, filepath.Join("gen", "headers"), sys.release)
	}
	return generate(sys, out)
}

// generate writes all tables to the directory.
func generate(sys *xsys, dir string) error {
	for _, t := range tables {
		calls, sources, err := t.build(sys)
		if err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
		if err := write(dir, t.name, renderTable(t, sources, calls)); err != nil {
			return err
		}
	}
	if err := write(dir, "kernels", renderKernels(kernels)); err != nil {
		return err
	}
	return write(dir, "version", renderVersion(sys))
}

// write makes the file of a table. The name has no _ before the architecture,
// which Go would take for a build constraint.
func write(dir, table string, text []byte) error {
	name := "z" + strings.ToLower(table) + ".go"
	return os.WriteFile(filepath.Join(dir, name), text, 0o644)
}
