package live

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/container"
)

const procDir = "/proc"

// readProcess reads what /proc shows of a process. All of it is of one and
// the same process: the open directory stays with the process that had the
// pid then, and reads as gone when that has ended.
func readProcess(pid int32) (reading, error) {
	dir, err := unix.Open(procDir+"/"+strconv.Itoa(int(pid)), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return reading{}, err
	}
	defer unix.Close(dir)
	var buf [16 << 10]byte // a path has at most 4,096 bytes; v1 has a line a controller
	n, err := readAt(dir, "cgroup", buf[:])
	if err != nil {
		return reading{}, err
	}
	ref, _ := container.ParseCgroup(buf[:n])
	// Read last: had the process been exiting before, this shows it.
	n, err = readAt(dir, "stat", buf[:])
	if err != nil {
		return reading{}, err
	}
	s, ok := parseStat(buf[:n])
	if !ok {
		return reading{}, errors.New("unreadable /proc/PID/stat")
	}
	return reading{ref: ref, born: s.start, exiting: s.exiting()}, nil
}

// cgroupOf returns the container or service that /proc shows a process in; the
// zero Ref for none.
func cgroupOf(pid int32) container.Ref {
	p, err := readProcess(pid)
	if err != nil {
		return container.Ref{}
	}
	return p.ref
}

// readAt fills buf from a file of /proc.
func readAt(dir int, name string, buf []byte) (n int, err error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	for n < len(buf) {
		m, err := unix.Read(fd, buf[n:])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || m == 0 {
			return n, err
		}
		n += m
	}
	return n, nil
}

// processes returns the ids of all processes that /proc shows.
func processes() ([]int32, error) {
	dir, err := os.Open(procDir)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	var pids []int32
	for _, name := range names {
		if pid, err := strconv.ParseInt(name, 10, 32); err == nil {
			pids = append(pids, int32(pid))
		}
	}
	return pids, err
}
