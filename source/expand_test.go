package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// directoryWith makes empty files, each a minute younger than the one before.
func directoryWith(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		writeFile(t, path, "")
		when := time.Unix(1760000000+60*int64(i), 0)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestExpand(t *testing.T) {
	tests := []struct {
		name  string
		files string // in the order of their mtime
		args  string
		want  string
	}{
		{"one file", "b a", "a", "a"},
		{"order is kept", "a b c", "c a b", "c a b"},
		{"standard input", "a", "a - a", "a -"},
		{"same path twice", "a b", "a b a", "a b"},
		{"auditd's directory", "audit.log audit.log.1 audit.log.10 audit.log.2", ".", "audit.log.10 audit.log.2 audit.log.1 audit.log"},
		{"as a shell sorts it", "audit.log audit.log.1 audit.log.2", "audit.log audit.log.1 audit.log.2", "audit.log.2 audit.log.1 audit.log"},
		{"pattern", "audit.log audit.log.1 other", "audit.log*", "audit.log.1 audit.log"},
		{"pattern and its member", "a.log a.log.1 a.log.2", "a.log.1 a.log*", "a.log.2 a.log.1 a.log"},
		{"compressed", "syslog syslog.1 syslog.2.gz syslog.3.gz", "syslog*", "syslog.3.gz syslog.2.gz syslog.1 syslog"},
		{"being compressed: mtime decides", "syslog.1.xz syslog.1 syslog", ".", "syslog.1.xz syslog.1 syslog"},
		{"dateext", "messages messages-20260110 messages-20260103.xz messages-20251227.bz2", ".", "messages-20251227.bz2 messages-20260103.xz messages-20260110 messages"},
		{"hourly, and a date with dashes", "s s-2026010102 s-2026010101.zst t t.2026-01-02 t.2026-01-01", ".", "s-2026010101.zst s-2026010102 s t.2026-01-01 t.2026-01-02 t"},
		{"numbers, then dates", "s-20260101 s.1 s", "s*", "s.1 s-20260101 s"},
		{"a digit in the name is no rotation", "app2 app1 v1.log", "app2 app1 v1.log", "app2 app1 v1.log"},
		{"two sets keep their order", "kern.log kern.log.1 audit.log audit.log.1", "kern.log audit.log kern.log.1 audit.log.1", "kern.log.1 kern.log audit.log.1 audit.log"},
		{"same names in two directories", "x/a.log x/a.log.1 y/a.log y/a.log.1", "x y", "x/a.log.1 x/a.log y/a.log.1 y/a.log"},
		{"hidden is passed over", "a .a.swp .d/b", ".", "a"},
		{"below", "d/b d/e/f/c a", ".", "a d/b d/e/f/c"},
		{"sets below", "d/a.log d/a.log.1 e/a.log.1 a.log", ".", "a.log d/a.log.1 d/a.log e/a.log.1"},
		{"hosts by their address", "10.0.0.2 10.0.0.1 10.0.0.1.1 10.0.0.1-20260101 192.168.100.200", ".", "10.0.0.1.1 10.0.0.1-20260101 10.0.0.1 10.0.0.2 192.168.100.200"},
		{"a name like a pattern", "[a] a", "[a]", "[a]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(directoryWith(t, strings.Fields(tt.files)...))
			inputs, notes, err := Expand(strings.Fields(tt.args), Nodes{})
			if err != nil || len(notes) > 0 {
				t.Fatal(err, notes)
			}
			got := pathsOf(inputs)
			if want := strings.Fields(tt.want); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func pathsOf(inputs []Input) (paths []string) {
	for _, in := range inputs {
		paths = append(paths, in.Path)
	}
	return paths
}

// TestExpandSets: what is one log is told by directory and name, however it was
// named.
func TestExpandSets(t *testing.T) {
	t.Chdir(directoryWith(t, "x/audit.log", "x/audit.log.1", "x/audit.log.2.gz", "x/syslog-20261130", "x/syslog", "y/audit.log", "audit.log"))
	must(t, os.Symlink("x", "link"))
	here, err := os.Getwd()
	must(t, err)
	inputs, _, err := Expand([]string{"-", "link/audit.log.1", filepath.Join(here, "x", "audit.log"), "./y", "x", "audit.log"}, Nodes{})
	must(t, err)
	want := []Input{
		{"-", "-", "", false},
		{"link/audit.log.1", "x/audit.log", "", false},
		{filepath.Join(here, "x", "audit.log"), "x/audit.log", "", false},
		{"y/audit.log", "y/audit.log", "", true},
		{"x/audit.log.2.gz", "x/audit.log", "", true},
		{"x/syslog-20261130", "x/syslog", "", true},
		{"x/syslog", "x/syslog", "", true},
		{"audit.log", "audit.log", "", false},
	}
	for i := range want {
		if want[i].Set != "-" {
			want[i].Set = filepath.Join(here, want[i].Set)
		}
	}
	if !slices.Equal(inputs, want) {
		t.Errorf("got  %+v\nwant %+v", inputs, want)
	}
}

// TestExpandLinks: a link to a file counts if the file is not there itself; no
// link to a directory leads anywhere, least of all round in a circle.
func TestExpandLinks(t *testing.T) {
	dir := directoryWith(t, "in/pods/0.log", "in/containers/keep", "elsewhere/far.log")
	t.Chdir(dir)
	must(t, os.Symlink("../pods/0.log", "in/containers/web.log"))
	must(t, os.Symlink("../../elsewhere/far.log", "in/containers/far.log"))
	must(t, os.Symlink("../../elsewhere/far.log", "in/containers/far2.log"))
	must(t, os.Symlink("missing", "in/containers/broken.log"))
	must(t, os.Symlink("..", "in/pods/up"))
	must(t, os.Symlink("/", "in/root"))
	inputs, notes, err := Expand([]string{"in"}, Nodes{})
	must(t, err)
	want := []string{"in/containers/far.log", "in/containers/keep", "in/pods/0.log"}
	if got := pathsOf(inputs); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(notes) != 2 || notes[0].Kind != Info || !strings.Contains(notes[0].Detail, "in/pods/up") || !strings.Contains(notes[1].Detail, "in/root") {
		t.Errorf("the notes are %+v", notes)
	}
}

// TestExpandDepth: what lies too deep is told of, as there may be records in it.
func TestExpandDepth(t *testing.T) {
	for depth, found := range map[int]bool{maxDepth: true, maxDepth + 1: false} {
		dir := directoryWith(t, "a", strings.Repeat("d/", depth-1)+"deep")
		inputs, notes, err := Expand([]string{dir}, Nodes{})
		must(t, err)
		if got := len(inputs) == 2; got != found {
			t.Errorf("depth %d: %q", depth, pathsOf(inputs))
		}
		if told := len(notes) == 1 && notes[0].Kind == TruncatedInput && strings.Contains(notes[0].Detail, "/d was not read"); told == found || found && len(notes) > 0 {
			t.Errorf("depth %d: %+v", depth, notes)
		}
	}
}

func TestExpandErrors(t *testing.T) {
	t.Chdir(directoryWith(t, "a", "d/e/.f"))
	for arg, want := range map[string]string{
		"d":        "the directory d holds no file",
		"missing*": "no file matches missing*",
		"a/[":      "not a directory",
		"[":        "syntax error in pattern",
		"missing":  "missing: no such file",
	} {
		got, _, err := Expand([]string{"a", arg}, Nodes{})
		if err == nil || !strings.Contains(err.Error(), want) || got != nil {
			t.Errorf("%s gives %+v, %v; want an error with %q", arg, got, err, want)
		}
	}
	if _, _, err := Expand([]string{"missing"}, Nodes{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the error of a missing file is not fs.ErrNotExist but %v", err)
	}
}

func TestFindHost(t *testing.T) {
	tests := []struct {
		name    string
		files   string // path=content; a denied one cannot be read
		want    string // ending of the path, or of the error if it begins with "error: "
		reasons []string
	}{
		{"auditd", "var/log/audit/audit.log=x var/log/syslog=x", "audit/audit.log", []string{"auditd's own log"}},
		{"syslog", "var/log/syslog=x var/log/kern.log=x", "log/syslog", []string{"audit.log (no such file", "at most 10 records in 5 s"}},
		{"empty audit.log", "var/log/audit/audit.log= var/log/messages=x", "log/messages", []string{"audit.log (empty)", "kern.log (no such file"}},
		{"none", "etc/passwd=x", "error: name a log file, or start auditd", nil},
		{"a directory in the way", "var/log/syslog/x=x", "error: name a log file, or start auditd", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			for _, file := range strings.Fields(tt.files) {
				path, content, _ := strings.Cut(file, "=")
				path = filepath.Join(root, path)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				writeFile(t, path, content)
			}
			path, reason, err := FindHost(root)
			if err != nil {
				path = "error: " + err.Error()[strings.LastIndex(err.Error(), "; ")+2:]
			}
			if path != filepath.Join(root, "var", tt.want) && !strings.HasSuffix(path, tt.want) {
				t.Errorf("took %s, want %s", path, tt.want)
			}
			for _, part := range append(tt.reasons, path) {
				if err == nil && !strings.Contains(reason, part) {
					t.Errorf("the reason %q lacks %q", reason, part)
				}
			}
		})
	}
}
