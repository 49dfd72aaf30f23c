package parser_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/auditscan/auditscan/internal/loggen"
	"github.com/auditscan/auditscan/parser"
)

// TestFastPaths checks that the paths for the common cases read what the
// general reader reads: on logs of the kinds that they are for, whole and with
// damage in every few lines.
func TestFastPaths(t *testing.T) {
	for _, kind := range []loggen.Kind{loggen.Audit, loggen.Syslog1, loggen.Syslog30, loggen.Groups} {
		t.Run(string(kind), func(t *testing.T) {
			var log bytes.Buffer
			if err := loggen.Write(&log, kind, 200_000, 7); err != nil {
				t.Fatal(err)
			}
			whole := items(parser.New(parser.Lines), log.Bytes())
			same(t, "whole", whole, items(parser.General(parser.New(parser.Lines)), log.Bytes()))
			if len(whole) < 10 {
				t.Fatalf("only %d items", len(whole))
			}
			r := rand.New(rand.NewPCG(1, 9))
			for range 30 {
				bad := damaged(r, log.Bytes())
				same(t, "damaged", items(parser.New(parser.Lines), bad), items(parser.General(parser.New(parser.Lines)), bad))
			}
		})
	}
}

// damaged copies a log with bytes changed, left out and put in.
func damaged(r *rand.Rand, log []byte) []byte {
	const alphabet = "\n\n\r\x1d \"=:()[]{}<;,.0123456789abcdefx%AUIDSaudit"
	var out []byte
	for len(log) > 0 {
		n := min(len(log), r.IntN(1200))
		out = append(out, log[:n]...)
		if log = log[n:]; len(log) == 0 {
			break
		}
		switch c := alphabet[r.IntN(len(alphabet))]; r.IntN(4) {
		case 0:
			out = append(out, c)
		case 1:
			out, log = append(out, c), log[1:]
		case 2:
			log = log[min(len(log), r.IntN(40)):]
		case 3: // a piece of the line before, as where two writers met
			out = append(out, out[max(0, len(out)-r.IntN(300)):]...)
		}
	}
	return out
}
