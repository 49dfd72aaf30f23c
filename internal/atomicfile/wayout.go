package atomicfile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// wayOut is a place to write to that is no file to be replaced.
type wayOut struct {
	path       string // of a device or a named pipe; or
	descriptor int    // of this process, if path is ""
}

// mostLinks is how many links are followed, as by the kernel (MAXSYMLINKS).
const mostLinks = 40

// findWayOut returns the way out that path leads to, and nil if it is to be
// replaced as a file. Links are followed only where they are root's or this
// user's: others may have made one so that what is written goes into a file of
// theirs, or over one that they could not write.
func findWayOut(path string) (*wayOut, error) {
	for range mostLinks {
		if n, ok := descriptor(path); ok {
			return &wayOut{descriptor: n}, nil
		}
		info, target, err := inspect(path)
		if err != nil {
			return nil, nil // Write tells what is wrong, if it is wrong for Write
		}
		switch mode := info.Mode(); {
		case mode&fs.ModeSymlink != 0 && trusted(info):
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(path), target)
			}
			path = target
		case mode&fs.ModeDevice != 0, mode&fs.ModeNamedPipe != 0 && trusted(info):
			return &wayOut{path: path}, nil
		case mode&fs.ModeNamedPipe != 0:
			return nil, errForeign(info)
		default:
			return nil, nil
		}
	}
	return nil, nil
}

// descriptor returns the number of the open descriptor of this process that
// path names. Nothing else below /proc is one, whatever it begins with.
func descriptor(path string) (n int, ok bool) {
	for _, directory := range []string{"/dev/fd/", "/proc/self/fd/", fmt.Sprintf("/proc/%d/fd/", os.Getpid())} {
		if digits, found := strings.CutPrefix(path, directory); found {
			n, err := strconv.ParseUint(digits, 10, 31)
			return int(n), err == nil
		}
	}
	return 0, false
}

// errForeign says whose a name is that is not opened.
func errForeign(info fs.FileInfo) error {
	return fmt.Errorf("it is a file of another user (uid %d), who could have made it to mislead", owner(info))
}

func (out *wayOut) write(ctx context.Context, write func(io.Writer) error) error {
	f, err := out.open(ctx)
	if err != nil {
		return err
	}
	// A pipe that nobody reads takes nothing until the deadline.
	stop := context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	w := bufio.NewWriter(f)
	if err = write(w); err == nil {
		err = w.Flush()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = context.Cause(ctx)
	}
	return errors.Join(err, f.Close())
}

func (out *wayOut) open(ctx context.Context) (*os.File, error) {
	if out.path == "" {
		return duplicate(out.descriptor)
	}
	for {
		f, err := openThrough(out.path)
		if !noReader(err) {
			return f, err
		}
		// There is no event for a pipe's reader but an open that waits for
		// good.
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no process reads this pipe: %w", context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
