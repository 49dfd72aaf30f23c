package source

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestHandOver checks that it copies as copy does: as much as fits, and
// nothing behind or before it.
func TestHandOver(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	src := make([]byte, 70000)
	for i := range src {
		src[i] = byte(r.Uint32())
	}
	for range 5000 {
		from, to := src[r.IntN(len(src)):], make([]byte, r.IntN(len(src)))
		from = from[:r.IntN(len(from)+1)]
		skip := min(r.IntN(70), len(to))
		want := bytes.Clone(to)
		n := copy(want[skip:], from)
		if got := handOver(to[skip:], from); got != n || !bytes.Equal(to, want) {
			t.Fatalf("%d bytes to %d at %d: %d, want %d; equal: %v", len(from), len(to), skip, got, n, bytes.Equal(to, want))
		}
	}
}

// BenchmarkHandOver copies blocks within one core, which shows no more than
// that it is not slower there.
func BenchmarkHandOver(b *testing.B) {
	src, dst := make([]byte, 32<<10), make([]byte, 768<<10)
	b.SetBytes(int64(len(dst)))
	for b.Loop() {
		for at := 0; at < len(dst); at += len(src) {
			handOver(dst[at:], src)
		}
	}
}
