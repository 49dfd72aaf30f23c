package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/source"
)

// TestSessionOwner: what the command's sessions called is counted, and what
// may have been one of them makes the result incomplete.
func TestSessionOwner(t *testing.T) {
	const ours, login, foreign, ended = 7, 8, 9, 10
	var lines []byte
	for i, session := range []uint32{ours, login, foreign, login, login, ended, foreign} {
		lines = fmt.Appendf(lines, "type=SECCOMP msg=audit(1700000000.000:%d): auid=0 uid=0 gid=0 ses=%d pid=1 comm=\"a\" exe=\"/a\" sig=0 arch=c000003e syscall=%d compat=0 ip=0x1 code=0x7ffc0000\n", i+1, session, i)
	}
	for _, tt := range []struct {
		name    string
		known   int // the questions from which on the login's session is known
		records int64
		lost    int64
	}{
		{"known at once", 1, 4, 1},
		{"known later", 3, 2, 3},
		{"never known", 9, 1, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			session := NewSession("test", func(session uint32, _ int32) (bool, error) {
				if session == login {
					asked++
				}
				if session == ended || session == login && asked < tt.known {
					return false, errors.New("gone")
				}
				return session != foreign, nil
			})
			if err := session.Read(source.Lines("test", bytes.NewReader(lines)), nil); err != nil {
				t.Fatal(err)
			}
			s := session.Summary()
			if s.Totals.Records != tt.records || s.Completeness.Lost != tt.lost || s.Completeness.Verdict != aggregate.Incomplete {
				t.Errorf("%d records, %d lost, %s; want %d and %d, incomplete", s.Totals.Records, s.Completeness.Lost, s.Completeness.Verdict, tt.records, tt.lost)
			}
		})
	}
}
