package event_test

import (
	"fmt"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
)

// A record says numbers; an event says what they mean. Where the record is an
// event of auditscan itself, it carries its container.
func ExampleOf() {
	p := parser.New(parser.LayoutLines)
	p.Reset([]byte(`type=SECCOMP msg=audit(1717243200.102:73): auid=1000 uid=0 gid=0 ses=2 pid=4712 comm="sh" exe="/bin/dash" sig=0 arch=c000003e syscall=101 compat=0 ip=0x7f01 code=0x50000
{"time":"2024-06-01T12:00:00.103Z","serial":74,"node":"n1","pid":4713,"comm":"sh","exe":"/bin/dash","arch":"x86_64","nr":9999,"syscall":null,"action":"log","sig":0,"compat":false,"ip":"0x7f01","uid":0,"gid":0,"auid":1000,"ses":2,"subj":null,"container":{"id":"c1","name":"web"}}
`))
	for p.Next() == parser.ItemRecord {
		r := p.Record()
		e, ok := event.Of(r)
		if !ok {
			continue // a name that no table has
		}
		if r.Container != nil {
			e.Container, _ = container.ParseIdentity(r.Container)
		}
		fmt.Println(e.Time().UnixMilli(), e.Comm, e.Call(), e.Arch, e.Action, e.Action.Denied(), e.Container != nil)
	}
	// Output:
	// 1717243200102 sh ptrace x86_64 errno true false
	// 1717243200103 sh #9999 x86_64 log false true
}
