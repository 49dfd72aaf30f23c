// Package parser reads SECCOMP audit records in every rendering that the
// kernel, auditd, journald, the syslog daemons and their relatives give them.
//
// A [Parser] is given blocks of whole lines and yields items: records, stamps
// of other audit records (their serials prove that nothing is missing),
// messages of loss, and records that were begun but cannot be used.
//
//	p := parser.New(parser.Sniff(head))
//	p.Reset(block)
//	for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
//		switch item {
//		case parser.ItemRecord: use(p.Record())
//		...
//
// and behind the last block the same again with p.Flush() in place of p.Next():
// an entry of several lines may end with the input.
//
// What stands around a line does not matter: a record is found in JSON under
// any key, at any depth, and behind whatever printers and shippers put in front
// of a line. What looks like a record and cannot be read is an item too, so
// that nothing passes without being counted.
//
// Three rules keep it honest. A record starts right after its printer's own
// prefix, never inside another message's text. Fields are found by name, in
// the kernel's order, and each is read whole or not at all: a cut line is
// malformed, never a shorter number. What names cannot tell for certain
// (ausearch -i prints comm unarmoured) is read from the end backwards, where
// no process can write.
//
// The package is pure: it imports neither os nor net, holds no tables, and
// builds everywhere. It allocates nothing per record.
package parser
