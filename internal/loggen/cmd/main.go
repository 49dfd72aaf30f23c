// Command cmd writes a log for benchmarks to standard output:
//
//	go run ./internal/loggen/cmd -kind audit -size 500000000 > audit.log
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/auditscan/auditscan/internal/loggen"
)

func main() {
	kind := flag.String("kind", string(loggen.Audit), "audit, syslog1, syslog30, groups, distinct or rough")
	size := flag.Int64("size", 500_000_000, "bytes")
	seed := flag.Uint64("seed", 1, "seed")
	flag.Parse()
	if err := loggen.Write(os.Stdout, loggen.Kind(*kind), *size, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "loggen:", err)
		os.Exit(1)
	}
}
