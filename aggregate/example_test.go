package aggregate_test

import (
	"fmt"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/syscalltable"
)

// oneGroup is a summary of one program that made one call.
func oneGroup(comm string, nr int32, verdict aggregate.Verdict) *aggregate.Summary {
	group := aggregate.Group{Comm: comm, Calls: []aggregate.Call{
		{Arch: syscalltable.X86_64, NR: nr, Action: syscalltable.ActionLog, Count: 3},
	}}
	group.Recount()
	s := &aggregate.Summary{
		By: []aggregate.Key{aggregate.ByComm}, Groups: []aggregate.Group{group},
		Inputs:       []aggregate.Input{{Name: comm + ".log", Records: 3}},
		Completeness: aggregate.Completeness{Verdict: verdict},
	}
	s.Retotal()
	return s
}

// What is known of several logs together is no better than of the worst.
func ExampleMerge() {
	all := aggregate.Merge(oneGroup("nginx", 0, aggregate.Complete), oneGroup("redis", 1, aggregate.Unknown))
	for _, g := range all.Groups {
		fmt.Println(g.Comm, g.Records, g.Calls[0].String())
	}
	fmt.Println(all.Totals.Records, all.Completeness.Verdict)
	// Output:
	// nginx 3 read
	// redis 3 write
	// 6 unknown
}

// A filter leaves out groups and calls; '*' stands for any text.
func ExampleFilter() {
	all := aggregate.Merge(oneGroup("nginx", 0, aggregate.Complete), oneGroup("redis", 1, aggregate.Complete))
	f := &aggregate.Filter{Comm: []string{"ng*"}}
	for _, g := range f.Apply(all).Groups {
		fmt.Println(g.Comm)
	}
	// Output: nginx
}
