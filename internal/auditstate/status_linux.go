package auditstate

import (
	"fmt"

	"github.com/elastic/go-libaudit/v2"
)

// Kernel asks the kernel for the status. Without CAP_AUDIT_CONTROL, and in a
// pid namespace of its own, it gives EPERM; in a user namespace of its own
// ECONNREFUSED; with audit=0 on the kernel's command line or no CONFIG_AUDIT
// EPROTONOSUPPORT.
func Kernel() (Status, error) {
	client, err := libaudit.NewAuditClient(nil)
	if err != nil {
		return Status{}, err
	}
	defer client.Close()
	s, err := client.GetStatus()
	if err != nil {
		return Status{}, fmt.Errorf("ask the kernel for the audit status: %w", err)
	}
	return Status{
		Enabled: s.Enabled, PID: s.PID, RateLimit: s.RateLimit,
		BacklogLimit: s.BacklogLimit, BacklogWaitTime: s.BacklogWaitTime,
		Backlog: s.Backlog, Lost: s.Lost,
	}, nil
}

// Lost is how many audit records the kernel has lost since it was booted, or
// since somebody has set that back; see [Kernel].
func Lost() (uint32, error) {
	s, err := Kernel()
	return s.Lost, err
}

// Rules asks the kernel for the audit rules that are loaded, in its binary
// form; see [ParseRule]. It needs the same rights as [Kernel].
func Rules() ([][]byte, error) {
	client, err := libaudit.NewAuditClient(nil)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	rules, err := client.GetRules()
	if err != nil {
		return nil, fmt.Errorf("ask the kernel for the audit rules: %w", err)
	}
	return rules, nil
}
