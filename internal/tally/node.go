package tally

import "github.com/auditscan/auditscan/parser"

// lastNode caches what is known of the last record's node: logs repeat it line
// after line.
type lastNode struct {
	known   bool // the rest holds, for the current input
	name    []byte
	id      uint32   // of the name
	looked  bool     // serials was looked up
	serials *serials // nil: there are too many nodes
	space   int32    // of those
	logged  bool     // those hold records of a log, not only events made of one
}

// observe notes the node, the time and the rendering of a record.
func (t *Tally) observe(r *parser.Record) {
	in := t.input()
	if at := timeOf(r.Stamp); at != 0 {
		in.advance(at, at)
	}
	if !t.node.known || string(r.Node) != string(t.node.name) {
		if in.nodes < 2 {
			in.addNode(string(r.Node), 1)
		}
		id := t.counts.names.number(parser.Text{Bytes: r.Node, Enc: parser.EncPlain})
		t.node = lastNode{known: true, name: append(t.node.name[:0], r.Node...), id: id, space: t.spaceOf(string(r.Node))}
	}
	in.forms |= 1 << r.Form
	if r.Form == parser.FormJournal && !r.HasSerial {
		in.forms |= formText
	}
}

// serialsOf returns the serials of the node of a record that was just observed;
// nil if the record has no serial or there are too many nodes.
func (t *Tally) serialsOf(r *parser.Record) *serials {
	if !r.HasSerial {
		return nil
	}
	if !t.node.looked {
		t.node.serials, t.node.looked = t.serials(r.Node), true
	}
	if !t.node.logged && r.Form != parser.FormEvent && t.node.serials != nil {
		t.node.serials.markLog(t.node.space)
		t.node.logged = true
	}
	return t.node.serials
}
