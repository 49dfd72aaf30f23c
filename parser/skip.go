package parser

// Skipping is the fast path through lines that hold nothing: most of a syslog.
// Whatever [Parser.scan] finds an item in holds one of the grams below, three
// bytes that are rare in logs. So a line without any needs no look of its own,
// and a search for all of them at once runs at the speed of memory.
//
// Its invariants: a line is only passed over if it holds no gram; the line
// numbers stay those of the block; and a line with a gram, or too close to the
// end of the block for the search, goes through scan as ever. A parser that
// does not skip gives the same items (a test and a fuzz target hold it to
// that), as it does where the search is not to be had.

// gram is three sets of bytes that follow each other; an empty set is any.
// What shares a gram is alike in its halves of bytes, as the search tells
// bytes apart by these alone.
type gram [3]string

// grams has room for eight, one bit each.
var grams = [8]gram{
	{"iT", "tR", "(:U"},           // "audit(", "audit: "; SECCOMP in base64
	{"Clc", "C c", "Olo"},         // "SECCOMP ", "kernel log"; ausearch's word for a call
	{"3", "2", "6"},               // "AUDIT1326 ", "type=1326 ", "<audit-1326> "
	{"\"FNUY", "01:FXs", "QVZy{"}, // "syscall" and "loss":{ of events; "audit(" and SECCOMP in base64
	{"\n", "\n-td{ \"\x1e", ""},   // lines that are empty or start with "type=", "time->", "----", JSON, "data: {"
	{"gh", ":de", " Ws"},          // " kernel messages", " messages from "; "Log: auid="; "audit(" in base64
	{"l", "lu", "Nbg"},            // " callbacks suppressed", "queue to plugins"; "syscallName="
	{"te", "_-", "l"},             // "audit_lost=", " due to rate-limiting"
}

// gramTables say for each half of a byte, low and high, at each of the three
// places, which grams it can belong to.
type gramTables [6][16]byte

// tables are those of grams.
var tables = newGramTables(grams)

func newGramTables(grams [8]gram) (t gramTables) {
	for bit, g := range grams {
		for place, set := range g {
			low, high := &t[2*place], &t[2*place+1]
			for half := range byte(16) {
				if set == "" {
					low[half] |= 1 << bit
					high[half] |= 1 << bit
				}
			}
			for _, b := range []byte(set) {
				low[b&15] |= 1 << bit
				high[b>>4] |= 1 << bit
			}
		}
	}
	return t
}

// skip passes over the lines without a gram. The search begins with the
// newline before the first of them.
func (p *Parser) skip() {
	p.ended = false
	if !canSearch {
		return
	}
	line, newlines := searchGram(p.block[p.at-1:], &tables)
	if newlines > 1 && p.foreign == 0 {
		p.foreign = p.lineNo + 1
	}
	p.at += line
	p.lineNo += int64(max(newlines-1, 0)) // the first is that of the line before
}
