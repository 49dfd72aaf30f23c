package atomicfile

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const nobody = 65534

// sharedFolder returns a directory where anybody can make names, as nobody does
// in these tests, and what root can be misled to write over.
func sharedFolder(t *testing.T) (dir, secret string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make another user's files")
	}
	dir = t.TempDir()
	secret = filepath.Join(t.TempDir(), "passwd")
	if err := errors.Join(os.Chmod(dir, 0o777), os.WriteFile(secret, []byte("secret"), 0o600)); err != nil {
		t.Fatal(err)
	}
	return dir, secret
}

// foreignLink makes a link as nobody would.
func foreignLink(t *testing.T, target, path string) {
	t.Helper()
	if err := errors.Join(os.Symlink(target, path), os.Lchown(path, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
}

// TestAttackLinks: another user's link leads nowhere, whatever it
// looks like.
func TestAttackLinks(t *testing.T) {
	dir, secret := sharedFolder(t)
	file, err := os.OpenFile(secret, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, target := range map[string]string{
		"file":   secret,
		"fd":     "/proc/self/fd/../../.." + secret,
		"own fd": "/proc/self/fd/" + itoa(file.Fd()),
		"null":   "/dev/null",
		"loop":   "loop",
		"none":   "/nonexistent/file",
	} {
		path := filepath.Join(dir, name)
		foreignLink(t, target, path)
		if err := Write(t.Context(), path, 0o600, text("x")); err != nil {
			t.Errorf("link to %s: %v", target, err)
			continue
		}
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			t.Errorf("link to %s has not been replaced: %v", target, err)
		}
	}
	wantFile(t, secret, "secret")
}

func itoa(n uintptr) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// TestAttackLinkBelowProc: what only begins like a descriptor is none, even if the
// link is one's own.
func TestAttackLinkBelowProc(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	link := filepath.Join(dir, "link")
	err := errors.Join(os.WriteFile(other, []byte("other"), 0o600), os.Symlink("/proc/self/fd/../../.."+other, link))
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), link, 0o600, text("x")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, other, "other")
	wantFile(t, link, "x")
}

// TestAttackPipe: another user's named pipe gets nothing.
func TestAttackPipe(t *testing.T) {
	dir, _ := sharedFolder(t)
	pipe := filepath.Join(dir, "pipe")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o666), os.Chown(pipe, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link") // root's own, so it is followed
	if err := os.Symlink("pipe", link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link} {
		for what, err := range map[string]error{"Write": Write(t.Context(), path, 0o600, text("x")), "Check": Check(path)} {
			if err == nil || !strings.Contains(err.Error(), "another user (uid 65534)") {
				t.Errorf("%s %s: %v", what, path, err)
			}
		}
	}
}

// TestAttackPipeEndsWhenTold: without a reader, and with one that does not read.
func TestAttackPipeEndsWhenTold(t *testing.T) {
	stop := errors.New("told to end")
	for _, open := range []bool{false, true} {
		pipe := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		if open {
			reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
		}
		ended := make(chan error)
		go func() { ended <- Write(ctx, pipe, 0o600, text(strings.Repeat("x", 1<<20))) }()
		select {
		case err := <-ended:
			t.Errorf("reader %v: it ended by itself: %v", open, err)
		case <-time.After(50 * time.Millisecond):
		}
		cancel(stop)
		if err := <-ended; !errors.Is(err, stop) {
			t.Errorf("reader %v: %v, want %v", open, err, stop)
		}
	}
}

// TestPipeWaitsForReader: a reader may come later.
func TestPipeWaitsForReader(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- Write(t.Context(), pipe, 0o600, text("x")) }()
	reader, err := os.Open(pipe) // waits for the writer
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	got, err := io.ReadAll(reader)
	if err := errors.Join(err, <-ended); err != nil || string(got) != "x" {
		t.Errorf("read %q: %v", got, err)
	}
}

// TestAttackOpen: a file that is written in place is ours, and no link.
func TestAttackOpen(t *testing.T) {
	dir, secret := sharedFolder(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	foreignLink(t, filepath.Join(dir, "nologin"), at("link"))
	err := errors.Join(
		os.WriteFile(at("foreign"), nil, 0o666), os.Chown(at("foreign"), nobody, nobody),
		os.WriteFile(at("ours"), nil, 0o600),
		os.Link(secret, at("hard")),
		syscall.Mkfifo(at("pipe"), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"link": "symbolic link", "foreign": "another user", "hard": "hard link", "pipe": "not a file", "ours": "", "new": "",
	} {
		f, err := Open(at(name), os.O_CREATE|os.O_RDWR, 0o600)
		if err == nil {
			f.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := os.Lstat(at("nologin")); err == nil {
		t.Error("a file has been made through a link")
	}
}

// TestAttackClaim: one process at a time; the lock follows no link.
func TestAttackClaim(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	first, err := Claim(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Claim(path); err == nil || !strings.Contains(err.Error(), "another auditscan writes it") {
		t.Errorf("claimed twice: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := Claim(path)
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
	dir, _ := sharedFolder(t)
	path = filepath.Join(dir, "state.json")
	foreignLink(t, filepath.Join(dir, "nologin"), path+".lock")
	if _, err := Claim(path); err == nil {
		t.Error("the lock is a link")
	}
	if _, err := os.Lstat(filepath.Join(dir, "nologin")); err == nil {
		t.Error("a file has been made through a link")
	}
}
