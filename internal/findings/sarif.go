package findings

import (
	"io"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/auditscan/auditscan/internal/term"
)

// The objects of SARIF 2.1.0 (OASIS, 27 March 2020) that are written.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string       `json:"id"`
		Text    sarifMessage `json:"shortDescription"`
		Default struct {
			Level string `json:"level"`
		} `json:"defaultConfiguration"`
	}
	sarifInvocation struct {
		Successful bool `json:"executionSuccessful"`
	}
	sarifResult struct {
		Rule         string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifMessage      `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region struct {
				Line int `json:"startLine"`
			} `json:"region"`
		} `json:"physicalLocation"`
	}
)

// sarifSchema is where OASIS publishes the schema.
const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// WriteSARIF writes a result for each finding, at the profile.
func (c *Check) WriteSARIF(w io.Writer) error {
	var run sarifRun
	run.Tool.Driver = sarifDriver{Name: "auditscan", Version: c.Version}
	for _, k := range kinds {
		rule := sarifRule{ID: k.id, Text: sarifMessage{k.text}}
		rule.Default.Level = k.level
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, rule)
	}
	run.Invocations = []sarifInvocation{{Successful: true}}
	run.Results = []sarifResult{} // null would say that nothing was looked for
	for _, f := range c.findings() {
		run.Results = append(run.Results, c.sarifResult(&f))
	}
	return term.WriteJSON(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}}, "  ")
}

func (c *Check) sarifResult(f *finding) sarifResult {
	rule := kinds[f.kind]
	level := rule.level
	if f.kind == incomplete && c.Strict {
		level = "error"
	}
	r := sarifResult{
		Rule: rule.id, RuleIndex: int(f.kind), Level: level, Message: sarifMessage{escapeSARIF(term.Escape(f.text()))},
		Locations:    make([]sarifLocation, 1),
		Fingerprints: map[string]string{"call/v1": rule.id + " " + f.call},
	}
	place := &r.Locations[0].Physical
	place.Artifact.URI, place.Region.Line = uri(c.Path), f.line
	return r
}

// escapeSARIF makes text stand for itself: no link ([text](target)) and no
// place for an argument ({0}); see 3.11 of the standard.
func escapeSARIF(s string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "{", "{{", "}", "}}").Replace(s)
}

// uri returns the reference to a file: relative, as the forges want it, if the
// name is.
func uri(name string) string {
	slashed := path.Clean(filepath.ToSlash(name))
	if path.IsAbs(slashed) {
		return (&url.URL{Scheme: "file", Path: slashed}).String()
	}
	return (&url.URL{Path: slashed}).String()
}

// ruleLine finds the line of a rule in what an answer rests on.
var ruleLine = regexp.MustCompile(`\(line ([0-9]+)\)`)

// lineOf returns the line of the profile's rule that an answer rests on; 1, the
// profile as a whole, if there is none.
func lineOf(because string) int {
	if match := ruleLine.FindStringSubmatch(because); match != nil {
		if line, err := strconv.Atoi(match[1]); err == nil && line > 0 {
			return line
		}
	}
	return 1
}
