package seccompstate

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestRead(t *testing.T) {
	tests := []struct {
		name, status string
		want         State
		err          string
	}{
		{"filters", "Name:\tnginx\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n", State{"nginx", Filtered, 3, true}, ""},
		{"none", "Name:\tsh\nNoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n", State{"sh", Disabled, 0, false}, ""},
		{"strict, before 5.9", "Name:\tx\nSeccomp:\t1\n", State{"x", Strict, -1, false}, ""},
		{"a name like a key", "Name:\tSeccomp: 2\nSeccomp:\t0\n", State{"Seccomp: 2", Disabled, -1, false}, ""},
		{"no seccomp", "Name:\tx\n", State{}, "no line Seccomp"},
		{"no number", "Seccomp:\tx\n", State{}, "proc/7/status: Seccomp: "},
	}
	for _, tt := range tests {
		got, err := Read(fstest.MapFS{"proc/7/status": {Data: []byte(tt.status)}}, 7)
		if got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
		}
	}
	if _, err := Read(fstest.MapFS{}, 7); err == nil || !strings.HasPrefix(err.Error(), "process 7: ") {
		t.Errorf("no such process: %v", err)
	}
}
