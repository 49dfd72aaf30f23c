// Library follows a log that comes on stdin, without the command, and prints
// every SECCOMP record as "pid comm action architecture call".
//
//	tail -f /var/log/audit/audit.log | go run ./examples/library
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/auditscan/auditscan"
)

func main() {
	for e, err := range auditscan.Follow(context.Background(), "-", auditscan.Options{Stdin: os.Stdin}) {
		switch loss := (*auditscan.Loss)(nil); {
		case errors.As(err, &loss):
			log.Print(loss) // and go on
		case err != nil:
			log.Fatal(err)
		default:
			// The name is the program's own choice: %q keeps a terminal safe.
			fmt.Printf("%d %q %s %s %s\n", e.PID, e.Comm, e.Action, e.Arch, e.Call())
		}
	}
}
