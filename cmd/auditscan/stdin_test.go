package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestUnfedIsTold: a command that waits for a standard input that nobody named
// says so, and reads what comes then.
func TestUnfedIsTold(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("auditscan", "report", "-o", "csv")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(stderr)
	if !said.Scan() || !strings.HasPrefix(said.Text(), "auditscan: waiting for standard input, ") {
		t.Errorf("it says %q", said.Text())
	}
	log, err := os.ReadFile("../../testdata/nginx/audit.log")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stdin.Write(log); err != nil {
		t.Fatal(err)
	}
	stdin.Close()
	if !said.Scan() || !strings.HasPrefix(said.Text(), "430 records, ") {
		t.Errorf("then it says %q", said.Text())
	}
	for said.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
