package findings

import (
	"encoding/xml"
	"io"

	"github.com/auditscan/auditscan/internal/term"
)

// The elements of JUnit's XML that CI servers read.
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		junitCounts
		Suites []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitCounts
		Cases []junitCase `xml:"testcase"`
	}
	junitCounts struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
	}
	junitCase struct {
		Class   string      `xml:"classname,attr"`
		Name    string      `xml:"name,attr"`
		Failure *junitFault `xml:"failure"`
		Error   *junitFault `xml:"error"`
		Skipped *junitFault `xml:"skipped"`
	}
	junitFault struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
	}
)

// WriteJUnit writes a test for each call that would not simply run, which
// fails if the profile denies it, and one for all others. Calls whose arguments
// decide are skipped.
func (c *Check) WriteJUnit(w io.Writer) error {
	suite := junitSuite{Name: term.Escape(c.Path)}
	suite.add(junitCase{Class: suite.Name, Name: "all other calls"})
	for _, f := range c.findings() {
		suite.add(c.junitCase(&f))
	}
	doc := junitSuites{junitCounts: suite.junitCounts, Suites: []junitSuite{suite}}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (c *Check) junitCase(f *finding) junitCase {
	test := junitCase{Class: term.Escape(c.Path), Name: f.call}
	if f.call == "" {
		test.Name = kinds[f.kind].id
	}
	fault := &junitFault{term.Escape(f.text()), kinds[f.kind].id}
	switch {
	case f.kind == denied, f.kind == incomplete && c.Strict:
		test.Failure = fault
	case f.kind == nothing:
		test.Error = fault
	default:
		test.Skipped = fault
	}
	return test
}

// add adds a test and counts it.
func (s *junitSuite) add(test junitCase) {
	s.Cases = append(s.Cases, test)
	s.Tests++
	switch {
	case test.Failure != nil:
		s.Failures++
	case test.Error != nil:
		s.Errors++
	case test.Skipped != nil:
		s.Skipped++
	}
}
