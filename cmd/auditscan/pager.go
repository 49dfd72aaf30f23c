package main

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/report"
)

// pager is a program that shows what is higher than the terminal. It is
// started before the rights to start any are given up, and waits for a line in
// a shell until it is known whether it is needed.
type pager struct {
	stdout  io.Writer // the terminal
	room    int       // lines that need no pager
	shell   *exec.Cmd
	in      io.WriteCloser
	held    bytes.Buffer // what came before that was known
	outlast func()       // called when the pager begins: a signal from now on is the pager's
	running bool
}

// page lets what output writes in a format go through a pager, if it is a
// table on a terminal.
func (env *environment) page(format string) error {
	command := env.pagerCommand()
	if command == "" || format != string(report.Table) && format != string(report.Wide) {
		return nil
	}
	p := &pager{stdout: env.stdout, room: term.Height(env.stdout) - 1, outlast: env.outlast, shell: exec.Command("/bin/sh", "-c", "read -r go && exec "+command)}
	p.shell.Stdout, p.shell.Stderr = plain(env.stdout), plain(env.stderr)
	p.shell.Env = append(os.Environ(), "LESSSECURE=1") // it may be root's, and shows what others wrote
	if env.getenv("LESS") == "" {
		p.shell.Env = append(p.shell.Env, "LESS=FRX")
	}
	in, err := p.shell.StdinPipe()
	if err != nil {
		return err
	}
	p.in, env.pager = in, p
	return p.shell.Start()
}

// pagerCommand is the user's pager; "": there is none, or nothing to page.
func (env *environment) pagerCommand() string {
	if env.noPager || !term.IsTerminal(env.stdout) || term.Height(env.stdout) == 0 || term.IsDumb(env.getenv) {
		return ""
	}
	command := cmp.Or(strings.TrimSpace(env.getenv("PAGER")), "less")
	program, _, _ := strings.Cut(command, " ")
	if _, err := exec.LookPath(program); err != nil || program == "cat" {
		return ""
	}
	return command
}

// Write holds text back until there is more than the terminal has room for.
func (p *pager) Write(text []byte) (int, error) {
	if p.running {
		return p.in.Write(text)
	}
	p.held.Write(text)
	if bytes.Count(p.held.Bytes(), []byte("\n")) <= p.room {
		return len(text), nil
	}
	p.running = true
	p.outlast()
	if _, err := p.in.Write(append([]byte("go\n"), p.held.Bytes()...)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// show writes what f writes, and waits until it has been looked at. To leave a
// pager early is no failure.
func (p *pager) show(f func(io.Writer) error) error {
	err := f(p)
	if p.running && errors.Is(err, syscall.EPIPE) {
		err = nil
	}
	err = errors.Join(err, p.in.Close())
	ended := p.shell.Wait()
	if p.running {
		return errors.Join(err, ended)
	}
	_, werr := p.stdout.Write(p.held.Bytes())
	return errors.Join(err, werr)
}
