// Package auditstate reads what state the host's audit subsystem is in: the
// kernel's answer to AUDIT_GET and AUDIT_LIST_RULES, and auditd's process and
// configuration. It judges nothing.
package auditstate

// Status is the kernel's answer to AUDIT_GET (struct audit_status of
// linux/audit.h).
type Status struct {
	Enabled         uint32 // 0 off, 1 on, 2 on and locked until the next boot
	PID             uint32 // of the audit daemon; 0: none, and records go to printk
	RateLimit       uint32 // records a second; 0: no limit
	BacklogLimit    uint32 // records; 0: no limit
	BacklogWaitTime uint32 // jiffies that a program is made to wait for room in the backlog
	Backlog         uint32 // records queued now
	Lost            uint32 // records lost since boot, or since auditctl --reset-lost
}
