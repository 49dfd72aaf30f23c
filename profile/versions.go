package profile

import (
	"cmp"
	"fmt"
	"slices"
)

// Requirements are the oldest versions that know every call of a profile. An
// older libseccomp passes over a name that it does not know, so that the call
// is refused; an older kernel does not have the call at all.
type Requirements struct {
	Libseccomp LibseccompVersion // zero if 2.5.2 and older will do
	Kernel     KernelVersion     // zero if 5.0 and older will do
}

// LibseccompVersion is a release of libseccomp.
type LibseccompVersion struct{ Major, Minor, Patch int }

// String returns "2.5.3".
func (v LibseccompVersion) String() string {
	return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
}

// Compare orders versions as cmp.Compare does: 2.10.0 is newer than 2.9.1.
func (v LibseccompVersion) Compare(other LibseccompVersion) int {
	return cmp.Or(cmp.Compare(v.Major, other.Major), cmp.Compare(v.Minor, other.Minor), cmp.Compare(v.Patch, other.Patch))
}

// introduced are the calls that came with a version of the kernel and of
// libseccomp, as syscalls(2) of the Linux manual pages and libseccomp's
// syscalls.csv have them.
var introduced = [...]struct {
	libseccomp LibseccompVersion
	kernel     KernelVersion
	names      []string
}{
	{LibseccompVersion{}, KernelVersion{5, 1}, []string{"pidfd_send_signal", "io_uring_setup", "io_uring_enter", "io_uring_register"}},
	{LibseccompVersion{}, KernelVersion{5, 2}, []string{"open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick"}},
	{LibseccompVersion{}, KernelVersion{5, 3}, []string{"pidfd_open", "clone3"}},
	{LibseccompVersion{}, KernelVersion{5, 6}, []string{"openat2", "pidfd_getfd"}},
	{LibseccompVersion{}, KernelVersion{5, 8}, []string{"faccessat2"}},
	{LibseccompVersion{2, 5, 3}, KernelVersion{5, 9}, []string{"close_range"}},
	{LibseccompVersion{2, 5, 3}, KernelVersion{5, 10}, []string{"process_madvise"}},
	{LibseccompVersion{2, 5, 3}, KernelVersion{5, 11}, []string{"epoll_pwait2"}},
	{LibseccompVersion{2, 5, 3}, KernelVersion{5, 12}, []string{"mount_setattr"}},
	{LibseccompVersion{2, 5, 3}, KernelVersion{5, 13}, []string{"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}},
	{LibseccompVersion{2, 5, 3}, KernelVersion{5, 14}, []string{"quotactl_fd", "memfd_secret"}},
	{LibseccompVersion{2, 5, 3}, KernelVersion{5, 15}, []string{"process_mrelease"}},
	{LibseccompVersion{2, 5, 4}, KernelVersion{5, 16}, []string{"futex_waitv"}},
	{LibseccompVersion{2, 5, 4}, KernelVersion{5, 17}, []string{"set_mempolicy_home_node"}},
	{LibseccompVersion{2, 5, 6}, KernelVersion{6, 4}, []string{"riscv_hwprobe"}},
	{LibseccompVersion{2, 5, 5}, KernelVersion{6, 5}, []string{"cachestat"}},
	{LibseccompVersion{2, 5, 5}, KernelVersion{6, 6}, []string{"fchmodat2", "map_shadow_stack"}},
	{LibseccompVersion{2, 5, 5}, KernelVersion{6, 7}, []string{"futex_wake", "futex_wait", "futex_requeue"}},
	{LibseccompVersion{2, 5, 6}, KernelVersion{6, 8}, []string{"statmount", "listmount", "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules"}},
	{LibseccompVersion{2, 5, 6}, KernelVersion{6, 10}, []string{"mseal"}},
	{LibseccompVersion{2, 5, 6}, KernelVersion{6, 11}, []string{"uretprobe"}},
	{LibseccompVersion{2, 5, 6}, KernelVersion{6, 13}, []string{"setxattrat", "getxattrat", "listxattrat", "removexattrat"}},
	{LibseccompVersion{2, 6, 1}, KernelVersion{6, 15}, []string{"open_tree_attr"}},
	{LibseccompVersion{2, 6, 1}, KernelVersion{6, 17}, []string{"file_getattr", "file_setattr"}},
	{LibseccompVersion{2, 6, 1}, KernelVersion{6, 18}, []string{"uprobe"}},
	{LibseccompVersion{2, 6, 1}, KernelVersion{6, 19}, []string{"listns"}},
	{LibseccompVersion{2, 6, 1}, KernelVersion{7, 0}, []string{"rseq_slice_yield"}},
}

// RequiredBy returns the oldest versions that know the call of a name.
func RequiredBy(name string) Requirements {
	for _, v := range introduced {
		if slices.Contains(v.names, name) {
			return Requirements{v.libseccomp, v.kernel}
		}
	}
	return Requirements{}
}

// Requires returns what knows every call that the document names.
func (d *Document) Requires() Requirements {
	var need Requirements
	for _, v := range introduced {
		named := slices.ContainsFunc(d.Rules, func(r Rule) bool {
			return slices.ContainsFunc(r.Names, func(name string) bool { return slices.Contains(v.names, name) })
		})
		if !named {
			continue
		}
		need.Kernel = v.kernel // they stand in order
		if v.libseccomp.Compare(need.Libseccomp) > 0 {
			need.Libseccomp = v.libseccomp
		}
	}
	return need
}
