package parser_test

import (
	"fmt"
	"os"

	"github.com/auditscan/auditscan/parser"
)

// A log is given in blocks of whole lines. Its last entry may end with it, and
// so is asked for when there is nothing more to come.
func Example() {
	log, err := os.ReadFile("../testdata/captures/journalctl-verbose.log")
	if err != nil {
		fmt.Println(err)
		return
	}
	records := 0
	count := func(item parser.Item) {
		if item == parser.ItemRecord {
			records++
		}
	}
	p := parser.New(parser.Sniff(log))
	p.Reset(log)
	for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
		count(item)
	}
	for item := p.Flush(); item != parser.ItemEnd; item = p.Flush() {
		count(item)
	}
	fmt.Println(records, "records")
	// Output: 20 records
}
