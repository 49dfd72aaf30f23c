package container

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is something that could not be read and was left out.
type Problem struct {
	Name   string // the file or directory
	Line   int64  // 0: not about a line
	Detail string
	Count  int64 // how often
}

// String returns "name:line: detail (N times)".
func (p Problem) String() string {
	s := p.Name
	if p.Line > 0 {
		s = fmt.Sprintf("%s:%d", s, p.Line)
	}
	s += ": " + p.Detail
	if p.Count > 1 {
		s += fmt.Sprintf(" (%d times)", p.Count)
	}
	return s
}

// maxProblems bounds the distinct problems that [Problems] keeps.
const maxProblems = 100

// Problems collects problems, each distinct one once with a count, the first
// hundred of them. The zero Problems is empty.
type Problems struct {
	counts   map[Problem]int64
	unlisted int64
}

// Add counts a problem, whose own Count is left out of account.
func (p *Problems) Add(problem Problem) {
	if p.counts == nil {
		p.counts = map[Problem]int64{}
	}
	problem.Count = 0
	if _, ok := p.counts[problem]; !ok && len(p.counts) == maxProblems {
		p.unlisted++
		return
	}
	p.counts[problem]++
}

// List returns the problems in order of name, line and detail. A last one
// stands for those beyond the first hundred.
func (p *Problems) List() []Problem {
	var all []Problem
	for problem, count := range p.counts {
		problem.Count = count
		all = append(all, problem)
	}
	slices.SortFunc(all, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Line, b.Line), strings.Compare(a.Detail, b.Detail))
	})
	if p.unlisted > 0 {
		all = append(all, Problem{Name: "further problems", Detail: "not listed", Count: p.unlisted})
	}
	return all
}
