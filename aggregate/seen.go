package aggregate

import "time"

// Seen is the newest audit record of a node: where a later run resumes, so
// that a gap between the two runs shows.
type Seen struct {
	Node   string    `json:"node,omitempty"`
	Time   time.Time `json:"time"`
	Serial uint32    `json:"serial"`
	// Stream: records of other audit types were seen beside SECCOMP's, so that
	// a missing serial is a missing record.
	Stream bool `json:"stream,omitempty"`
}
