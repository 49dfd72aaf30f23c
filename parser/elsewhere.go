package parser

import "bytes"

// elsewhere is the reason why a line of another tool is no record, though it
// was made from one: it tells no arch, or no action. "": it is none.
func elsewhere(line []byte) string {
	switch {
	case bytes.HasSuffix(line, []byte(`"type"="seccomp"`)), bytes.Contains(line, []byte(`"type"="seccomp" `)):
		return logEnricher
	case bytes.HasPrefix(line, []byte("Log: ")) && bytes.Contains(line, []byte(" arch=")) && bytes.Contains(line, []byte(" code=0x")):
		return snappyDebug
	}
	return ""
}
