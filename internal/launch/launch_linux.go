package launch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Process is a program that has been started.
type Process struct {
	Session uint32 // its audit session, if it has one of its own
	Calls   int    // the descriptor of its calls, if that was asked for: the receiver's from then on
	started bool   // the program is there; else Wait is told what has kept it from that
	answer  *os.File
	cmd     *exec.Cmd
	signals chan os.Signal
	passed  chan struct{} // closed when no signal is passed on any more
}

// Start runs the program and returns when it has taken the stage's place.
// Signals that this process gets go to the program from then on, and
// processes that outlive their parent become children of this one.
func Start(c Command) (*Process, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("take in orphans of %s: %w", c.Path, err)
	}
	request, answer, ours, err := pipes()
	if err != nil {
		return nil, err
	}
	defer ours.request.Close()
	p := &Process{answer: ours.answer, cmd: exec.Command("/proc/self/exe")}
	p.cmd.Args = append([]string{os.Args[0], stageName, c.Path}, c.Args...)
	p.cmd.Env = stageEnviron(os.Environ())
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	p.cmd.ExtraFiles = []*os.File{request, answer}
	p.listen()
	err = errors.Join(startable(c.Path, p.cmd.Start()), request.Close(), answer.Close())
	if err == nil {
		err = p.instruct(c, ours)
	}
	if err != nil {
		p.silence()
		return nil, errors.Join(err, p.answer.Close())
	}
	go p.pass()
	return p, nil
}

// startable says what is missing where this program could not be started again,
// to become the other one.
func startable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("start %s: it needs /proc (mount -t proc proc /proc): %w", path, err)
	}
	return err
}

// ends are this process's ends of what leads to the stage: a pipe, and a socket,
// since an answer can be a descriptor.
type ends struct{ request, answer *os.File }

func pipes() (request, answer *os.File, ours ends, err error) {
	if request, ours.request, err = os.Pipe(); err != nil {
		return nil, nil, ours, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		request.Close()
		ours.request.Close()
		return nil, nil, ours, err
	}
	ours.answer, answer = os.NewFile(uintptr(pair[0]), "answer of the stage"), os.NewFile(uintptr(pair[1]), "answer to the starter")
	return request, answer, ours, nil
}

// instruct gives the stage its filter and hears how it went: it answers with
// its session, and with the descriptor of its calls if that is asked for; and
// then with an error, or with nothing when it is the program.
func (p *Process) instruct(c Command, to ends) error {
	request := []any{c.Session, c.Notify, c.Filter}
	for _, v := range request {
		if err := binary.Write(to.request, binary.NativeEndian, v); err != nil {
			return fmt.Errorf("start %s: %w", c.Path, errors.Join(err, p.cmd.Wait()))
		}
	}
	to.request.Close()
	err := binary.Read(p.answer, binary.NativeEndian, &p.Session)
	if err != nil {
		return fmt.Errorf("start %s: %w", c.Path, errors.Join(err, p.cmd.Wait()))
	}
	var first []byte
	if c.Notify {
		if p.Calls, first, err = receiveDescriptor(p.answer); err == nil && p.Calls >= 0 {
			p.started = false // the stage goes on when its calls are answered: Wait hears how that went
			return nil
		}
	}
	if failure := errors.Join(err, p.failure(first)); failure != nil {
		// That the stage has failed is no news.
		_ = p.cmd.Wait()
		return failure
	}
	p.started = true
	return nil
}

// failure reads what the stage says, beginning with first, if it did not become
// the program.
func (p *Process) failure(first []byte) error {
	rest, err := io.ReadAll(p.answer)
	if text := append(first, rest...); len(text) > 0 {
		err = errors.Join(err, errors.New(string(text)))
	}
	return err
}

// receiveDescriptor takes a descriptor, which comes with one byte; -1 if that is
// the first of what the stage has to say instead.
func receiveDescriptor(from *os.File) (fd int, first []byte, err error) {
	data, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	n, size, _, _, err := unix.Recvmsg(int(from.Fd()), data, rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil || size == 0 {
		return -1, data[:max(n, 0)], err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:size])
	if err != nil {
		return -1, nil, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return -1, nil, err
	}
	return fds[0], nil, nil
}

// passedOn are the signals that a user sends a command to have it do something.
var passedOn = []os.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2, unix.SIGWINCH}

// listen begins to keep signals for the program. Those that this process was
// told to ignore (nohup) the program ignores as well.
func (p *Process) listen() {
	p.signals, p.passed = make(chan os.Signal, 16), make(chan struct{})
	for _, s := range passedOn {
		if !signal.Ignored(s) {
			signal.Notify(p.signals, s)
		}
	}
}

func (p *Process) silence() {
	signal.Stop(p.signals)
	close(p.signals)
}

// pass passes signals on. What a terminal sends to all of its foreground
// processes the program has got already.
func (p *Process) pass() {
	defer close(p.passed)
	for s := range p.signals {
		typed := s == unix.SIGINT || s == unix.SIGQUIT || s == unix.SIGWINCH || s == unix.SIGHUP
		if typed && inForeground() {
			continue
		}
		// An error is that the program has just ended.
		_ = p.cmd.Process.Signal(s)
	}
}

func inForeground() bool {
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// Wait waits for the program, not for what it leaves behind, and returns its
// exit status as a shell has it.
func (p *Process) Wait() (status int, err error) {
	err = p.cmd.Wait()
	p.silence()
	<-p.passed
	defer p.answer.Close()
	if !p.started {
		if failure := p.failure(nil); failure != nil {
			return 0, failure
		}
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	ws := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ws.Signaled() {
		return Signalled + int(ws.Signal()), nil
	}
	return ws.ExitStatus(), nil
}

// WaitDescendants waits until all that the program has left behind has ended,
// or a signal asks to end (which stays unsent: they are not ours to end).
func (p *Process) WaitDescendants() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGINT, unix.SIGTERM)
	defer signal.Stop(stop)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			_, err := unix.Wait4(-1, nil, 0, nil)
			if err != nil && !errors.Is(err, unix.EINTR) { // ECHILD
				return
			}
		}
	}()
	select {
	case <-gone:
	case <-stop:
	}
}

// loginUID is where a thread's login is told, and set.
const loginUID = "/proc/thread-self/loginuid"

// newSession gives this thread an audit session that nobody else has. The
// kernel makes one whenever the login is set, even to what it was.
func newSession() (uint32, error) {
	login, err := os.ReadFile(loginUID)
	if err != nil {
		return 0, fmt.Errorf("audit session: %w (is the kernel's audit system built in?)", err)
	}
	id := strings.TrimSpace(string(login))
	if id == unsetLogin {
		id = strconv.Itoa(os.Getuid())
	}
	if err := os.WriteFile(loginUID, []byte(id), 0); err != nil {
		return 0, fmt.Errorf("start an audit session (needs CAP_AUDIT_CONTROL, and no auditctl --loginuid-immutable): %w", err)
	}
	text, err := os.ReadFile("/proc/thread-self/sessionid")
	if err != nil {
		return 0, fmt.Errorf("audit session: %w", err)
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	return uint32(n), err
}

// unsetLogin is the login of what no user has started.
const unsetLogin = "4294967295"
