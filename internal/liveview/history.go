package liveview

import "time"

// tracedRows bounds the rows whose past is known.
const tracedRows = 1 << 16

// history is what is known of rows from earlier summaries.
type history struct {
	rows  map[rowID]*trace
	total trace        // of all records
	base  [2]time.Time // what rates are told since: 5 to 10 s ago, and up to 5 s ago
	now   time.Time
}

// trace is the past of a row.
type trace struct {
	since  time.Time // zero: it was there from the first
	before [2]int64  // its count at the moments of history.base
	count  int64
}

const halfWindow = 5 * time.Second

// note takes in the rows of a summary, and the number of all its records.
func (h *history) note(now time.Time, rows []row, total int64) {
	since := now
	if h.rows == nil {
		*h = history{rows: map[rowID]*trace{}, base: [2]time.Time{now, now}, total: trace{before: [2]int64{total, total}}}
		since = time.Time{}
	}
	h.now, h.total.count = now, total
	for i := range rows {
		if t := h.trace(&rows[i], since); t != nil {
			t.count = rows[i].call.Count
		}
	}
	if now.Sub(h.base[1]) >= halfWindow {
		h.slide()
	}
}

// trace returns the past of a row, which begins now if it has none; nil where
// there are too many.
func (h *history) trace(r *row, since time.Time) *trace {
	t := h.rows[r.id]
	if t == nil && len(h.rows) < tracedRows {
		t = &trace{since: since}
		if since.IsZero() {
			t.before = [2]int64{r.call.Count, r.call.Count}
		}
		h.rows[r.id] = t
	}
	return t
}

// slide makes now the newer of the two moments.
func (h *history) slide() {
	h.base = [2]time.Time{h.base[1], h.now}
	h.total.slide()
	for _, t := range h.rows {
		t.slide()
	}
}

func (t *trace) slide() { t.before = [2]int64{t.before[1], t.count} }

// rate returns how many records came a second of late; negative if that is
// not known.
func (h *history) rate(t *trace) float64 {
	if past := h.now.Sub(h.base[0]).Seconds(); past > 0 {
		return float64(t.count-t.before[0]) / past
	}
	return -1
}

// date tells rows since when they are known, and how fast they grow.
func (h *history) date(rows []row) {
	for i := range rows {
		if t := h.rows[rows[i].id]; t != nil {
			rows[i].since, rows[i].rate = t.since, h.rate(t)
		}
	}
}

// forget begins anew: the rows have become others.
func (h *history) forget() { h.rows = nil }
