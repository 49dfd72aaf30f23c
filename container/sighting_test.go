package container

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// Lines of the security-profiles-operator (log-enricher in its old and its
// structured text form, JSON enricher) and of inspektor-gadget, before and
// after v0.31; the names are made up.
const (
	enricherLine  = `I0921 14:13:20.123000    1 enricher.go:445] log-enricher "msg"="audit" "container"="c1" "executable"="/opt/app/worker" "namespace"="ns1" "node"="n1" "pid"=4711 "pod"="p1" "syscallID"=41 "syscallName"="socket" "timestamp"="1790000000.123:500" "type"="seccomp"`
	klogLine      = `I0921 14:13:20.123000       1 enricher.go:608] "audit" logger="log-enricher" timestamp="1790000000.123:500" type="seccomp" node="n1" namespace="ns1" pod="web-5d4f8c7b9c-x2x4z" container="c1" executable="/bin/a \"b\" pod=\"x\"" pid=4711 syscallID=41 syscallName="socket"`
	jsonEnricher  = `{"version":"spo/v1_alpha","auditID":"7d","timestamp":"2026-09-21T14:13:20Z","cmdLine":"sh","executable":"/bin/sh","gid":0,"node":{"name":"n1"},"pid":4711,"resource":{"container":"c1","namespace":"ns1","pod":"p1"},"syscalls":["socket","close"],"uid":0}`
	gadgetOld     = `{"type":"normal","node":"n1","namespace":"ns1","pod":"p1","container":"c1","timestamp":1790000000123456789,"syscall":"socket","code":"log","pid":4711,"pcomm":"worker"}`
	gadgetUndated = `{"type":"normal","node":"n1","namespace":"ns1","pod":"p1","container":"c1","syscall":"socket","code":"log","pid":4711,"pcomm":"worker"}`
	gadgetNew     = `{"code":"SECCOMP_RET_LOG","k8s":{"containerName":"c1","node":"n1","namespace":"ns1","podName":"p1"},"proc":{"comm":"worker","pid":4711},"runtime":{"containerId":"` + idA + `","containerImageName":"registry.example/app:1","containerName":"x","runtimeName":"containerd"},"syscall":"socket","timestamp":"2026-09-21T14:13:20.123456789Z"}`
)

func TestParseSighting(t *testing.T) {
	at := time.UnixMilli(1790000000123)
	web := Identity{ID: "ns1/web-5d4f8c7b9c-x2x4z/c1", Name: "c1", Pod: "web-5d4f8c7b9c-x2x4z", Namespace: "ns1", Workload: "web", WorkloadGuessed: true}
	c1 := Identity{ID: "ns1/p1/c1", Name: "c1", Pod: "p1", Namespace: "ns1"}
	withID := c1
	withID.ID, withID.Image = idA, "registry.example/app:1"
	for name, tt := range map[string]struct {
		line string
		want Sighting
	}{
		"enricher":        {enricherLine, Sighting{4711, at, time.Second, "n1", c1}},
		"klog":            {klogLine, Sighting{4711, at, time.Second, "n1", web}},
		"kubectl logs":    {"[pod/spod-x/log-enricher] " + enricherLine, Sighting{4711, at, time.Second, "n1", c1}},
		"container's log": {"2026-09-21T14:13:20.123456789Z stderr F " + klogLine, Sighting{4711, at, time.Second, "n1", web}},
		"docker":          {`{"log":` + strconv.Quote(klogLine+"\n") + `,"stream":"stderr","time":"2026-09-21T14:13:20.1Z"}`, Sighting{4711, at, time.Second, "n1", web}},
		"json in kubectl": {"[pod/spod-x/json-enricher] " + jsonEnricher, Sighting{4711, at.Truncate(time.Second), time.Minute, "n1", c1}},
		"json in CRI":     {"2026-09-21T14:13:20.123456789Z stdout F " + jsonEnricher, Sighting{4711, at.Truncate(time.Second), time.Minute, "n1", c1}},
		"json in docker":  {`{"log":` + strconv.Quote(jsonEnricher+"\n") + `,"stream":"stdout"}`, Sighting{4711, at.Truncate(time.Second), time.Minute, "n1", c1}},
		"json in Fluent Bit": {`{"log":` + strconv.Quote("2026-09-21T14:13:20.123456789Z stdout F "+jsonEnricher) + `,"kubernetes":{"host":"n9"}}`,
			Sighting{4711, at.Truncate(time.Second), time.Minute, "n1", c1}},
		"json enricher":   {jsonEnricher, Sighting{4711, at.Truncate(time.Second), time.Minute, "n1", c1}},
		"gadget":          {gadgetOld, Sighting{4711, time.Unix(0, 1790000000123456789), time.Second, "n1", c1}},
		"gadget, no time": {gadgetUndated, Sighting{4711, time.Time{}, time.Second, "n1", c1}},
		"gadget 0.31":     {gadgetNew, Sighting{4711, time.Unix(0, 1790000000123456789), time.Second, "n1", withID}},

		"no pid":            {strings.Replace(enricherLine, "=4711", "=0", 1), Sighting{}},
		"large pid":         {strings.Replace(gadgetOld, "4711", "4294972007", 1), Sighting{}},
		"no pod":            {strings.Replace(gadgetOld, `"pod":"p1"`, `"x":"p1"`, 1), Sighting{}},
		"another type":      {strings.Replace(enricherLine, `"seccomp"`, `"apparmor"`, 1), Sighting{}},
		"no serial":         {strings.Replace(enricherLine, ".123:500", "", 1), Sighting{}},
		"hostile pod":       {strings.Replace(gadgetOld, `"p1"`, `"../../p1"`, 1), Sighting{}},
		"hostile container": {strings.Replace(enricherLine, `"c1"`, `"c1\u202e"`, 1), Sighting{}},
		"hostile id":        {strings.Replace(gadgetNew, idA, "x y", 1), Sighting{}},
		"bad time":          {strings.Replace(gadgetNew, "2026-09", "2026-19", 1), Sighting{}},
		"other JSON":        {`{"pid":1,"start":"2026-11-23T10:00:00.000Z"}`, Sighting{}},
		"cut":               {gadgetOld[:80], Sighting{}},
		"quoted":            {`said "` + jsonEnricher, Sighting{}},
		"wrapped too often": {wrappedOften(jsonEnricher, 5), Sighting{}},
		"text":              {`syscallID`, Sighting{}},
		"unclosed":          {`x="1 syscallID=2 type="seccomp`, Sighting{}},
	} {
		got, ok := ParseSighting([]byte(tt.line))
		if ok != (tt.want != Sighting{}) || ok && (!got.At.Equal(tt.want.At) || got.Container != tt.want.Container ||
			got.PID != tt.want.PID || got.Node != tt.want.Node || got.Within != tt.want.Within) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", name, got, ok, tt.want)
		}
	}
}

// wrappedOften puts a line into JSON n times.
func wrappedOften(line string, n int) string {
	for range n {
		line = `{"log":` + strconv.Quote(line) + `}`
	}
	return line
}

// A value cannot pass for another key, whatever it holds.
func FuzzParseSighting(f *testing.F) {
	for _, line := range []string{enricherLine, klogLine, jsonEnricher, gadgetOld, gadgetNew} {
		f.Add(line, `/bin/sh" pod="victim" "pod"="victim`)
	}
	f.Fuzz(func(t *testing.T, line, exe string) {
		if s, ok := ParseSighting([]byte(line)); ok {
			if err := s.Container.check(); err != nil || s.PID <= 0 {
				t.Errorf("%+v: %v", s, err)
			}
		}
		for _, form := range []string{enricherLine, klogLine} {
			i := strings.Index(form, `/`)
			if i < 0 {
				continue
			}
			j := strings.Index(form[i:], `" `) + i
			quoted := strconv.Quote(exe)
			forged := form[:i] + quoted[1:len(quoted)-1] + form[j:]
			want, _ := ParseSighting([]byte(form))
			if got, ok := ParseSighting([]byte(forged)); !ok || got != want {
				t.Errorf("%s\n got %+v, %v\nwant %+v", forged, got, ok, want)
			}
		}
	})
}

// Lines of these tools are a pid map, of one node, around their times.
func TestSightingsAsMap(t *testing.T) {
	later := strings.NewReplacer("1790000000.123:500", "1790000009.000:600", `"p1"`, `"p2"`)
	text := strings.Join([]string{
		enricherLine,
		strings.Replace(enricherLine, "0.123:500", "0.900:501", 1), // the same process goes on
		later.Replace(enricherLine),
		strings.NewReplacer("4711", "4712").Replace(gadgetUndated),
		strings.NewReplacer("4711", "4713").Replace(gadgetUndated),
		strings.NewReplacer("4711", "4713", `"p1"`, `"p2"`, `"timestamp":`, `"x":`).Replace(gadgetOld),
		strings.NewReplacer("4711", "4714", `"n1"`, `"n2"`).Replace(gadgetOld),
		later.Replace(strings.Replace(enricherLine, "4711", "4716", 1)), // lines out of order
		strings.NewReplacer("4711", "4716", "1790000000.123:500", "1790000008.000:599", `"p1"`, `"p2"`).Replace(enricherLine),
		strings.NewReplacer("4711", "4717", `"n1"`, `""`).Replace(gadgetOld), // no node told
		`{"pid":4715,"start":"2026-09-21T14:13:20.000Z","end":null,"container":{"id":"a"}}`,
	}, "\n")
	m, problems, err := ReadMap(t.Context(), strings.NewReader(text), "enricher.log")
	if err != nil || len(problems) != 1 || problems[0].Line != 7 || !strings.Contains(problems[0].Detail, "another node") {
		t.Errorf("%v, problems %v; want one about line 7", err, problems)
	}
	for _, tt := range []struct {
		pid  int32
		ms   int64
		want string
	}{
		{4711, 1790000000123, "ns1/p1/c1"},
		{4711, 1789999999123, "ns1/p1/c1"},
		{4711, 1789999999000, ""},
		{4711, 1790000001900, "ns1/p1/c1"},
		{4711, 1790000002000, ""},
		{4711, 1790000009000, "ns1/p2/c1"},
		{4712, 1790000000000, "ns1/p1/c1"},
		{4712, 1700000000000, "ns1/p1/c1"},
		{4713, 1790000000000, ""}, // two, and no time that tells them apart
		{4714, 1790000000123, ""},
		{4716, 1790000007100, "ns1/p2/c1"},
		{4717, 1790000000123, "ns1/p1/c1"},
		{4715, 1790000009000, "a"},
	} {
		id, ok := m.Lookup(tt.pid, time.UnixMilli(tt.ms))
		got := ""
		if ok {
			got = id.ID
		}
		if got != tt.want {
			t.Errorf("pid %d at %d: %q, want %q", tt.pid, tt.ms, got, tt.want)
		}
	}
}
