package aggregate

import (
	"slices"
	"strings"
)

// KeySet is a set of keys.
type KeySet uint16

// SetOf returns the set of some keys.
func SetOf(keys ...Key) (s KeySet) {
	for i := range keyFields {
		if slices.Contains(keys, keyFields[i].key) {
			s |= 1 << i
		}
	}
	return s
}

// Has reports whether a key is in the set.
func (s KeySet) Has(k Key) bool { return s != 0 && s&SetOf(k) != 0 }

// Keys returns the keys of the set, in canonical order.
func (s KeySet) Keys() (keys []Key) {
	for i := range keyFields {
		if s&(1<<i) != 0 {
			keys = append(keys, keyFields[i].key)
		}
	}
	return keys
}

// String returns the set as [ParseKeys] reads it.
func (s KeySet) String() string {
	var names []string
	for _, k := range s.Keys() {
		names = append(names, string(k))
	}
	return strings.Join(names, ",")
}

// KnownBy returns the keys that are known of groups by some keys: the container
// tells its pod and others, too.
func KnownBy(by []Key) KeySet {
	known := SetOf(by...)
	if known.Has(ByContainer) {
		known |= SetOf(ByNested, ByManager, ByPod, ByNamespace, ByWorkload)
	}
	return known
}
