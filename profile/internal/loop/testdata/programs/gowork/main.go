// Gowork does what Go services do: goroutines, memory, files, a child, and
// HTTP over loopback.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

func main() {
	fmt.Println(serve(), compute(), files(), child())
}

func serve() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Millisecond)
		io.Copy(w, r.Body)
	}))
	var n sync.WaitGroup
	answers := make(chan int, 200)
	for range 20 {
		n.Go(func() {
			for range 10 {
				pr, pw := io.Pipe()
				go func() { fmt.Fprint(pw, "hello"); pw.Close() }()
				resp, err := http.Post("http://"+l.Addr().String(), "text/plain", pr)
				must(err)
				body, err := io.ReadAll(resp.Body)
				must(err)
				must(resp.Body.Close())
				answers <- len(body)
			}
		})
	}
	n.Wait()
	close(answers)
	sum := 0
	for a := range answers {
		sum += a
	}
	return sum
}

// compute keeps every thread busy for long enough to be preempted, and the
// collector at work.
func compute() int {
	var n sync.WaitGroup
	sizes := make([]int, 2*runtime.NumCPU())
	for i := range sizes {
		n.Go(func() {
			for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
				sizes[i] = len(make([]byte, 1<<20))
			}
		})
	}
	n.Wait()
	runtime.GC()
	return sizes[0]
}

func files() int {
	f, err := os.CreateTemp("/tmp", "gowork")
	must(err)
	_, err = f.WriteString("text")
	must(err)
	must(f.Close())
	text, err := os.ReadFile(f.Name())
	must(err)
	must(os.Remove(f.Name()))
	return len(text)
}

func child() string {
	out, err := exec.Command("/bin/echo", "child").Output()
	must(err)
	return string(out)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
