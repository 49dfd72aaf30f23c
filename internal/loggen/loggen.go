// Package loggen makes logs for benchmarks: the same bytes for the same seed,
// in the proportions of real ones. Programs differ in how often they log, each
// has some dozens of calls that it makes with very different frequency, and
// records of one process come in bursts.
package loggen

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
)

// Kind is a kind of log.
type Kind string

// The kinds.
const (
	Audit    Kind = "audit"    // auditd's file, enriched, 95 % SECCOMP
	Syslog1  Kind = "syslog1"  // rsyslog's file, 1 % SECCOMP
	Syslog30 Kind = "syslog30" // 30 % SECCOMP
	Groups   Kind = "groups"   // auditd's, of 10,000 processes, all as busy
	Distinct Kind = "distinct" // auditd's, each record with a pid and a comm of its own
	Filebeat Kind = "filebeat" // auditd's lines in Filebeat's JSON
	Rough    Kind = "rough"    // auditd's, with gaps, losses, repeated, forged and cut lines
)

// Write writes whole lines of a kind until size bytes are reached.
func Write(out io.Writer, kind Kind, size int64, seed uint64) error {
	g := newGenerator(seed)
	next, ok := map[Kind]func(){
		Audit:    g.auditLine,
		Syslog1:  func() { g.syslogLine(100) },
		Syslog30: func() { g.syslogLine(3) },
		Groups:   func() { g.many(10_000) },
		Distinct: func() { g.many(1 << 30) },
		Filebeat: g.filebeatLine,
		Rough:    g.roughLine,
	}[kind]
	if !ok {
		return fmt.Errorf("unknown kind of log %q", kind)
	}
	w := bufio.NewWriterSize(out, 1<<20)
	for written := int64(0); written < size; written += int64(len(g.line)) {
		g.line = g.line[:0]
		next()
		if _, err := w.Write(g.line); err != nil {
			return err
		}
	}
	return w.Flush()
}

// process is one that logs.
type process struct {
	pid   int
	comm  string
	exe   string
	calls []int // in the order of how often they are made
}

// The population: as many programs and processes as a busy node has.
const (
	programs      = 40
	perProgram    = 10
	callsPerGroup = 60
)

type generator struct {
	r         *rand.Rand
	processes []process
	who, call *rand.Zipf
	current   *process
	burst     int
	serial    uint32
	millis    int64
	line      []byte
	past      [][]byte // lines, for some to be repeated
}

func newGenerator(seed uint64) *generator {
	g := &generator{r: rand.New(rand.NewPCG(seed, 1326)), serial: 1000, millis: 1795446782601}
	for i := range programs {
		calls := g.r.Perm(335)[:callsPerGroup]
		comm := names[i%len(names)]
		for range perProgram {
			g.processes = append(g.processes, process{
				pid: 1000 + g.r.IntN(4000000), comm: comm, exe: "/usr/sbin/" + comm, calls: calls,
			})
		}
	}
	g.who = rand.NewZipf(g.r, 1.2, 4, uint64(len(g.processes)-1))
	g.call = rand.NewZipf(g.r, 1.3, 2, callsPerGroup-1)
	return g
}

var names = [...]string{"nginx", "redis-server", "postgres", "java", "node", "python3", "envoy", "coredns", "kubelet",
	"containerd-shim", "runc:[2:INIT]", "bash", "sshd", "systemd", "etcd", "php-fpm8.2", "mysqld", "haproxy", "grafana", "prometheus"}

// step goes on to the next record: its process, serial and time.
func (g *generator) step() {
	if g.burst == 0 {
		g.current = &g.processes[g.who.Uint64()]
		g.burst = 1 + g.r.IntN(12)
	}
	g.burst--
	g.serial++
	if g.r.IntN(16) == 0 {
		g.millis += int64(g.r.IntN(8))
	}
}

func (g *generator) auditLine() {
	g.step()
	p := g.current
	stamp := func(kind string) {
		g.line = fmt.Appendf(g.line, "type=%s msg=audit(%d.%03d:%d): ", kind, g.millis/1000, g.millis%1000, g.serial)
	}
	if g.r.IntN(20) == 0 {
		stamp("SYSCALL")
		g.line = fmt.Appendf(g.line, "arch=c000003e syscall=%d success=yes exit=0 a0=%x a1=%x a2=%x a3=0 items=0 ppid=1 pid=%d auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=4294967295 comm=\"%s\" exe=\"%s\" subj=unconfined key=(null)\x1dARCH=x86_64 SYSCALL=read AUID=\"unset\" UID=\"root\" GID=\"root\"\n",
			p.calls[g.call.Uint64()], g.r.IntN(1<<16), g.r.Int64N(1<<40), g.r.Int64N(1<<40), p.pid, p.comm, p.exe)
		return
	}
	stamp("SECCOMP")
	g.record()
	g.line = append(g.line, "\x1dAUID=\"unset\" UID=\"root\" GID=\"root\" ARCH=x86_64 SYSCALL=read\n"...)
}

// filebeatLine wraps a line of auditd as Filebeat's file output does.
func (g *generator) filebeatLine() {
	g.auditLine()
	message, _ := json.Marshal(string(g.line[:len(g.line)-1]))
	g.line = fmt.Appendf(g.line[:0], `{"@timestamp":"2026-11-23T14:57:%02d.%03dZ","@metadata":{"beat":"filebeat","type":"_doc","version":"8.11.1"},`+
		`"log":{"offset":%d,"file":{"path":"/var/log/audit/audit.log"}},"message":%s,"input":{"type":"log"},"ecs":{"version":"8.0.0"},`+
		`"host":{"name":"node-17"},"agent":{"type":"filebeat","version":"8.11.1","ephemeral_id":"b4a2a7b5-71b1-4c0e-a0c3-1f2fd2a3a1e5",`+
		`"id":"f2d3a6b1-9d5f-4a52-8a34-b3b9f3a0c6d7","name":"node-17"}}`+"\n", g.millis/1000%60, g.millis%1000, g.r.Int64N(1<<30), message)
}

// many writes a line of the next of n processes, each with its pid and comm.
func (g *generator) many(n int) {
	i := int(g.serial) % n
	g.current = &process{pid: 1 + i, comm: fmt.Sprintf("w%d", i), exe: "/usr/bin/w", calls: g.processes[0].calls}
	g.burst = 1
	g.auditLine()
}

// record appends the kernel's part of a record.
func (g *generator) record() {
	p := g.current
	g.line = fmt.Appendf(g.line, "auid=4294967295 uid=0 gid=0 ses=4294967295 subj=unconfined pid=%d comm=\"%s\" exe=\"%s\" sig=0 arch=c000003e syscall=%d compat=0 ip=0x7f%010x code=0x7ffc0000",
		p.pid, p.comm, p.exe, p.calls[g.call.Uint64()], g.r.Int64N(1<<40))
}

// syslogLine writes a line of which one in the given number is a record.
func (g *generator) syslogLine(oneIn int) {
	day, sec := 1+g.millis/86400000%28, g.millis/1000%86400
	g.line = fmt.Appendf(g.line, "Nov %2d %02d:%02d:%02d node-17 ", day, sec/3600, sec/60%60, sec%60)
	if g.r.IntN(oneIn) == 0 {
		g.step()
		g.line = fmt.Appendf(g.line, "kernel: [%12.6f] audit: type=1326 audit(%d.%03d:%d): ",
			float64(g.millis%1e9)/1000, g.millis/1000, g.millis%1000, g.serial)
		g.record()
		g.line = append(g.line, '\n')
		return
	}
	if g.r.IntN(8) == 0 {
		g.millis += int64(g.r.IntN(20))
	}
	g.chatter()
}

// chatter is what else stands in a syslog.
func (g *generator) chatter() {
	n := g.r.IntN(1 << 20)
	switch g.r.IntN(6) {
	case 0:
		g.line = fmt.Appendf(g.line, "CRON[%d]: (root) CMD (test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.hourly ))\n", n)
	case 1:
		g.line = fmt.Appendf(g.line, "sshd[%d]: pam_unix(sshd:session): session opened for user deploy(uid=1000) by (uid=0)\n", n)
	case 2:
		g.line = fmt.Appendf(g.line, "systemd[1]: run-docker-runtime\\x2drunc-moby-%x-runc.mount: Deactivated successfully.\n", n)
	case 3:
		g.line = fmt.Appendf(g.line, "kubelet[1203]: I1123 14:57:44.581956    1203 prober.go:107] \"Probe succeeded\" probeType=\"Readiness\" pod=\"default/web-%d\" containerName=\"app\"\n", n)
	case 4:
		g.line = fmt.Appendf(g.line, "kernel: [%12.6f] eth0: renamed from veth%x\n", float64(n), n)
	case 5:
		g.line = fmt.Appendf(g.line, "app[%d]: {\"level\":\"info\",\"ts\":%d.%d,\"msg\":\"request served\",\"path\":\"/api/v1/items/%d\",\"status\":200,\"ms\":%d}\n", n, n, n, n, n%900)
	}
}
