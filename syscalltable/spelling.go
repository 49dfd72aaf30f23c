package syscalltable

// spellings are audit-userspace's own names of calls (lib/*_table.h, the same
// in 3.0.9 and 4.2.1), and the kernel's. None of the former is the kernel's
// name of another call on an architecture where audit-userspace uses it.
var spellings = [...]struct{ audit, kernel string }{
	{"fadvise64_64", "arm_fadvise64_64"},
	{"fstatat64", "newfstatat"},
	{"getdents", "getdents64"},
	{"llseek", "_llseek"},
	{"madvise1", "madvise"},
	{"newfstat", "fstat"},
	{"newselect", "_newselect"},
	{"perf_counter_open", "perf_event_open"},
	{"pread", "pread64"},
	{"pwrite", "pwrite64"},
	{"sched_rr_get_interval64", "sched_rr_get_interval_time64"},
	{"sync_file_range", "arm_sync_file_range"},
	{"sys_kexec_load", "kexec_load"},
	{"sysctl", "_sysctl"},
	{"timerfd", "timerfd_create"},
}

// NumberAudit is [Arch.Number] for a name that audit-userspace gave to a
// number (ausearch -i). It also understands the spellings that only
// audit-userspace has, such as pread for pread64: they are read, never given
// out.
func (a Arch) NumberAudit(name string) (int32, bool) {
	if nr, ok := a.Number(name); ok {
		return nr, true
	}
	for _, s := range spellings {
		if s.audit == name {
			return a.Number(s.kernel)
		}
	}
	return 0, false
}
