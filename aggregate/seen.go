package aggregate

import "time"

// Seen is the newest audit record of a node. A later run resumes there, so that
// a gap between the two runs is noticed.
type Seen struct {
	Node   string    `json:"node,omitempty"`
	Time   time.Time `json:"time"`
	Serial uint32    `json:"serial"`
	// Stream is set if records of other audit types were seen too, so that a
	// missing serial is a missing record.
	Stream bool `json:"stream,omitempty"`
}
