// Package atomicfile replaces a file as a whole: a reader, also after a crash
// or a power cut, finds either the old content or the new, never a part. It
// can be used in directories where others make names, too: it follows no link, and
// opens no file, that another user made there.
package atomicfile

import (
	"bufio"
	"context"
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
// renamed and the directory is synced. On any error the old file stays as it was
// and the temporary one is removed; one that a killed process has left is
// removed by the next Write of that path.
//
// The file has the permissions of mode that the umask lets it have, and none
// that this user's (or root's) file before it had not. A symbolic link at path is itself replaced.
// What is no file but a way out stays and is written to: a device, a named
// pipe, an open descriptor of this process (/dev/stderr, /dev/fd/3), or a link
// to one, if that link is root's or this user's. Another user's named pipe is
// refused. Ctx ends the wait for a pipe's reader.
func Write(ctx context.Context, path string, mode fs.FileMode, write func(io.Writer) error) error {
	err := writeTo(ctx, path, mode, write)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func writeTo(ctx context.Context, path string, mode fs.FileMode, write func(io.Writer) error) error {
	out, err := findWayOut(path)
	if err != nil {
		return err
	}
	if out != nil {
		return out.write(ctx, write)
	}
	// Everything happens relative to the opened directory, so that a directory
	// renamed meanwhile cannot send the two halves to different places.
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer root.Close()
	t, err := createTemp(root, filepath.Base(path), mode)
	if err != nil {
		return err
	}
	if err := t.fill(write); err != nil {
		return errors.Join(err, t.discard())
	}
	if err := t.install(); err != nil {
		return err
	}
	return syncFolder(root)
}

// Check tells what would keep Write from writing path, for a caller who works
// long before there is something to write.
func Check(path string) error {
	err := check(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func check(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return errors.New("it is a directory")
	}
	if out, err := findWayOut(path); out != nil || err != nil {
		return err
	}
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer root.Close()
	t, err := createTemp(root, filepath.Base(path), 0o600)
	if err != nil {
		return err
	}
	return t.discard()
}

// temp is a file that is being written, beside the one that it is to replace.
// It is locked as long as it is open, which tells it from one that a killed
// process has left.
type temp struct {
	root *os.Root
	file *os.File
	name string
	dest string
}

// createTemp makes the temporary file for dest. Its name is always the same,
// so that it is found if this process is killed; where another process writes
// dest at this moment, or another user has taken the name, it is a random one.
func createTemp(root *os.Root, dest string, mode fs.FileMode) (*temp, error) {
	if info, err := root.Lstat(dest); err == nil && info.Mode().IsRegular() && trusted(info) {
		mode &= info.Mode().Perm()
	}
	name := "." + dest + ".tmp"
	removeStale(root, name)
	for _, name := range []string{name, name + "-" + rand.Text()} {
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		switch {
		case errors.Is(err, fs.ErrExist):
			continue
		case err != nil:
			return nil, err
		}
		t := &temp{root: root, file: f, name: name, dest: dest}
		if lock(f) == nil && t.inPlace() {
			return t, nil
		}
		f.Close() // another process took it for stale
	}
	return nil, fmt.Errorf("cannot make a temporary file %s: %w", name, fs.ErrExist)
}

// removeStale removes a temporary file of this user that nobody writes any
// more.
func removeStale(root *os.Root, name string) {
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || !locks || !trusted(info) {
		return
	}
	f, err := root.Open(name)
	if err != nil {
		return
	}
	defer f.Close()
	opened, err := f.Stat()
	if err == nil && os.SameFile(info, opened) && lock(f) == nil {
		_ = root.Remove(name) // else the next name is tried
	}
}

// inPlace reports whether the name is still that of the open file.
func (t *temp) inPlace() bool {
	opened, err := t.file.Stat()
	if err != nil {
		return false
	}
	named, err := t.root.Lstat(t.name)
	return err == nil && os.SameFile(opened, named)
}

// fill writes and syncs the file.
func (t *temp) fill(write func(io.Writer) error) error {
	w := bufio.NewWriter(t.file)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return t.file.Sync()
}

// install puts the file in its place. It stays open until it is there, so that
// nobody takes it for stale; but Windows renames no open file.
func (t *temp) install() error {
	if runtime.GOOS == "windows" {
		if err := t.file.Close(); err != nil {
			return errors.Join(err, t.root.Remove(t.name))
		}
	}
	if err := t.root.Rename(t.name, t.dest); err != nil {
		return errors.Join(err, t.discard())
	}
	return t.close()
}

// discard removes the file.
func (t *temp) discard() error { return errors.Join(t.close(), t.root.Remove(t.name)) }

// close closes the file, if that is still to be done.
func (t *temp) close() error {
	if err := t.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// syncFolder makes the renames themselves durable. Windows has no such call:
// its file system journals renames by itself.
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
