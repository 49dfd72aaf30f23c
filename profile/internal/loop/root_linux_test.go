package loop

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

var rootFlag = flag.String("root", "", "unpack Debian's packages of all programs into this directory, and run them from there (default: what the host has)")

// root is where the programs are from.
type root struct {
	dir      string
	packages []string // with their versions, where they are known
}

// theRoot returns the root of all tests.
var theRoot = sync.OnceValues(func() (*root, error) {
	if *rootFlag == "" {
		return &root{dir: "/"}, nil
	}
	return unpackedRoot(*rootFlag, packages())
})

// needRoot returns the root of all tests.
func needRoot(t *testing.T) *root {
	t.Helper()
	r, err := theRoot()
	if err != nil {
		t.Skipf("needs Debian's packages: %v", err)
	}
	return r
}

// packages returns those of all programs.
func packages() []string {
	all := []string{"coreutils", "dash", "grep", "sed", "findutils", "procps"}
	for _, p := range programs() {
		all = append(all, p.packages...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// unpackedRoot unpacks packages and all that they depend on, unless those were
// unpacked before. Nothing of theirs is run: none of the daemons is installed, let
// alone started. A package that is not to be had is left out.
func unpackedRoot(dir string, names []string) (*root, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	r := &root{dir: filepath.Join(dir, "root")}
	made, asked := filepath.Join(dir, "made"), strings.Join(names, " ")+"\n"
	if text, err := os.ReadFile(made); err == nil && strings.HasPrefix(string(text), asked) {
		r.packages = strings.Split(strings.TrimPrefix(string(text), asked), "\n")
		return r, nil
	}
	apt, err := newApt(dir, names)
	if err != nil {
		return nil, err
	}
	if r.packages, err = apt.fetch(); err != nil {
		return nil, err
	}
	if err := errors.Join(r.unpack(apt.archives), os.RemoveAll(apt.archives)); err != nil {
		return nil, err
	}
	return r, os.WriteFile(made, []byte(asked+strings.Join(r.packages, "\n")), 0o644)
}

// apt gets packages for a system that has none.
type apt struct {
	archives, status string
	names            []string // those that are to be had
}

func newApt(dir string, names []string) (*apt, error) {
	a := &apt{archives: filepath.Join(dir, "archives"), status: filepath.Join(dir, "status")}
	if err := errors.Join(os.MkdirAll(filepath.Join(a.archives, "partial"), 0o755), os.WriteFile(a.status, nil, 0o644)); err != nil {
		return nil, err
	}
	known, err := exec.Command("apt-cache", append([]string{"show", "--no-all-versions"}, names...)...).Output() // fails if one is not known
	if len(known) == 0 {
		return nil, fmt.Errorf("apt-cache knows none of the programs' packages (apt-get update): %w", err)
	}
	for _, name := range names {
		if bytes.Contains(known, []byte("Package: "+name+"\n")) {
			a.names = append(a.names, name)
		}
	}
	return a, nil
}

// fetch downloads the packages, and returns them with all that they depend on.
func (a *apt) fetch() ([]string, error) {
	plan, err := a.install("--simulate")
	if err != nil {
		return nil, err
	}
	_, err = a.install("--download-only")
	return planned(plan), err
}

func (a *apt) install(how string) ([]byte, error) {
	args := []string{"-y", "-qq", "--no-install-recommends", "-o", "Dir::State::status=" + a.status, "-o", "Dir::Cache::archives=" + a.archives,
		"-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=1", how, "install"}
	return output(exec.Command("apt-get", append(args, a.names...)...))
}

// planned reads what apt-get --simulate would install: packages and versions.
func planned(plan []byte) (list []string) {
	for line := range strings.Lines(string(plan)) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == "Inst" {
			list = append(list, f[1]+" "+strings.Trim(f[2], "("))
		}
	}
	slices.Sort(list)
	return list
}

// unpack lays out the files of all archives, where /bin and others are in /usr.
func (r *root) unpack(archives string) error {
	if err := os.RemoveAll(r.dir); err != nil {
		return err
	}
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := errors.Join(os.MkdirAll(filepath.Join(r.dir, "usr", name), 0o755), os.Symlink("usr/"+name, filepath.Join(r.dir, name))); err != nil {
			return err
		}
	}
	for _, p := range r.packages {
		name, version, _ := strings.Cut(p, " ")
		found, err := filepath.Glob(filepath.Join(archives, name+"_"+strings.ReplaceAll(version, ":", "%3a")+"_*.deb"))
		if err != nil || len(found) == 0 {
			return fmt.Errorf("no archive of %s in %s: %w", p, archives, err)
		}
		const lay = `dpkg-deb --fsys-tarfile "$1" | tar -C "$2" --keep-directory-symlink --exclude './usr/share/doc/*' --exclude './usr/share/man/*' -x`
		if _, err := output(exec.Command("bash", "-o", "pipefail", "-c", lay, "unpack", found[0], r.dir)); err != nil {
			return err
		}
	}
	return nil
}

// output returns what a command prints, and as its error what it complains of.
func output(cmd *exec.Cmd) ([]byte, error) {
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, bytes.TrimSpace(complaint.Bytes()))
	}
	return out, nil
}

// lacking says why a program cannot be run, or nothing.
func (r *root) lacking(p program) string {
	for _, path := range p.needs {
		if _, err := os.Stat(filepath.Join(r.dir, path)); err != nil {
			return fmt.Sprintf("%s (Debian: %s)", path, strings.Join(p.packages, ", "))
		}
	}
	return ""
}

// version returns the version of a program's first package.
func (r *root) version(p program) string {
	if len(p.packages) == 0 {
		return runtime.Version()
	}
	name := p.packages[0]
	for _, known := range r.packages {
		if version, ok := strings.CutPrefix(known, name+" "); ok {
			return version
		}
	}
	return dpkgVersion(name)
}
