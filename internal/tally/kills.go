package tally

import (
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/syscalltable"
)

// A filter that kills leaves two records: SECCOMP's, and right after it that of
// a process killed by SIGSYS. If the second stands alone, the first was not
// recorded.

// kill is one of the two records of a kill.
type kill struct {
	node string
	pid  int32
	at   aggregate.Millis // 0: unknown
}

// end is the record of a process's end, and where it stands.
type end struct {
	kill
	input int
	line  int64
}

// kills holds the last SECCOMP records of filters that kill, and the ends that
// none of them explains.
type kills struct {
	filters []kill
	ends    []end
}

// endsProcess reports whether SIGSYS can end the process after an action; after
// a trap it does so unless the program handles it.
func endsProcess(a syscalltable.Action) bool {
	return a != syscalltable.ActionLog && a != syscalltable.ActionErrno && a != syscalltable.ActionTrace && a != syscalltable.ActionUserNotif
}

// maxKills bounds both lists: the last SECCOMP records are kept, and the first
// ends.
const maxKills = 1024

// couldBe reports whether two records can be of the same kill. Pids are reused,
// so the time counts too.
func (k *kill) couldBe(o *kill) bool {
	return k.pid == o.pid && k.node == o.node && (k.at == 0 || o.at == 0 || max(k.at-o.at, o.at-k.at) <= sameBoot)
}

// filter notes the SECCOMP record of a kill.
func (k *kills) filter(one kill) {
	k.ends = slices.DeleteFunc(k.ends, func(e end) bool { return e.couldBe(&one) })
	if len(k.filters) == maxKills {
		k.filters = slices.Delete(k.filters, 0, maxKills/2)
	}
	k.filters = append(k.filters, one)
}

// end notes that SIGSYS ended a process. The same record can come again, in
// another rendering or input.
func (k *kills) end(one kill, input int, line int64) {
	known := slices.ContainsFunc(k.filters, func(f kill) bool { return f.couldBe(&one) }) ||
		slices.ContainsFunc(k.ends, func(e end) bool { return e.couldBe(&one) })
	if !known && len(k.ends) < maxKills {
		k.ends = append(k.ends, end{one, input, line})
	}
}

// append adds the next part of an input, after so many of its lines.
func (k *kills) append(o *kills, input int, lines int64) {
	for _, e := range o.ends {
		k.end(e.kill, input, lines+e.line)
	}
	for _, f := range o.filters {
		k.filter(f)
	}
}

// unrecorded returns the ends that stand alone, by input.
func (k *kills) unrecorded() map[int]*lossCount {
	all := map[int]*lossCount{}
	for _, e := range k.ends {
		l := all[e.input]
		if l == nil {
			l = &lossCount{line: e.line, detail: lossDetail[aggregate.UnrecordedKill]}
			all[e.input] = l
		}
		l.count++
		aggregate.Widen(&l.first, &l.last, e.at, e.at)
	}
	return all
}

func (k *kills) reset() { k.filters, k.ends = k.filters[:0], k.ends[:0] }
