package live

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/rights"
)

const (
	effectNothing = "the process ids in records are not those seen here: no record is attributed"
	effectLineage = "processes that end before their record is read stay without container"
	effectBuffer  = "bursts of short-lived processes are followed less well"
	effectHidden  = "/proc hides the processes of others (hidepid): no record is attributed to them"
)

// hidesProcesses reports whether /proc shows only the processes of this user: the
// first one is not.
func hidesProcesses() bool {
	_, err := os.Stat(procDir + "/1/cgroup")
	return err != nil
}

// findLimits says what is missing, given how opening the process connector
// went and whether /proc shows only the processes of this user.
func findLimits(r rights.Rights, hidden bool, connector error) (limits []Limit) {
	add := func(missing, effect string) { limits = append(limits, Limit{missing, effect}) }
	if r.PID == rights.No {
		add("hostPID", effectNothing)
	}
	if errors.Is(connector, errOtherNetwork) {
		add("hostNetwork", effectLineage)
	}
	if r.User == rights.No {
		add("hostUsers", effectLineage)
	}
	switch {
	case len(limits) > 0: // which is why the connector does not work
	case connector == nil && r.Has(rights.NetAdmin) == rights.No:
		add(rights.NetAdmin.String(), effectBuffer)
	case errors.Is(connector, unix.EPERM) && r.Has(rights.NetAdmin) == rights.No:
		add(rights.NetAdmin.String(), effectLineage)
	case connector != nil:
		add("process connector", effectLineage+" ("+connector.Error()+")")
	}
	if hidden {
		add("CAP_SYS_PTRACE", effectHidden)
	}
	return limits
}
