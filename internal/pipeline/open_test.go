package pipeline

import (
	"testing"

	"github.com/auditscan/auditscan/aggregate"
)

// TestNotified: a source that nothing can be missing from vouches for its
// events; as lines of anybody they prove nothing.
func TestNotified(t *testing.T) {
	const line = `{"time":"2026-11-30T11:45:41.418Z","serial":null,"node":null,"pid":7,"comm":"sh","exe":"/bin/sh","arch":"x86_64","nr":12,"syscall":"brk","action":"log","sig":0,"compat":false,"ip":"0x43401b","uid":0,"gid":0,"auid":4294967295,"ses":4294967295,"subj":null,"container":{"id":"demo","via":"runtime"}}` + "\n"
	for trust, want := range map[aggregate.Trust]aggregate.Verdict{aggregate.TrustKernel: aggregate.Complete, "": aggregate.Unknown, aggregate.TrustText: aggregate.Unknown} {
		c := NewCounter("notify:/run/s", trust, Options{})
		if got := c.Summary().Completeness.Verdict; got != aggregate.Unknown {
			t.Errorf("nothing of trust %q is %s", trust, got)
		}
		if err := c.Lines([]byte(line + line)); err != nil {
			t.Fatal(err)
		}
		s := c.Summary()
		if s.Completeness.Verdict != want || s.Totals.Records != 2 || s.Groups[0].Container == nil || s.Groups[0].Container.ID != "demo" {
			t.Errorf("of trust %q: %s, %d records", trust, s.Completeness.Verdict, s.Totals.Records)
		}
	}
}
