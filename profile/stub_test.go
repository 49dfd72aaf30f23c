package profile_test

import (
	"strings"
	"testing"
)

// TestStubNote: versions of runc differ where a profile lists no architecture, and
// that decides whether programs live.
func TestStubNote(t *testing.T) {
	for _, tt := range []struct {
		text string
		told bool
	}{
		{`{"defaultAction": "SCMP_ACT_KILL", "syscalls": []}`, true},
		{`{"defaultAction": "SCMP_ACT_KILL", "architectures": ["SCMP_ARCH_X86"], "syscalls": []}`, true},
		{`{"defaultAction": "SCMP_ACT_KILL", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": []}`, false},
		{`{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []}`, false},
		{`{"defaultAction": "SCMP_ACT_LOG", "syscalls": []}`, false},
	} {
		notes := strings.Join(evaluate(t, tt.text).Notes, "\n")
		if strings.Contains(notes, "runc from 1.1.15 on answers ENOSYS") != tt.told {
			t.Errorf("%s: %s", tt.text, notes)
		}
	}
}
