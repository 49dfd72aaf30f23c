package source

import (
	"os/exec"
	"syscall"
)

// endWithThread has the kernel end the command when the calling thread ends,
// as it does when this process is killed.
func endWithThread(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
