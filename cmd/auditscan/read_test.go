package main

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/internal/confine"
)

// TestAttackLostOnHost: who reads the host's own log is told what the kernel has
// lost, before the right to ask it is given up.
func TestAttackLostOnHost(t *testing.T) {
	pipe, fed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	defer fed.Close()
	for _, tt := range []struct {
		args []string
		fed  io.Reader
		lost uint32
		err  error
		want bool
	}{
		{nil, nil, 7, nil, true},
		{nil, nil, 0, nil, false},
		{nil, nil, 7, errors.New("no right"), false},
		{[]string{"audit.log"}, nil, 7, nil, false},
		{nil, pipe, 7, nil, false}, // it may be another host's
	} {
		var said strings.Builder
		asked := false
		env := &environment{stdin: tt.fed, stderr: &said, lost: func() (uint32, error) { asked = true; return tt.lost, tt.err }}
		env.confine = func(confine.Needs) error {
			if asked != (len(tt.args) == 0 && tt.fed == nil) {
				t.Errorf("%q: asked: %v", tt.args, asked)
			}
			return nil
		}
		if err := new(readFlags).giveUp(env, tt.args, confine.Needs{}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(said.String(), "lost 7 audit records"); got != tt.want {
			t.Errorf("%+v: %q", tt, said.String())
		}
	}
}
