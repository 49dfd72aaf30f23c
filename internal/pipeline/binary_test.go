package pipeline

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestBinary checks what is taken for a log by its first bytes: text with some
// control bytes in it, as a crash or a careless program leaves them, but no
// bytes without an order, and no program.
func TestBinary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 4096)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	line := "type=SECCOMP msg=audit(1.000:1): \x1dAUID=\"unset\"\tx\r\n"
	for name, tt := range map[string]struct {
		head string
		want bool
	}{
		"nothing":          {"", false},
		"a log":            {strings.Repeat(line, 20), false},
		"with colours":     {strings.Repeat("\x1b[31m"+line+"\x1b[0m", 20), false},
		"after a hole":     {strings.Repeat("\x00", 3000) + line, false},
		"nothing but hole": {strings.Repeat("\x00", 4096), false},
		"with few others":  {strings.Repeat(line, 10) + "\x01\x02\x03\x04\x05\x06\x07\x08" + line, false},
		"random bytes":     {string(random), true},
		"a program":        {"\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 600), true},
		"a few bytes":      {"\x01\x02", true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := binary([]byte(tt.head)); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}
