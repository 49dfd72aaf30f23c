package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/source"
)

// TestManyFiles checks that a folder of twice the files takes about twice the
// memory and the allocations, and no more.
func TestManyFiles(t *testing.T) {
	few, many := allocationsOf(t, 500), allocationsOf(t, 1000)
	if many.Mallocs > 5*few.Mallocs/2 || many.TotalAlloc > 5*few.TotalAlloc/2 {
		t.Errorf("500 files: %d allocations, %d bytes; 1,000 files: %d, %d", few.Mallocs, few.TotalAlloc, many.Mallocs, many.TotalAlloc)
	}
}

// allocationsOf is what it takes to read n files of hosts of their own.
func allocationsOf(t *testing.T, n int) (taken runtime.MemStats) {
	t.Helper()
	dir := logsOfHosts(t, n)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s := readDirectory(t, dir, Options{Workers: 2, BlockSize: 4 << 10}) // so that what each worker holds weighs nothing
	runtime.ReadMemStats(&after)
	if s.Totals.Records != int64(n) || s.Completeness.Verdict != aggregate.Complete {
		t.Errorf("%+v, %+v", s.Totals, s.Completeness)
	}
	return runtime.MemStats{Mallocs: after.Mallocs - before.Mallocs, TotalAlloc: after.TotalAlloc - before.TotalAlloc}
}

// BenchmarkManyFiles reads a directory of 1,000 small files.
func BenchmarkManyFiles(b *testing.B) {
	dir := logsOfHosts(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		readDirectory(b, dir, Options{})
	}
	b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

// TestDamagedMember: a file of a rotated log that is no log any more is missing;
// one beside it that never was any is not.
func TestDamagedMember(t *testing.T) {
	const binary = "\x00\x01\x02\x03"
	for _, tt := range []struct {
		files   map[string]string
		verdict aggregate.Verdict
	}{
		{map[string]string{"audit.log": auditText(100), "audit.log.1": auditText(50)}, aggregate.Incomplete}, // 48 serials
		{map[string]string{"audit.log": auditText(100), "audit.log.1": binary}, aggregate.Incomplete},
		{map[string]string{"audit.log": auditText(100), "audit.log.1": auditText(98), "audit.log.2": binary}, aggregate.Incomplete},
		{map[string]string{"audit.log": auditText(100), "audit.log.1": ""}, aggregate.Complete},
		{map[string]string{"audit.log": auditText(100), "wtmp": binary, "wtmp.1": binary}, aggregate.Complete},
		{map[string]string{"audit.log": auditText(100), "wtmp": binary}, aggregate.Complete},
	} {
		dir := t.TempDir()
		for name, text := range tt.files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s := readDirectory(t, dir, Options{})
		if s.Completeness.Verdict != tt.verdict {
			t.Errorf("%q: %+v, want %s", tt.files, s.Completeness, tt.verdict)
		}
	}
}

// auditText is the log of two records, from a serial on.
func auditText(serial int) string {
	return fmt.Sprintf("type=SYSCALL msg=audit(1795446000.000:%d): arch=c000003e syscall=1 success=yes exit=0\n"+
		"type=SECCOMP msg=audit(1795446000.000:%d): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=7 comm=\"seven\""+
		" exe=\"/seven\" sig=0 arch=c000003e syscall=39 compat=0 ip=0x7f0000000001 code=0x7ffc0000\n", serial, serial+1)
}

func readDirectory(t testing.TB, dir string, o Options) *aggregate.Summary {
	t.Helper()
	inputs, _, err := source.Expand([]string{dir}, source.Nodes{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Read(context.Background(), inputs, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// logsOfHosts makes a directory of the logs of n hosts, each with two records.
func logsOfHosts(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		text := auditText(1000*i + 1)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("host%d.log", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
