package profile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/auditscan/auditscan/syscalltable"
)

// The error numbers that profiles are written with (asm-generic/errno.h).
const (
	EPERM  uint16 = 1
	ENOSYS uint16 = 38
)

// maxErrno is MAX_ERRNO of linux/err.h: what a filter may return.
const maxErrno = 4095

var errnoNames = [...]struct {
	number uint16
	name   string
}{
	{EPERM, "EPERM"}, {2, "ENOENT"}, {13, "EACCES"}, {22, "EINVAL"}, {ENOSYS, "ENOSYS"},
	{95, "EOPNOTSUPP"}, {97, "EAFNOSUPPORT"},
}

// ErrnoName returns the name of an error number that profiles commonly use,
// and of any other the number.
func ErrnoName(n uint16) string {
	for _, e := range errnoNames {
		if e.number == n {
			return e.name
		}
	}
	return strconv.Itoa(int(n))
}

// ParseErrno reads a name that [ErrnoName] gives, or a number from 1 to 4095.
func ParseErrno(s string) (uint16, error) {
	for _, e := range errnoNames {
		if strings.EqualFold(s, e.name) {
			return e.number, nil
		}
	}
	if n, err := strconv.ParseUint(s, 10, 16); err == nil && n >= 1 && n <= maxErrno {
		return uint16(n), nil
	}
	return 0, fmt.Errorf("unknown errno %q (EPERM, ENOSYS, EACCES, or a number from 1 to %d)", s, maxErrno)
}

// enosys returns ENOSYS of an architecture, which is not everywhere the
// generic one (asm/errno.h of mips, parisc and sparc).
func enosys(arch syscalltable.Arch) uint16 {
	switch arch {
	case syscalltable.MIPS, syscalltable.MIPSEL, syscalltable.MIPS64, syscalltable.MIPSEL64,
		syscalltable.MIPS64N32, syscalltable.MIPSEL64N32:
		return 89
	case syscalltable.PARISC, syscalltable.PARISC64:
		return 251
	case syscalltable.SPARC64:
		return 90
	}
	return ENOSYS
}
