package main

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/auditscan/auditscan/source"
)

// nodeFlags say whose the logs are, where they do not say so themselves.
type nodeFlags struct {
	node []string
	from string
}

func (f *nodeFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.node, "node", nil, "the node that wrote these logs; `NAME=PATH`: read PATH as that node's")
	flags.StringVar(&f.from, "node-from", "", "take the node from the path by this `template`: {node}/audit.log*")
}

// nodes checks the flags' values.
func (f *nodeFlags) nodes() (n source.Nodes, err error) {
	if f.from != "" {
		if n.From, err = source.ParseTemplate(f.from); err != nil {
			return n, usageErrorf("--node-from: %v", err)
		}
	}
	for _, text := range f.node {
		name, path, hasPath := strings.Cut(text, "=")
		switch {
		case name == "" || hasPath && path == "":
			return n, usageErrorf("--node: %q is neither NAME nor NAME=PATH", text)
		case hasPath:
			n.Named = append(n.Named, source.NodePath{Node: name, Path: path})
		case n.All != "" && n.All != name:
			return n, usageErrorf("--node: the logs cannot all be of %s and of %s (NAME=PATH says whose each is)", n.All, name)
		default:
			n.All = name
		}
	}
	return n, nil
}
