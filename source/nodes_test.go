package source

import (
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	for _, tt := range []struct{ template, path, want string }{
		{"{node}/audit.log*", "logs/a/audit.log", "a"},
		{"{node}/audit.log*", "a/audit.log.2.gz", "a"},
		{"{node}/audit.log*", "/srv/./logs/b/../a/audit.log", "a"},
		{"{node}/audit.log*", "audit.log", ""},
		{"{node}/audit.log*", "a/syslog", ""},
		{"{node}/audit.log", "a/audit.log.1", ""},
		{"{node}/audit+log", "a/auditttlog", ""},
		{"audit-{node}.log*", "logs/audit-web.1.log.1", "web.1"},
		{"nodes/{node}/", "x/nodes/a/var/log/audit/audit.log", "a"},
		{"nodes/{node}/", "nodes/a", ""},
		{"{date}/{node}/*", "2026-11-30/a/audit.log", "a"},
		{"/logs/{node}/*", "/logs/a/audit.log", "a"},
		{"/logs/{node}/*", "/srv/logs/a/audit.log", ""},
		{"logs/{node}/*", "/srv/mylogs/a/audit.log", ""},
	} {
		from, err := ParseTemplate(tt.template)
		if err != nil {
			t.Fatal(err)
		}
		if got := from.node(tt.path); got != tt.want {
			t.Errorf("%s of %s: %q, want %q", tt.template, tt.path, got, tt.want)
		}
	}
	for _, bad := range []string{"", "node/audit.log", "{node}/{node}", "{Node}/a"} {
		if _, err := ParseTemplate(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestExpandNodes(t *testing.T) {
	t.Chdir(directoryWith(t, "a/audit.log", "a/audit.log.1", "b/audit.log", "b/x/syslog", "c.log"))
	from, err := ParseTemplate("{node}/audit.log*")
	must(t, err)
	for _, tt := range []struct {
		name  string
		args  string
		nodes Nodes
		want  string
	}{
		{"none", "a", Nodes{}, "a/audit.log.1= a/audit.log="},
		{"all", "a c.log", Nodes{All: "n"}, "a/audit.log.1=n a/audit.log=n c.log=n"},
		{"a directory is read, with all below", "", Nodes{Named: []NodePath{{"n", "b"}}}, "b/audit.log=n b/x/syslog=n"},
		{"a pattern", "", Nodes{Named: []NodePath{{"n", "*.log"}}}, "c.log=n"},
		{"the same file, also by another name", "./c.log a/audit.log", Nodes{Named: []NodePath{{"n", "c.log"}}}, "./c.log=n a/audit.log="},
		{"standard input", "", Nodes{Named: []NodePath{{"n", "-"}}}, "-=n"},
		{"from the path", ".", Nodes{From: from}, "a/audit.log.1=a a/audit.log=a b/audit.log=b b/x/syslog= c.log="},
		{"the nearest wins", ".", Nodes{All: "n", From: from, Named: []NodePath{{"m", "a/audit.log"}}},
			"a/audit.log.1=a a/audit.log=m b/audit.log=b b/x/syslog=n c.log=n"},
	} {
		inputs, _, err := Expand(strings.Fields(tt.args), tt.nodes)
		must(t, err)
		var got []string
		for _, in := range inputs {
			got = append(got, in.Path+"="+in.Node)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, strings.Join(got, " "), tt.want)
		}
	}
	if _, _, err := Expand(nil, Nodes{Named: []NodePath{{"n", "c.log"}, {"m", "./c.log"}}}); err == nil {
		t.Error("one file is the log of two nodes")
	}
	if _, _, err := Expand(nil, Nodes{Named: []NodePath{{"n", "missing"}}}); err == nil {
		t.Error("a file that is not there is the log of a node")
	}
}
