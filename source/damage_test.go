package source

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// TestIsBinary: text with some control bytes in it is a log, as a crash or a
// careless program leaves it; bytes without an order, and programs, are none.
func TestIsBinary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 4096)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	line := "type=SECCOMP msg=audit(1.000:1): \x1dAUID=\"unset\"\tx\r\n"
	fifty := strings.Repeat("x", 49)
	for name, tt := range map[string]struct {
		head string
		want bool
	}{
		"nothing":            {"", false},
		"a log":              {strings.Repeat(line, 20), false},
		"with colours":       {strings.Repeat("\x1b[31m"+line+"\x1b[0m", 20), false},
		"after a hole":       {strings.Repeat("\x00", 3000) + line, false},
		"nothing but a hole": {strings.Repeat("\x00", 4096), false},
		"one in fifty":       {fifty + "\x01", false},
		"one in 49":          {fifty[1:] + "\x01", true},
		"behind 512 bytes":   {strings.Repeat("x", 512) + strings.Repeat("\x01", 512), false},
		"random bytes":       {string(random), true},
		"a program":          {"\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 600), true},
		"a few bytes":        {"\x01\x02", true},
	} {
		if got := isBinary([]byte(tt.head)); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestCheckText(t *testing.T) {
	for text, want := range map[string]string{
		"type=SECCOMP\n":               "",
		"\x01\x02\x03":                 "a.log: not a log: it starts with binary data",
		"LPKSHHRH\x00\x00\x01\x02\x03": "a.log: not a log: it is a journal of systemd, which journalctl --file=FILE -o json prints",
		"":                             "a.log: the file is empty",
	} {
		r := NewReader("a.log", strings.NewReader(text))
		err := r.CheckText()
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if err == nil {
			if got, _ := readAll(t, r, 64); got != text {
				t.Errorf("%q is left of %q", got, text)
			}
		}
	}
}

// TestReadUpToDamage: a disk that fails, or a file that shrinks, leaves all
// whole lines before the place, and then says which file and where.
func TestReadUpToDamage(t *testing.T) {
	broken := errors.New("input/output error")
	r := NewReader("a.log", io.MultiReader(strings.NewReader("one\ntwo\nthr"), iotest.ErrReader(broken)))
	got, err := readAll(t, r, 64)
	var damage *DamageError
	if got != "one\ntwo\n" || !errors.As(err, &damage) || !errors.Is(err, broken) || damage.Path != "a.log" || damage.Offset != 11 {
		t.Errorf("%q, then %v", got, err)
	}
	r = NewReader("a.log", io.MultiReader(strings.NewReader("one\ntwo\nthr"), iotest.ErrReader(broken)))
	if text, err := io.ReadAll(r.Text()); string(text) != "one\ntwo\nthr" || !errors.As(err, &damage) || damage.Offset != 11 {
		t.Errorf("the text is %q, then %v", text, err)
	}
	path := filepath.Join(t.TempDir(), "b.log")
	writeFile(t, path, "one\ntwo\n")
	r, err = Open(path)
	must(t, err)
	defer r.Close()
	must(t, os.Truncate(path, 8))
	if err := r.Whole(); err != nil {
		t.Errorf("a whole file: %v", err)
	}
	must(t, os.Truncate(path, 7))
	if err := r.Whole(); !errors.Is(err, ErrCut) || !errors.As(err, &damage) || damage.Path != path || damage.Offset != 7 {
		t.Errorf("a file that shrank: %v", err)
	}
}
