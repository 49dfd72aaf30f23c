// Package ci has what continuous integration and releases run.
package ci

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// TestReleaseTwice makes a release of the last commit in two directories. Every
// file is the same, and there is each that users are told of.
func TestReleaseTwice(t *testing.T) {
	for _, tool := range []string{"bash", "git", "gzip", "tar", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	if out, err := exec.Command("git", "rev-parse", "HEAD").CombinedOutput(); err != nil {
		t.Skipf("the source is in no repository of git\n%s", out)
	}
	t.Setenv("GOPROXY", "off")
	if out, err := exec.Command("go", "-C", "release", "list", "-deps", "tool").CombinedOutput(); err != nil {
		t.Skipf("the tools of a release are not to be had: go -C internal/ci/release mod download\n%s", out)
	}
	first, second := release(t), release(t)
	for name, content := range first {
		if !bytes.Equal(content, second[name]) {
			t.Errorf("%s is not the same file again", name)
		}
	}
	if len(first) != len(second) {
		t.Errorf("%d files, then %d", len(first), len(second))
	}
	names := slices.Sorted(maps.Keys(first))
	for _, ending := range []string{
		"linux_amd64.tar.gz", "_amd64.deb", ".x86_64.rpm", "_x86_64.apk", "-x86_64.pkg.tar.zst", "_image.tar.gz", ".krew.yaml", ".cdx.json", "SHA256SUMS",
	} {
		if !slices.ContainsFunc(names, func(name string) bool { return strings.HasSuffix(name, ending) }) {
			t.Errorf("no file *%s in %q", ending, names)
		}
	}
	for name, content := range first {
		if strings.HasSuffix(name, ".cdx.json") && (!json.Valid(content) || !bytes.Contains(content, []byte("golang.org/x/sys"))) {
			t.Errorf("%s names no part", name)
		}
		if strings.HasSuffix(name, ".pkg.tar.zst") {
			checkPackage(t, content)
		}
	}
}

// checkPackage: what is installed is where systems look for it, and the units
// start the program that is installed with them.
func checkPackage(t *testing.T, content []byte) {
	t.Helper()
	unpacked, err := zstd.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	defer unpacked.Close()
	files := map[string]string{}
	for r := tar.NewReader(unpacked); ; {
		header, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(text)
	}
	for _, name := range []string{
		"usr/bin/auditscan", "usr/share/man/man1/auditscan-report.1.gz", "usr/share/bash-completion/completions/auditscan",
		"usr/share/zsh/site-functions/_auditscan", "usr/share/fish/vendor_completions.d/auditscan.fish", "etc/logrotate.d/auditscan-follow",
	} {
		if files[name] == "" {
			t.Errorf("the package has no %s, or it is empty", name)
		}
	}
	for _, unit := range []string{"auditscan-follow.service", "auditscan-listen.service"} {
		if text := files["usr/lib/systemd/system/"+unit]; !strings.Contains(text, " /usr/bin/auditscan ") || strings.Contains(text, "/usr/local/") {
			t.Errorf("%s does not start what is installed:\n%s", unit, text)
		}
	}
}

// release makes a release for this machine's system in a clone of its own, and
// returns the files.
func release(t *testing.T) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	run(t, "", "git", "clone", "-q", "../..", filepath.Join(dir, "source"))
	run(t, filepath.Join(dir, "source"), "bash", "internal/ci/dist.sh", filepath.Join(dir, "dist"))
	files, err := os.ReadDir(filepath.Join(dir, "dist"))
	if err != nil {
		t.Fatal(err)
	}
	made := map[string][]byte{}
	for _, f := range files {
		if made[f.Name()], err = os.ReadFile(filepath.Join(dir, "dist", f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return made
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TARGETS=linux/amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}
