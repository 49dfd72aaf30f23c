// Package audittest lets tests make real SECCOMP records, cgroups of containers,
// and the command itself.
package audittest

import (
	"fmt"
	"os"
	"os/exec"
)

// Built builds commands into a directory that is there while run runs, and returns
// run's exit code. It is for TestMain, and panics if it cannot build.
func Built(run func(dir string) int, packages ...string) int {
	dir, err := os.MkdirTemp("", "auditscan-test")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if out, err := exec.Command("go", append([]string{"build", "-o", dir}, packages...)...).CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build: %v\n%s", err, out))
	}
	return run(dir)
}
