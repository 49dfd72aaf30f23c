package report

import (
	"embed"
	"io/fs"
)

//go:embed schema/*.json
var schemas embed.FS

// Schemas returns the JSON Schemas (draft 2020-12) of what this package
// writes: report.schema.json, and event.schema.json of one line of events.
func Schemas() fs.FS {
	sub, _ := fs.Sub(schemas, "schema") // fails for a malformed name only
	return sub
}
