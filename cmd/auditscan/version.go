package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/syscalltable"
)

// version is that of the next or current release; see CHANGELOG.md.
const version = "0.1.0"

// tool is how reports name their maker.
const tool = "auditscan " + version

// versionInfo is what `version -o json` has.
type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the source, if the build knows it
	Time     string `json:"time,omitempty"`     // of the revision
	Modified bool   `json:"modified,omitempty"` // whether the source had other changes besides
	Tables   string `json:"tables"`             // the kernel that the syscall tables are from
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func newVersion(env *environment) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version and the kernel that the syscall tables are from",
		Example: "  auditscan version\n  auditscan version -o json | jq -r .revision",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			switch output {
			case "text":
				_, err := fmt.Fprintln(env.stdout, versionLine())
				return err
			case "json":
				return term.WriteJSON(env.stdout, readVersion(), "  ")
			}
			return usageErrorf("--output: unknown format %q (one of text, json)", output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "text", "`format`: text, json")
	return cmd
}

// readVersion returns what the build knows of itself.
func readVersion() versionInfo {
	v := versionInfo{Version: version, Tables: syscalltable.KernelVersion, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

// versionLine is the version for people.
func versionLine() string {
	v := readVersion()
	revision := ""
	if v.Revision != "" {
		revision = "commit " + v.Revision[:min(12, len(v.Revision))]
		if v.Modified {
			revision += " with changes"
		}
		revision += "; "
	}
	return fmt.Sprintf("%s (%stables: %s; %s %s/%s)", tool, revision, v.Tables, v.Go, v.OS, v.Arch)
}
