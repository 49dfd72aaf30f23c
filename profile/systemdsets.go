package profile

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:generate go run ./internal/systemdsets

// systemdFiles are outputs of the generator, a file for a version: the version,
// and a line for each set with its members, which may be sets.
//
//go:embed forms/systemd-*.txt
var systemdFiles embed.FS

// systemdTable has the sets of a version of systemd.
type systemdTable struct {
	version int
	sets    map[string][]string
}

// systemdTables returns the tables, the oldest first.
var systemdTables = sync.OnceValue(func() []systemdTable {
	files, err := systemdFiles.ReadDir("forms")
	if err != nil {
		return nil
	}
	var tables []systemdTable
	for _, file := range files {
		text, err := systemdFiles.ReadFile("forms/" + file.Name())
		if err != nil {
			return nil
		}
		t := systemdTable{sets: map[string][]string{}}
		fmt.Sscanf(string(text), "systemd %d", &t.version)
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); strings.HasPrefix(fields[0], "@") {
				t.sets[fields[0]] = fields[1:]
			}
		}
		tables = append(tables, t)
	}
	slices.SortFunc(tables, func(a, b systemdTable) int { return a.version - b.version })
	return tables
})

// systemdOf returns the newest table that is not newer than a version, or else
// the oldest; the newest one for version 0.
func systemdOf(version int) systemdTable {
	tables := systemdTables()
	best := tables[0]
	for _, t := range tables {
		if version == 0 || t.version <= version {
			best = t
		}
	}
	return best
}

// calls returns the calls of a set, also of the sets in it; nil: there is none of
// that name.
func (t systemdTable) calls(set string) []string {
	var list []string
	for _, name := range t.sets[set] {
		if strings.HasPrefix(name, "@") {
			list = append(list, t.calls(name)...)
		} else {
			list = append(list, name)
		}
	}
	return list
}
