// Package strictjson reads JSON that must be exactly what it is taken for: each
// key in its own case and once, all text in UTF-8, no value larger or nested
// deeper than there is reason for. What is wrong is told with its place.
//
// A [Reader] reads a stream of any size, told what must come next. [Parse] reads
// a small document into a tree of [Node], whose order of keys does not matter.
//
// The grammar is that of github.com/go-json-experiment/json/jsontext, which will
// be Go's encoding/json/v2; bounds, lines and columns are added here.
package strictjson
