package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestSayClient: commands that have another process do the work are told of, by
// whatever path they are called; others are not.
func TestSayClient(t *testing.T) {
	for _, tt := range []struct {
		command, want string
	}{
		{"docker", "--security-opt seccomp=FILE"}, {"/usr/bin/kubectl", "localhostProfile"}, {"sudo", "put sudo first"}, {"curl", ""}, {"./docker-entrypoint", ""},
	} {
		var stderr bytes.Buffer
		sayClient(&environment{stderr: &stderr}, []string{tt.command, "run"})
		if got := stderr.String(); !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: %q", tt.command, got)
		}
	}
}
