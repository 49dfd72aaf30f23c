package live

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/auditscan/auditscan/container"
)

// ReadMap reads the pid map in a file; see [container.ReadMap]. It waits for
// nobody: what is not a regular file is refused.
func ReadMap(ctx context.Context, name string) (m *container.Map, problems []container.Problem, err error) {
	f, err := openToRead(name)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return container.ReadMap(ctx, f, name)
}

// openToRead opens a regular file.
func openToRead(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|nonBlock, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("read pid map %s: not a file but %s (save the map to a file first)", name, describe(info.Mode()))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// describe says what is not a regular file.
func describe(mode os.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&os.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&os.ModeDevice != 0:
		return "a device"
	}
	return "a " + mode.Type().String()
}
