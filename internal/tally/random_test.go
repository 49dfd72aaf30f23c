package tally

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/parser"
)

// randomLog writes n lines as a host's syslog, journal and audit log might
// hold them: records in several renderings, some twice, some that claim
// another's serial, of several boots, with losses between them. Every other
// log is of several nodes.
type randomLog struct {
	*rand.Rand
	nodes  []string // as auditd names them
	host   string   // as syslog does
	out    bytes.Buffer
	serial uint32
	millis int64
	lines  []string // of records, for those to be repeated
}

func newRandomLog(seed uint64) *randomLog {
	l := &randomLog{Rand: rand.New(rand.NewPCG(seed, 7)), nodes: []string{""}, serial: 100, millis: 1717243200000}
	switch seed % 4 {
	case 0, 2:
		l.nodes, l.host = []string{"", "", "node=a ", "node=b "}, "vm "
	case 1: // syslog names the host, auditd does not
		l.host = "vm "
	}
	return l
}

func (l *randomLog) text(n int) []byte {
	for range n {
		l.line()
	}
	return l.out.Bytes()
}

func (l *randomLog) line() {
	l.serial += uint32(l.IntN(2) + l.IntN(40)/39*200)
	l.millis += int64(l.IntN(5))
	switch k := l.IntN(100); {
	case k < 60:
		s := l.record()
		l.lines = append(l.lines, s)
		fmt.Fprintln(&l.out, s)
	case k < 70 && len(l.lines) > 0:
		again := l.lines[len(l.lines)-1-l.IntN(min(len(l.lines), 200))]
		if fields, ok := strings.CutPrefix(again, "type=SECCOMP msg=audit("); ok && l.host != "" {
			again = fmt.Sprintf("Jun  1 12:00:00 %skernel: audit: type=1326 audit(%s", l.host, fields)
		}
		fmt.Fprintln(&l.out, again)
	case k < 85:
		fmt.Fprintf(&l.out, "%stype=SYSCALL msg=audit(%s): arch=c000003e syscall=1\n", l.node(), l.stamp())
	case k < 90:
		fmt.Fprintln(&l.out, l.record()[:60+l.IntN(40)])
	case k < 92:
		fmt.Fprintf(&l.out, "[ 1.000000] kauditd_printk_skb: %d callbacks suppressed\n", 1+l.IntN(50))
	case k < 94:
		fmt.Fprintf(&l.out, "[ 1.000000] audit: audit_lost=%d audit_rate_limit=0 audit_backlog_limit=64\n", 1+l.IntN(500))
	case k < 95 && l.IntN(2) == 0:
		fmt.Fprintf(&l.out, "type=ANOM_ABEND msg=audit(%s): auid=1 uid=2 gid=3 ses=4 pid=%d comm=\"a\" exe=\"/bin/a\" sig=31 res=1\n", l.stamp(), 1000+l.IntN(20))
	case k < 95:
		l.serial, l.millis = uint32(l.IntN(50)), l.millis+60000 // a reboot
	default:
		fmt.Fprintln(&l.out, "Jun  1 12:00:00 vm app[1]: nothing of interest")
	}
}

func (l *randomLog) node() string { return l.nodes[l.IntN(len(l.nodes))] }

func (l *randomLog) stamp() string {
	return fmt.Sprintf("%d.%03d:%d", l.millis/1000, l.millis%1000, l.serial)
}

func (l *randomLog) record() string {
	pid := 1000 + l.IntN(20)
	fields := fmt.Sprintf(`auid=1 uid=2 gid=3 ses=4 pid=%d comm=%s exe="/bin/%c" sig=0 arch=%s syscall=%d compat=0 ip=0x%x code=%s`,
		pid, [...]string{`"a"`, `"b"`, "C3A9"}[l.IntN(3)], 'a'+rune(l.IntN(3)), [...]string{"c000003e", "40000003", "c00000b7"}[l.IntN(3)],
		[...]int{0, 1, 2, 39, 59, 110, 202, 500, -1, 0x40000001, l.IntN(2000)}[l.IntN(11)], l.IntN(5),
		[...]string{"0x7ffc0000", "0x50000", "0x30000"}[l.IntN(3)])
	switch l.IntN(10) {
	case 0:
		return fmt.Sprintf("Jun  1 12:00:00 %saudit[%d]: SECCOMP %s", l.host, pid, fields)
	case 1:
		return fmt.Sprintf("Jun  1 12:00:00 %skernel: audit: type=1326 audit(%s): %s", l.host, l.stamp(), fields)
	case 2:
		return fmt.Sprintf(`{"ID":"%s","SECCOMP":[{"pid":%d,"comm":"a","exe":"/bin/a","sig":0,"arch":"0xc000003e","syscall":3,"compat":0,"ip":"0x1","code":"0x7ffc0000"}]}`, l.stamp(), pid)
	case 3:
		return fmt.Sprintf("type=SECCOMP msg=audit(06/01/24 12:00:00.123:%d) : auid=a uid=b gid=c ses=4 pid=%d comm=a exe=/bin/a sig=SIG0 arch=x86_64 syscall=read compat=0 ip=0x1 code=log ", l.serial, pid)
	case 4:
		return fmt.Sprintf(`[ 1.0] type=1701 audit(%s): auid=1 uid=2 gid=3 ses=4 pid=%d comm="a" reason="seccomp" sig=0 syscall=4 compat=0 ip=0x1 code=0x50000`, l.stamp(), pid)
	}
	return fmt.Sprintf("%stype=SECCOMP msg=audit(%s): %s", l.node(), l.stamp(), fields)
}

// summaryOf counts logs one after the other in one builder.
func summaryOf(f *aggregate.Filter, logs ...[]byte) *aggregate.Summary {
	b := New(f)
	for i, log := range logs {
		b.Begin(Source{Name: fmt.Sprintf("log%d", i)})
		feed(b, parser.Sniff(log), log)
	}
	return b.Summary()
}
