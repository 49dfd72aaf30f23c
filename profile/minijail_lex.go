package profile

import (
	_ "embed"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/auditscan/auditscan/syscalltable"
)

// policyToken is the next token of a line of a policy, with what is before it.
var policyToken = regexp.MustCompile(`^[ \t\r]*(@[a-z]+|-?0[xX][0-9a-fA-F]+|-?[0-9]+|\.?/[^\s]+|[A-Za-z_][A-Za-z0-9_@-]*|\|\||&&|==|!=|<=|>=|[-:;,~(){}\[\]|&<>=])`)

// tokens divides a line at tokens; a comment ends it.
func (p *parser) tokens(line string, number int) ([]word, error) {
	var list []word
	for i := 0; strings.TrimLeft(line[i:], " \t\r") != ""; {
		if strings.TrimLeft(line[i:], " \t\r")[0] == '#' {
			break
		}
		m := policyToken.FindStringSubmatchIndex(line[i:])
		if m == nil {
			return nil, p.at(number, i+1).Errorf("%.20q is nothing that a policy of minijail can have", line[i:])
		}
		list = append(list, word{line[i+m[2] : i+m[3]], p.at(number, i+m[2]+1)})
		i += m[1]
	}
	return list, nil
}

// cursor takes tokens from a statement.
type cursor struct {
	list []word
	end  *node // where the statement ends
}

// peek returns the next token's text; "" at the end.
func (c *cursor) peek() string {
	if len(c.list) == 0 {
		return ""
	}
	return c.list[0].text
}

// next takes a token; one without text is the end.
func (c *cursor) next() word {
	if len(c.list) == 0 {
		return word{"", c.end}
	}
	w := c.list[0]
	c.list = c.list[1:]
	return w
}

// skip takes a token if it is the given one.
func (c *cursor) skip(text string) bool {
	if c.peek() != text {
		return false
	}
	c.next()
	return true
}

// expect takes a token that has to be the given one.
func (c *cursor) expect(text string) error {
	if w := c.next(); w.text != text {
		return w.at.Errorf("%s where %q has to be", orEnd(w.text), text)
	}
	return nil
}

func orEnd(text string) string {
	if text == "" {
		return "the end of the line"
	}
	return strconv.Quote(text)
}

//go:generate go run ./internal/constants

// constantTable is the output of the generator: where the numbers are from, and
// a line for each name; a * is behind those that other architectures than x86_64
// number their own way.
//
//go:embed forms/constants.txt
var constantTable string

type constant struct {
	value uint64
	here  bool // on x86_64 alone
}

var constants = sync.OnceValue(func() map[string]constant {
	all := map[string]constant{}
	_, table, _ := strings.Cut(constantTable, "\n")
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		value, err := strconv.ParseUint(fields[1], 0, 64)
		if err == nil {
			all[fields[0]] = constant{value, len(fields) > 2}
		}
	}
	return all
})

// number reads a number or the name of one.
func (m *policyReader) number(w word) (uint64, error) {
	if c, ok := constants()[w.text]; ok {
		if c.here && m.p.host != syscalltable.X86_64 {
			return 0, w.at.Errorf("%s differs between architectures, and is known here for x86_64 alone: write its number", w.text)
		}
		return c.value, nil
	}
	if n, err := ParseErrno(w.text); err == nil && strings.HasPrefix(w.text, "E") {
		return uint64(n), nil
	}
	digits, negative := strings.CutPrefix(w.text, "-")
	v, err := strconv.ParseUint(digits, 0, 64)
	if err != nil {
		return 0, w.at.Errorf("%s is no number and no name of one that is known here: write the number", orEnd(w.text))
	}
	if negative {
		v = -v
	}
	return v, nil
}

// value reads numbers that are joined with |, each with ~ before it or in
// parentheses.
func (m *policyReader) value(c *cursor) (uint64, error) {
	var value uint64
	for {
		invert := c.skip("~")
		var v uint64
		var err error
		if c.skip("(") {
			if v, err = m.nested(c); err == nil {
				err = c.expect(")")
			}
		} else {
			v, err = m.number(c.next())
		}
		if err != nil {
			return 0, err
		}
		if invert {
			v = ^v
		}
		value |= v
		if !c.skip("|") {
			return m.truncate(value), nil
		}
	}
}

// nested reads a value in parentheses.
func (m *policyReader) nested(c *cursor) (uint64, error) {
	if m.depth++; m.depth > maxDepth {
		return 0, c.next().at.Errorf("more than %d parentheses in each other", maxDepth)
	}
	defer func() { m.depth-- }()
	return m.value(c)
}

// truncate leaves the bits that an argument has.
func (m *policyReader) truncate(v uint64) uint64 {
	if m.p.host&is64Bit == 0 {
		return uint64(uint32(v))
	}
	return v
}
