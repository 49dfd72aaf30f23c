package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
)

// TestManyNodes checks that a log of more nodes than serials are kept of, none
// of which lacks a record, seems to lack none, however it comes in blocks. What
// the nodes left out have lost is not known.
func TestManyNodes(t *testing.T) {
	const nodes, rounds = 1500, 6
	var log strings.Builder
	for serial := range rounds {
		for i := range nodes {
			n := (i * 7) % nodes
			fmt.Fprintf(&log, "node=n%d type=SYSCALL msg=audit(1795446%03d.000:%d): arch=c000003e syscall=1 success=yes exit=0\n", n, serial, 2*serial+1)
			fmt.Fprintf(&log, "node=n%d type=SECCOMP msg=audit(1795446%03d.000:%d): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=7 comm=\"seven\""+
				" exe=\"/seven\" sig=0 arch=c000003e syscall=39 compat=0 ip=0x7f0000000001 code=0x7ffc0000\n", n, serial, 2*serial+2)
		}
	}
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Workers: 1}, {Workers: 4}, {Workers: 2, BlockSize: 100 << 10}, {Workers: 3, BlockSize: 2 << 20}} {
		s, err := Read(context.Background(), named(path), nil, o)
		if err != nil {
			t.Fatal(err)
		}
		if c := s.Completeness; c.Verdict != aggregate.Unknown || len(c.Evidence) > 0 || s.Totals.Records != nodes*rounds {
			t.Errorf("%d workers, blocks of %d: %s, %d lost, %d records", o.Workers, o.BlockSize, c.Verdict, c.Lost, s.Totals.Records)
		}
	}
}
