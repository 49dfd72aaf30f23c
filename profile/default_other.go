//go:build !linux

package profile

import (
	"errors"
	"fmt"
	"runtime"
)

// RuntimeDefaultName is how [RuntimeDefault] is called, as in Kubernetes.
const RuntimeDefaultName = "runtime/default"

// RuntimeDefault returns the default profile of Docker, which containerd's
// and CRI-O's follow. It is known on Linux only.
func RuntimeDefault() (*Document, error) {
	return nil, fmt.Errorf("%s: not built in on %s, give it as a file: %w", RuntimeDefaultName, runtime.GOOS, errors.ErrUnsupported)
}
