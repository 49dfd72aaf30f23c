package parser_test

import (
	"strings"
	"testing"

	"github.com/auditscan/auditscan/parser"
)

// TestNoAllocations holds the hot path to its promise in every rendering: a
// parser that has warmed up allocates nothing, whether the record was seen
// before or not.
func TestNoAllocations(t *testing.T) {
	for _, r := range append(shown(), oddRenderings()...) {
		t.Run(r.name, func(t *testing.T) {
			const n = 50
			layout := parser.Sniff([]byte(r.log))
			block := []byte(strings.Repeat(strings.TrimSuffix(r.log, "\n")+"\n", n))
			if layout == parser.LayoutEntries && strings.HasPrefix(r.log, "__CURSOR") {
				block = []byte(strings.Repeat(r.log, n))
			}
			for _, p := range []*parser.Parser{parser.New(layout), parser.General(parser.New(layout))} {
				got := 0
				allocs := testing.AllocsPerRun(10, func() {
					p.Reset(block)
					got = 0
					for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
						if item == parser.ItemRecord {
							got++
						}
					}
				})
				if allocs != 0 {
					t.Errorf("%.0f allocations in %d records", allocs, n)
				}
				if got < n-1 { // the last entry of journalctl -o verbose ends with the input
					t.Errorf("%d records, want %d", got, n)
				}
			}
		})
	}
}

// oddRenderings are records whose values need more than a look.
func oddRenderings() []rendering {
	hex := strings.Replace(auditd, `comm="nginx"`, "comm=6E67696E7820", 1)
	return []rendering{
		{name: "hex names", log: strings.Replace(hex, `exe="/usr/sbin/nginx"`, "exe="+strings.Repeat("2F61C3A9", 200), 1)},
		{name: "label with blanks", log: strings.Replace(auditd, " pid=", " subj==docker-default (enforce) pid=", 1)},
		{name: "before 3.8", log: `[  278.5] type=1701 ` + stamp + `auid=1000 uid=33 gid=34 ses=7 pid=4321 comm="nginx" reason="seccomp" sig=0 syscall=202 compat=0 ip=0x7f00 code=0x7ffc0000`},
		{name: "laurel, escaped names", log: strings.Replace(`{"ID":"1717243200.123:77","SECCOMP":[{`+laurel+`}]}`, `"comm":"nginx"`, `"comm":"a%09\"%2b%25"`, 1)},
		{name: "ausearch -i, several exe=", log: "type=SECCOMP msg=audit(06/01/24 12:00:00.123:77) : " + strings.Replace(interpreted, "exe=/usr", "exe=/a b c d e f g exe=/usr", 1)},
	}
}

// TestNoAllocationsElsewhere covers lines that are no records.
func TestNoAllocationsElsewhere(t *testing.T) {
	for _, log := range corpusLogs(t) {
		layout := parser.Sniff(log.data)
		p := parser.New(layout)
		allocs := testing.AllocsPerRun(5, func() {
			p.Reset(log.data)
			for p.Next() != parser.ItemEnd {
			}
			p.Flush()
		})
		if allocs > 0 {
			t.Errorf("%s: %.0f allocations", log.name, allocs)
		}
	}
}
