package strictjson

import (
	"bytes"
	"fmt"
	"io"
)

// lineReader knows in which line each byte is that it has given, and gives no
// more than a bound ahead of what was taken.
type lineReader struct {
	in        io.Reader
	given     int64   // bytes
	taken     int64   // where the value begins that is being read
	ahead     int64   // bound of given - taken
	line      int     // of lineStart
	lineStart int64   // offset of the last line that place has passed
	newlines  []int64 // offsets of those that were given
	passed    int     // how many of them place has passed
}

func newLineReader(in io.Reader, ahead int) *lineReader {
	return &lineReader{in: in, ahead: int64(ahead), line: 1}
}

// errTooLong is what a value without an end comes to.
type errTooLong struct{ limit int64 }

func (e *errTooLong) Error() string { return fmt.Sprintf("a value of more than %d bytes", e.limit) }

// Read implements io.Reader.
func (r *lineReader) Read(p []byte) (int, error) {
	room := r.ahead - (r.given - r.taken)
	if room <= 0 {
		return 0, &errTooLong{r.ahead}
	}
	r.newlines = append(r.newlines[:0], r.newlines[r.passed:]...)
	r.passed = 0
	n, err := r.in.Read(p[:min(int64(len(p)), room)])
	for i := 0; ; i++ {
		next := bytes.IndexByte(p[i:n], '\n')
		if next < 0 {
			break
		}
		i += next
		r.newlines = append(r.newlines, r.given+int64(i))
	}
	r.given += int64(n)
	return n, err
}

// place returns where an offset is. One in a line before that of the last place
// that was asked for, such as a comma at its end, is the beginning of that line.
func (r *lineReader) place(offset int64) Place {
	for r.passed < len(r.newlines) && r.newlines[r.passed] < offset {
		r.lineStart = r.newlines[r.passed] + 1
		r.passed++
		r.line++
	}
	return Place{r.line, int(max(offset, r.lineStart)-r.lineStart) + 1}
}
