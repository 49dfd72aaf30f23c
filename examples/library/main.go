// Library shows the parser and the tables at work without the command: it
// reads a log from stdin and prints every SECCOMP record as
// "pid comm action architecture call".
//
//	go run ./examples/library < /var/log/audit/audit.log
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/syscalltable"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	if err := list(out, os.Stdin); err != nil {
		log.Fatal(err)
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

// list reads the log as one block. A program for logs of any size gives the
// parser blocks of whole lines, one after the other.
func list(w io.Writer, r io.Reader) error {
	block, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	p := parser.New(parser.Sniff(block))
	p.Reset(block)
	for item := p.Next(); item != parser.End; item = p.Next() {
		show(w, p, item)
	}
	show(w, p, p.Flush()) // a record of several lines ends with the log
	return nil
}

func show(w io.Writer, p *parser.Parser, item parser.Item) {
	switch item {
	case parser.IsRecord:
		r := p.Record()
		// The name is the program's own choice: %q keeps a terminal safe.
		fmt.Fprintf(w, "%d %q %s %s\n", r.PID, r.Comm, action(r), call(r))
	case parser.IsMalformed:
		fmt.Fprintf(w, "line %d: %s\n", p.Line(), p.Malformed().Reason)
	case parser.IsLoss:
		fmt.Fprintf(w, "line %d: records are missing: %q\n", p.Line(), p.Loss().Text)
	}
}

// action is what the filter decided.
func action(r *parser.Record) string {
	if r.CodeName != nil { // ausearch -i has named it already
		return string(r.CodeName)
	}
	return syscalltable.ActionOf(r.Code).String()
}

// call names a call. A number means nothing without its architecture.
func call(r *parser.Record) string {
	if r.SyscallName != nil {
		return fmt.Sprintf("%s %s", r.ArchName, r.SyscallName)
	}
	arch := syscalltable.Resolve(r.Arch, r.NR)
	if name, ok := arch.Name(r.NR); ok {
		return fmt.Sprintf("%s %s", arch, name)
	}
	return fmt.Sprintf("%s %d", arch, r.NR)
}
