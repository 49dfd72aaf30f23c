package profile

import (
	"fmt"
	"slices"
	"strings"
)

// capabilities are those of the kernel, without CAP_, by number
// (include/uapi/linux/capability.h).
var capabilities = strings.Fields(`
	CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
	NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
	SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
	MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`)

// ParseCapability reads the name of a capability, in the kernel's form or as
// people type it: sys_admin is CAP_SYS_ADMIN.
func ParseCapability(s string) (string, error) {
	name := strings.TrimPrefix(strings.ToUpper(s), "CAP_")
	if !slices.Contains(capabilities, name) {
		return "", fmt.Errorf("unknown capability %.40q (such as CAP_SYS_ADMIN)", s)
	}
	return "CAP_" + name, nil
}
