package profile

import (
	"encoding/json"

	"github.com/moby/profiles/seccomp"
)

// RuntimeDefaultName is how [RuntimeDefault] is called, as in Kubernetes.
const RuntimeDefaultName = "runtime/default"

// RuntimeDefault returns the default profile of Docker, which containerd's
// and CRI-O's follow.
func RuntimeDefault() (*Document, error) {
	text, err := json.Marshal(seccomp.DefaultProfile())
	if err != nil {
		return nil, err
	}
	return Parse(text, RuntimeDefaultName)
}
