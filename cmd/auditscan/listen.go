package main

import (
	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/container/live"
	"github.com/auditscan/auditscan/source/notify"
)

func newListen(env *environment) *cobra.Command {
	var f followFlags
	var socket string
	cmd := &cobra.Command{
		Use:   "listen [--socket PATH]",
		Short: "Record containers by seccomp notification, without audit",
		Long: `Listen waits on a unix socket for container runtimes, which send it the calls of
each container under a profile that names the socket (profile --recording
--notify makes one). It writes each call down before it lets it run. So none is
lost, whatever the audit system does, and the runtime itself says which
container it is. It shows and keeps what follow does, and ends like it; then
calls of containers that still run fail, so end those before.`,
		Example: `  auditscan listen --state run.json
  auditscan listen --socket /run/seccomp.sock -o json | tee run.ndjson
  auditscan profile --recording --notify -o notify.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), env, []string{notify.Prefix + socket})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&socket, "socket", notify.DefaultPath, "listen on the unix socket `PATH`")
	f.add(flags)
	return cmd
}

// listenOptions tell a listener who is who, and who keeps what it is sent.
func listenOptions(env *environment, name string, names *live.Resolver) (o notify.Options, err error) {
	if _, ok := notify.Path(name); !ok {
		return o, nil
	}
	o.Identify = names.Started
	o.Service, err = notify.ServiceOf(env.getenv)
	return o, err
}
