package source

import (
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestKernelLog reads what the kernel's log holds, as a file and as standard
// input, and does not wait for more.
func TestKernelLog(t *testing.T) {
	const device = "/dev/kmsg"
	f, err := os.Open(device)
	if err != nil {
		t.Skipf("the kernel's log cannot be read: %v", err)
	}
	defer f.Close()
	opened, err := Open(device)
	must(t, err)
	defer opened.Close()
	new(Writers).Others(opened) // leaves it as it is
	for _, r := range []*Reader{opened, NewReader("-", f)} {
		r.Until(t.Context())
		text, err := readAll(t, r, 64<<10)
		if err != io.EOF && !errors.Is(err, errOverwritten) {
			t.Fatal(err)
		}
		if text == "" {
			t.Error("there is nothing in it")
		}
		record := regexp.MustCompile(`^(\d+,\d+,\d+,.*;.*| .*)$`)
		for line := range strings.Lines(text) {
			if !record.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("%q is no record", line)
			}
		}
	}
}
