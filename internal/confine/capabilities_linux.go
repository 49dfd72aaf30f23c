package confine

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// dropCapabilities takes all capabilities but those of the set from every
// thread. With no_new_privs set, no program that is executed has them again. The
// ambient ones go with the inheritable ones (capabilities(7)).
func dropCapabilities(kept uint64) error {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData // of 32 capabilities each
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return err
	}
	for i := range data {
		has := uint32(kept >> (32 * i))
		data[i].Permitted &= has
		data[i].Effective = data[i].Permitted
		data[i].Inheritable = 0
	}
	// Pid 0 is the thread that calls.
	hdr = unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	return onAllThreads(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&hdr)), uintptr(unsafe.Pointer(&data[0])), 0)
}
