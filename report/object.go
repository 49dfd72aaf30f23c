package report

import "github.com/auditscan/auditscan/internal/strictjson"

// field is a member of an object.
type field struct {
	key  string
	read func()
}

// object reads an object that has all of the required members, perhaps some of
// the optional ones, and no others, in any order.
func (r *jsonReader) object(required []field, optional ...field) {
	r.Begin()
	from := r.From
	fields := append(required, optional...)
	var seen fieldSet
	r.Members(func(key []byte) func() { return r.member(fields, key, &seen) })
	r.complete(required, seen, from)
}

// fieldSet has a bit for each field of an object, the first one's lowest.
type fieldSet uint32

// member returns what reads the value of key, which must be one of the fields.
func (r *jsonReader) member(fields []field, key []byte, seen *fieldSet) (read func()) {
	for i := range fields {
		if f := &fields[i]; f.key == string(key) {
			*seen |= 1 << i
			return f.read
		}
	}
	r.Fail("unknown key %.40q", key)
	return r.Skip
}

// complete checks that the object that begins at from has all of the fields,
// which are the first ones of the set.
func (r *jsonReader) complete(fields []field, seen fieldSet, from strictjson.Place) {
	for i, f := range fields {
		if seen&(1<<i) == 0 {
			r.FailAt(from, "no key %q", f.key)
		}
	}
}
