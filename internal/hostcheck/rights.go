package hostcheck

import (
	"errors"
	"fmt"
	"strings"

	"github.com/auditscan/auditscan/internal/rights"
)

// hears reports whether this process can follow the audit socket.
func (f facts) hears() bool {
	required, _ := f.rights.AuditSocket()
	return len(required) == 0 && f.rights.Has(rights.AuditRead) == rights.Yes
}

// judgeRights says which sources this process can follow; logErr is why
// audit.log cannot be read.
func judgeRights(r rights.Rights, logErr error) Check {
	const id = "rights"
	fix := "run it as root, or grant them: setcap cap_audit_read,cap_audit_control,cap_net_admin,cap_dac_read_search+ep auditscan"
	if own, _ := foreign(r); len(own) > 0 {
		fix = namespacesFix // no right helps elsewhere
	}
	required, advised := r.AuditSocket()
	lacks := strings.Join(append(required, advised...), "; ")
	switch {
	case logErr == nil && lacks == "":
		return ok(id, "audit.log can be read")
	case logErr == nil:
		return ok(id, "audit.log can be read (for the audit socket: "+lacks+")")
	case len(required) > 0:
		return problem(id, fmt.Sprintf("nothing that is complete can be followed: no audit.log (%v); the audit socket needs %s", logErr, lacks), fix)
	case r.Has(rights.AuditRead) == rights.Unknown:
		return unseen(id, errors.New("the capabilities of this process"))
	case len(advised) > 0:
		return warning(id, "the audit socket can be heard, but better with "+lacks, fix)
	}
	return ok(id, "the audit socket can be heard")
}

const namespacesFix = "hostNetwork: true and hostPID: true in the pod, or docker run --network host --pid host --userns host"

func judgeNamespaces(r rights.Rights) Check {
	const id = "namespaces"
	own, unsure := foreign(r)
	switch {
	case len(own) > 0:
		return warning(id, "not the host's: "+strings.Join(own, ", "), namespacesFix)
	case len(unsure) > 0:
		return unseen(id, fmt.Errorf("whose %s namespace this is", strings.Join(unsure, ", ")))
	}
	return ok(id, "the host's")
}

// foreign names the namespaces that are not the host's, and those of which
// that is not known.
func foreign(r rights.Rights) (own, unsure []string) {
	for _, ns := range []struct {
		name string
		host rights.Answer
	}{{"network", r.Net}, {"pid", r.PID}, {"user", r.User}} {
		switch ns.host {
		case rights.No:
			own = append(own, ns.name)
		case rights.Unknown:
			unsure = append(unsure, ns.name)
		}
	}
	return own, unsure
}
