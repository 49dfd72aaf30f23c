package timespec

import (
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	day   = 24 * time.Hour
	month = 2629800 * time.Second  // 30.4375 days, as in systemd.time(7)
	year  = 31557600 * time.Second // 365.25 days
)

// units are those of systemd.time(7).
var units = map[string]time.Duration{
	"usec": time.Microsecond, "us": time.Microsecond, "µs": time.Microsecond, "μs": time.Microsecond,
	"msec": time.Millisecond, "ms": time.Millisecond,
	"seconds": time.Second, "second": time.Second, "sec": time.Second, "s": time.Second,
	"minutes": time.Minute, "minute": time.Minute, "min": time.Minute, "m": time.Minute,
	"hours": time.Hour, "hour": time.Hour, "hr": time.Hour, "h": time.Hour,
	"days": day, "day": day, "d": day,
	"weeks": 7 * day, "week": 7 * day, "w": 7 * day,
	"months": month, "month": month, "M": month,
	"years": year, "year": year, "y": year,
}

// span reads a length of time: numbers with units, which add up. A number
// without a unit is of seconds, as in systemd.
func span(s string) (sum time.Duration, ok bool) {
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		end := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if end < 0 {
			end = len(s)
		}
		number, rest := s[:end], strings.TrimSpace(s[end:])
		end = strings.IndexAny(rest, " 0123456789.")
		if end < 0 {
			end = len(rest)
		}
		unit := time.Second
		if word := rest[:end]; word != "" {
			if unit, ok = units[word]; !ok {
				return 0, false
			}
		}
		value, err := strconv.ParseFloat(number, 64)
		length := value * float64(unit)
		if err != nil || length > math.MaxInt64-float64(sum)-float64(year) {
			return 0, false
		}
		sum, ok, s = sum+time.Duration(length), true, rest[end:]
	}
	return sum, ok
}
