package parser

import "golang.org/x/sys/cpu"

// canSearch says that searchGram can be used.
var canSearch = cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT

// searchGram returns the first place in s where a gram may begin, or where
// fewer than 34 bytes follow, too few to search, and the newlines before it.
//
//go:noescape
func searchGram(s []byte, t *gramTables) (at, newlines int)
