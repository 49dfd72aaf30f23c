package notify

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/auditscan/auditscan/parser"
)

// threads are those of a container, as an audit record would tell of them. To
// read /proc costs more than all else that is done for a call, so what it said
// is used again until the thread makes a call that can change it.
type threads struct {
	known map[int32]thread
}

type thread struct {
	process *parser.Process
	until   time.Time
}

const (
	// threadFresh bounds how long a thread is believed to be the same: its id may
	// be another's after it was killed, and others can rename it.
	threadFresh = 100 * time.Millisecond
	// maxThreads bounds the threads that are remembered of a container.
	maxThreads = 1 << 14
)

// find returns what is known of the thread of a call; nil if it has ended.
func (t *threads) find(d *descriptor, c *call, now time.Time) *parser.Process {
	if known, ok := t.known[c.thread]; ok && now.Before(known.until) {
		return known.process
	}
	process := readProcess(c.thread)
	if process == nil || !d.waits(c.id) {
		delete(t.known, c.thread)
		return nil
	}
	if t.known == nil || len(t.known) >= maxThreads {
		t.known = map[int32]thread{}
	}
	t.known[c.thread] = thread{process, now.Add(threadFresh)}
	return process
}

// forget forgets a thread that makes a call after which it may be another
// program, of another name or user, or gone.
func (t *threads) forget(id int32, p *parser.Process, call string) {
	switch call {
	case "execve", "execveat", "exit", "exit_group", "prctl",
		"setuid", "setuid32", "setreuid", "setreuid32", "setresuid", "setresuid32",
		"setgid", "setgid32", "setregid", "setregid32", "setresgid", "setresgid32":
		delete(t.known, id)
		delete(t.known, p.PID) // whose place a thread takes that executes a program
	}
}

// readProcess reads what /proc shows of a thread; nil if there is none.
func readProcess(thread int32) *parser.Process {
	dir := "/proc/" + strconv.Itoa(int(thread))
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return nil
	}
	p := parseStatus(status)
	if exe, err := os.Readlink(dir + "/exe"); err == nil {
		p.Exe = parser.Text{Bytes: []byte(exe), Enc: parser.EncPlain}
	}
	return p
}

// parseStatus reads /proc/PID/status: the thread's name, its process and the
// real ids, which are those of an audit record.
func parseStatus(status []byte) *parser.Process {
	p := &parser.Process{AUID: parser.NoID, UID: parser.NoID, GID: parser.NoID, Ses: parser.NoID}
	for line := range bytes.Lines(status) {
		key, value, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), ":\t")
		first, _, _ := strings.Cut(value, "\t")
		number, err := strconv.ParseUint(first, 10, 32)
		switch {
		case key == "Name":
			// The kernel escapes these two only.
			name := strings.NewReplacer(`\n`, "\n", `\\`, `\`).Replace(value)
			p.Comm = parser.Text{Bytes: []byte(name), Enc: parser.EncPlain}
		case err != nil:
		case key == "Tgid":
			p.PID = int32(number)
		case key == "Uid":
			p.UID = uint32(number)
		case key == "Gid":
			p.GID = uint32(number)
			return p // behind it there is nothing of interest
		}
	}
	return p
}
