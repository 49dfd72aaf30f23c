package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
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

// TestSayClients: a client that the command starts is told of, too, but not that of
// the command twice.
func TestSayClients(t *testing.T) {
	s := &aggregate.Summary{Groups: []aggregate.Group{{Comm: "sh"}, {Comm: "docker"}, {Comm: "sudo"}}}
	var stderr bytes.Buffer
	sayClients(&environment{stderr: &stderr}, []string{"/usr/bin/sudo", "script"}, s)
	if got := stderr.String(); !strings.Contains(got, "docker was recorded") || strings.Count(got, "\n") != 1 {
		t.Errorf("%q", got)
	}
}
