package term

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestNotATerminal(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	none := func(string) string { return "" }
	for name, stream := range map[string]any{"file": file, "buffer": new(bytes.Buffer)} {
		if IsTerminal(stream) || Auto.Color(stream, none) || Width(stream) != 0 || Height(stream) != 0 {
			t.Errorf("%s: IsTerminal %v, Color %v, Width %d, want false, false, 0", name, IsTerminal(stream), Auto.Color(stream, none), Width(stream))
		}
	}
}
