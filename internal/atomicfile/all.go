package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// A File is one of several that belong together.
type File struct {
	Name  string // in the directory
	Write func(io.Writer) error
}

// WriteAll replaces files of a directory that belong together, of which the
// last one speaks of the others. All are written and synced under other names
// before the first is put in its place; the last one is taken away before, and
// put there after all others. So whoever finds it finds what it speaks of, and
// an error or a crash before that leaves no file of this set in place but where
// renaming itself fails.
func WriteAll(dir string, mode fs.FileMode, files []File) error {
	if len(files) == 0 {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("write into %s: %w", dir, err)
	}
	defer root.Close()
	temps, err := writeTemps(root, mode, files)
	if err == nil {
		err = exchange(root, temps, files)
	}
	if err != nil {
		for _, temp := range temps {
			if e := root.Remove(temp); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
		return fmt.Errorf("write into %s: %w", dir, err)
	}
	return nil
}

// writeTemps writes each file under another name.
func writeTemps(root *os.Root, mode fs.FileMode, files []File) (temps []string, err error) {
	for _, file := range files {
		temp, f, err := create(root, file.Name)
		if err != nil {
			return temps, err
		}
		temps = append(temps, temp)
		if err := fill(f, mode, file.Write); err != nil {
			return temps, err
		}
	}
	return temps, nil
}

// exchange puts the written files in place.
func exchange(root *os.Root, temps []string, files []File) error {
	last := files[len(files)-1].Name
	if err := root.Remove(last); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := syncFolder(root); err != nil {
		return err
	}
	for i, temp := range slices.Clone(temps) {
		if err := root.Rename(temp, files[i].Name); err != nil {
			return err
		}
	}
	return syncFolder(root)
}
