package main

import (
	"embed"
	"fmt"
	"strings"
)

// header is a Linux header of which gen/headers holds an extract.
type header struct {
	name    string // of the extract, without .txt
	path    string // in linux-libc-dev, below usr/lib/linux/uapi
	release string // of the kernel; empty for that of golang.org/x/sys
}

//go:embed headers/*.txt
var extracts embed.FS

func (h *header) file() string { return "headers/" + h.name + ".txt" }

// wants returns the kernel release that the header has to be of, where
// release is that of golang.org/x/sys.
func (h *header) wants(release string) string {
	if h.release != "" {
		return h.release
	}
	return release
}

// read returns the extract, which has to be of the release wanted.
func (h *header) read(release string) (*extract, error) {
	text, err := extracts.ReadFile(h.file())
	if err != nil {
		return nil, err
	}
	x, err := parseExtract(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.file(), err)
	}
	if !isOfRelease(x.version, h.wants(release)) {
		return nil, fmt.Errorf("%s is of Linux %s, not %s: make it anew with -extract", h.file(), x.version, h.wants(release))
	}
	return x, nil
}

// isOfRelease reports whether a package's version, such as 7.2.13-1, is of a
// kernel release, such as 7.2.
func isOfRelease(version, release string) bool {
	rest, ok := strings.CutPrefix(version, release)
	return ok && strings.HasPrefix(rest, ".")
}

// extract is the numbers that a header defines, and what it was.
type extract struct {
	pkg, version string // Debian's package
	path         string // of the header in the package
	sha256       string // of the header, in hex
	calls        []call // in the header's order
}

// extractHead is how an extract begins; calls follow as NUMBER NAME.
const extractHead = "# package %s %s\n# header %s\n# sha256 %s\n"

func (x *extract) format() []byte {
	text := fmt.Appendf(nil, extractHead, x.pkg, x.version, x.path, x.sha256)
	for _, c := range x.calls {
		text = fmt.Appendf(text, "%d %s\n", c.nr, c.name)
	}
	return text
}

func parseExtract(text string) (*extract, error) {
	var x extract
	if _, err := fmt.Sscanf(text, extractHead, &x.pkg, &x.version, &x.path, &x.sha256); err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var c call
		if _, err := fmt.Sscanf(line, "%d %s\n", &c.nr, &c.name); err != nil {
			return nil, fmt.Errorf("%q is not NUMBER NAME: %w", line, err)
		}
		x.calls = append(x.calls, c)
	}
	return &x, nil
}
