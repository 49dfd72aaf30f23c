package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
)

// All groups without a container are counted, not one of them.
func TestSayUnattributed(t *testing.T) {
	web := &container.Identity{ID: "a", Name: "web"}
	s := &aggregate.Summary{Groups: []aggregate.Group{
		{Comm: "a", Records: 3}, {Comm: "b", Records: 40, Container: web}, {Comm: "c", Records: 500}, {Comm: "d", Records: 7, Container: web},
	}}
	for _, tt := range []struct {
		flags readFlags
		by    []aggregate.Key
		want  string
	}{
		{readFlags{}, []aggregate.Key{aggregate.ByComm, aggregate.ByContainer}, "records without container: 503 (a log has"},
		{readFlags{}, []aggregate.Key{aggregate.ByPod}, "records without pod: 550 (a log has"},
		{readFlags{quiet: true}, []aggregate.Key{aggregate.ByContainer}, "records without container: 503\n"},
		{readFlags{pidmap: "pids"}, nil, "records without container: 503\n"},
		{readFlags{}, nil, ""},
		{readFlags{}, []aggregate.Key{aggregate.ByComm}, ""},
	} {
		var stderr bytes.Buffer
		tt.flags.sayUnattributed(&environment{stderr: &stderr}, s, tt.by)
		if got := stderr.String(); !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("%+v by %v: %q, want %q", tt.flags, tt.by, got, tt.want)
		}
	}
}
