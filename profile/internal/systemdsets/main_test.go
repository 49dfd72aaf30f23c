package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"testing"
)

// The committed table is the generator's output, where its systemd is installed.
func TestTable(t *testing.T) {
	got, version, err := sets()
	if err != nil {
		t.Skipf("needs systemd-analyze: %v", err)
	}
	want, err := os.ReadFile("../../forms/systemd-" + version + ".txt")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("needs a systemd that there is a table of, not %s", version)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("forms/systemd-%s.txt is not what the generator writes: go generate ./profile", version)
	}
}
