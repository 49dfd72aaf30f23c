package main

import (
	"bytes"
	"os"
	"testing"
)

// The committed table is the generator's output, where its systemd is installed.
func TestTable(t *testing.T) {
	want, err := os.ReadFile("../../forms/systemd.txt")
	if err != nil {
		t.Fatal(err)
	}
	got, err := sets()
	if err != nil {
		t.Skipf("needs systemd-analyze: %v", err)
	}
	version, _, _ := bytes.Cut(want, []byte("\n"))
	if installed, _, _ := bytes.Cut(got, []byte("\n")); !bytes.Equal(installed, version) {
		t.Skipf("needs %s, but %s is installed", version, installed)
	}
	if !bytes.Equal(got, want) {
		t.Error("forms/systemd.txt is not what the generator writes: go generate ./profile")
	}
}
