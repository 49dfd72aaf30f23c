// Command bench measures the binary beside what others do with the same logs,
// and writes docs/benchmarks.md:
//
//	go run ./internal/loggen/bench -bin bin/auditscan -o docs/benchmarks.md
//
// Two commands that are compared run in turn, and each ratio is that of a pair;
// all pairs are measured once before any is again. So a ratio holds where the
// speed of the machine drifts, and where others use it for a while. Peers that
// are not installed are skipped, which the result says.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	var b bench
	flag.StringVar(&b.bin, "bin", "bin/auditscan", "the binary to measure")
	flag.Int64Var(&b.size, "size", 500_000_000, "bytes of each log; the slow peers get a part")
	flag.IntVar(&b.runs, "runs", 9, "runs that count, after one that does not")
	out := flag.String("o", "docs/benchmarks.md", "the file to write")
	flag.Parse()
	if err := b.run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run of everything.
type bench struct {
	bin  string
	size int64
	runs int
	dir  string // of the logs
	text strings.Builder

	between []float64 // see coreToCore, before each round
}

func (b *bench) run(out string) (err error) {
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	for _, step := range []func() error{b.head, b.memory, b.makeLogs, b.pairs, b.live} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(out, []byte(b.text.String()), 0o644)
}

// row is a comparison: the target is of our time against the peer's, per byte
// that each is given.
type row struct {
	log, args string // of auditscan report
	peer      string // command and its arguments, without the log
	peerLog   string // "" for the same
	target    float64
	missing   string // the program that is not there
	*pair
}

// part is how many bytes the slow peers are given.
func (b *bench) part() int64 { return b.size * 9 / 50 }

func (b *bench) rows() []row {
	return []row{
		{log: "audit.log", peer: "rg -c type=SECCOMP", target: 2},
		{log: "audit.log", peer: "ausearch -m SECCOMP -i -if", peerLog: "part.log", target: 1. / 200},
		{log: "audit.log", peer: "aureport -s --summary -if", peerLog: "part.log", target: 1. / 200},
		{log: "syslog1.log", peer: "rg -c type=1326", target: 2},
		{log: "syslog30.log", peer: "rg -c type=1326", target: 2},
		{log: "audit.log.gz", peer: "gzip -dc", target: 1.1},
		{log: "audit.log.zst", peer: "zstd -dc", target: 1.1},
		{log: "set.gz", peer: "gzip -dcr", target: 1.1},
		{log: "set.zst", peer: "zstd -dcr", target: 1.1},
		{log: "audit.log", args: "-o ndjson", peer: "jq -c .", peerLog: "part.ndjson", target: 1. / 20},
		{log: "filebeat.log", peer: "jq -c .", target: 1. / 8},
	}
}

// pairs measures all that is compared, and writes it down.
func (b *bench) pairs() error {
	rows := b.rows()
	var quick, slow []*pair
	for i := range rows {
		switch r := &rows[i]; {
		case !b.prepare(r):
		case r.peerLog == r.log:
			quick = append(quick, r.pair)
		default:
			slow = append(slow, r.pair)
		}
	}
	large := b.pair("audit.log", b.report("audit.log"), b.report("tenth.log"))
	start := b.pair("tenth.log", []string{b.bin, "version"}, []string{"true"})
	follow := b.pair("audit.log", b.report("audit.log"), b.report("audit.log"))
	follow.ours = b.catchUp
	if err := b.rounds(slices.Concat(quick, []*pair{large, start, follow}, slow)); err != nil {
		return err
	}
	info, err := os.Stat(b.bin)
	if err != nil {
		return err
	}
	fmt.Fprintf(&b.text, "\n## Beside others\n\nTime of `auditscan report` per byte of log, over that of the peer; `ndjson` per byte of JSON. A set is of files of 8 MB.\n"+
		"A word went from one core to another in %.0f to %.0f ns meanwhile (50: they share a cache, 200: they do not).\n\n"+
		"| log | against | CPU | wall | auditscan CPU s | peer CPU s | target |\n|---|---|---|---|---|---|---|\n", slices.Min(b.between), slices.Max(b.between))
	for _, r := range rows {
		b.row(r)
	}
	fmt.Fprintf(&b.text, "\n## Growth, start-up, size\n\n| what | figure | target |\n|---|---|---|\n"+
		"| a log 10 × as large: CPU, wall | %.2f ×, %.2f × | 10.5 × |\n| `auditscan version` | %.1f ms | 15 ms |\n| the stripped binary | %.1f MB | 20 MB |\n",
		large.cpu(), large.wall(), start.wallOurs()*1000, float64(info.Size())/1e6)
	fmt.Fprintf(&b.text, "\n## Following\n\n| what | CPU | wall | target |\n|---|---|---|---|\n| `follow --from-start` of audit.log, over `report` of it | %.2f | %.2f | 1.50 |\n", follow.cpu(), follow.wall())
	return nil
}

// report is the command that reports a log.
func (b *bench) report(log string, args ...string) []string {
	return append(append([]string{b.bin, "report", "-q"}, args...), b.path(log))
}

// prepare makes the pair of a row, unless a program that it needs is missing.
func (b *bench) prepare(r *row) bool {
	peer := strings.Fields(r.peer)
	if r.peerLog == "" {
		r.peerLog = r.log
	}
	if r.missing = b.missing(peer[0], r.log); r.missing != "" {
		fmt.Fprintf(os.Stderr, "bench: SKIPPED: %s is not installed\n", r.missing)
		return false
	}
	r.pair = b.pair(r.log, b.report(r.log, strings.Fields(r.args)...), append(peer, b.path(r.peerLog)))
	return true
}

func (b *bench) row(r row) {
	if r.missing != "" {
		fmt.Fprintf(&b.text, "| %s %s | `%s` | skipped: %s is not installed | | | | |\n", r.log, r.args, r.peer, r.missing)
		return
	}
	mine, theirs := b.bytes(r.log), b.bytes(r.peerLog)
	if r.args != "" {
		mine = b.bytes("events.ndjson")
	}
	per := float64(theirs) / float64(mine)
	fmt.Fprintf(&b.text, "| %s %s | `%s` | %s | %s | %.2f | %.2f | %s |\n", r.log, r.args, r.peer,
		ratio(r.cpu()*per), ratio(r.wall()*per), r.cpuOurs(), r.cpuTheirs(), ratio(r.target))
}

// ratio prints a ratio, small ones as a fraction.
func ratio(v float64) string {
	if v < 0.2 {
		return fmt.Sprintf("1/%.0f", 1/v)
	}
	return fmt.Sprintf("%.2f", v)
}
