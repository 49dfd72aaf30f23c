package parser

import (
	"strings"
	"testing"
)

// holds reports whether s has a gram, byte by byte.
func holds(s string) bool {
	for i := range len(s) - 2 {
		for _, g := range grams {
			if in(g[0], s[i]) && in(g[1], s[i+1]) && in(g[2], s[i+2]) {
				return true
			}
		}
	}
	return false
}

func in(set string, b byte) bool { return set == "" || strings.IndexByte(set, b) >= 0 }

// TestGramsCover checks that every word by which scan finds an item, and every
// start of a line, holds a gram.
func TestGramsCover(t *testing.T) {
	words := []string{"audit(", "SECCOMP ", "AUDIT1326 ", "<audit-1326> ", "type=1326 ", "type=SECCOMP ",
		"\ntype=", "\n\n", "\n----", "\ntime->", "\n{", "\n  {", "\n\x1e{", "\ndata: {", "\n\"msg\": ", `"syscallName"="read"`, `"syscall":`, `{"loss":{"kind":`, `{\"loss\":{`,
		"Log: auid=", `syscallName="socket"`, calledWord}
	for _, mark := range base64Marks {
		words = append(words, string(mark))
	}
	for _, m := range messages {
		words = append(words, string(m.text))
	}
	for _, g := range grams {
		for place, set := range g {
			if place < 2 && set == "" || strings.ContainsFunc(set, func(r rune) bool { return r > 0x7f }) {
				t.Errorf("the search does not find %q", g)
			}
		}
	}
	for _, w := range words {
		if !holds(w + " ") {
			t.Errorf("%q holds no gram", w)
		}
	}
}

// TestSearchGram checks that the search stops at the first place where a gram
// is, wherever that is, and at none where it cannot be.
func TestSearchGram(t *testing.T) {
	if !canSearch {
		t.Skip("needs AVX2")
	}
	dull := strings.Repeat("a node-17 app[17]: a\nab\nc\n", 20)
	if holds(dull) {
		t.Fatal("not dull")
	}
	for n := range 300 {
		text := "\n" + dull[:n] + "audit(" + dull[:100]
		found := strings.Index(text, "it(")
		line, lines := searchGram([]byte(text), &tables)
		if line != strings.LastIndexByte(text[:found], '\n') || lines != strings.Count(text[:found], "\n") {
			t.Fatalf("%d lines, the last at %d, before what is at %d of %q", lines, line, found, text)
		}
		text = "\n" + dull[:n]
		line, lines = searchGram([]byte(text), &tables)
		searched := max(0, len(text)-66) // at least
		if last := strings.LastIndexByte(text[:searched], '\n'); line < last || text[line] != '\n' ||
			lines != strings.Count(text[:line+1], "\n") && lines+line != 0 {
			t.Fatalf("%d lines, the last at %d, in %q", lines, line, text)
		}
	}
}
