package term

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestWriteJSON(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain", `"plain"`},
		{"é 日本", `"é 日本"`},
		{"\x1b[2J\n\x00", `"\u001b[2J\n\u0000"`},
		{"\x7f", `"\u007f"`},
		{"\u009b31m\u0085", `"\u009b31m\u0085"`},
		{"\u202egnp.exe\u2066", `"\u202egnp.exe\u2066"`},
		{"\uffff", `"\uffff"`},
		{"\U000e0001tag", `"\udb40\udc01tag"`},
		{"<&>", `"\u003c\u0026\u003e"`},
		{"\xff", `"\ufffd"`},
	}
	for _, tt := range tests {
		var b bytes.Buffer
		if err := WriteJSON(&b, tt.in, ""); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); got != tt.want+"\n" {
			t.Errorf("%q: got %s, want %s", tt.in, got, tt.want)
		}
		var back string
		if err := json.Unmarshal(b.Bytes(), &back); err != nil {
			t.Errorf("%q: %v", tt.in, err)
		} else if want := string(bytes.ToValidUTF8([]byte(tt.in), []byte("\ufffd"))); back != want {
			t.Errorf("%q: read back as %q", tt.in, back)
		}
	}
}

func TestWriteJSONIndent(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, []int{1}, "  "); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "[\n  1\n]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := WriteJSON(&b, func() {}, ""); err == nil {
		t.Error("a function is no JSON")
	}
}
