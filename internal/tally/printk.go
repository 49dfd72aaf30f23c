package tally

import (
	"time"

	"github.com/auditscan/auditscan/parser"
)

// Without auditd the kernel prints at most printkBurst audit messages per
// printkInterval (printk_ratelimit of lib/ratelimit.c, with its default
// sysctls), and says how many it dropped only when it prints again. So a log
// that ends with a full burst has most likely lost what came next.
const (
	printkBurst    = 10
	printkInterval = 5000 // ms
)

// printed holds the times of the last audit messages printed, one more than a
// burst has.
type printed struct {
	times [printkBurst + 1]int64
	n     int
}

// wasPrinted reports whether the kernel printed the record.
func wasPrinted(r *parser.Record) bool {
	return r.Form == parser.FormKernel || r.Form == parser.FormJournalKernel
}

func (p *printed) add(ms int64) {
	p.times[p.n%len(p.times)] = ms
	p.n++
}

// append adds what was printed after p.
func (p *printed) append(o *printed) {
	for i := max(0, o.n-len(o.times)); i < o.n; i++ {
		p.add(o.times[i%len(o.times)])
	}
}

// exhausted reports whether the log ends with a full burst. If one more message
// was printed in the interval, the limit was not in force.
func (p *printed) exhausted() bool {
	return p.n >= printkBurst && p.inOneInterval(printkBurst) && !(p.n > printkBurst && p.inOneInterval(printkBurst+1))
}

// burst returns when the last full burst began and ended.
func (p *printed) burst() (first, last time.Time) {
	at := func(back int) time.Time { return time.UnixMilli(p.times[(p.n-back)%len(p.times)]).UTC() }
	return at(printkBurst), at(1)
}

// inOneInterval reports whether the last n messages were printed in one interval.
func (p *printed) inOneInterval(n int) bool {
	first, last := p.times[(p.n-n)%len(p.times)], p.times[(p.n-1)%len(p.times)]
	return last-first < printkInterval && first-last < printkInterval
}
