package main

import (
	"bytes"
	"os"
	"testing"
)

// The committed table is the generator's output.
func TestTable(t *testing.T) {
	want, err := os.ReadFile("../../forms/constants.txt")
	if err != nil {
		t.Fatal(err)
	}
	got, err := table()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("forms/constants.txt is not what the generator writes: go generate ./profile")
	}
}
