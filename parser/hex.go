package parser

// upperHex is the value of one of the kernel's upper-case hex digits; other
// bytes give a value above 15.
func upperHex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}
