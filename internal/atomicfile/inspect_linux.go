package atomicfile

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// inspect returns what path is, and where it leads to if it is a link: both of
// the one file that the name stood for, even if it is exchanged meanwhile.
func inspect(path string) (info fs.FileInfo, target string, err error) {
	f, err := os.OpenFile(path, unix.O_PATH|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if info, err = f.Stat(); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return info, "", err
	}
	text := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(int(f.Fd()), "", text)
	return info, string(text[:max(n, 0)]), err
}
