package lab

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Running is a container whose program has said that it runs.
type Running struct {
	PID    int // of the program, on the host
	cmd    *exec.Cmd
	stderr *bytes.Buffer
}

// Start runs a container whose program writes a line when it has started, and
// returns then.
func (b *Bundle) Start(ctx context.Context, c Container) (*Running, error) {
	cmd, err := b.command(ctx, c, "run", "--bundle", b.dir)
	if err != nil {
		return nil, err
	}
	r := &Running{cmd: cmd, stderr: &bytes.Buffer{}}
	cmd.Stderr = r.stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		err = errors.Join(cmd.Wait(), err)
		return nil, fmt.Errorf("%s %v: %w: %s", c.Runtime, c.Args, err, bytes.TrimSpace(r.stderr.Bytes()))
	}
	// A pid file would be written some time after the program's start.
	r.PID, err = b.pid(ctx, c.Runtime, cmd.Args[len(cmd.Args)-1])
	return r, err
}

// Kill ends the container's program, unless it has ended by itself, and waits
// for the runtime to clean up.
func (r *Running) Kill() error {
	if err := unix.Kill(r.PID, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	var exit *exec.ExitError
	if err := r.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}

// ptraceGetFilter is PTRACE_SECCOMP_GET_FILTER of linux/ptrace.h.
const ptraceGetFilter = 0x420c

// Filter returns the seccomp filter that a process loaded last. It needs
// CAP_SYS_ADMIN and a kernel with CONFIG_CHECKPOINT_RESTORE.
func Filter(pid int) (filter []unix.SockFilter, err error) {
	runtime.LockOSThread() // ptrace is about threads
	defer runtime.UnlockOSThread()
	if err := unix.PtraceAttach(pid); err != nil {
		return nil, fmt.Errorf("attach to %d: %w", pid, err)
	}
	defer func() { err = errors.Join(err, unix.PtraceDetach(pid)) }()
	if _, err := unix.Wait4(pid, nil, unix.WALL, nil); err != nil {
		return nil, fmt.Errorf("wait for %d: %w", pid, err)
	}
	n, err := getFilter(pid, nil)
	if err != nil {
		return nil, err
	}
	filter = make([]unix.SockFilter, n)
	_, err = getFilter(pid, unsafe.Pointer(&filter[0]))
	return filter, err
}

func getFilter(pid int, to unsafe.Pointer) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_PTRACE, ptraceGetFilter, uintptr(pid), 0, uintptr(to), 0, 0)
	if errno != 0 {
		return 0, fmt.Errorf("read the filter of %d: %w", pid, errno)
	}
	return int(n), nil
}
