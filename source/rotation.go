package source

import (
	"cmp"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// agedFile is a file with what its name says about its age.
type agedFile struct {
	path string
	rotation
	modified int64 // nanoseconds
}

// compare orders the files of one rotated set by time, oldest first.
func (a agedFile) compare(b agedFile) int {
	return cmp.Or(a.rotation.compare(b.rotation), cmp.Compare(a.modified, b.modified))
}

// rotation is what a log's name says about its age.
type rotation struct {
	kind   rotationKind
	number int    // how many rotations ago
	date   string // digits only
}

// rotationKind is ordered by time: a host that changes its scheme changes from
// numbers to dates, as logrotate's default did.
type rotationKind int

const (
	numbered rotationKind = iota
	dated
	live
)

// compare orders by time, oldest first.
func (r rotation) compare(o rotation) int {
	return cmp.Or(cmp.Compare(r.kind, o.kind), cmp.Compare(o.number, r.number), strings.Compare(r.date, o.date))
}

// parseRotation splits a path into the live log's and the rotation. logrotate
// appends .N, or with dateext -YYYYMMDD, -YYYYMMDDHH or another date of the
// administrator's choice, and the name of the compression; auditd appends .N.
func parseRotation(path string) (base string, r rotation) {
	path = withoutCompression(path)
	dir, name := filepath.Split(path)
	for i := max(1, addressLen(name)); i < len(name); i++ {
		if !strings.ContainsRune("-._", rune(name[i])) {
			continue
		}
		if r, ok := parseAge(name[i:]); ok {
			return dir + name[:i], r
		}
	}
	return path, rotation{kind: live}
}

// addressLen is the length of the IPv4 address that a name begins with, as the
// logs of other hosts are named by: its last number is no rotation.
func addressLen(name string) int {
	digits := name[:len(name)-len(strings.TrimLeft(name, "0123456789."))]
	parts := strings.SplitN(digits, ".", 5)
	address := strings.Join(parts[:min(4, len(parts))], ".")
	if _, err := netip.ParseAddr(address); err != nil {
		return 0
	}
	return len(address)
}

// withoutCompression removes the extension that compressors add.
func withoutCompression(path string) string {
	for _, ext := range []string{".gz", ".bz2", ".xz", ".zst"} {
		path = strings.TrimSuffix(path, ext)
	}
	return path
}

// isArchive reports whether the path is named as a compressor names its output.
func isArchive(path string) bool { return withoutCompression(path) != path }

// parseAge reads what follows the live log's name.
func parseAge(suffix string) (rotation, bool) {
	age := suffix[1:]
	if n, err := strconv.ParseUint(age, 10, 16); err == nil && suffix[0] == '.' && len(age) <= 4 {
		return rotation{kind: numbered, number: int(n)}, true
	}
	if strings.Trim(age, "0123456789-._T") != "" {
		return rotation{}, false
	}
	digits := onlyDigits(age)
	return rotation{kind: dated, date: digits}, len(digits) >= len("20060102")
}

func onlyDigits(s string) string {
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
}
