package parser

import (
	"math/rand/v2"
	"testing"
)

// TestNumbers compares with the reading of one character after the other, on
// texts of all lengths that hold numbers of all lengths, and what is near to
// a digit in value.
func TestNumbers(t *testing.T) {
	const near = "/:`g@GAFaf09 \n\x00\x80\xb0\xff\xe1"
	r := rand.New(rand.NewPCG(1, 1))
	for range 200000 {
		text := make([]byte, r.IntN(24))
		alphabet := "0123456789"
		if r.IntN(2) == 0 {
			alphabet = "0123456789abcdef"
		}
		for i := range text {
			text[i] = alphabet[r.IntN(len(alphabet))]
			if r.IntN(12) == 0 {
				text[i] = near[r.IntN(len(near))]
			}
		}
		v, n := digits(text)
		if want, m := slowly(text, 10); n != m || n < 20 && v != want {
			t.Fatalf("digits(%q) = %d, %d, want %d, %d", text, v, n, want, m)
		}
		want, m := slowly(text, 16)
		if v, n = lowerHex(text); n != m || n <= 16 && v != want {
			t.Fatalf("lowerHex(%q) = %#x, %d, want %#x, %d", text, v, n, want, m)
		}
		if len(text) >= 8 {
			want, m = slowly(text[:8], 16)
			if v, wrong := eightHex(le64(text)); (wrong == 0) != (m == 8) || m == 8 && v != want {
				t.Fatalf("eightHex(%q) = %#x, %#x, want %#x of %d digits", text[:8], v, wrong, want, m)
			}
		}
	}
}

func slowly(s []byte, base uint64) (v uint64, n int) {
	for ; n < len(s); n++ {
		d := uint64(s[n]) - '0'
		if s[n] >= 'a' && s[n] <= 'f' {
			d = uint64(s[n]) - 'a' + 10
		} else if s[n] < '0' || s[n] > '9' {
			break
		}
		if d >= base {
			break
		}
		v = v*base + d
	}
	return v, n
}
