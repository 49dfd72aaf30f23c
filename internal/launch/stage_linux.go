package launch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/logfilter"
)

// The stage's ends of the pipes.
const (
	requestFD = 3
	answerFD  = 4
)

// Stage becomes the program of args. It returns only if that fails, which the
// process that called Start has been told then.
func Stage(args []string) error {
	unix.CloseOnExec(answerFD)
	answer := os.NewFile(answerFD, "answer of the stage")
	err := stage(args[2], args[3:], answer)
	// Under a strict filter this fails: then there is an exit status only.
	_, _ = io.WriteString(answer, err.Error())
	return err
}

func stage(path string, argv []string, answer io.Writer) error {
	runtime.LockOSThread()
	request := os.NewFile(requestFD, "request to the stage")
	own, notify, filter, err := readRequest(request)
	if err != nil {
		return fmt.Errorf("start %s: %w", path, err)
	}
	request.Close()
	var session uint32
	if own {
		session, err = newSession()
	}
	if werr := binary.Write(answer, binary.NativeEndian, session); err == nil {
		err = werr
	}
	if err != nil {
		return err
	}
	var listener *logfilter.Listener
	if notify {
		listener = passOn()
	}
	return become(path, argv, filter, listener)
}

// passOn begins to wait, on another thread, for the descriptor of the filter, and
// sends it to the starter: the thread that loads the filter can do nothing more
// until the starter lets it.
func passOn() *logfilter.Listener {
	debug.SetGCPercent(-1)                        // a collection would wait for the thread, and this for it
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1) // which the thread has one of
	listener, ready := &logfilter.Listener{}, make(chan struct{})
	go func() {
		runtime.LockOSThread()
		close(ready)
		if err := unix.Sendmsg(answerFD, []byte{0}, unix.UnixRights(listener.Descriptor()), nil, 0); err != nil {
			_ = unix.Kill(os.Getpid(), unix.SIGKILL) // nobody is there to let the program start
		}
	}()
	<-ready
	return listener
}

func readRequest(from io.Reader) (session, notify bool, filter []bpf.RawInstruction, err error) {
	err = errors.Join(binary.Read(from, binary.NativeEndian, &session), binary.Read(from, binary.NativeEndian, &notify))
	if err != nil {
		return false, false, nil, err
	}
	data, err := io.ReadAll(from)
	if err != nil {
		return false, false, nil, err
	}
	filter = make([]bpf.RawInstruction, len(data)/binary.Size(bpf.RawInstruction{}))
	_, err = binary.Decode(data, binary.NativeEndian, filter)
	return session, notify, filter, err
}

// become loads the filter and executes the program.
func become(path string, argv []string, filter []bpf.RawInstruction, listener *logfilter.Listener) error {
	// Records of execve have the name from before.
	if name, err := unix.BytePtrFromString(filepath.Base(path)); err == nil {
		_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(name)), 0, 0, 0)
	}
	// Go raises the limit of open files for itself, and only syscall.Exec
	// takes that back. That it fails is meant: it must not do so later.
	_ = syscall.Exec("", nil, nil)
	return logfilter.Exec(filter, listener, path, argv, programEnviron(os.Environ()))
}

// calm keeps Go's scheduler from interrupting the stage with signals, whose
// handling would be recorded, or denied, as calls of the program.
const calm = "GODEBUG=asyncpreemptoff=1"

// stageEnviron returns the environment of the stage for a program's.
func stageEnviron(environ []string) []string {
	const name = "GODEBUG="
	stage := slices.Clone(environ)
	i := slices.IndexFunc(stage, func(entry string) bool { return strings.HasPrefix(entry, name) })
	if i < 0 {
		return append(stage, calm)
	}
	stage[i] = calm + "," + stage[i][len(name):]
	return stage
}

// programEnviron is the inverse of stageEnviron.
func programEnviron(stage []string) []string {
	var environ []string
	for _, entry := range stage {
		rest, changed := strings.CutPrefix(entry, calm)
		old, had := strings.CutPrefix(rest, ",")
		switch {
		case !changed:
			environ = append(environ, entry)
		case had:
			environ = append(environ, "GODEBUG="+old)
		}
	}
	return environ
}
