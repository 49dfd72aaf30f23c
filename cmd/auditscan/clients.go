package main

import (
	"path/filepath"

	"github.com/auditscan/auditscan/aggregate"
)

// clients are commands that have another process run a program, and how to record
// that instead. A profile that logs is one with SCMP_ACT_LOG as its default.
var clients = map[string]string{
	"docker":         "run the container with --security-opt seccomp=FILE, a profile that logs, and give its log to `auditscan profile`",
	"docker-compose": "set security_opt to a profile that logs, and give the log to `auditscan profile`",
	"podman":         "run the container with --security-opt seccomp=FILE, a profile that logs, and give its log to `auditscan profile`",
	"nerdctl":        "run the container with --security-opt seccomp=FILE, a profile that logs, and give its log to `auditscan profile`",
	"ctr":            "run the container with --seccomp-profile FILE, one that logs, and give its log to `auditscan profile`",
	"crictl":         "give the container a localhost profile that logs, and the node's log to `auditscan profile`",
	"kubectl":        "give the pod a localhostProfile that logs, and the node's log to `auditscan profile --pod`",
	"oc":             "give the pod a localhostProfile that logs, and the node's log to `auditscan profile --pod`",
	"helm":           "give the pod a localhostProfile that logs, and the node's log to `auditscan profile --pod`",
	"systemctl":      "record the command of the unit's ExecStart= itself",
	"service":        "record the command of the unit's ExecStart= itself",
	"systemd-run":    "record the command itself, without systemd-run",
	"machinectl":     "record the command on that machine",
	"ssh":            "run `auditscan record` on that host",
	"sudo":           "put sudo first: `sudo auditscan record ...`, so that sudo's own calls are not in the profile",
	"su":             "put su first, so that its own calls are not in the profile",
}

// sayClient tells that a command is not the program that a profile would be for.
func sayClient(env *environment, args []string) {
	name := filepath.Base(args[0])
	if instead, ok := clients[name]; ok {
		env.notef("this records what %s itself calls, not (only) the program that it starts: %s", name, instead)
	}
}

// sayClients tells which of the programs that the command has started are clients,
// as those of a script or behind env and timeout are. That of the command itself
// was told of.
func sayClients(env *environment, args []string, s *aggregate.Summary) {
	for i := range s.Groups {
		name := s.Groups[i].Comm
		if instead, ok := clients[name]; ok && name != filepath.Base(args[0]) {
			env.notef("%s was recorded, not (only) the program that it starts: %s", name, instead)
		}
	}
}
