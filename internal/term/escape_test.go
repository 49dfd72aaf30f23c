package term

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

var escapeTests = []struct{ in, want string }{
	{"", ""},
	{"runc:[2:INIT]", "runc:[2:INIT]"},
	{"two words", "two words"},
	{`back\slash`, `back\slash`},
	{"größe — ≥ 漢字 👩", "größe — ≥ 漢字 👩"},
	{"\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
	{"\x1b]0;title\a", `\x1b]0;title\x07`},
	{"a\nb\r\tc\x00", `a\x0ab\x0d\x09c\x00`},
	{"del\x7f", `del\x7f`},
	{"csi\u009b31m", `csi\u009b31m`},
	{"raw csi \x9b31m", `raw csi \x9b31m`},
	{"\u202egnp.exe", `\u202egnp.exe`},
	{"\u2066x\u2069\u200e\u200f\u061c", `\u2066x\u2069\u200e\u200f\u061c`},
	{"line\u2028para\u2029", `line\u2028para\u2029`},
	{"zero\u200bwidth\ufeff", `zero\u200bwidth\ufeff`},
	{"the last of four digits \uffff", `the last of four digits \uffff`},
	{"the first of eight \U00010000 is printable", "the first of eight \U00010000 is printable"},
	{"tag\U000e0041", `tag\U000e0041`},
	{"cut \xe6\xbc", `cut \xe6\xbc`},
	{"overlong \xc0\x80", `overlong \xc0\x80`},
	{"surrogate \xed\xa0\x80", `surrogate \xed\xa0\x80`},
	{"replacement \ufffd", "replacement \ufffd"},
}

func TestEscape(t *testing.T) {
	for _, test := range escapeTests {
		if got := Escape(test.in); got != test.want {
			t.Errorf("Escape(%q) = %q, want %q", test.in, got, test.want)
		}
		if got := string(AppendEscaped([]byte("> "), []byte(test.in))); got != "> "+test.want {
			t.Errorf("AppendEscaped(%q) = %q, want %q", test.in, got, "> "+test.want)
		}
	}
}

// Escape is asked for every cell of every report, nearly all of them clean.
func TestEscapeCleanTextDoesNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Escape("/usr/sbin/nginx: worker process") }); n != 0 {
		t.Errorf("Escape of clean text allocates %v times, want 0", n)
	}
}

func FuzzEscape(f *testing.F) {
	for _, test := range escapeTests {
		f.Add(test.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := Escape(in)
		if !utf8.ValidString(out) {
			t.Errorf("Escape(%q) = %q is no UTF-8", in, out)
		}
		if i := strings.IndexFunc(out, func(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) }); i >= 0 {
			t.Errorf("Escape(%q) = %q holds %q", in, out, out[i:])
		}
		if again := Escape(out); again != out {
			t.Errorf("Escape(%q) = %q, and escaped again %q", in, out, again)
		}
	})
}
