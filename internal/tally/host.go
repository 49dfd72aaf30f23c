package tally

// host is the two names that one host has in its logs: syslog and the journal
// name it, auditd does not as it is delivered. Where one host is named, a record
// without a name can be a second rendering of one of its.
type host struct {
	unnamed *serials // of the records that name no node; nil: there are none
	named   *serials // of the first node that is named; nil: there is none
	several bool     // others are named too: nobody knows which host the unnamed are of
	twice   bool     // a record was counted under one name, and came under the other
}

// meet notes that there are records of a node.
func (h *host) meet(s *serials, named bool) {
	switch {
	case !named:
		h.unnamed = s
	case h.named == nil:
		h.named = s
	default:
		h.several = h.several || h.named != s
	}
}

// otherName returns the serials of the same host under its other name, nil if
// there are none.
func (h *host) otherName(s *serials) *serials {
	switch {
	case h.several || h.named == nil:
		return nil
	case s == h.unnamed:
		return h.named
	}
	return h.unnamed
}

// mayRepeat reports whether a part, with serials of a node, may hold records that
// came under the other name before.
func (h *host) mayRepeat(o *serials, named bool) bool {
	before := h.named
	if named {
		before = h.unnamed
	}
	return !h.several && before != nil && before.overlaps(o, anySpace)
}
