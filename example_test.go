package auditscan_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/auditscan/auditscan"
	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/profile"
)

const examples = `type=SECCOMP msg=audit(1717243200.100:71): auid=1000 uid=33 gid=33 ses=2 pid=4711 comm="nginx" exe="/usr/sbin/nginx" sig=0 arch=c000003e syscall=257 compat=0 ip=0x7f01 code=0x7ffc0000
type=SECCOMP msg=audit(1717243200.101:72): auid=1000 uid=33 gid=33 ses=2 pid=4711 comm="nginx" exe="/usr/sbin/nginx" sig=0 arch=c000003e syscall=0 compat=0 ip=0x7f01 code=0x7ffc0000
type=SECCOMP msg=audit(1717243200.102:73): auid=1000 uid=0 gid=0 ses=2 pid=4712 comm="sh" exe="/bin/dash" sig=0 arch=c000003e syscall=101 compat=0 ip=0x7f01 code=0x50000
`

// Count the calls of each program in a log that comes from a reader.
func ExampleRead() {
	log := strings.NewReader(examples)
	summary, err := auditscan.Read(context.Background(), []string{"-"}, auditscan.Options{Stdin: log})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, group := range summary.Regroup([]aggregate.Key{aggregate.ByComm}).Groups {
		for _, call := range group.Calls {
			fmt.Printf("%s: %d %s %s\n", group.Comm, call.Count, call.Name(), call.Action)
		}
	}
	fmt.Println(summary.Completeness.Verdict, summary.Completeness.Lost, "lost")
	// Output:
	// nginx: 1 read log
	// nginx: 1 openat log
	// sh: 1 ptrace errno
	// unknown 0 lost
}

// Make a profile from records in memory.
func ExampleSummarize() {
	const x86_64, log = 0xc000003e, 0x7ffc0000
	var events []event.Event
	for _, nr := range []int32{0, 1, 231} {
		if e, ok := event.Of(&parser.Record{Process: &parser.Process{Arch: x86_64}, NR: nr, Code: log}); ok {
			events = append(events, e)
		}
	}
	result, err := profile.Build(auditscan.Summarize(slices.Values(events)), profile.Options{Exact: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := result.Document.Write(os.Stdout, profile.FormatOCI, profile.Meta{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {
	//   "defaultAction": "SCMP_ACT_ERRNO",
	//   "defaultErrnoRet": 1,
	//   "architectures": [
	//     "SCMP_ARCH_X86_64"
	//   ],
	//   "syscalls": [
	//     {
	//       "names": [
	//         "exit_group",
	//         "read",
	//         "write"
	//       ],
	//       "action": "SCMP_ACT_ALLOW"
	//     }
	//   ]
	// }
}

// Follow a file and print the denials in it.
func ExampleFollow() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for e, err := range auditscan.Follow(ctx, exampleFile(), auditscan.Options{FromStart: true}) {
		if err != nil {
			fmt.Println(err) // records are missing, or the last that comes
			continue
		}
		if e.Action.Denied() {
			fmt.Printf("%s[%d] %s %s\n", e.Comm, e.PID, e.Call(), e.Action)
			stop()
		}
	}
	// Output:
	// sh[4712] ptrace errno
}

// exampleFile is a log in a directory that is left to the system to clean.
func exampleFile() string {
	dir, err := os.MkdirTemp("", "auditscan-example")
	if err != nil {
		panic(err)
	}
	name := filepath.Join(dir, "audit.log")
	if err := os.WriteFile(name, []byte(examples), 0o600); err != nil {
		panic(err)
	}
	return name
}
