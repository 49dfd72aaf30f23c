package report

import (
	"strconv"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/internal/jsontime"
	"github.com/auditscan/auditscan/parser"
)

// AppendEvent appends e to dst as one line of JSON, with its newline, as
// schema/event.schema.json describes it. It allocates nothing but room in dst.
func AppendEvent(dst []byte, e *event.Event) []byte {
	r := e.Record
	dst = append(dst, `{"time":`...)
	dst = appendMillis(dst, r.Millis, r.HasTime)
	dst = append(dst, `,"serial":`...)
	dst = appendNumber(dst, int64(r.Serial), r.HasSerial)
	dst = append(dst, `,"node":`...)
	dst = appendText(dst, r.Node)
	dst = append(dst, `,"pid":`...)
	dst = appendNumber(dst, int64(r.PID), r.PID != 0)
	dst = append(dst, `,"comm":`...)
	dst = appendName(dst, r.Comm)
	dst = append(dst, `,"exe":`...)
	dst = appendName(dst, r.Exe)
	dst = appendCall(dst, e)
	dst = appendContext(dst, r)
	dst = append(dst, `,"container":`...)
	dst = appendIdentity(dst, e.Container)
	return append(dst, "}\n"...)
}

// appendCall appends what was called and what the filter decided.
func appendCall(dst []byte, e *event.Event) []byte {
	dst = append(dst, `,"arch":`...)
	dst = appendKnown(dst, e.Arch.String())
	dst = append(dst, `,"nr":`...)
	dst = strconv.AppendInt(dst, int64(e.NR), 10)
	dst = append(dst, `,"syscall":`...)
	dst = appendKnown(dst, e.Name())
	dst = append(dst, `,"action":`...)
	dst = appendString(dst, e.Action.String())
	dst = append(dst, `,"sig":`...)
	dst = strconv.AppendInt(dst, int64(e.Record.Sig), 10)
	dst = append(dst, `,"compat":`...)
	return strconv.AppendBool(dst, e.Record.Compat)
}

// appendContext appends where the call came from. No call comes from address
// 0, so that stands for a record without ip=.
func appendContext(dst []byte, r *parser.Record) []byte {
	dst = append(dst, `,"ip":`...)
	if r.IP == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = strconv.AppendUint(append(dst, `"0x`...), r.IP, 16)
		dst = append(dst, '"')
	}
	dst = append(dst, `,"uid":`...)
	dst = strconv.AppendUint(dst, uint64(r.UID), 10)
	dst = append(dst, `,"gid":`...)
	dst = strconv.AppendUint(dst, uint64(r.GID), 10)
	dst = append(dst, `,"auid":`...)
	dst = strconv.AppendUint(dst, uint64(r.AUID), 10)
	dst = append(dst, `,"ses":`...)
	dst = strconv.AppendUint(dst, uint64(r.Ses), 10)
	dst = append(dst, `,"subj":`...)
	return appendText(dst, r.Subj)
}

// AppendLoss appends to dst, as one line of JSON with its newline, that records
// are missing at this place of the stream.
func AppendLoss(dst []byte, l aggregate.Loss) []byte {
	dst = append(dst, `{"loss":{"kind":`...)
	dst = appendString(dst, string(l.Kind))
	dst = append(dst, `,"count":`...)
	dst = strconv.AppendInt(dst, l.Count, 10)
	if l.Total != 0 {
		dst = append(dst, `,"total":`...)
		dst = strconv.AppendInt(dst, l.Total, 10)
	}
	dst = append(dst, `,"time":`...)
	dst = appendMillis(dst, l.Time.UnixMilli(), true)
	return append(dst, "}}\n"...)
}

// appendIdentity is identityObject without the tree.
func appendIdentity(dst []byte, c *container.Identity) []byte {
	if c == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '{')
	for i, text := range identityTexts(c) {
		if i > 0 && text == "" {
			continue
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, identityKeys[i]), ':')
		dst = appendString(dst, text)
	}
	if c.WorkloadGuessed {
		dst = append(appendString(append(dst, ','), guessedKey), ":true"...)
	}
	return append(dst, '}')
}

// appendMillis appends a time, or null if it is not known or not representable.
func appendMillis(dst []byte, millis int64, known bool) []byte {
	if !known || !jsontime.Representable(millis) {
		return append(dst, "null"...)
	}
	dst = append(dst, '"')
	dst = jsontime.Append(dst, millis)
	return append(dst, '"')
}

func appendNumber(dst []byte, n int64, known bool) []byte {
	if !known {
		return append(dst, "null"...)
	}
	return strconv.AppendInt(dst, n, 10)
}

// appendName appends comm or exe.
func appendName(dst []byte, t parser.Text) []byte {
	if t.Enc == parser.EncNone {
		return append(dst, "null"...)
	}
	dst = append(dst, '"')
	start := len(dst)
	return append(escapeTail(t.Append(dst), start), '"')
}

// appendText appends a text of which nil means that there is none.
func appendText(dst, text []byte) []byte {
	if text == nil {
		return append(dst, "null"...)
	}
	return appendString(dst, text)
}

// appendKnown appends a text of which "" means that it is not known.
func appendKnown(dst []byte, text string) []byte {
	if text == "" {
		return append(dst, "null"...)
	}
	return appendString(dst, text)
}
