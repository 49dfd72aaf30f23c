package profile_test

import (
	"fmt"
	"os"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// recorded is what two programs called under SCMP_ACT_LOG.
func recorded() *aggregate.Summary {
	s := &aggregate.Summary{By: []aggregate.Key{aggregate.ByComm}}
	for comm, nr := range map[string]int32{"nginx": 257, "redis": 1} {
		g := aggregate.Group{Comm: comm, Calls: []aggregate.Call{
			{Arch: syscalltable.X86_64, NR: nr, Action: syscalltable.ActionLog, Count: 3},
		}}
		g.Recount()
		s.Groups = append(s.Groups, g)
	}
	s.Retotal()
	return s
}

// A profile of exactly what was seen.
func ExampleBuild() {
	result, err := profile.Build(recorded(), profile.Options{Exact: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, call := range result.Observed {
		fmt.Println(call.Name, call.Records)
	}
	oci, err := result.Document.OCI()
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := profile.Encode(os.Stdout, oci); err != nil {
		fmt.Println(err)
	}
	// Output:
	// openat 3
	// write 3
	// {
	//   "defaultAction": "SCMP_ACT_ERRNO",
	//   "defaultErrnoRet": 1,
	//   "architectures": [
	//     "SCMP_ARCH_X86_64"
	//   ],
	//   "syscalls": [
	//     {
	//       "names": [
	//         "openat",
	//         "write"
	//       ],
	//       "action": "SCMP_ACT_ALLOW"
	//     }
	//   ]
	// }
}

// One profile for each program.
func ExampleSplit() {
	parts, unattributed := profile.Split(recorded(), aggregate.ByComm)
	for _, part := range parts {
		fmt.Println(part.Name, len(part.Summary.Groups))
	}
	fmt.Println(unattributed, "records of nobody")
	// Output:
	// nginx 1
	// redis 1
	// 0 records of nobody
}

// What a profile answers to calls, as libseccomp and the kernel do.
func ExampleParse() {
	d, err := profile.Parse([]byte(`{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],"syscalls":[
		{"names":["read"],"action":"SCMP_ACT_ALLOW"},
		{"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]}]}`), "app.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	policy, err := d.Evaluate(profile.Environment{Arch: syscalltable.X86_64})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"read", "socket", "open"} {
		nr, _ := syscalltable.X86_64.Number(name)
		answer := policy.Answer(syscalltable.X86_64, nr)
		fmt.Println(name, answer, answer.DependsOnArgs())
	}
	fmt.Println(profile.ErrnoName(profile.EPERM))
	// Output:
	// read allow false
	// socket allow or errno(EPERM) true
	// open errno(EPERM) false
	// EPERM
}

// Which recorded calls a profile would deny, and what lets them run.
func ExampleCheck() {
	d, err := profile.Parse([]byte(`{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],"syscalls":[
		{"names":["openat"],"action":"SCMP_ACT_ALLOW"}]}`), "app.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := profile.Check(recorded(), d, profile.Environment{Arch: syscalltable.X86_64})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range r.Calls {
		fmt.Println(c.Group.Comm, c.Call.Name(), c.Answer)
	}
	for _, rule := range r.Amendment.Allow {
		fmt.Println("allow", rule.Names)
	}
	// Output:
	// redis write errno(EPERM)
	// allow [write]
}
