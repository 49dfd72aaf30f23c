package live

import (
	"bytes"
	"strconv"
	"time"
)

// stat is what /proc/PID/stat tells, see proc_pid_stat(5).
type stat struct {
	state byte
	flags uint64 // PF_* of linux/sched.h
	start time.Duration
}

// tick is the unit of times in /proc: USER_HZ is 100 wherever Go runs.
const tick = 10 * time.Millisecond

const flagExiting = 0x4 // PF_EXITING

// parseStat reads /proc/PID/stat. The second field is the command's name in
// parentheses and may hold anything, parentheses and blanks too.
func parseStat(text []byte) (s stat, ok bool) {
	i := bytes.LastIndexByte(text, ')')
	fields := bytes.Fields(text[i+1:])
	if i < 0 || len(fields) < 20 || len(fields[0]) != 1 {
		return stat{}, false
	}
	flags, err1 := strconv.ParseUint(string(fields[6]), 10, 64)
	start, err2 := strconv.ParseUint(string(fields[19]), 10, 48)
	return stat{fields[0][0], flags, time.Duration(start) * tick}, err1 == nil && err2 == nil
}

// exiting reports whether the process, or its first thread, has ended.
func (s stat) exiting() bool {
	return s.flags&flagExiting != 0 || s.state == 'Z' || s.state == 'X'
}
