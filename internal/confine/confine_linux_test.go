package confine

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/rights"
)

// The child confines itself as a test asks for it, in a directory of the test's.
const (
	caseVar = "AUDITSCAN_CONFINE"
	dirVar  = "AUDITSCAN_CONFINE_DIR"
)

// TestAttackRefused runs children, as nothing that is given up can be had back. Each
// holds on all threads what it was asked to.
func TestAttackRefused(t *testing.T) {
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION); errno != 0 {
		t.Skipf("the kernel has no Landlock: %v", errno)
	}
	for name := range cases("") {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range []string{"in", "out"} {
				if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestAttackRefusedChild$")
			cmd.Env = append(os.Environ(), caseVar+"="+name, dirVar+"="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestWithoutProc: where /proc is missing a process lives on.
func TestWithoutProc(t *testing.T) {
	if os.Getenv(dirVar) != "" {
		if err := Process(Needs{}); err != nil {
			t.Error(err)
		}
		return
	}
	cmd := exec.Command("unshare", "--mount", "sh", "-c", `mount -t tmpfs none /proc || exit 3; exec "$0" -test.run=^TestWithoutProc$`, os.Args[0])
	cmd.Env = append(os.Environ(), dirVar+"="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran || cmd.ProcessState.ExitCode() == 3 || strings.Contains(string(out), "unshare:") {
		t.Skipf("a file system cannot be mounted here: %v\n%s", err, out)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestProcesses: who needs to look into other processes can, and nobody else.
func TestProcesses(t *testing.T) {
	if text := os.Getenv(caseVar); text != "" {
		needed := text == "processes"
		if err := Process(Needs{Processes: needed, Capabilities: []rights.Capability{rights.SysPtrace}}); err != nil {
			t.Fatal(err)
		}
		_, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", os.Getppid()))
		if needed != (err == nil) && (needed || landlockVersion() > 0) {
			t.Errorf("needed: %v, answer: %v", needed, err)
		}
		return
	}
	for _, needs := range []string{"processes", "none"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestProcesses$")
		cmd.Env = append(os.Environ(), caseVar+"="+needs)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", needs, err, out)
		}
	}
}

// cases are what processes need whose directory is dir.
func cases(dir string) map[string]Needs {
	file := filepath.Join(dir, "in", "file")
	return map[string]Needs{
		"reader":    {},
		"writer":    {Files: []string{file}},
		"directory": {Directories: []string{filepath.Join(dir, "in")}},
		"device":    {Files: []string{os.DevNull}},
		"new":       {Directories: []string{filepath.Join(dir, "in", "new", "er")}, Files: []string{"/dev/stderr", "/dev/fd/2"}},
		"listener":  {Files: []string{file}, Sockets: true, Capabilities: []rights.Capability{rights.AuditRead}},
		"follower":  {Files: []string{file}, Programs: true, Sockets: true, Capabilities: []rights.Capability{rights.AuditRead, rights.AuditControl}},
	}
}

func TestAttackRefusedChild(t *testing.T) {
	dir := os.Getenv(dirVar)
	if dir == "" {
		t.Skip("runs as the child of TestAttackRefused only")
	}
	needs := cases(dir)[os.Getenv(caseVar)]
	c := child{needs: needs, inside: filepath.Join(dir, "in", "file"), outside: filepath.Join(dir, "out", "file")}
	if err := errors.Join(os.WriteFile(c.inside, []byte("old"), 0o600), os.WriteFile(c.outside, []byte("old"), 0o600)); err != nil {
		t.Fatal(err)
	}
	open, err := os.OpenFile(c.outside, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	c.address = listener.Addr().String()
	c.abstract = fmt.Sprintf("@auditscan-test-%d", os.Getpid())
	heard, err := net.Listen("unix", c.abstract)
	if err != nil {
		t.Fatal(err)
	}
	defer heard.Close()
	idle := startThreads(4)
	if err := Process(needs); err != nil {
		t.Fatal(err)
	}
	for err := range idle(c.check) {
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := open.WriteString("more"); err != nil {
		t.Errorf("what was open: %v", err)
	}
}

// startThreads starts threads of the system, and returns a function that has
// each of them do something.
func startThreads(n int) func(do func() error) <-chan error {
	work, done := make(chan func() error), make(chan error, n)
	ready := make(chan bool)
	for range n {
		go func() {
			runtime.LockOSThread()
			ready <- true
			done <- (<-work)()
		}()
		<-ready
	}
	return func(do func() error) <-chan error {
		for range n {
			work <- do
		}
		results := make(chan error, n)
		for range n {
			results <- <-done
		}
		close(results)
		return results
	}
}

type child struct {
	needs           Needs
	inside, outside string
	address         string // of a TCP listener
	abstract        string // of a socket in the abstract name space, made before
}

// check checks what the calling thread may do.
func (c *child) check() error {
	return errors.Join(c.checkStatus(), c.checkOutside(), c.checkInside(), c.checkSockets(), c.checkPrograms(), c.checkCalls(),
		c.checkDevice(), c.checkOthers())
}

// landlockVersion is the kernel's.
func landlockVersion() int {
	v, _, _ := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	return int(v)
}

// checkCalls: each call that is not needed answers EPERM, whatever it is given:
// nothing here, with which it would answer otherwise.
func (c *child) checkCalls() error {
	denied := unneeded
	if !c.needs.Sockets {
		denied = append(denied[:len(denied):len(denied)], sockets...)
	}
	if !c.needs.Programs {
		denied = append(denied[:len(denied):len(denied)], programs...)
	}
	const nothing = ^uintptr(0)
	for _, name := range denied {
		nr, ok := native().Number(name)
		if !ok {
			continue
		}
		if _, _, errno := unix.RawSyscall6(uintptr(nr), nothing, nothing, nothing, nothing, nothing, nothing); errno != unix.EPERM {
			return fmt.Errorf("%s answers %v", name, errno)
		}
	}
	// The same with a call that is needed shows what is tried here.
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOSE, nothing, 0, 0); errno != unix.EBADF {
		return fmt.Errorf("close answers %v", errno)
	}
	return nil
}

// checkDevice: a device that could be opened is not controlled.
func (c *child) checkDevice() error {
	const getEntropyCount = 0x80045200 // RNDGETENTCNT of linux/random.h
	if landlockVersion() < 5 || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		return nil
	}
	random, err := os.Open("/dev/urandom")
	if err != nil {
		return err
	}
	defer random.Close()
	if _, err := unix.IoctlGetInt(int(random.Fd()), getEntropyCount); !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("control a device: %v", err)
	}
	return nil
}

// checkOthers: who starts no program sends nobody a signal, and says nothing to
// sockets that only have a name.
func (c *child) checkOthers() error {
	if landlockVersion() < 6 {
		return nil
	}
	if err := unix.Kill(os.Getppid(), 0); (err == nil) != c.needs.Programs {
		return fmt.Errorf("send a signal: %v, want that it may: %v", err, c.needs.Programs)
	}
	if !c.needs.Sockets {
		return nil // it has none to speak with
	}
	conn, err := net.DialTimeout("unix", c.abstract, time.Second)
	if err == nil {
		conn.Close()
	}
	if (err == nil) != c.needs.Programs {
		return fmt.Errorf("connect to an abstract socket: %v, want that it may: %v", err, c.needs.Programs)
	}
	return nil
}

func (c *child) checkStatus() error {
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		return err
	}
	if !strings.Contains(string(status), "NoNewPrivs:\t1\n") || !strings.Contains(string(status), "Seccomp:\t2\n") {
		err = errors.New("no_new_privs is not set, or there is no filter")
	}
	var caps uint64
	for _, line := range strings.Split(string(status), "\n") {
		if text, ok := strings.CutPrefix(line, "CapPrm:\t"); ok {
			fmt.Sscanf(text, "%x", &caps)
		}
	}
	if extra := caps &^ c.needs.kept(); extra != 0 {
		err = errors.Join(err, fmt.Errorf("capabilities %#x are kept", extra))
	}
	if os.Geteuid() == 0 && caps == 0 {
		err = errors.Join(err, errors.New("no capability is kept"))
	}
	return err
}

// checkOutside: nothing but reading.
func (c *child) checkOutside() error {
	for what, err := range map[string]error{
		"write":    os.WriteFile(c.outside, nil, 0o600),
		"make":     os.WriteFile(c.outside+"b", nil, 0o600),
		"truncate": os.Truncate(c.outside, 0),
		"remove":   os.Remove(c.outside),
		"rename":   os.Rename(c.outside, c.outside+"c"),
		"link":     os.Symlink("x", c.outside+"d"),
		"mkdir":    os.Mkdir(c.outside+"e", 0o700),
		"chmod":    os.Chmod(c.outside, 0o4755),
		"chown":    os.Chown(c.outside, 1, 1),
		"lchown":   os.Lchown(c.outside, 1, 1),
		"chtimes":  os.Chtimes(c.outside, time.Now(), time.Now()),
		"setxattr": unix.Setxattr(c.outside, "user.x", []byte("x"), 0),
		"mount":    unix.Mount("none", filepath.Dir(c.outside), "tmpfs", 0, ""),
		"setuid":   setuid(),
	} {
		if !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("%s outside: %v", what, err)
		}
	}
	text, err := os.ReadFile(c.outside)
	if err == nil && !strings.HasPrefix(string(text), "old") {
		err = fmt.Errorf("the file outside holds %q", text)
	}
	return err
}

// setuid becomes another user, on this thread alone.
func setuid() error {
	if os.Geteuid() != 0 {
		return fs.ErrPermission // it cannot anyway
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETUID, 65534, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// checkInside: what the needs say, whichever thread asks.
func (c *child) checkInside() error {
	if len(c.needs.Files) == 1 && c.needs.Files[0] == os.DevNull {
		return os.WriteFile(os.DevNull, []byte("x"), 0)
	}
	may := len(c.needs.Files)+len(c.needs.Directories) > 0
	temp := fmt.Sprintf("%s%d", c.inside, unix.Gettid())
	err := errors.Join(os.WriteFile(temp, nil, 0o600), os.Rename(temp, c.inside))
	if (err == nil) != may {
		return fmt.Errorf("write inside: %v, want that it may: %v", err, may)
	}
	return nil
}

func (c *child) checkSockets() error {
	conn, err := net.DialTimeout("tcp4", c.address, time.Second)
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("connect: %v", err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err == nil {
		listener.Close()
	}
	if !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("listen: %v", err)
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
	if err == nil {
		unix.Close(fd)
	}
	if (err == nil) != c.needs.Sockets {
		return fmt.Errorf("open a socket: %v, want that it may: %v", err, c.needs.Sockets)
	}
	for _, family := range []int{unix.AF_INET, unix.AF_INET6, unix.AF_PACKET, unix.AF_VSOCK, unix.AF_ALG} {
		if fd, err := unix.Socket(family, unix.SOCK_STREAM, 0); err != unix.EPERM {
			unix.Close(fd)
			return fmt.Errorf("open a socket of family %d: %v", family, err)
		}
	}
	return nil
}

func (c *child) checkPrograms() error {
	err := exec.Command("/bin/true").Run()
	if (err == nil) != c.needs.Programs || err != nil && !errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("start a program: %v, want that it may: %v", err, c.needs.Programs)
	}
	return nil
}

// TestKept: what is written to a file or into a folder that is another user's
// takes a right; who only reads keeps the one to read.
func TestKept(t *testing.T) {
	const write, audit = 1 << unix.CAP_DAC_OVERRIDE, uint64(1 << unix.CAP_AUDIT_READ)
	read := (&Needs{}).kept()
	if read&(1<<unix.CAP_DAC_READ_SEARCH) == 0 || read&(write|audit) != 0 {
		t.Errorf("of one who reads: %#x", read)
	}
	for _, tt := range []struct {
		needs Needs
		want  uint64
	}{
		{Needs{Files: []string{"a"}}, read | write},
		{Needs{Directories: []string{"a"}}, read | write},
		{Needs{Capabilities: []rights.Capability{unix.CAP_AUDIT_READ}}, read | audit},
	} {
		if got := tt.needs.kept(); got != tt.want {
			t.Errorf("%+v: %#x, want %#x", tt.needs, got, tt.want)
		}
	}
}
