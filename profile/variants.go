package profile

import (
	"fmt"

	"github.com/auditscan/auditscan/syscalltable"
)

// variants are calls that do the same job: which of them a program makes
// depends on its libc, its libc's version and the architecture. Where one is
// allowed the others add (almost) nothing to what a program can do. clone3
// is left out: a filter cannot see its arguments.
var variants = [...][]string{
	{"open", "openat", "openat2", "creat"},
	{"stat", "stat64", "lstat", "lstat64", "fstat", "fstat64", "newfstatat", "fstatat64", "statx"},
	{"statfs", "statfs64"},
	{"fstatfs", "fstatfs64"},
	{"access", "faccessat", "faccessat2"},
	{"poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64"},
	{"epoll_create", "epoll_create1"},
	{"epoll_wait", "epoll_pwait", "epoll_pwait2"},
	{"eventfd", "eventfd2"},
	{"signalfd", "signalfd4"},
	{"inotify_init", "inotify_init1"},
	{"dup", "dup2", "dup3"},
	{"pipe", "pipe2"},
	{"fork", "vfork", "clone"},
	{"wait4", "waitpid", "waitid"},
	{"accept", "accept4"},
	{"recv", "recvfrom"},
	{"send", "sendto"},
	{"recvmmsg", "recvmmsg_time64"},
	{"sendfile", "sendfile64"},
	{"lseek", "_llseek"},
	{"fcntl", "fcntl64"},
	{"truncate", "truncate64"},
	{"ftruncate", "ftruncate64"},
	{"fadvise64", "fadvise64_64", "arm_fadvise64_64"},
	{"sync_file_range", "sync_file_range2"},
	{"mmap", "mmap2"},
	{"getdents", "getdents64"},
	{"preadv", "preadv2"},
	{"pwritev", "pwritev2"},
	{"mkdir", "mkdirat"},
	{"rmdir", "unlink", "unlinkat"},
	{"rename", "renameat", "renameat2"},
	{"link", "linkat"},
	{"symlink", "symlinkat"},
	{"readlink", "readlinkat"},
	{"chmod", "fchmodat", "fchmodat2"},
	{"chown", "chown32", "lchown", "lchown32", "fchownat"},
	{"fchown", "fchown32"},
	{"mknod", "mknodat"},
	{"utime", "utimes", "futimesat", "utimensat", "utimensat_time64"},
	{"nanosleep", "clock_nanosleep", "clock_nanosleep_time64"},
	{"futex", "futex_time64"},
	{"alarm", "setitimer"},
	{"timer_settime", "timer_settime64"},
	{"timer_gettime", "timer_gettime64"},
	{"timerfd_settime", "timerfd_settime64"},
	{"timerfd_gettime", "timerfd_gettime64"},
	{"mq_timedsend", "mq_timedsend_time64"},
	{"mq_timedreceive", "mq_timedreceive_time64"},
	{"semop", "semtimedop", "semtimedop_time64"},
	{"sched_rr_get_interval", "sched_rr_get_interval_time64"},
	{"getrlimit", "ugetrlimit", "setrlimit", "prlimit64"},
	{"sigaction", "rt_sigaction"},
	{"sigprocmask", "rt_sigprocmask"},
	{"sigsuspend", "rt_sigsuspend"},
	{"sigpending", "rt_sigpending"},
	{"rt_sigtimedwait", "rt_sigtimedwait_time64"},
	{"getuid", "getuid32"},
	{"geteuid", "geteuid32"},
	{"getgid", "getgid32"},
	{"getegid", "getegid32"},
	{"getgroups", "getgroups32"},
	{"getresuid", "getresuid32"},
	{"getresgid", "getresgid32"},
	{"setuid", "setuid32"},
	{"setgid", "setgid32"},
	{"setreuid", "setreuid32"},
	{"setregid", "setregid32"},
	{"setresuid", "setresuid32"},
	{"setresgid", "setresgid32"},
	{"setgroups", "setgroups32"},
	{"setfsuid", "setfsuid32"},
	{"setfsgid", "setfsgid32"},
	{"uname", "olduname", "oldolduname"},
}

// variants adds the siblings of what is there already.
func (a *adder) variants() {
	for _, family := range variants {
		member := ""
		for _, name := range family {
			if a.present[name] {
				member = name
				break
			}
		}
		if member == "" {
			continue
		}
		for _, name := range family {
			a.add(name, Outcome{Action: syscalltable.ActionAllow}, SourceVariants, fmt.Sprintf("does the same as %s, which is allowed: another libc or architecture takes it", member))
		}
	}
}
