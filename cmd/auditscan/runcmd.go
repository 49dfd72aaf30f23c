package main

import (
	"runtime"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/internal/launch"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

func newRun(env *environment) *cobra.Command {
	var (
		path string
		f    profileFile
	)
	cmd := &cobra.Command{
		Use:   "run --profile FILE -- CMD [ARG]...",
		Short: "Run a command under a profile, without a container",
		Long: `Run compiles a profile to a seccomp filter and runs CMD, and all that it starts,
under it. What the filter denies the kernel logs, so that report can show it.
Conditions in Docker's form are settled for a container with the default
capabilities. The exit status is CMD's.`,
		Example: `  auditscan run --profile curl.json -- curl -s http://localhost/`,
		Args:    needsCommand,
		RunE:    func(_ *cobra.Command, args []string) error { return f.runUnder(env, path, args) },
	}
	cmd.Flags().SetInterspersed(false)
	cmd.Flags().StringVar(&path, "profile", "", "the profile in `FILE`, or runtime/default")
	f.add(cmd.Flags())
	return cmd
}

// errStdin is what run and record say to a profile on standard input.
var errStdin = usageErrorf("--profile: the profile needs a file of its own: stdin is the command's")

func (f profileFile) runUnder(env *environment, path string, args []string) error {
	if path == "" {
		return usageErrorf("run needs --profile FILE (see `auditscan run --help`)")
	}
	if path == "-" {
		return errStdin
	}
	d, err := f.readPolicy(env, path)
	if err != nil {
		return err
	}
	arch, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil {
		return err
	}
	filter, err := d.CommandFilter(profile.Environment{Arch: arch, Caps: profile.DefaultCaps()})
	if err != nil {
		return err
	}
	if err := sayNoContainer(env, d); err != nil {
		return err
	}
	p, err := start(env, args, launch.Command{Filter: filter})
	if err != nil {
		return err
	}
	status, err := p.Wait()
	if err == nil && status != 0 {
		err = &exitError{code: status}
	}
	return err
}
