package seccompstate

// Asked is what the filters of this process answered to a call.
type Asked struct {
	NR int
	// Codes are the different answers to different arguments, as SECCOMP_RET_*
	// with their data. SECCOMP_RET_ALLOW stands for all that goes on to the kernel:
	// what is only logged cannot be told from it.
	Codes []uint32
}

// askerName is the first argument of the process that asks. It is no command of
// the user's.
const askerName = "seccomp-asker"

// IsAsker reports whether this process has been started by [Ask], to call
// [AskForParent].
func IsAsker(args []string) bool { return len(args) == 2 && args[1] == askerName }

// Askable reports whether filters can be asked about a call of the native
// architecture. The kernel takes calls that it has put into a process itself, for
// probes, past all filters (Linux 6.14), so these would be carried out.
func Askable(name string) bool { return name != "uretprobe" && name != "uprobe" }
