package profile

import "slices"

// Requirements are the oldest versions that know every call of a profile. An
// older libseccomp passes over a name that it does not know, so that the call
// is refused; an older kernel does not have the call at all.
type Requirements struct {
	Libseccomp string        // "" if 2.5.2 and older will do
	Kernel     KernelVersion // zero if 5.0 and older will do
}

// introduced are the calls that came with a version of the kernel and of
// libseccomp, as syscalls(2) of the Linux manual pages and libseccomp's
// syscalls.csv have them.
var introduced = [...]struct {
	libseccomp string
	kernel     KernelVersion
	names      []string
}{
	{"", KernelVersion{5, 1}, []string{"pidfd_send_signal", "io_uring_setup", "io_uring_enter", "io_uring_register"}},
	{"", KernelVersion{5, 2}, []string{"open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick"}},
	{"", KernelVersion{5, 3}, []string{"pidfd_open", "clone3"}},
	{"", KernelVersion{5, 6}, []string{"openat2", "pidfd_getfd"}},
	{"", KernelVersion{5, 8}, []string{"faccessat2"}},
	{"2.5.3", KernelVersion{5, 9}, []string{"close_range"}},
	{"2.5.3", KernelVersion{5, 10}, []string{"process_madvise"}},
	{"2.5.3", KernelVersion{5, 11}, []string{"epoll_pwait2"}},
	{"2.5.3", KernelVersion{5, 12}, []string{"mount_setattr"}},
	{"2.5.3", KernelVersion{5, 13}, []string{"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}},
	{"2.5.3", KernelVersion{5, 14}, []string{"quotactl_fd", "memfd_secret"}},
	{"2.5.3", KernelVersion{5, 15}, []string{"process_mrelease"}},
	{"2.5.4", KernelVersion{5, 16}, []string{"futex_waitv"}},
	{"2.5.4", KernelVersion{5, 17}, []string{"set_mempolicy_home_node"}},
	{"2.5.6", KernelVersion{6, 4}, []string{"riscv_hwprobe"}},
	{"2.5.5", KernelVersion{6, 5}, []string{"cachestat"}},
	{"2.5.5", KernelVersion{6, 6}, []string{"fchmodat2", "map_shadow_stack"}},
	{"2.5.5", KernelVersion{6, 7}, []string{"futex_wake", "futex_wait", "futex_requeue"}},
	{"2.5.6", KernelVersion{6, 8}, []string{"statmount", "listmount", "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules"}},
	{"2.5.6", KernelVersion{6, 10}, []string{"mseal"}},
	{"2.5.6", KernelVersion{6, 11}, []string{"uretprobe"}},
	{"2.5.6", KernelVersion{6, 13}, []string{"setxattrat", "getxattrat", "listxattrat", "removexattrat"}},
	{"2.6.1", KernelVersion{6, 15}, []string{"open_tree_attr"}},
	{"2.6.1", KernelVersion{6, 17}, []string{"file_getattr", "file_setattr"}},
	{"2.6.1", KernelVersion{6, 18}, []string{"uprobe"}},
	{"2.6.1", KernelVersion{6, 19}, []string{"listns"}},
	{"2.6.1", KernelVersion{7, 0}, []string{"rseq_slice_yield"}},
}

// Requires returns what knows every call that the document names.
func (d *Document) Requires() Requirements {
	var need Requirements
	for _, v := range introduced {
		named := slices.ContainsFunc(d.Rules, func(r Rule) bool {
			return slices.ContainsFunc(r.Names, func(name string) bool { return slices.Contains(v.names, name) })
		})
		if named {
			need.Libseccomp, need.Kernel = max(need.Libseccomp, v.libseccomp), v.kernel // kernels stand in order
		}
	}
	return need
}
