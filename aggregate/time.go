package aggregate

import "time"

// Millis is a time as records have it, in milliseconds since the epoch; zero
// means none.
type Millis int64

// MillisOf returns a time in milliseconds; none for the zero time.
func MillisOf(t time.Time) Millis {
	if t.IsZero() {
		return 0
	}
	return Millis(t.UnixMilli())
}

// Time returns the time in UTC; zero for none.
func (m Millis) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// Instant packs a time from 1970 on, up to 10889.
func (m Millis) Instant() Instant {
	return Instant{uint16(m), uint16(m >> 16), uint16(m >> 32)}
}

// Instant is a [Millis] in six bytes, the lowest first: two of them fit into a
// [Call] that takes half a cache line.
type Instant [3]uint16

// Millis unpacks the time.
func (i Instant) Millis() Millis { return Millis(i[0]) | Millis(i[1])<<16 | Millis(i[2])<<32 }

// Time returns the time in UTC; zero for none.
func (i Instant) Time() time.Time { return i.Millis().Time() }

// Widen widens a time span by another; one without a time changes nothing.
func Widen(first, last *Millis, from, to Millis) {
	if from != 0 && (*first == 0 || from < *first) {
		*first = from
	}
	if to != 0 && (*last == 0 || to > *last) {
		*last = to
	}
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
