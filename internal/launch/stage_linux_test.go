package launch

import (
	"slices"
	"testing"
)

// TestEnviron: the stage is calm, and the program gets what its parent had.
func TestEnviron(t *testing.T) {
	for _, tt := range []struct{ program, stage []string }{
		{[]string{"A=1"}, []string{"A=1", "GODEBUG=asyncpreemptoff=1"}},
		{[]string{"GODEBUG=", "A=1"}, []string{"GODEBUG=asyncpreemptoff=1,", "A=1"}},
		{[]string{"A=1", "GODEBUG=x=1,y=2", "B="}, []string{"A=1", "GODEBUG=asyncpreemptoff=1,x=1,y=2", "B="}},
		{[]string{"GODEBUG=asyncpreemptoff=1"}, []string{"GODEBUG=asyncpreemptoff=1,asyncpreemptoff=1"}},
	} {
		if got := stageEnviron(tt.program); !slices.Equal(got, tt.stage) {
			t.Errorf("stage of %q: %q, want %q", tt.program, got, tt.stage)
		}
		if got := programEnviron(tt.stage); !slices.Equal(got, tt.program) {
			t.Errorf("program of %q: %q, want %q", tt.stage, got, tt.program)
		}
	}
}
