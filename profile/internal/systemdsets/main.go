// Command systemdsets writes forms/systemd-VERSION.txt: the sets of calls of the
// installed systemd, as `systemd-analyze syscall-filter` shows them.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

func main() {
	text, version, err := sets()
	if err == nil {
		err = os.WriteFile("forms/systemd-"+version+".txt", text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "systemdsets:", err)
		os.Exit(1)
	}
}

// sets returns the table: the version, and a line for each set.
func sets() (text []byte, version string, err error) {
	about, err := exec.Command("systemd-analyze", "--version").Output()
	if err != nil {
		return nil, "", err
	}
	list, err := exec.Command("systemd-analyze", "--no-pager", "syscall-filter").Output()
	if err != nil {
		return nil, "", err
	}
	fields := strings.Fields(string(about))
	if len(fields) < 2 {
		return nil, "", fmt.Errorf("no version in %q", about)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "systemd %s", fields[1])
	for line := range strings.Lines(string(list)) {
		word := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "@"):
			fmt.Fprintf(&out, "\n%s", word)
		case word != "" && !strings.HasPrefix(word, "#"):
			fmt.Fprintf(&out, " %s", word)
		}
	}
	fmt.Fprintln(&out)
	return out.Bytes(), fields[1], nil
}
