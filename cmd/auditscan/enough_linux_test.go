package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestEnoughTerminal: on a terminal it is drawn how the calls became known.
func TestEnoughTerminal(t *testing.T) {
	lines := onScreen(t, 100, nil, "profile", "-o", filepath.Join(t.TempDir(), "p.json"), "../../testdata/nginx/audit.log")
	if screen := strings.Join(lines, "\n"); !strings.Contains(screen, "calls known over the run: ▇▇▇▇████") {
		t.Errorf("no coverage is drawn:\n%s", screen)
	}
}

func TestSparkline(t *testing.T) {
	if got, want := sparkline([]float64{0, 0.01, 0.5, 0.99, 1}), "▁▂▅██"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
