package report

import (
	"math"
	"strconv"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/internal/strictjson"
	"github.com/auditscan/auditscan/internal/tally"
	"github.com/auditscan/auditscan/parser"
)

// eventReader counts events and losses. It reuses its memory from one to the
// next.
type eventReader struct {
	*jsonReader
	into       *tally.Tally
	containers map[container.Identity]*container.Identity // one pointer for each

	record          parser.Record
	process         parser.Process // the record's
	call            aggregate.Call
	name            string // of the call, by the writer
	id              *container.Identity
	node, comm, exe []byte

	loss aggregate.Evidence
}

// events reads events and losses to the end.
func (r *jsonReader) events() *aggregate.Summary {
	e := &eventReader{
		jsonReader: r,
		into:       tally.New(nil),
		containers: map[container.Identity]*container.Identity{},
	}
	e.into.Begin(tally.Source{Name: r.name, Trust: aggregate.TrustText})
	fields := e.fields()
	for !r.AtEnd() {
		e.item(fields)
	}
	e.into.Lines(int64(r.Lines()))
	return e.into.Summary()
}

// item reads and counts an event, which has all of the fields but the last,
// or a loss, which has that one.
func (e *eventReader) item(fields []field) {
	e.Begin()
	from := e.From
	e.process = parser.Process{}
	e.record = parser.Record{Process: &e.process}
	var seen fieldSet
	e.Members(func(key []byte) func() { return e.member(fields, key, &seen) })
	event := fields[:len(fields)-1]
	switch isLoss := fieldSet(1) << len(event); {
	case seen == isLoss:
		e.into.Told(e.loss.Kind, e.loss.Count, e.loss.First, e.loss.Detail)
	case seen&isLoss != 0:
		e.FailAt(from, "a loss and an event in one")
	default:
		e.complete(event, seen, from)
		e.count(from)
	}
}

func (e *eventReader) fields() []field {
	r, p := &e.record, &e.process
	id := func(into *uint32) func() { return func() { *into = uint32(e.Integer(0, math.MaxUint32)) } }
	return []field{
		{"time", e.stamp},
		{"serial", e.serial},
		{"node", func() { e.node, r.Node = e.keep(e.node) }},
		{"pid", func() { p.PID = e.pid() }},
		{"comm", func() { e.comm, p.Comm.Bytes = e.keep(e.comm) }},
		{"exe", func() { e.exe, p.Exe.Bytes = e.keep(e.exe) }},
		{"arch", func() { e.call.Arch = e.arch() }},
		{"nr", func() { e.call.NR = int32(e.Integer(math.MinInt32, math.MaxInt32)) }},
		{"syscall", func() { e.name = e.syscall() }},
		{"action", func() { e.call.Action = e.action() }},
		{"sig", func() { p.Sig = int32(e.Integer(math.MinInt32, math.MaxInt32)) }},
		{"compat", func() { r.Compat = e.Bool() }},
		{"ip", func() { r.IP = e.address() }},
		{"uid", id(&p.UID)},
		{"gid", id(&p.GID)},
		{"auid", id(&p.AUID)},
		{"ses", id(&p.Ses)},
		{"subj", func() { e.stringOrNull() }},
		{"container", func() { e.id = e.one(e.identity()) }},
		{"loss", e.readLoss},
	}
}

func (e *eventReader) readLoss() {
	e.loss = aggregate.Evidence{Detail: "the run that wrote the events noticed it"}
	e.object([]field{
		{"kind", func() { e.loss.Kind = e.evidenceKind() }},
		{"count", func() { e.loss.Count = e.jsonReader.count() }},
		{"time", func() { e.loss.First = e.time() }},
	})
}

// count counts the event that was read.
func (e *eventReader) count(from strictjson.Place) {
	c := e.call
	e.sameName(&c, e.name, from)
	if e.Err() != nil {
		return
	}
	r := &e.record
	r.Arch, r.NR, r.Code = uint32(c.Arch), c.NR, uint32(c.Action) // to tell records apart that claim one serial
	r.Form = parser.FormEvent
	e.into.Event(&event.Event{Record: r, Arch: c.Arch, NR: c.NR, Action: c.Action, Container: e.id}, int64(from.Line))
}

func (e *eventReader) stamp() {
	t := e.time()
	e.record.Millis, e.record.HasTime = t.UnixMilli(), !t.IsZero()
}

func (e *eventReader) serial() {
	if e.Null() {
		return
	}
	e.record.Serial, e.record.HasSerial = uint32(e.Integer(0, math.MaxUint32)), true
}

// keep reads a string into memory that stays until the next event, and
// returns that memory and the string; null is nil.
func (e *eventReader) keep(into []byte) (memory, text []byte) {
	if e.Null() {
		return into, nil
	}
	into = append(into[:0], e.Bytes()...)
	return into, into
}

// address reads an address in hex, or null.
func (e *eventReader) address() uint64 {
	if e.Null() {
		return 0
	}
	text := e.String()
	digits, ok := strings.CutPrefix(text, "0x")
	address, err := strconv.ParseUint(digits, 16, 64)
	if !ok || err != nil || "0x"+strconv.FormatUint(address, 16) != text {
		e.Fail("%.40q is no address", text)
	}
	return address
}

// one returns the same pointer for equal containers: groups are told apart by
// it.
func (e *eventReader) one(id *container.Identity) *container.Identity {
	if id == nil {
		return nil
	}
	if known, ok := e.containers[*id]; ok {
		return known
	}
	e.containers[*id] = id
	return id
}
