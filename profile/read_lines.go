package profile

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/internal/strictjson"
)

// word is a piece of a line, at its place.
type word struct {
	text string
	at   *node
}

// words divides a line at white space; offset is where it begins in its line
// of the file.
func (p *parser) words(text string, line, offset int) []word {
	var list []word
	for i := 0; i < len(text); {
		if strings.IndexByte(" \t\r", text[i]) >= 0 {
			i++
			continue
		}
		n := strings.IndexAny(text[i:], " \t\r")
		if n < 0 {
			n = len(text) - i
		}
		list = append(list, word{text[i : i+n], p.at(line, offset+i+1)})
		i += n
	}
	return list
}

// at returns a node that stands for a place of the file that is read.
func (p *parser) at(line, column int) *node {
	return &node{File: p.file, At: strictjson.Place{Line: line, Column: column}}
}

// lines divides a text; the ends of lines are cut off.
func lines(data []byte) []string {
	var list []string
	for line := range bytes.Lines(data) {
		list = append(list, strings.TrimRight(string(line), "\r\n"))
	}
	return list
}

var (
	unitStart    = regexp.MustCompile(`^\[[A-Z][A-Za-z0-9-]*\][ \t\r]*(\n|$)`)
	policyBraces = regexp.MustCompile(`^\{[ \t]*[a-z_][a-z0-9_]*[ \t]*[,}\[]`)
	unitSection  = regexp.MustCompile(`^\[[A-Z][A-Za-z0-9-]*\]$`)
	unitSetting  = regexp.MustCompile(`^SystemCall[A-Za-z]+\s*=`)
	lxcVersion   = regexp.MustCompile(`^[0-9]+$`)
	policyLine   = regexp.MustCompile(`^(@(include|frequency|default|denylist)\b|\{[ \t]*[a-z_][a-z0-9_]*[ \t]*[,}\[]|[a-z_][a-z0-9_@-]*\s*(\[[^\]]*\]\s*)?:\s*\S)`)
)

// linesForm returns the reader of a form that is written in lines; nil: the text
// is in none.
func (p *parser) linesForm(text []byte) func([]string) (*Document, error) {
	all := lines(text)
	i := slices.IndexFunc(all, func(line string) bool {
		line = strings.TrimSpace(line)
		return line != "" && line[0] != '#' && line[0] != ';'
	})
	if i < 0 {
		return nil
	}
	switch first := strings.TrimSpace(all[i]); {
	case unitSection.MatchString(first), unitSetting.MatchString(first):
		return p.unit
	case lxcVersion.MatchString(first):
		return p.lxc
	case policyLine.MatchString(first):
		return p.minijail
	}
	return nil
}

// maxConditional bounds rules with conditions: each takes two instructions at
// least, of which a filter of the kernel has 4,096 (BPF_MAXINSNS).
const maxConditional = 2048

// tooMany is the error for more.
func tooMany(at *node) error {
	return at.Errorf("more than %d rules with conditions: the kernel takes no such filter", maxConditional)
}

// answered are calls that are answered alike, by a line of a file.
type answered struct {
	outcome Outcome
	at      *node // of the first word that says so
}

// rulesByLine makes a rule of the calls that are answered alike by one line, in
// the order of lines.
func rulesByLine(calls map[string]answered) []Rule {
	var rules []Rule
	for _, name := range sortedKeys(calls) {
		a := calls[name]
		i := slices.IndexFunc(rules, func(r Rule) bool { return r.Outcome == a.outcome && r.at.At.Line == a.at.At.Line })
		if i < 0 {
			i, rules = len(rules), append(rules, Rule{Outcome: a.outcome, at: a.at})
		}
		rules[i].Names = append(rules[i].Names, name)
	}
	slices.SortStableFunc(rules, func(a, b Rule) int { return a.at.At.Line - b.at.At.Line })
	return rules
}

func sortedKeys(calls map[string]answered) []string { return slices.Sorted(maps.Keys(calls)) }
