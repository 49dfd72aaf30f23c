package live

import (
	"encoding/binary"
	"time"
)

// event is what the kernel's process connector tells about a process.
type event struct {
	what   uint32
	at     time.Duration // on CLOCK_MONOTONIC
	tid    int32         // the thread it is about; of a fork, the new one
	pid    int32         // its process
	parent int32         // of a fork
	err    uint32        // of an acknowledgement: an errno
	ack    uint32        // of an acknowledgement: the request's number plus one
}

// The kinds of event, from linux/cn_proc.h. eventNone acknowledges a request.
const (
	eventNone uint32 = 0
	eventFork uint32 = 1
	eventExec uint32 = 2
	eventComm uint32 = 0x200
	eventExit uint32 = 0x80000000
)

// Identifiers from linux/connector.h and linux/cn_proc.h.
const (
	cnIdxProc         = 1
	cnValProc         = 1
	procCnMcastListen = 1
	procCnMcastIgnore = 2

	netlinkHeader = 16
	cnHeader      = 20
	eventHeader   = 16 // what, cpu, timestamp
)

// parseEvent reads one datagram: nlmsghdr, cn_msg, proc_event, all in the
// machine's byte order.
func parseEvent(b []byte) (e event, ok bool) {
	order := binary.NativeEndian
	if len(b) < netlinkHeader+cnHeader+eventHeader+8 {
		return event{}, false
	}
	cn := b[netlinkHeader:]
	if order.Uint32(cn) != cnIdxProc || order.Uint32(cn[4:]) != cnValProc {
		return event{}, false
	}
	body := cn[cnHeader:]
	e = event{what: order.Uint32(body), at: time.Duration(order.Uint64(body[8:])), ack: order.Uint32(cn[12:])}
	data := body[eventHeader:]
	e.tid, e.pid = int32(order.Uint32(data)), int32(order.Uint32(data[4:]))
	switch e.what {
	case eventNone:
		e.err, e.tid, e.pid = order.Uint32(data), 0, 0
	case eventFork: // parent thread, parent, child thread, child
		if len(data) < 16 {
			return event{}, false
		}
		e.parent = e.pid
		e.tid, e.pid = int32(order.Uint32(data[8:])), int32(order.Uint32(data[12:]))
	}
	return e, true
}

// listenRequest is the datagram that starts or stops events.
func listenRequest(op, number uint32) []byte {
	order := binary.NativeEndian
	b := make([]byte, netlinkHeader+cnHeader+4)
	order.PutUint32(b, uint32(len(b)))
	order.PutUint16(b[4:], 3) // NLMSG_DONE
	cn := b[netlinkHeader:]
	order.PutUint32(cn, cnIdxProc)
	order.PutUint32(cn[4:], cnValProc)
	order.PutUint32(cn[12:], number) // the kernel counts seq anew, but keeps ack
	order.PutUint16(cn[16:], 4)
	order.PutUint32(cn[cnHeader:], op)
	return b
}
