package live

// Limit is something that a [Tracker] may not see.
type Limit struct {
	// Missing is the Kubernetes setting or the capability that lifts it:
	// hostPID, hostNetwork, hostUsers, CAP_NET_ADMIN, CAP_SYS_PTRACE; or
	// "process connector", where the kernel itself lacks it.
	Missing string
	// Effect is what does not work without.
	Effect string
}

// String returns "missing MISSING: EFFECT".
func (l Limit) String() string { return "missing " + l.Missing + ": " + l.Effect }
