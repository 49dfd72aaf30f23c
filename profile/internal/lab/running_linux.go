package lab

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"

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
