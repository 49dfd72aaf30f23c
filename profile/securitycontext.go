package profile

import (
	"fmt"
	"io"
)

// WriteSecurityContext writes, in YAML, the part of a pod or of a container in
// it that has it run under the profile of a name, once that lies on the node
// as profiles/NAME.json below the kubelet's directory for seccomp profiles.
func WriteSecurityContext(w io.Writer, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `# The profile's place on the node: /var/lib/kubelet/seccomp/profiles/%[1]s.json
securityContext:
  seccompProfile:
    type: Localhost
    localhostProfile: profiles/%[1]s.json
`, name)
	return err
}
