package main

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// The committed profiles are the generator's output, where the modules are at
// hand.
func TestFiles(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	modules := map[string][]string{"docker": {moby}, "podman": {podman}, "crio": {crio, common}}
	for name, make := range engines {
		t.Run(name, func(t *testing.T) {
			for _, module := range modules[name] {
				if out, err := exec.Command("go", "mod", "download", module).CombinedOutput(); err != nil {
					t.Skipf("needs %s (go mod download): %s", module, out)
				}
			}
			got, err := make()
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile("../../defaults/" + name + ".json")
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("defaults/%s.json is not what the generator writes: go generate ./profile", name)
			}
		})
	}
}
