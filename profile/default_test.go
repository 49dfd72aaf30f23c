package profile_test

import (
	"strings"
	"testing"

	"github.com/auditscan/auditscan/profile"
)

// What is built in has its source, and answers as its project's documents say.
func TestBuiltIn(t *testing.T) {
	for _, c := range []struct {
		name, source string
		caps         []string
		answers      map[string]string
	}{
		{"runtime/default", "github.com/moby/profiles/seccomp v", nil, map[string]string{"read": "allow", "mount": "errno(EPERM)", "clone3": "errno(ENOSYS)", "keyctl": "errno(EPERM)"}},
		{"runtime/docker", "github.com/moby/profiles/seccomp v", []string{"CAP_SYS_ADMIN"}, map[string]string{"mount": "allow", "clone3": "allow"}},
		{"runtime/containerd", "github.com/moby/profiles/seccomp v", nil, map[string]string{"io_uring_setup": "errno(EPERM)"}},
		{"runtime/podman", "go.podman.io/common v", nil, map[string]string{"read": "allow", "mount": "allow", "keyctl": "allow", "clone3": "allow", "unshare": "allow", "io_uring_setup": "errno(ENOSYS)", "bpf": "errno(EPERM)"}},
		{"runtime/crio", "github.com/cri-o/cri-o v", nil, map[string]string{"mount": "allow", "clone3": "errno(ENOSYS)", "unshare": "errno(ENOSYS)"}},
		{"runtime/crio", "github.com/cri-o/cri-o v", []string{"CAP_SYS_ADMIN"}, map[string]string{"clone3": "allow", "unshare": "allow", "clone": "allow"}},
	} {
		d, source, err := profile.BuiltIn(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(source, c.source) || d.Name != c.name || len(d.Notes) > 0 {
			t.Errorf("%s: source %q, name %q, notes %v", c.name, source, d.Name, d.Notes)
		}
		p, err := d.Evaluate(profile.Environment{Arch: x86_64, Caps: append(profile.DefaultCaps(), c.caps...)})
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range c.answers {
			nr, _ := x86_64.Number(name)
			if got := p.Answer(x86_64, nr).String(); got != want {
				t.Errorf("%s: %s is answered with %s, want %s", c.name, name, got, want)
			}
		}
	}
	if profile.IsBuiltIn("runtime/app.json") {
		t.Error("a file in a directory runtime is taken for built in")
	}
	if _, _, err := profile.BuiltIn("runtime/none"); err == nil || !strings.Contains(err.Error(), "runtime/podman") {
		t.Errorf("unknown name: %v", err)
	}
}

// CRI-O takes what makes namespaces out of clone.
func TestCRIOClone(t *testing.T) {
	d, _, err := profile.BuiltIn("runtime/crio")
	if err != nil {
		t.Fatal(err)
	}
	ask := asked(t, d)
	for flags, want := range map[uint64]string{0x11: "allow", 0x10000011: "errno(EPERM)", 0x00020000: "errno(EPERM)"} {
		if got := ask("clone", flags); got != want {
			t.Errorf("clone(%#x) is answered with %s, want %s", flags, got, want)
		}
	}
}
