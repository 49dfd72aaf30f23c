package source_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/auditscan/auditscan/source"
)

// A saved log comes in blocks of whole lines, as large as the buffer.
func ExampleReader() {
	r := source.NewReader("-", strings.NewReader("one\ntwo\nthree"))
	defer r.Close()
	buf := make([]byte, 10)
	for {
		block, err := r.Next(buf)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%q\n", block)
	}
	// Output:
	// "one\ntwo\n"
	// "three"
}

// Follow reads a file through every rotation: what was written to the old one
// comes before what is in the new one.
func ExampleFollow() {
	dir, err := os.MkdirTemp("", "auditscan-example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "audit.log")
	write := func(text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			panic(err)
		}
	}
	write("first\n")
	f, err := source.Follow(name, source.FollowOptions{FromStart: true})
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if err := os.Rename(name, name+".1"); err != nil {
		panic(err)
	}
	write("second\n")
	printLines(f, 2)
	fmt.Println(len(f.Positions()) > 0)
	// Output:
	// first
	// second
	// true
}

// Lines makes a stream of what a pipe gives.
func ExampleLines() {
	printLines(source.Lines("-", strings.NewReader("one\ntwo\n")), 2)
	// Output:
	// one
	// two
}

// Journal follows the systemd journal of a host, from now on.
func ExampleJournal() {
	journal, err := source.Journal(source.JournalOptions{Since: time.Now()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer journal.Close()
	printLines(journal, 10)
}

// printLines prints so many lines of a stream, and what happened between them.
func printLines(s source.Stream, n int) {
	for n > 0 {
		chunk, err := s.Next(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, note := range chunk.Notes {
			if note.Kind != source.Info {
				fmt.Println(note.Kind, note.Count, note.Detail)
			}
		}
		for line := range strings.Lines(string(chunk.Lines)) {
			fmt.Print(line)
			n--
		}
	}
}
