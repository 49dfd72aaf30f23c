package main

import (
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

// kernelsFile holds what was taken from syscalls(2): a name and the release that
// the call came with, a line each.
const kernelsFile = "gen/kernels.txt"

//go:embed kernels.txt
var kernels string

// introduces matches a row of the table of syscalls(2) of the Linux manual pages.
var introduces = regexp.MustCompile(`(?m)^\\fB([a-z0-9_]+)\\fP\(2\)\t([0-9]+(?:\.[0-9]+)+)`)

// extractManual writes kernelsFile anew from the page of a package.
func extractManual(page string) error {
	owner, err := output("dpkg-query", "--search", page)
	if err != nil {
		return err
	}
	pkg, _, _ := strings.Cut(string(owner), ":")
	version, err := output("dpkg-query", "--showformat=${Version}", "--show", pkg)
	if err != nil {
		return err
	}
	text, err := unzipped(page)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# package %s %s\n# page %s\n# sha256 %x\n", pkg, version, strings.TrimPrefix(page, "/"), sha256.Sum256(text))
	rows := introduces.FindAllSubmatch(text, -1)
	if len(rows) == 0 {
		return fmt.Errorf("%s: no table of system calls", page)
	}
	for _, m := range rows {
		fmt.Fprintf(&b, "%s %s\n", m[1], m[2])
	}
	return os.WriteFile(kernelsFile, []byte(b.String()), 0o644)
}

func unzipped(page string) ([]byte, error) {
	f, err := os.Open(page)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", page, err)
	}
	return io.ReadAll(z)
}

// renderKernels returns the Go form of kernelsFile.
func renderKernels(text string) []byte {
	var rows, source []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if comment, ok := strings.CutPrefix(line, "# "); ok {
			source = append(source, comment)
			continue
		}
		name, release, _ := strings.Cut(line, " ")
		rows = append(rows, fmt.Sprintf("\t{%q, %q},\n", name, release))
	}
	slices.Sort(rows)
	return fmt.Appendf(nil, "%s// Source: %s\n\npackage syscalltable\n\nvar introductions = []introduction{\n%s}\n",
		generated, strings.Join(source, ", "), strings.Join(rows, ""))
}
