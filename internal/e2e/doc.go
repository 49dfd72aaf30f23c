// Package e2e has no code, only tests: the command as it is built, on the
// records that a real kernel, a real auditd and a real rsyslogd write.
package e2e
