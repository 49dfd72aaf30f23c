package parser

import "bytes"

// elsewhere is the reason why a line is no record, though it was made from one:
// another tool has left out its arch or its action, or it is encoded, or cut
// before its type. "": it is none.
func elsewhere(line []byte) string {
	switch {
	case hasAny(line, `type="seccomp"`, `"type"="seccomp"`) && hasAny(line, "syscallID", "syscallName"):
		return logEnricher
	case bytes.HasPrefix(line, []byte("Log: ")) && bytes.Contains(line, []byte(" arch=")) && bytes.Contains(line, []byte(" code=0x")):
		return snappyDebug
	case bytes.HasSuffix(bytes.TrimRight(line, " "), []byte(" CODE")) && bytes.Contains(line, []byte(" SYSCALL ")):
		return gadgetTable
	case bytes.Contains(line, []byte(calledWord)):
		return "line of ausearch that tells neither arch nor action: use its --raw instead"
	case hasAny(line, `SECCOMP auid\=`, `SECCOMP uid\=`): // CEF
		return "text with escapes: undo them first"
	case aureportLine(line):
		return "line of aureport that tells no call: read the audit.log that it was made from instead"
	case cutBefore(line):
		return "record cut before its type: join the lines that a terminal has broken"
	}
	return encoded(line)
}

// calledWord is what ausearch says of a record in CSV and in text.
const calledWord = "called-seccomp-controlled-syscall"

// aureportLine reports whether a line is of aureport's list of anomalies: a
// number, a date, a time and the type, and a serial at the end.
func aureportLine(line []byte) bool {
	before, rest, ok := bytes.Cut(line, []byte(" SECCOMP "))
	_, number := digits(before)
	_, serial := digits(rest[bytes.LastIndexByte(rest, ' ')+1:])
	return ok && number > 0 && serial > 0 && bytes.HasPrefix(before[number:], []byte(". ")) &&
		clock(before[bytes.LastIndexByte(before, ' ')+1:]) > 0
}

// cutBefore reports whether a line begins within the type of a record, or behind
// it, where a terminal broke the line.
func cutBefore(line []byte) bool {
	i := stampIndex(line)
	if i < 0 || i > len(seccompStart) {
		return false
	}
	_, rest, ok := parseStamp(line[i:])
	if !ok || !bytes.HasPrefix(rest, []byte(": ")) || !startsWithField(rest[2:]) {
		return false
	}
	head := line[:i]
	for _, whole := range [...]string{"type=1326 ", "type=SECCOMP msg=", "type=UNKNOWN[1326] msg="} {
		if len(head) < len(whole) && whole[len(whole)-len(head):] == string(head) {
			return true
		}
	}
	return false
}

// shortestEncoded is shorter than any record in base64.
const shortestEncoded = 64

// encoded is the reason why a text that holds a record cannot be read: it is in
// base64, or a part of an address. "": it is none.
func encoded(s []byte) string {
	if len(s) < shortestEncoded {
		return ""
	}
	if bytes.IndexByte(s, '%') >= 0 && namesType(s) && hasAny(s, "audit(", "audit%28", "auid%3D", "auid%3d") {
		return "URL-encoded text: decode it first"
	}
	for _, mark := range base64Marks {
		if i := bytes.Index(s, mark); i >= 0 && encodedLen(s, i) >= shortestEncoded {
			return "base64 text: decode it first"
		}
	}
	return ""
}

// base64Marks are what "audit(1" and "SECCOMP" are in base64, for each of the three
// places in a group that they can begin at.
var base64Marks = [...][]byte{
	[]byte("YXVkaXQo"), []byte("F1ZGl0KD"), []byte("hdWRpdCgx"),
	[]byte("U0VDQ09N"), []byte("NFQ0NP"), []byte("TRUNDT01Q"),
}

// encodedLen is the length of the base64 around i.
func encodedLen(s []byte, i int) int {
	start, end := i, i
	for start > 0 && base64Byte(s[start-1]) {
		start--
	}
	for end < len(s) && base64Byte(s[end]) {
		end++
	}
	return end - start
}

func base64Byte(c byte) bool { return isAlnum(c) || bytes.IndexByte([]byte("+/-_"), c) >= 0 }
