package parser_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/internal/loggen"
	"github.com/auditscan/auditscan/parser"
)

// TestFastPaths checks that the paths for the common cases read what the
// general reader reads: on logs of the kinds that they are for, whole and with
// damage in every few lines.
func TestFastPaths(t *testing.T) {
	for _, kind := range []loggen.Kind{loggen.Audit, loggen.Syslog1, loggen.Syslog30, loggen.Groups} {
		t.Run(string(kind), func(t *testing.T) {
			var log bytes.Buffer
			if err := loggen.Write(&log, kind, 200_000, 7); err != nil {
				t.Fatal(err)
			}
			whole := items(parser.New(parser.LayoutLines), log.Bytes())
			same(t, "whole", whole, items(parser.General(parser.New(parser.LayoutLines)), log.Bytes()))
			if len(whole) < 10 {
				t.Fatalf("only %d items", len(whole))
			}
			r := rand.New(rand.NewPCG(1, 9))
			for range 30 {
				bad := damaged(r, log.Bytes())
				same(t, "damaged", items(parser.New(parser.LayoutLines), bad), items(parser.General(parser.New(parser.LayoutLines)), bad))
			}
		})
	}
}

// TestFastAfter checks that what was remembered of one line is not taken for
// true of another that only looks like it.
func TestFastAfter(t *testing.T) {
	line := func(sig, code string) string {
		return "type=SECCOMP msg=audit(1717243200.123:77): auid=1000 uid=33 gid=34 ses=7 pid=4321 comm=\"nginx\" exe=\"/usr/sbin/nginx\" sig=" +
			sig + " arch=c000003e syscall=202 compat=0 ip=0x7f00 code=0x" + code + "\n"
	}
	call := func(nr string) string { return strings.Replace(line("0", "7ffc0000"), "syscall=202", "syscall="+nr, 1) }
	for name, log := range map[string]string{
		"a number beyond 32 bits":       call("202") + call("4294967498"), // 1<<32 + 202
		"a code that only kills":        line("31", "12340000") + line("0", "12340000"),
		"the same, both known":          line("0", "7ffc0000") + line("31", "12340000") + line("31", "12340000") + line("0", "12340000"),
		"a code of NUL bytes, first":    line("0", "\x00\x00\x00\x00\x00\x00\x00\x00"),
		"a code of NUL bytes, after":    line("0", "7ffc0000") + line("0", "\x00\x00\x00\x00\x00\x00\x00\x00"),
		"a code with a digit more":      line("0", "7ffc0000") + line("0", "7ffc00000"),
		"a code with a capital":         line("0", "7ffc000a") + line("0", "7ffc000A"),
		"an ip with a capital":          line("0", "7ffc0000") + strings.Replace(line("0", "7ffc0000"), "0x7f00 ", "0x7f00123456aA ", 1),
		"an ip beyond hex":              line("0", "7ffc0000") + strings.Replace(line("0", "7ffc0000"), "0x7f00 ", "0x`f00123456gg ", 1),
		"an ip of 17 digits":            line("0", "7ffc0000") + strings.Replace(line("0", "7ffc0000"), "0x7f00 ", "0x10000000000000000 ", 1),
		"a code that is glued to AUID=": line("0", "7ffc0000") + line("0", "7ffc0000AUID=\"unset\""),
	} {
		t.Run(name, func(t *testing.T) {
			got := items(parser.New(parser.LayoutLines), []byte(log))
			same(t, name, got, items(parser.General(parser.New(parser.LayoutLines)), []byte(log)))
			if got[len(got)-1].item == parser.ItemRecord && !strings.Contains(name, "AUID") {
				t.Errorf("the last line is read as a record: %+v", got[len(got)-1])
			}
		})
	}
}

// TestFastOthers checks that of the lines of other types only those are read in
// one go that the general way takes for the kernel's.
func TestFastOthers(t *testing.T) {
	const rest = `msg=audit(1717243200.123:78): arch=c000003e syscall=59 success=yes exit=0 pid=4321 comm="x" exe="/x"` + "\n"
	for _, log := range []string{
		"type=SYSCALL " + rest,
		"type=DAEMON_START " + rest,
		"type=SECCOMP " + rest,
		"type=UNKNOWN[1326] " + rest,
		"type=ANOM_ABEND " + rest,
		"type=3D1326 " + rest,
		"type=SYS\nCALL " + rest,
		"type=audit( " + rest,
		"type= " + rest,
		"type=" + strings.Repeat("X", 80) + " " + rest,
		"type=SYSCALL  " + rest,
		strings.Replace("type=SYSCALL "+rest, ":78)", ":99999999999)", 1),
		strings.Replace("type=SYSCALL "+rest, ":78):", ":78) ", 1),
		strings.Replace("type=SYSCALL "+rest, "1717243200.123", "171724320.123", 1),
		strings.Replace("type=SYSCALL "+rest, "1717243200.123", "0000000000.000", 1),
	} {
		log += strings.Repeat("type=EOE "+rest, 2)
		same(t, log, items(parser.New(parser.LayoutLines), []byte(log)), items(parser.General(parser.New(parser.LayoutLines)), []byte(log)))
	}
}

// damaged copies a log with bytes changed, left out and put in.
func damaged(r *rand.Rand, log []byte) []byte {
	const alphabet = "\n\n\r\x1d \"=:()[]{}<;,.0123456789abcdefx%AUIDSaudit"
	var out []byte
	for len(log) > 0 {
		n := min(len(log), r.IntN(1200))
		out = append(out, log[:n]...)
		if log = log[n:]; len(log) == 0 {
			break
		}
		switch c := alphabet[r.IntN(len(alphabet))]; r.IntN(4) {
		case 0:
			out = append(out, c)
		case 1:
			out, log = append(out, c), log[1:]
		case 2:
			log = log[min(len(log), r.IntN(40)):]
		case 3: // a piece of the line before, as where two writers met
			out = append(out, out[max(0, len(out)-r.IntN(300)):]...)
		}
	}
	return out
}
