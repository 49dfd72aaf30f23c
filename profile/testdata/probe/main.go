// Probe makes system calls and tells what came of each. It is run inside a
// container, under the filter that is being tested.
//
// Its argument is a JSON list of [number, arguments...]; it prints a list of
// what became of them: "errno N" (0: done) or "signal N".
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

func main() {
	runtime.LockOSThread()
	defaultSIGSYS()
	var calls [][]uint64
	if err := json.Unmarshal([]byte(os.Args[1]), &calls); err != nil {
		panic(err)
	}
	page, err := syscall.Mmap(-1, 0, os.Getpagesize(), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_ANON)
	if err != nil {
		panic(err)
	}
	result := (*syscall.Errno)(unsafe.Pointer(&page[0]))
	var results []string
	for _, c := range calls {
		var full [7]uintptr
		for i, v := range c {
			full[i] = uintptr(v)
		}
		results = append(results, try(&full, result))
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		panic(err)
	}
}

// defaultSIGSYS takes SIGSYS from Go's runtime, which would end the process in
// a way of its own, and which os/signal cannot make let go of it.
func defaultSIGSYS() {
	var sigDfl [4]uint64 // struct kernel_sigaction
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(syscall.SIGSYS), uintptr(unsafe.Pointer(&sigDfl)), 0, 8, 0, 0); errno != 0 {
		panic(errno)
	}
}

// try makes the call in a child, which has one thread only, so that killing
// the thread ends it.
func try(c *[7]uintptr, result *syscall.Errno) string {
	*result = 9999 // stays if the child ends otherwise
	pid, _, errno := syscall.RawSyscall(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0)
	if errno != 0 {
		return "fork: " + errno.Error()
	}
	if pid == 0 {
		_, _, *result = syscall.RawSyscall6(c[0], c[1], c[2], c[3], c[4], c[5], c[6])
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(int(pid), &status, 0, nil); err != nil {
		return "wait: " + err.Error()
	}
	if status.Signaled() {
		return fmt.Sprintf("signal %d", status.Signal())
	}
	return fmt.Sprintf("errno %d", *result)
}
