package parser

import "golang.org/x/sys/cpu"

// canSearch says that searchGram can be used.
var canSearch = cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT && cpu.X86.HasBMI1

// searchGram searches s, which starts with a newline, for the first place
// where a gram may begin, or where fewer than 66 bytes follow, too few to
// search. It returns the place of the last newline up to there, and how many
// there are.
//
//go:noescape
func searchGram(s []byte, t *gramTables) (line, newlines int)
