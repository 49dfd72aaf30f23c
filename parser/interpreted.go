package parser

import "bytes"

// interpretedTail are the fields behind exe, from the last to the first.
var interpretedTail = [...][]byte{
	[]byte(" code="), []byte(" ip="), []byte(" compat="), []byte(" syscall="), []byte(" arch="), []byte(" sig="),
}

// interpreted reads the fields of ausearch -i. It prints comm and exe decoded
// and bare, so that a process can put " pid=1" into its own name: what comes
// after exe is read from the end, what comes before comm from the start, and
// no name is long enough to reach into the other.
func (r *Record) interpreted(s []byte) (reason string) {
	s = bytes.TrimRight(s, " ")
	var v [len(interpretedTail)][]byte
	for i, key := range interpretedTail {
		at := bytes.LastIndex(s, key)
		if at < 0 {
			return "record cut, or without all fields"
		}
		v[i], s = s[at+len(key):], s[:at]
		if len(v[i]) == 0 || bytes.IndexByte(v[i], ' ') >= 0 {
			return "interpreted text is ambiguous"
		}
	}
	r.CodeName, r.SyscallName, r.ArchName = v[0], v[3], v[4]
	if !knownCodeName(r.CodeName) {
		return badValue[fCode]
	}
	digits, ok := bytes.CutPrefix(v[1], []byte("0x"))
	ip, n := lowerHex(digits)
	if !ok || n == 0 || n > 16 || n != len(digits) {
		return badValue[fIP]
	}
	r.IP = ip
	r.Compat = string(v[2]) == "1"
	return r.interpretedHead(s)
}

// knownCodeName reports whether name is one that auparse prints, or has the
// underscores of other printers. "kill" alone is older auparse's, for both
// kill_process and kill_thread.
func knownCodeName(name []byte) bool {
	switch string(name) {
	case "kill", "kill-process", "kill-thread", "kill_process", "kill_thread", "trap", "errno",
		"user-notify", "user_notif", "trace", "log", "allow":
		return true
	}
	return bytes.HasPrefix(name, []byte("unknown-seccomp-code(")) && name[len(name)-1] == ')'
}

// interpretedHead reads auid to exe. subj= may hold anything, but comes from
// the security module, and not from the process.
func (r *Record) interpretedHead(s []byte) (reason string) {
	r.AUID, r.UID, r.GID, r.Ses = NoID, NoID, NoID, NoID
	at := bytes.Index(s, []byte(" pid="))
	if at < 0 {
		return cutAfter[fNone]
	}
	if i := bytes.Index(s[:at], []byte(" subj=")); i >= 0 {
		r.Subj = s[i+len(" subj=") : at]
	}
	n, _ := intValue(&r.PID, s[at+len(" pid="):])
	if n < 0 {
		return badValue[fPID]
	}
	s = s[at+len(" pid=")+n:]
	if !bytes.HasPrefix(s, []byte(" comm=")) {
		return "record without comm="
	}
	return r.interpretedNames(s[len(" comm="):])
}

var exeKey = []byte(" exe=")

// interpretedNames reads "COMM exe=EXE". Both may hold " exe=" themselves: of
// several ways to split them, only one in which comm is not too long and exe
// is a path may be left.
func (r *Record) interpretedNames(s []byte) (reason string) {
	at, ways := bytes.Index(s, exeKey), 1
	if at < 0 {
		return cutAfter[fComm]
	}
	if bytes.Count(s, exeKey) > 1 {
		ways = 0
		for i := range s[:min(len(s), escaped*maxComm+1)] {
			if bytes.HasPrefix(s[i:], exeKey) && couldBeNames(s[:i], s[i+len(exeKey):]) {
				at, ways = i, ways+1
			}
		}
	}
	if ways != 1 {
		return "interpreted text is ambiguous"
	}
	r.Comm, r.Exe = plain(s[:at]), plain(s[at+len(exeKey):])
	return ""
}

// The bytes of a comm, and of one of them as ausearch may write it.
const maxComm, escaped = 15, 4

// couldBeNames reports whether the kernel can have meant this comm, of which
// ausearch has written some bytes as \ooo, and this exe.
func couldBeNames(comm, exe []byte) bool {
	n := len(comm) - (escaped-1)*bytes.Count(comm, []byte(`\`))
	return n <= maxComm && len(exe) > 0 && bytes.IndexByte([]byte("/(<"), exe[0]) >= 0
}

func plain(s []byte) Text { return Text{s, EncPlain} }

// UnknownSyscall reads the number in auparse's "unknown-syscall(500)" and in
// a bare number.
func UnknownSyscall(name []byte) (nr int32, ok bool) {
	name = bytes.TrimPrefix(name, []byte("unknown-syscall("))
	name = bytes.TrimSuffix(name, []byte(")"))
	name, neg := bytes.CutPrefix(name, []byte("-"))
	v, n := digits(name)
	if n == 0 || n > 10 || n != len(name) {
		return 0, false
	}
	wide := int64(v)
	if neg {
		wide = -wide
	}
	return int32(wide), int64(int32(wide)) == wide
}
