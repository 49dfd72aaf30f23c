package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/auditscan/auditscan/internal/jsontime"
)

// Process is one process's stay in a container: a line of a pid map. A pid is
// used again, so Start belongs to its name.
type Process struct {
	PID        int32
	Start, End time.Time // End is zero while the process lives
	// Container is nil for a process that was taken to be in one, and is not.
	Container *Identity
}

type processJSON struct {
	PID       int32     `json:"pid"`
	Start     string    `json:"start"`
	End       *string   `json:"end"`
	Container *Identity `json:"container"`
}

// MarshalJSON writes {"pid","start","end","container"}, times in UTC with
// milliseconds, end null while the process lives, in the form of
// schema/pidmap.schema.json.
func (p Process) MarshalJSON() ([]byte, error) {
	j := processJSON{PID: p.PID, Start: jsontime.Format(p.Start), End: jsontime.OrNil(p.End), Container: p.Container}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes and refuses what cannot be.
func (p *Process) UnmarshalJSON(data []byte) error {
	var j processJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	start, err := time.Parse(time.RFC3339, j.Start)
	if err != nil {
		return errors.New("start is no RFC 3339 time")
	}
	var end time.Time
	if j.End != nil {
		if end, err = time.Parse(time.RFC3339, *j.End); err != nil || end.Before(start) {
			return errors.New("end is no RFC 3339 time after start")
		}
	}
	if j.PID <= 0 {
		return errors.New("no pid")
	}
	if err := j.Container.check(); err != nil {
		return err
	}
	*p = Process{PID: j.PID, Start: start, End: end, Container: j.Container}
	return nil
}

// maxField bounds a field of an Identity that comes from a file: nothing that
// live.Resolver lets through is longer.
const maxField = 512

func (id *Identity) check() error {
	if id == nil {
		return nil
	}
	if id.ID == "" {
		return errors.New("a container without id")
	}
	for _, s := range []string{id.ID, id.Name, id.Image, id.Pod, id.Namespace, id.Workload, id.Nested, id.Manager, id.Runtime, id.Via} {
		if len(s) > maxField {
			return fmt.Errorf("a name of %d bytes", len(s))
		}
	}
	return nil
}
