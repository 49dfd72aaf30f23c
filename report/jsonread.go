package report

import (
	"io"
	"math"

	"github.com/auditscan/auditscan/internal/strictjson"
)

// jsonReader reads the JSON that this package writes, and no other.
type jsonReader struct {
	*strictjson.Reader
	name string
}

// readLimits bound what is read. A name in a log is at most as long as a line,
// 16 KiB, and escaping makes it at most six times as long. The depth is that of
// what is passed over; a report itself has 7.
var readLimits = strictjson.Limits{Text: 128 << 10, Depth: 32}

func newJSONReader(in io.Reader, name string) *jsonReader {
	return &jsonReader{strictjson.NewReader(in, name, readLimits), name}
}

// count reads a number that is not negative.
func (r *jsonReader) count() int64 { return r.Integer(0, math.MaxInt64) }
