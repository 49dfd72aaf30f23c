package source

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAttackOtherWriters makes what another user, uid 65534, can write to or replace.
func TestAttackOtherWriters(t *testing.T) {
	const nobody = 65534
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give files to others")
	}
	chown := func(t *testing.T, path string, uid, gid int) {
		t.Helper()
		must(t, os.Lchown(path, uid, gid))
	}
	chmod := func(t *testing.T, path string, mode os.FileMode) {
		t.Helper()
		must(t, os.Chmod(path, mode))
	}
	for name, tt := range map[string]struct {
		change func(t *testing.T, top, dir, file string)
		want   string // a part of what is said; "": nobody
	}{
		"root's":                 {func(t *testing.T, top, dir, file string) {}, ""},
		"others read":            {func(t *testing.T, top, dir, file string) { chmod(t, file, 0o644) }, ""},
		"owner":                  {func(t *testing.T, top, dir, file string) { chown(t, file, nobody, 0) }, "it belongs to uid 65534"},
		"everybody":              {func(t *testing.T, top, dir, file string) { chmod(t, file, 0o602) }, "it can be written by everybody"},
		"a group reads":          {func(t *testing.T, top, dir, file string) { chown(t, file, 0, 4); chmod(t, file, 0o640) }, ""},
		"a group":                {func(t *testing.T, top, dir, file string) { chown(t, file, 0, 4); chmod(t, file, 0o660) }, "written by the group 4"},
		"a daemon's group":       {func(t *testing.T, top, dir, file string) { chown(t, file, 0, 110); chmod(t, file, 0o660) }, "written by the group 110"},
		"root's group":           {func(t *testing.T, top, dir, file string) { chmod(t, file, 0o664) }, ""},
		"directory's owner":      {func(t *testing.T, top, dir, file string) { chown(t, dir, nobody, 0) }, "belongs to uid 65534"},
		"directory of everybody": {func(t *testing.T, top, dir, file string) { chmod(t, dir, 0o777) }, "d can be written by everybody"},
		"sticky directory":       {func(t *testing.T, top, dir, file string) { chmod(t, dir, 0o777|os.ModeSticky) }, ""},
		"sticky, another's": {func(t *testing.T, top, dir, file string) {
			chmod(t, dir, 0o777|os.ModeSticky)
			chown(t, dir, nobody, 0)
		}, "d belongs to uid 65534"},
		"directory further up":        {func(t *testing.T, top, dir, file string) { chmod(t, top, 0o777) }, "can be written by everybody"},
		"directory of a daemon":       {func(t *testing.T, top, dir, file string) { chown(t, top, 0, 101); chmod(t, top, 0o775) }, "by the group 101"},
		"directory of users":          {func(t *testing.T, top, dir, file string) { chown(t, top, 0, 100); chmod(t, top, 0o775) }, "by the group 100"},
		"directory of a person":       {func(t *testing.T, top, dir, file string) { chown(t, top, 0, 1000); chmod(t, top, 0o775) }, "by the group 1000"},
		"of a daemon and everybody's": {func(t *testing.T, top, dir, file string) { chown(t, top, 0, 101); chmod(t, top, 0o777) }, "by everybody"},
		"link": {func(t *testing.T, top, dir, file string) {
			must(t, os.Rename(file, file+".1"))
			must(t, os.Symlink("../d/audit.log.1", file))
		}, ""},
		"link of another": {func(t *testing.T, top, dir, file string) {
			must(t, os.Rename(file, file+".1"))
			must(t, os.Symlink(file+".1", file))
			chown(t, file, nobody, nobody)
		}, "audit.log belongs to uid 65534"},
		"link through another's directory": {func(t *testing.T, top, dir, file string) {
			other := filepath.Join(top, "other")
			must(t, os.Mkdir(other, 0o755))
			must(t, os.Rename(file, file+".1"))
			must(t, os.Symlink(file+".1", filepath.Join(other, "link")))
			must(t, os.Symlink("../other/link", file))
			chown(t, other, nobody, nobody)
		}, "other belongs to uid 65534"},
		"list":             {func(t *testing.T, top, dir, file string) { giveList(t, file) }, "it has an access list that lets others write"},
		"directory's list": {func(t *testing.T, top, dir, file string) { giveList(t, dir) }, "d has an access list that lets others write"},
	} {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			dir := filepath.Join(top, "d")
			file := filepath.Join(dir, "audit.log")
			must(t, os.Mkdir(dir, 0o755))
			must(t, os.WriteFile(file, []byte("line\n"), 0o600))
			tt.change(t, top, dir, file)
			r, err := Open(file)
			must(t, err)
			defer r.Close()
			f, err := Follow(file, FollowOptions{})
			must(t, err)
			defer f.Close()
			for _, got := range []string{new(Writers).Others(r), f.OtherWriters()} {
				if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
					t.Errorf("it says %q, want %q", got, tt.want)
				}
			}
		})
	}
}

// giveList lets nobody write by an access list, which shows in the mode as the
// group's right.
func giveList(t *testing.T, path string) {
	t.Helper()
	// Version 2: the owner rwx, uid 65534 rwx, the group none, the mask rwx, others none.
	acl := "\x02\x00\x00\x00" + "\x01\x00\x07\x00\xff\xff\xff\xff" + "\x02\x00\x07\x00\xfe\xff\x00\x00" +
		"\x04\x00\x00\x00\xff\xff\xff\xff" + "\x10\x00\x07\x00\xff\xff\xff\xff" + "\x20\x00\x00\x00\xff\xff\xff\xff"
	if err := unix.Setxattr(path, aclName, []byte(acl), 0); err != nil {
		t.Skipf("no access lists: %v", err)
	}
}

// TestAttackOtherWritersOfVarLog: Ubuntu's /var/log can be written by rsyslogd's group.
// What root has below stays root's; what the daemon puts there is not.
func TestAttackOtherWritersOfVarLog(t *testing.T) {
	const syslog, people = 110, 1000
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give files to others")
	}
	for _, tt := range []struct {
		name       string
		group      int
		mode       os.FileMode
		dirs       string // the path of /var/log
		auditOwner int
		want       string
	}{
		{"as installed", syslog, 0o775, "var/log", 0, ""},
		{"audit is the daemon's", syslog, 0o775, "var/log", syslog, "log/audit belongs to uid 110"},
		{"of people", people, 0o775, "var/log", 0, "by the group 1000"},
		{"of everybody", syslog, 0o777, "var/log", 0, "by everybody"},
		{"another directory", syslog, 0o775, "srv/log", 0, "by the group 110"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), filepath.FromSlash(tt.dirs))
			audit := filepath.Join(log, "audit")
			must(t, os.MkdirAll(audit, 0o750))
			file := filepath.Join(audit, "audit.log")
			must(t, os.WriteFile(file, []byte("line\n"), 0o600))
			must(t, os.Chown(audit, tt.auditOwner, 0))
			must(t, os.Chown(log, 0, tt.group))
			must(t, os.Chmod(log, tt.mode))
			r, err := Open(file)
			must(t, err)
			defer r.Close()
			if got := new(Writers).Others(r); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("it says %q, want %q", got, tt.want)
			}
		})
	}
}

// TestAttackOtherWritersOfPipes: who writes to a pipe is not to be seen.
func TestAttackOtherWritersOfPipes(t *testing.T) {
	if why := new(Writers).Others(NewReader("-", strings.NewReader(""))); why == "" {
		t.Error("standard input is nobody's")
	}
	r, err := Open("/dev/null")
	must(t, err)
	defer r.Close()
	if why := new(Writers).Others(r); !strings.Contains(why, "no regular file") {
		t.Errorf("a device: %q", why)
	}
}

// TestAttackOtherWritersStay: lines of a file that others could write stay forged when
// that file is let go of.
func TestAttackOtherWritersStay(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "old\n")
	s := newStepper(t, path, FollowOptions{})
	if why := s.f.OtherWriters(); why != "" {
		t.Skipf("the directory of tests is not only ours: %s", why)
	}
	must(t, os.Rename(path, path+".1"))
	writeFile(t, path, "forged\n")
	must(t, os.Chmod(path, 0o666))
	s.step()
	s.want("forged")
	rotateNumbered(t, path, 5)
	appendTo(t, path, "sound\n")
	for range 3 {
		s.now = s.now.Add(2 * lateWait)
		s.step()
	}
	s.want("sound")
	if len(s.f.gens) != 1 || !strings.Contains(s.f.OtherWriters(), "everybody") {
		t.Errorf("%d files are held, and it says %q", len(s.f.gens), s.f.OtherWriters())
	}
}
