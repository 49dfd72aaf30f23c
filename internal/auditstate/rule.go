package auditstate

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Layout of struct audit_rule_data, and its constants, from linux/audit.h.
const (
	ruleMaskWords = 64
	ruleFields    = 64
	ruleHeader    = 4 * (3 + ruleMaskWords + 3*ruleFields + 1)

	filterExclude = 5
	fieldMsgType  = 12

	opBitMask = 0x08000000
	opLess    = 0x10000000
	opGreater = 0x20000000
	opNot     = 0x30000000
	opEqual   = 0x40000000
	opTest    = 0x48000000
)

// Rule is one audit rule, as far as it bears on whether a type of record is
// made at all. What a rule on the list "exclude" matches is dropped, be its
// action always or never (audit_filter of kernel/auditsc.c looks at the list
// only, and so it was measured on Linux 6.18).
type Rule struct {
	Exclude bool // on the list "exclude"
	fields  []field
}

// field is one condition of a rule: a word of linux/audit.h's AUDIT_PID and
// so on, the operator, and what to compare with.
type field struct{ id, op, value uint32 }

// ParseRule reads a rule in the kernel's binary form.
func ParseRule(b []byte) (Rule, error) {
	if len(b) < ruleHeader {
		return Rule{}, errors.New("audit rule cut short")
	}
	word := func(i int) uint32 { return binary.NativeEndian.Uint32(b[4*i:]) }
	count := int(word(2))
	if count > ruleFields {
		return Rule{}, fmt.Errorf("audit rule with %d fields, at most %d are possible", count, ruleFields)
	}
	r := Rule{Exclude: word(0) == filterExclude}
	fields := 3 + ruleMaskWords
	for i := range count {
		r.fields = append(r.fields, field{
			id:    word(fields + i),
			value: word(fields + ruleFields + i),
			op:    word(fields + 2*ruleFields + i),
		})
	}
	return r, nil
}

// Excludes reports whether the rule drops records of a type, and whether only
// some of them, because it has conditions on other things as well.
func (r Rule) Excludes(msgType uint32) (excludes, partly bool) {
	if !r.Exclude || len(r.fields) == 0 {
		return false, false
	}
	for _, f := range r.fields {
		if f.id != fieldMsgType {
			partly = true
		} else if !f.holds(msgType) {
			return false, false
		}
	}
	return true, partly
}

// holds compares as the kernel's audit_comparator does.
func (f field) holds(v uint32) bool {
	switch f.op {
	case opEqual:
		return v == f.value
	case opNot:
		return v != f.value
	case opLess:
		return v < f.value
	case opLess | opEqual:
		return v <= f.value
	case opGreater:
		return v > f.value
	case opGreater | opEqual:
		return v >= f.value
	case opBitMask:
		return v&f.value != 0
	case opTest:
		return v&f.value == f.value
	}
	return false
}
