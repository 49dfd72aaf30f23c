package pipeline

import (
	"context"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"

	"github.com/auditscan/auditscan/source"
)

func TestScratch(t *testing.T) {
	inputs, _, err := source.Expand([]string{os.Getenv("DIR")}, source.Nodes{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(Options{})
	inputs2 := inputs
	err = r.read(context.Background(), func(ctx context.Context) (in *input) {
		if len(inputs2) > 0 {
			in, inputs2 = r.input(ctx, inputs2[0], nil), inputs2[1:]
		}
		return in
	})
	if err != nil {
		t.Fatal(err)
	}
	s := r.summary()
	runtime.GC()
	f, _ := os.Create("/tmp/heap.prof")
	pprof.WriteHeapProfile(f)
	f.Close()
	runtime.KeepAlive(r)
	runtime.KeepAlive(inputs)
	t.Log(s.Totals)
}
