// Package live finds the containers of a running host's processes.
//
// A [Tracker] goes from a pid to the container by the process's cgroup and by
// who forked it, as /proc and the kernel's process connector tell; a
// [Resolver] adds names from what the container runtimes leave on disk; a
// [MapWriter] saves what was learned as a pid map, for records that are read
// later:
//
//	pid, time ──Tracker──> container.Ref ──Resolver──> container.Identity
//	                              └──MapWriter──> pid map ──container.ReadMap──> container.Map
package live
