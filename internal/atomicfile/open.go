package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Open opens a file that is written in place, such as a log or a lock, with
// the flags of os.OpenFile. It follows no link, and opens no file that has
// another name or was made by another user than root and this one: where others can make names (/tmp), a link
// would have root write into a file of its maker's choice.
func Open(path string, flag int, mode fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flag|noFollow, mode)
	if err != nil {
		if info, lerr := os.Lstat(path); lerr == nil && info.Mode()&fs.ModeSymlink != 0 {
			err = fmt.Errorf("open %s: it is a symbolic link (name the file itself)", path)
		}
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("open %s: it is not a file", path)
	case !trusted(info):
		err = fmt.Errorf("open %s: %w", path, errForeign(info))
	case names(info) > 1:
		err = fmt.Errorf("open %s: it is a further name (hard link) of another file", path)
	default:
		return f, nil
	}
	return nil, errors.Join(err, f.Close())
}

// Claim takes the lock of a file that only one process may write; closing what
// it returns, or ending, gives it back. The lock is on a file beside it, as
// the file itself is replaced: path with ".lock" behind.
func Claim(path string) (*os.File, error) {
	f, err := Open(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return f, nil
}
