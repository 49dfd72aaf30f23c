package parser

import (
	"fmt"
	"strings"
	"testing"
)

// TestMemoIsBounded checks that a log of long lines does not make the parser
// remember them: a thousand would be as many times 64 KiB.
func TestMemoIsBounded(t *testing.T) {
	p := New(LayoutLines)
	for _, size := range []int{10, 8 * maxStart} {
		for i := range 4 * memoSlots {
			p.Reset(fmt.Appendf(nil, "type=SECCOMP msg=audit(1717243200.123:77): auid=1000 uid=33 gid=34 ses=7 subj=%s pid=%d comm=\"nginx\" exe=\"/usr/sbin/nginx\" sig=0 arch=c000003e syscall=202 compat=0 ip=0x7f00 code=0x7ffc0000\n",
				strings.Repeat("x", size), i))
			if item := p.Next(); item != ItemRecord {
				t.Fatalf("item %d", item)
			}
		}
	}
	kept := 0
	for _, e := range p.memo.slots {
		if len(e.start) > 0 {
			kept++
		}
		if cap(e.start) > 2*maxStart {
			t.Fatalf("remembers %d bytes of a line", cap(e.start))
		}
	}
	if kept < memoSlots/2 {
		t.Errorf("remembers only %d starts", kept)
	}
}
