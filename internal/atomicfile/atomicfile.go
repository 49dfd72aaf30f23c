// Package atomicfile replaces a file as a whole: a reader, also after a crash
// or a power cut, finds either the old content or the new, never a part.
package atomicfile

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Write gives write a buffered writer to a temporary file beside path and,
// when write has returned nil, puts that file in path's place: it is synced,
// renamed and the folder is synced. The file has exactly the permissions of
// mode, whatever the umask. On any error the old file stays as it was and the
// temporary one is removed. A symbolic link at path is itself replaced.
func Write(path string, mode fs.FileMode, write func(io.Writer) error) error {
	// Everything happens relative to the opened folder, so that a folder
	// renamed meanwhile cannot send the two halves to different places.
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer root.Close()
	if err := replace(root, filepath.Base(path), mode, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func replace(root *os.Root, name string, mode fs.FileMode, write func(io.Writer) error) error {
	temp := "." + name + ".tmp-" + rand.Text()
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := fill(f, mode, write); err != nil {
		return errors.Join(err, root.Remove(temp))
	}
	if err := root.Rename(temp, name); err != nil {
		return errors.Join(err, root.Remove(temp))
	}
	return syncFolder(root)
}

// fill writes, syncs and closes f.
func fill(f *os.File, mode fs.FileMode, write func(io.Writer) error) error {
	w := bufio.NewWriter(f)
	err := write(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncFolder makes the rename itself durable. Windows has no such call: its
// file system journals renames by itself.
func syncFolder(root *os.Root) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
