package source

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// message makes a netlink message; its length field is deliberately that of
// the text alone, as some kernels have it.
func message(msgType uint16, text string) []byte {
	b := make([]byte, unix.SizeofNlMsghdr, unix.SizeofNlMsghdr+len(text))
	binary.NativeEndian.PutUint32(b, uint32(len(text)))
	binary.NativeEndian.PutUint16(b[4:], msgType)
	return append(b, text...)
}

func TestAppendMessage(t *testing.T) {
	const record = `audit(1662057996.821:272): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=801989 comm="runc:[2:INIT]" exe="/" sig=0 arch=c000003e syscall=202 compat=0 ip=0x55ed9c8764f3 code=0x7ffc0000`
	const stamp = "audit(1662057996.821:272):"
	tests := []struct {
		name string
		msg  []byte
		want string
	}{
		{"seccomp", message(1326, record), "type=SECCOMP msg=" + record + "\n"},
		{"kernel's trailing zero", message(1326, record+"\x00"), "type=SECCOMP msg=" + record + "\n"},
		{"newline in a label", message(1326, stamp+" subj=a\ntype=SECCOMP msg=audit(1.1:1): pid=1\x00\x1d"), "type=SECCOMP msg=" + stamp + " subj=a type=SECCOMP msg=audit(1.1:1): pid=1 \x20\n"},
		{"another type keeps its stamp only", message(1300, stamp+" arch=c000003e syscall=59"), "type=SYSCALL msg=" + stamp + "\n"},
		{"text of a user", message(1107, stamp+" msg='x\ntype=SECCOMP msg=audit(1.1:1): pid=1'"), "type=USER_AVC msg=" + stamp + "\n"},
		{"end of event", message(1320, stamp+" "), "type=EOE msg=" + stamp + "\n"},
		{"type without a name", message(1350, stamp+" x"), "type=UNKNOWN[1350] msg=" + stamp + "\n"},
		{"unfinished record is handed on", message(1326, stamp), "type=SECCOMP msg=" + stamp + "\n"},
		{"no stamp", message(1326, "pid=1"), ""},
		{"stamp not first", message(1326, " "+record), ""},
		{"stamp without serial", message(1300, "audit(1662057996.821): x"), ""},
		{"stamp cut", message(1300, "audit(1662057996.821:272)"), ""},
		{"stamp with a word", message(1300, "audit(1662057996.821:x): y"), ""},
		{"empty", message(1300, ""), ""},
		{"half a header", make([]byte, 15), ""},
		{"nothing", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(appendMessage([]byte("kept"), tt.msg)); got != "kept"+tt.want {
				t.Errorf("\n got %q\nwant %q", got, "kept"+tt.want)
			}
		})
	}
}

// FuzzAppendMessage holds that whatever comes is one line with a stamp, or
// none.
func FuzzAppendMessage(f *testing.F) {
	for _, text := range []string{"audit(1.123:7): pid=1", "audit(1.123:7): a\nb", "audit(", "", "audit(1.1:1):\x00"} {
		f.Add(message(1326, text))
		f.Add(message(1300, text))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		line := appendMessage(nil, msg)
		if len(line) == 0 {
			return
		}
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		if !ended || bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("not one clean line: %q", line)
		}
		if _, rest, _ := strings.Cut(string(text), " msg="); leadingStamp([]byte(rest)) == nil {
			t.Errorf("no stamp: %q", line)
		}
	})
}

func TestLostSince(t *testing.T) {
	for _, tt := range []struct {
		before, now uint32
		want        int64
	}{{0, 0, 0}, {5, 5, 0}, {5, 8, 3}, {5, 0, 0}, {5, 2, 2}} {
		if got := lostSince(tt.before, tt.now); got != tt.want {
			t.Errorf("from %d to %d: %d, want %d", tt.before, tt.now, got, tt.want)
		}
	}
}

// TestOnlyKernelIsHeard: a process can send to the socket, too, and is not
// believed.
func TestOnlyKernelIsHeard(t *testing.T) {
	for _, tt := range []struct {
		from  unix.Sockaddr
		heard bool
	}{
		{&unix.SockaddrNetlink{Family: unix.AF_NETLINK}, true},
		{&unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: 1234}, false},
		{&unix.SockaddrUnix{}, false},
		{nil, false},
	} {
		s := &netlinkStream{Queue: NewQueue(1 << 20), closing: make(chan struct{})}
		s.handleMessage(message(1326, "audit(1662057996.821:272): pid=1"), tt.from)
		c, ok, _ := s.take()
		if ok != tt.heard || ok && string(c.Lines) != "type=SECCOMP msg=audit(1662057996.821:272): pid=1\n" {
			t.Errorf("from %+v: %q, %v", tt.from, c.Lines, ok)
		}
	}
}
