package pipeline_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/auditscan/auditscan/internal/pipeline"
)

// TestIsLog: every captured log is one but those without any record, and no
// profile is.
func TestIsLog(t *testing.T) {
	without := []string{"158-lab-journalctl-syscall-noise.log"}
	for pattern, want := range map[string]bool{"../../testdata/corpus/*.log": true, "../../profile/testdata/shapes/*": false, "../../profile/defaults/*": false} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			head, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Base(file)
			if got := pipeline.IsLog(head); got != (want && !slices.Contains(without, name) || name == "a-log.json") {
				t.Errorf("%s: %v", file, got)
			}
		}
	}
}
