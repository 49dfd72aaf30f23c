package profile

import (
	_ "embed"
	"strings"
	"sync"
)

//go:generate go run ./internal/systemdsets

// systemdTable is the output of the generator: the version, and a line for each
// set with its members, which may be sets.
//
//go:embed forms/systemd.txt
var systemdTable string

// systemdVersion is the systemd whose sets (@system-service and so on) are built
// in, such as "systemd 252".
func systemdVersion() string {
	version, _, _ := strings.Cut(systemdTable, "\n")
	return version
}

// systemdSets returns the members of each set; which may be sets themselves.
var systemdSets = sync.OnceValue(func() map[string][]string {
	sets := map[string][]string{}
	for line := range strings.Lines(systemdTable) {
		if fields := strings.Fields(line); strings.HasPrefix(fields[0], "@") {
			sets[fields[0]] = fields[1:]
		}
	}
	return sets
})

// setCalls returns the calls of a set, also of the sets in it.
func setCalls(set string) []string {
	var list []string
	for _, name := range systemdSets()[set] {
		if strings.HasPrefix(name, "@") {
			list = append(list, setCalls(name)...)
		} else {
			list = append(list, name)
		}
	}
	return list
}
