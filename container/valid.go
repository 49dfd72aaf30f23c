package container

import (
	"strings"
	"unicode/utf8"
)

// ValidID reports whether s has the form of a container's id: 64 hex digits,
// or ECS's 32 hex digits, a dash and a number.
func ValidID(s string) bool { return len(s) == 64 && isHex(s) || isECS(s) }

// ValidName reports whether s can be the name of a container, pod or
// namespace, by what Kubernetes, Docker and Podman allow in names.
func ValidName(s string) bool {
	return s != "" && len(s) <= 253 && hasOnly(s, "._-") && s != "." && s != ".."
}

// ValidImage reports whether s can be the reference of an image:
// REGISTRY:PORT/PATH:TAG@DIGEST.
func ValidImage(s string) bool {
	return s != "" && len(s) <= 512 && utf8.ValidString(s) && hasOnly(s, "._-/:@+") && !strings.Contains(s, "..")
}

// isUnitName holds a name to systemd.unit(5)'s characters and length.
func isUnitName(s string) bool { return s != "" && len(s) <= 255 && hasOnly(s, `:_.\@-`) }

// isECS reports whether s is 32 hex digits, a dash and a decimal number, as
// Amazon's ECS names the cgroups of a task's containers.
func isECS(s string) bool {
	return len(s) > 33 && len(s) <= 33+20 && s[32] == '-' && isHex(s[:32]) && isDigits(s[33:])
}

func isUUID(s string) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	return isHex(s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:])
}

// hasOnly reports whether s consists of ASCII letters, digits and extra.
func hasOnly(s, extra string) bool {
	for i := range len(s) {
		c := s[i]
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && strings.IndexByte(extra, c) < 0 {
			return false
		}
	}
	return true
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func isDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
