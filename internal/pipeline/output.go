package pipeline

// output is what items have produced and what was not handed on yet.
type output struct {
	text     []byte // lines of text
	firsts   firsts // further events
	unusable []unusable
	held     []Held // records that wait for their container to be known
	found    findings
	named    []*carriedText // containers that are not kept yet
}

// unusable is a malformed record for Options.Malformed.
type unusable struct {
	line   int64
	reason string
	text   []byte
}

// write hands on the output of an input.
func (out *output) write(o *Options, input string) error {
	for _, u := range out.unusable {
		o.Malformed(input, u.line, u.reason, u.text)
	}
	for _, h := range out.held {
		o.Hold(h) // may count it and thereby add output
	}
	var err error
	if len(out.text) > 0 {
		_, err = o.Output.Writer.Write(out.text)
	}
	out.reset()
	return err
}

func (out *output) reset() {
	clear(out.held) // so that the records can be freed
	clear(out.named)
	out.firsts.reset()
	out.text, out.unusable, out.held, out.found, out.named = out.text[:0], out.unusable[:0], out.held[:0], out.found[:0], out.named[:0]
}

// shift turns line numbers within a block into those of the input, of which so
// many lines precede it.
func (out *output) shift(lines int64) {
	for i := range out.unusable {
		out.unusable[i].line += lines
	}
	for i := range out.held {
		out.held[i].line += lines
	}
}
