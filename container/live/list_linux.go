package live

import (
	"cmp"
	"errors"
	"os"
	"slices"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/rights"
)

// List returns the processes of this host that are in a container or a
// service, ordered by container and pid: a pid map of this moment. It fails
// where the host's processes cannot be seen.
func List(names *Resolver) ([]container.Process, error) {
	if rights.Read(os.DirFS("/")).PID == rights.No {
		return nil, errors.New("list containers: the process ids here are not the host's (needs hostPID: true, docker run --pid host)")
	}
	if hidesProcesses() {
		return nil, errors.New("list containers: /proc shows no process of others (needs CAP_SYS_PTRACE, or /proc mounted without hidepid)")
	}
	pids, err := processes()
	if err != nil {
		return nil, err
	}
	now := readClocks()
	var list []container.Process
	for _, pid := range pids {
		r, err := readProcess(pid)
		if err != nil || r.ref == (container.Ref{}) {
			continue // it has ended meanwhile, or is in none
		}
		id := names.identify(names.Settle(r.ref))
		id.Via = container.ViaDirect
		list = append(list, container.Process{PID: pid, Start: now.wall(r.born), Container: &id})
	}
	slices.SortFunc(list, func(a, b container.Process) int {
		return cmp.Or(cmp.Compare(a.Container.ID, b.Container.ID), cmp.Compare(a.PID, b.PID))
	})
	return list, nil
}
