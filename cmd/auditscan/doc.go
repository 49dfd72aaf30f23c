// Auditscan reads the kernel's SECCOMP audit records wherever they ended up,
// names every call by its architecture, groups by container, program and
// process, reports whether anything was lost, and turns a run under SCMP_ACT_LOG
// into a least-privilege seccomp profile.
//
// Usage:
//
//	auditscan report   [FILE|-]...          what the logs hold
//	auditscan follow   [SOURCE|-]...        the same, live: FILE, DIR, audit:, journal:, notify:
//	auditscan listen   [--socket PATH]      the same, of containers, by seccomp notification
//	auditscan profile  [FILE|-]...          records to a seccomp profile
//	auditscan check    PROFILE [FILE|-]...  which records would PROFILE deny?
//	auditscan diff     OLD NEW              what one profile allows and another does not
//	auditscan inspect  PROFILE|PID          what a profile, or a process's filters, allow
//	auditscan record   -- CMD [ARG]...      run CMD, and record which calls it makes
//	auditscan run      --profile FILE -- CMD [ARG]...  run CMD under a profile
//	auditscan merge    FILE...              several reports as one
//	auditscan syscall  [NAME|NUMBER]...     the tables, both ways
//	auditscan explain  SYSCALL [FILE|-]...  who made a call, what allows or denies it
//	auditscan containers                    which process is in which container
//	auditscan doctor                        can this host record without loss?
//	auditscan completion SHELL              completion for bash, zsh, fish, powershell
//	auditscan version                       the version, and that of the tables
//
// Data goes to stdout, notes go to stderr, "-" is stdin. Inputs are logs in
// every rendering that the kernel, auditd, journald and the syslog daemons
// give a record, plain or compressed, or the JSON that report and follow
// write; they are told apart by content.
//
// # Exit codes
//
//	0  done
//	1  could not do it: I/O, bad input; the message names the file and line
//	2  wrong usage
//	3  done, but the input is incomplete (profile; report and follow with --strict)
//	4  check found denials, diff found differences
//
// doctor ends with 0 unless it found a problem or could not look. record and run end
// with the status of CMD, 128 and the signal if one has ended it; record with 1
// or 3 if CMD ended with 0 and its profile could not be written or may lack
// calls.
//
// # Wording
//
// Messages on stderr begin with "auditscan:", are one line, lower case,
// without a full stop, and say what to do next. The summary and the verdict
// have no such prefix: they are what a report ends with.
package main
