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
	"strings"
)

// Write gives write a buffered writer to a temporary file beside path and,
// when write has returned nil, puts that file in path's place: it is synced,
// renamed and the folder is synced. The file has exactly the permissions of
// mode, whatever the umask. On any error the old file stays as it was and the
// temporary one is removed. A symbolic link at path is itself replaced. What is
// no file but a way out (/dev/null, /dev/stderr, a pipe) stays, and is written to.
func Write(path string, mode fs.FileMode, write func(io.Writer) error) error {
	if isWayOut(path) {
		return through(path, write)
	}
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

// Check tells what would keep Write from writing path, for a caller who works
// long before there is something to write.
func Check(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return fmt.Errorf("write %s: it is a folder", path)
	}
	if isWayOut(path) {
		return nil
	}
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer root.Close()
	temp, f, err := create(root, filepath.Base(path))
	if err == nil {
		err = errors.Join(f.Close(), root.Remove(temp))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// isWayOut reports whether a path leads to a device or a pipe, be it by a link,
// or to what a descriptor of this process is open on (/dev/stderr, /dev/fd/3).
func isWayOut(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	link, err := os.Readlink(path)
	descriptor := err == nil && (strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/") || strings.HasPrefix(link, "/proc/self/fd/"))
	return descriptor || info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe) != 0
}

func through(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	if err = write(w); err == nil {
		err = w.Flush()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// create makes the temporary file beside name.
func create(root *os.Root, name string) (temp string, f *os.File, err error) {
	temp = "." + name + ".tmp-" + rand.Text()
	f, err = root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	return temp, f, err
}

func replace(root *os.Root, name string, mode fs.FileMode, write func(io.Writer) error) error {
	temp, f, err := create(root, name)
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
