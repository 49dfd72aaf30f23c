package strictjson_test

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/auditscan/auditscan/internal/strictjson"
)

var limits = strictjson.Limits{Text: 64, Depth: 4}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "f:1:1: not JSON: the text ends too early",
		"{\n\"a\": 1,\n\"a\": 2}":           `f:3:1: key "a" stands here twice`,
		"{\n\"a\": {\"b\": [1,\n 2 3]}}":    "f:3:4: a.b[2]: not JSON: invalid character '3' after array element (expecting ',' or ']')",
		"[[[[1]]]]":                         "",
		"[[[[[1]]]]]":                       "f:1:5: [0][0][0][0]: nested deeper than 4 values",
		`"` + strings.Repeat("a", 62) + `"`: "",
		`"` + strings.Repeat("a", 63) + `"`: "f:1:1: a value of more than 64 bytes",
		strings.Repeat("1", 65):             "f:1:1: a value of more than 64 bytes",
		"{\"a\": \"\xff\"}":                 "f:1:8: a: not JSON: invalid UTF-8",
		"{\"a\": \"\\ud800\"}":              "f:1:8: a: not JSON: invalid surrogate pair `\\ud800\"}` in string",
		"{} \n x":                           "f:2:2: not JSON: invalid character 'x' at start of value",
		"{} \n {}":                          "f:2:2: text after the end of the document",
		"{\n\"a\": \"x\n\"}":                "f:2:8: a: not JSON: invalid character '\\n' in string (expecting non-control character)",
		"{1: 2}":                            "f:1:2: a string expected, not a number",
		"{\"\\u001b\": nul}":                "f:1:15: \"\\x1b\": not JSON: invalid character '}' in literal null (expecting 'l')",
	} {
		_, err := strictjson.Parse([]byte(text), "f", limits)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s\nwant %s", text, got, want)
		}
	}
}

// TestEndless: a value without an end takes no more memory than the limit, and a
// read error is passed on.
func TestEndless(t *testing.T) {
	for _, begin := range []string{`["`, `[`, `[1`, `{"a": "`} {
		fill := byte('1')
		if begin == "[" {
			fill = ' '
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := strictjson.NewReader(io.MultiReader(strings.NewReader(begin), endless(fill)), "f", limits)
		r.Skip()
		runtime.ReadMemStats(&after)
		if r.Err() == nil || !strings.Contains(r.Err().Error(), "a value of more than 64 bytes") {
			t.Errorf("%s...: %v", begin, r.Err())
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
			t.Errorf("%s...: %d bytes", begin, grown)
		}
	}
	r := strictjson.NewReader(io.MultiReader(strings.NewReader("[1,"), iotest.ErrReader(io.ErrClosedPipe)), "f", limits)
	r.Skip()
	if !errors.Is(r.Err(), io.ErrClosedPipe) || !strings.HasPrefix(r.Err().Error(), "read f: ") {
		t.Errorf("a read error: %v", r.Err())
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// TestPlaces: each value knows where it begins, whatever pieces the text comes in.
func TestPlaces(t *testing.T) {
	const text = "{\n  \"a\" : [ 1 ,\n\n 22,\t\"x\\n\"\n],\"b\":{}}\n"
	for _, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
		r := strictjson.NewReader(in, "f", limits)
		var places []strictjson.Place
		note := func() { r.Begin(); places = append(places, r.From); r.Skip() }
		r.Members(func(key []byte) func() {
			places = append(places, r.From)
			if string(key) == "a" {
				return func() { r.Array(note) }
			}
			return note
		})
		want := []strictjson.Place{{2, 3}, {2, 11}, {4, 2}, {4, 6}, {5, 3}, {5, 7}}
		if !r.AtEnd() || r.Err() != nil || len(places) != len(want) {
			t.Fatal(r.Err(), places)
		}
		for i := range want {
			if places[i] != want[i] {
				t.Errorf("value %d at %v, want %v", i, places[i], want[i])
			}
		}
		if r.Lines() != 5 {
			t.Errorf("%d lines", r.Lines())
		}
	}
}

// TestZeroNodes: what is not there is not asked for by mistake.
func TestZeroNodes(t *testing.T) {
	var n *strictjson.Node
	if s, err := n.Text(); !n.Absent() || s != "" || err != nil {
		t.Error(s, err)
	}
	if list, err := n.Items(); list != nil || err != nil {
		t.Error(list, err)
	}
	if v, err := n.Unsigned(1); v != 0 || err != nil {
		t.Error(v, err)
	}
}

// TestNumbers: whole numbers in their usual form, up to a limit and not beyond.
func TestNumbers(t *testing.T) {
	for text, ok := range map[string]bool{
		"-2": false, "-1": true, "0": true, "-0": false, "5": true, "7": true, "8": false, "5.0": false, "5e0": false, "99999999999999999999": false,
	} {
		r := strictjson.NewReader(strings.NewReader(text), "f", limits)
		if n := r.Integer(-1, 7); (r.Err() == nil) != ok || !ok && n != 0 {
			t.Errorf("%s is %d, %v", text, n, r.Err())
		}
		n, err := strictjson.Parse([]byte(text), "f", limits)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := n.Unsigned(7); (err == nil) != (ok && text[0] != '-') || err != nil && v != 0 {
			t.Errorf("%s is %d, %v", text, v, err)
		}
	}
}

// FuzzParse: what is read as JSON has its errors in one line.
func FuzzParse(f *testing.F) {
	f.Add("{\"a\": [1, true, null, \"\\u0041\"]}")
	f.Add("[\n}")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := strictjson.Parse([]byte(text), "f", limits)
		if (n == nil) != (err != nil) {
			t.Fatal(n, err)
		}
		if err != nil && (!strings.HasPrefix(err.Error(), "f:") || strings.ContainsAny(err.Error(), "\n\r\x1b")) {
			t.Errorf("%q", err)
		}
	})
}
