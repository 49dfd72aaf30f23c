package container

import (
	"slices"
	"strings"
	"testing"
)

func TestProblemsAreBounded(t *testing.T) {
	var p Problems
	for i := range 3 * maxProblems {
		p.Add(Problem{Name: strings.Repeat("x", i), Detail: "bad"})
		p.Add(Problem{Detail: "bad"})
	}
	got := p.List()
	if len(got) != maxProblems+1 || !slices.Contains(got, Problem{Detail: "bad", Count: 3*maxProblems + 1}) {
		t.Errorf("%d problems, first %v", len(got), got[0])
	}
	if last := got[len(got)-1]; last.Count != 2*maxProblems {
		t.Errorf("last is %v, want %d more", last, 2*maxProblems)
	}
}
