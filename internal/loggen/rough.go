package loggen

import "fmt"

// roughMemory is how many lines back a line may be repeated from: far enough
// to be in another block.
const roughMemory = 20_000

// roughLine writes a line of a log to which everything happens that can: gaps,
// messages of losses, cut and repeated lines, forged serials, reboots.
func (g *generator) roughLine() {
	switch n := g.r.IntN(1000); {
	case n < 10 && len(g.past) > 0:
		g.line = append(g.line, g.past[g.r.IntN(len(g.past))]...)
		return
	case n < 12:
		g.serial += 1 + uint32(g.r.IntN(3)) // a gap follows
	case n < 14 && g.serial > 1000:
		g.serial -= 1 + uint32(g.r.IntN(40)) // claims that others have made
	case n < 20:
		g.lossLine()
		return
	case n < 30:
		g.auditLine()
		g.line = append(g.line[:60+g.r.IntN(60)], '\n')
		return
	case n == 30 && g.r.IntN(20) == 0:
		g.serial, g.millis = 1, g.millis+60_000 // a reboot
	}
	g.auditLine()
	if len(g.past) < roughMemory {
		g.past = append(g.past, nil)
	}
	at := int(g.serial) % len(g.past)
	g.past[at] = append(g.past[at][:0], g.line...)
}

// lossLine writes what tells of lost records.
func (g *generator) lossLine() {
	n := 1 + g.r.IntN(100)
	switch g.r.IntN(4) {
	case 0:
		g.line = fmt.Appendf(g.line, "[%12.6f] kauditd_printk_skb: %d callbacks suppressed\n", float64(n), n)
	case 1:
		g.line = fmt.Appendf(g.line, "[%12.6f] audit: audit_lost=%d audit_rate_limit=0 audit_backlog_limit=64\n", float64(n), n)
	case 2:
		g.line = fmt.Appendf(g.line, "[%12.6f] audit: backlog limit exceeded\n", float64(n))
	case 3:
		g.line = fmt.Appendf(g.line, "[%12.6f] audit: rate limit exceeded\n", float64(n))
	}
}
