package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// socket is a unix socket that only its owner and root can connect to.
type socket struct {
	*net.UnixListener
	path string
	made os.FileInfo // nil: the service manager made it
}

// maxSocketPath is sizeof(sockaddr_un.sun_path), less the final zero.
const maxSocketPath = 107

// newSocket listens on a path. A socket that is there already is replaced if
// nobody listens on it any more.
func newSocket(path string) (*socket, error) {
	if err := checkPlace(path); err != nil {
		return nil, err
	}
	// It gets its mode before it gets its name, so that nobody else can connect
	// in between.
	temporary := fmt.Sprintf("%s.%d", path, os.Getpid())
	if len(temporary) > maxSocketPath {
		return nil, fmt.Errorf("%s: with the process's id it is longer than the %d bytes that the path of a socket can have", path, maxSocketPath)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: temporary, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false)
	s := &socket{UnixListener: listener, path: path}
	if err = os.Chmod(temporary, 0o600); err == nil {
		err = os.Rename(temporary, path)
	}
	if err == nil {
		s.made, err = os.Lstat(path)
	}
	if err != nil {
		return nil, errors.Join(err, listener.Close(), ignoreMissing(os.Remove(temporary)))
	}
	return s, nil
}

// checkPlace makes the directory of a socket and says what is in its way.
func checkPlace(path string) error {
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return ignoreMissing(err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s: exists and is no socket: name another path, or remove it", path)
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
		return fmt.Errorf("%s: another process listens there already", path)
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return err
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// close ends listening and removes the socket, unless it is another's by now.
func (s *socket) close() error {
	err := s.UnixListener.Close()
	if s.made == nil {
		return err
	}
	if now, serr := os.Lstat(s.path); serr == nil && os.SameFile(now, s.made) {
		err = errors.Join(err, ignoreMissing(os.Remove(s.path)))
	}
	return err
}

const (
	// maxState bounds what a runtime can say of a container: annotations make it
	// some kB.
	maxState = 1 << 20
	// maxDescriptors bounds those that a client can send.
	maxDescriptors = 16
	// patience is how long a runtime may take to say all, once it has begun. crun
	// connects when a container is made, and begins when that is started.
	patience = 5 * time.Second
)

// delivery is what a runtime has sent: a container, and the descriptor of its
// filter.
type delivery struct {
	id    string
	pid   int32 // of its first process, or of one that enters it
	calls *descriptor
}

// receive reads what a client sends. Whatever descriptors came with something
// that cannot be used are closed.
func receive(conn *net.UnixConn) (*delivery, error) {
	if err := checkPeer(conn); err != nil {
		return nil, err
	}
	r := &rightsReader{conn: conn}
	d, err := r.delivery()
	for _, fd := range r.fds {
		if d == nil || fd != d.calls.fd {
			unix.Close(fd)
		}
	}
	return d, err
}

// checkPeer refuses who is neither root nor the user that listens.
func checkPeer(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	cerr := raw.Control(func(fd uintptr) { peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err := errors.Join(cerr, err); err != nil {
		return err
	}
	if peer.Uid != 0 && int(peer.Uid) != os.Geteuid() {
		return fmt.Errorf("process %d of user %d is neither root's nor ours", peer.Pid, peer.Uid)
	}
	return nil
}

// rightsReader reads a connection and keeps the descriptors that come with it.
type rightsReader struct {
	conn  *net.UnixConn
	begun bool
	fds   []int
}

func (r *rightsReader) Read(p []byte) (int, error) {
	rights := make([]byte, unix.CmsgSpace(4*maxDescriptors))
	n, size, flags, _, err := r.conn.ReadMsgUnix(p, rights)
	if !r.begun {
		r.begun, err = true, errors.Join(err, r.conn.SetDeadline(time.Now().Add(patience)))
	}
	switch {
	case errors.Is(err, io.EOF): // which the connection wraps
		return 0, io.EOF
	case err != nil:
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:size])
	for i := range messages {
		fds, rerr := unix.ParseUnixRights(&messages[i])
		r.fds, err = append(r.fds, fds...), errors.Join(err, rerr)
	}
	if err == nil && (flags&unix.MSG_CTRUNC != 0 || len(r.fds) > maxDescriptors) {
		err = fmt.Errorf("it sent more than %d descriptors", maxDescriptors)
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

// delivery reads OCI's ContainerProcessState.
func (r *rightsReader) delivery() (*delivery, error) {
	limit := &io.LimitedReader{R: r, N: maxState}
	var state specs.ContainerProcessState
	err := json.NewDecoder(limit).Decode(&state)
	switch {
	case limit.N == 0:
		return nil, fmt.Errorf("its state is longer than %d bytes", maxState)
	case errors.Is(err, io.EOF):
		return nil, errors.New("it closed the connection without a word")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("it closed the connection in the middle of its state")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fmt.Errorf("it did not send its whole state within %v", patience)
	case err != nil:
		return nil, fmt.Errorf("its state is no ContainerProcessState of OCI: %w", err)
	}
	return r.check(&state)
}

// containerID is what runc and crun take for an id.
var containerID = regexp.MustCompile(`^[A-Za-z0-9_+-][A-Za-z0-9_+.-]{0,252}$`)

// check holds the descriptors against the state that names them.
func (r *rightsReader) check(state *specs.ContainerProcessState) (*delivery, error) {
	if !containerID.MatchString(state.State.ID) {
		return nil, fmt.Errorf("its state has the container id %.60q, which no runtime gives", state.State.ID)
	}
	if len(r.fds) != len(state.Fds) {
		return nil, fmt.Errorf("container %s: its state names %d descriptors, and %d came with it", state.State.ID, len(state.Fds), len(r.fds))
	}
	found := -1
	for i, name := range state.Fds {
		if name != specs.SeccompFdName {
			continue
		}
		if found >= 0 {
			return nil, fmt.Errorf("container %s: its state names two descriptors %s", state.State.ID, name)
		}
		found = i
	}
	if found < 0 {
		return nil, fmt.Errorf("container %s: its state names no descriptor %s", state.State.ID, specs.SeccompFdName)
	}
	calls, err := newDescriptor(r.fds[found])
	if err != nil {
		return nil, fmt.Errorf("container %s: %w", state.State.ID, err)
	}
	return &delivery{id: state.State.ID, pid: int32(state.Pid), calls: calls}, nil
}
