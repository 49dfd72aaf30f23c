package container

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strconv"

	"github.com/auditscan/auditscan/internal/jsontime"
)

// CompactMap writes a pid map to w that tells of the latest processes in r: a
// line for each, those that ended first coming first, at most stays of them
// and about size bytes. It returns how many processes it has left out. Name is
// what errors call r.
func CompactMap(ctx context.Context, w io.Writer, r io.Reader, name string, stays int, size int64) (forgotten int64, err error) {
	m, err := readMap(ctx, r, name, stays)
	if err != nil {
		return 0, err
	}
	texts, err := m.identityTexts()
	if err != nil {
		return 0, err
	}
	all := slices.DeleteFunc(m.stays, func(s stay) bool { return s.id == 0 }) // these only took back others
	slices.SortFunc(all, func(a, b stay) int { return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.start, b.start)) })
	first := len(all)
	for first > 0 && size > 0 {
		first--
		size -= int64(lineLen + len(texts[all[first].id-1]))
	}
	out := bufio.NewWriter(w)
	var line []byte
	for i, s := range all[first:] {
		if i%1024 == 0 && ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		line = s.appendLine(line[:0], texts[s.id-1])
		if _, err := out.Write(line); err != nil {
			return 0, err
		}
	}
	return m.forgotten + int64(first), out.Flush()
}

// identityTexts returns the identities in JSON.
func (m *Map) identityTexts() (texts [][]byte, err error) {
	texts = make([][]byte, len(m.identities))
	for i, id := range m.identities {
		if texts[i], err = json.Marshal(id); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// lineLen is about the length of a line without its container.
const lineLen = len(`{"pid":1234567,"start":"2006-01-02T15:04:05.000Z","end":"2006-01-02T15:04:05.000Z","container":}`) + 1

// appendLine appends what [Process.MarshalJSON] writes, and a newline.
func (s stay) appendLine(dst, containerText []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"pid":`...), int64(s.pid), 10)
	dst = appendTime(append(dst, `,"start":`...), s.start)
	dst = append(dst, `,"end":`...)
	if s.end == living {
		dst = append(dst, "null"...)
	} else {
		dst = appendTime(dst, s.end)
	}
	dst = append(append(dst, `,"container":`...), containerText...)
	return append(dst, "}\n"...)
}

func appendTime(dst []byte, ms int64) []byte {
	return append(jsontime.Append(append(dst, '"'), ms), '"')
}
