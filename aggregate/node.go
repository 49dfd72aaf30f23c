package aggregate

import "github.com/auditscan/auditscan/parser"

// lastNode is what the node of the record seen last comes to: logs repeat it
// line after line.
type lastNode struct {
	known   bool // the rest is true, of the current input
	name    []byte
	id      uint32   // of the name
	looked  bool     // for the serials
	serials *serials // nil: there are too many nodes
}

// saw notes the node, the time and the rendering of a record.
func (b *Builder) saw(r *parser.Record) {
	in := b.input()
	if t := when(r.Stamp); t != 0 {
		in.pass(t, t)
	}
	if !b.node.known || string(r.Node) != string(b.node.name) {
		if in.nodes < 2 {
			in.from(string(r.Node), 1)
		}
		id := b.names.text(parser.Text{Bytes: r.Node, Enc: parser.EncPlain})
		b.node = lastNode{known: true, name: append(b.node.name[:0], r.Node...), id: id}
	}
	in.forms |= 1 << r.Form
	if r.Form == parser.FormJournal && !r.HasSerial {
		in.forms |= formText
	}
}

// serialsOf returns the serials of the node of a record that was just seen;
// nil if it has no serial or there are too many nodes.
func (b *Builder) serialsOf(r *parser.Record) *serials {
	if !r.HasSerial {
		return nil
	}
	if !b.node.looked {
		b.node.serials, b.node.looked = b.serials(r.Node), true
	}
	return b.node.serials
}

// Other notes the stamp of a record of another audit type.
func (b *Builder) Other(r *parser.Record) {
	b.saw(r)
	if !r.HasTime {
		return
	}
	if s := b.serialsOf(r); s != nil {
		s.other(r.Millis, r.Serial)
		if wasPrinted(r) {
			s.printed.add(r.Millis)
		}
	}
}
