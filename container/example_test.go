package container_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/auditscan/auditscan/container"
)

func ExampleParseCgroup() {
	const id = "4f0c1d2e3a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5"
	for _, path := range []string{
		"/system.slice/docker-" + id + ".scope",
		"/docker/" + id + "/system.slice/nginx.service", // made by the container itself
		"/system.slice/sshd.service",
		"/user.slice/user-1000.slice/session-3.scope",
	} {
		ref, ok := container.ParseCgroup([]byte("0::" + path + "\n"))
		fmt.Printf("%v %.12q %q %q %q\n", ok, ref.ID, ref.Runtime, ref.Name, ref.Inner)
	}
	// Output:
	// true "4f0c1d2e3a4b" "docker" "" ""
	// true "4f0c1d2e3a4b" "docker" "" "nginx.service"
	// true "" "systemd" "sshd.service" ""
	// false "" "" "" ""
}

// A pid is used again: at each time it belongs to another container.
func ExampleMap_Lookup() {
	const saved = `{"pid":7,"start":"2026-11-30T10:00:00.000Z","end":"2026-11-30T10:00:05.000Z","container":{"id":"4f0c1d2e","name":"web"}}
{"pid":7,"start":"2026-11-30T10:01:00.000Z","end":null,"container":{"id":"90a1b2c3","name":"db"}}
`
	m, problems, err := container.ReadMap(context.Background(), strings.NewReader(saved), "pids.jsonl")
	if err != nil || len(problems) > 0 {
		fmt.Println(err, problems)
	}
	for _, seconds := range []int{3, 30, 90} {
		at := time.Date(2026, 11, 30, 10, 0, seconds, 0, time.UTC)
		if id, ok := m.Lookup(7, at); ok {
			fmt.Println(at.Format(time.TimeOnly), id.Name)
		} else {
			fmt.Println(at.Format(time.TimeOnly), "not known")
		}
	}
	// Output:
	// 10:00:03 web
	// 10:00:30 not known
	// 10:01:30 db
}

// Other tools tell which pod a process was in: a line of theirs is a line of a
// pid map to ReadMap.
func ExampleParseSighting() {
	s, ok := container.ParseSighting([]byte(`I0921 14:13:20.123000    1 enricher.go:445] log-enricher "msg"="audit" "container"="app" "executable"="/opt/app/worker" "namespace"="shop" "node"="n1" "pid"=4711 "pod"="web-0" "syscallID"=41 "syscallName"="socket" "timestamp"="1790000000.123:500" "type"="seccomp"`))
	fmt.Println(ok, s.PID, s.Container.Namespace, s.Container.Pod, s.Container.Name)
	// Output: true 4711 shop web-0 app
}

// An event of auditscan says which container its record is of.
func ExampleParseIdentity() {
	id, err := container.ParseIdentity([]byte(`{"id":"4f0c1d2e","name":"web","via":"pidmap"}`))
	fmt.Println(id.ID, id.Name, id.Via == container.ViaPidmap, err)
	// Output: 4f0c1d2e web true <nil>
}
