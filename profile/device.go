package profile

import "strings"

// isDevice reports whether Windows takes a file name for a device in whatever
// directory and with whatever extension: CON.json is the console there. See
// "Naming Files, Paths, and Namespaces" of Microsoft's documentation.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if digit, ok := strings.CutPrefix(base, port); ok && digit != "" && strings.Contains("0123456789¹²³", digit) {
			return len([]rune(digit)) == 1
		}
	}
	return false
}
