package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// File is a file of a set: a name in the set's directory, without a separator,
// and its content.
type File struct {
	Name string
	Data []byte
}

// WriteSet writes all of the files into a directory, or none: nothing is replaced
// before all are written and synced, so that a full disk changes nothing. The
// index is the file that tells of the others. The old one is removed before
// the first of them is replaced, and the new one put in place last, so that
// one is never found beside files that it does not tell of, whatever kills the
// process. One process at a time writes into a directory. Obsolete are names to be removed with the old index. See [Write]
// about mode; names that lead out of the directory, and links, are not followed.
func WriteSet(dir string, mode fs.FileMode, files []File, index File, obsolete ...string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("write %s: %w", dir, err)
	}
	defer root.Close()
	directory, err := root.Open(".")
	if err != nil {
		return fmt.Errorf("write into %s: %w", dir, err)
	}
	defer directory.Close() // and with it the lock
	if err := lock(directory); err != nil {
		return fmt.Errorf("write into %s: %w", dir, err)
	}
	temps, err := fillAll(root, mode, append(files[:len(files):len(files)], index))
	if err == nil {
		err = installAll(root, temps, index.Name, obsolete)
	}
	if err != nil {
		return fmt.Errorf("write into %s: %w", dir, err)
	}
	return nil
}

// fillAll writes all temporary files. None is kept open: there may be more of
// them than a process can have.
func fillAll(root *os.Root, mode fs.FileMode, files []File) (temps []*temp, err error) {
	for _, f := range files {
		t, err := createTemp(root, f.Name, mode)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", f.Name, err), discardAll(temps))
		}
		temps = append(temps, t)
		err = t.fill(func(w io.Writer) error {
			_, err := w.Write(f.Data)
			return err
		})
		if err = errors.Join(err, t.close()); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", f.Name, err), discardAll(temps))
		}
	}
	return temps, nil
}

// installAll puts the files in place, the last of them, the index, last.
func installAll(root *os.Root, temps []*temp, index string, obsolete []string) error {
	for _, name := range append([]string{index}, obsolete...) {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, discardAll(temps))
		}
	}
	if err := syncFolder(root); err != nil {
		return errors.Join(err, discardAll(temps))
	}
	for i, t := range temps {
		if i == len(temps)-1 {
			if err := syncFolder(root); err != nil {
				return errors.Join(err, discardAll(temps[i:]))
			}
		}
		if err := t.install(); err != nil {
			return errors.Join(err, discardAll(temps[i+1:]))
		}
	}
	return syncFolder(root)
}

func discardAll(temps []*temp) (err error) {
	for _, t := range temps {
		err = errors.Join(err, t.discard())
	}
	return err
}
