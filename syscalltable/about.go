package syscalltable

import (
	_ "embed" // purposes
	"slices"
	"strings"
)

// introduction is a call's name and the release of Linux that it came with.
type introduction struct{ name, release string }

// Since returns the release of Linux that a call came with, such as "2.6.28", by
// syscalls(2) of the Linux manual pages: on most architectures, for some have it
// of late. "1.0" is that or earlier. "" is not known: the call is of few
// architectures, or newer than the pages that zkernels.go names.
func Since(name string) string {
	i, ok := slices.BinarySearchFunc(introductions, name, func(x introduction, name string) int { return strings.Compare(x.name, name) })
	if !ok {
		return ""
	}
	return introductions[i].release
}

//go:embed purposes.txt
var purposes string

// Purpose returns in a few words what the call of a name does; "" if no table has
// such a call.
func Purpose(name string) string {
	for line := range strings.Lines(purposes) {
		names, text, _ := strings.Cut(line, ":")
		if line[0] != '#' && slices.Contains(strings.Fields(names), name) {
			return strings.TrimSpace(text)
		}
	}
	return ""
}
