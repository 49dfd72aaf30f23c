package seccompstate

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Ask makes calls of the native architecture under the filters that this process
// has, and returns what those answered. None of the calls is carried out: a child,
// this binary again, loads a further filter that stops its own (marked) calls. A
// notification is weaker than any denial, so what is denied shows its own answer,
// and all else goes to the child's listener, which answers for the kernel.
//
//	call ──older filters──> errno, trap, kill      (the child may die: another goes on)
//	             └─ allow, log ──the child's filter──> its listener ──> "passed"
//
// The answers are in the order of the numbers; where ctx ends first, the rest
// lacks. No right is needed, but seccomp(2) with a listener (Linux 5.0), where no
// older filter has one.
func Ask(ctx context.Context, numbers []int) (list []Asked, err error) {
	for len(list) < len(numbers) && ctx.Err() == nil {
		some, err := askSome(ctx, numbers[len(list):])
		list = append(list, some...)
		if err != nil {
			return list, fmt.Errorf("ask the filters of this process: %w", err)
		}
	}
	return list, nil
}

// askSome has one child ask, until it has asked all or a filter kills it.
func askSome(ctx context.Context, numbers []int) ([]Asked, error) {
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Args = []string{os.Args[0], askerName}
	cmd.Stdin = strings.NewReader(strings.Trim(fmt.Sprint(numbers), "[]"))
	var crash bytes.Buffer
	cmd.Stderr = &crash
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	list, refused := readAnswers(out)
	err = cmd.Wait()
	if refused != nil || err == nil {
		return list, refused
	}
	last := len(list) - 1
	killed, ok := killedBy(cmd.ProcessState.Sys().(syscall.WaitStatus), crash.Bytes())
	switch {
	case last >= 0 && ctx.Err() != nil:
		return list[:last], nil // as it may not have been asked with all arguments
	case last < 0 && ok:
		return nil, errors.New("a filter ends the child that asks before it can: it needs seccomp(2) and prctl(2)")
	case !ok:
		return list, fmt.Errorf("the child that asks: %w", err)
	}
	list[last].Codes = append(list[last].Codes, killed)
	return list, nil
}

// readAnswers reads what a child writes: a line with a call's number when it
// begins with it, and one with a code behind it for each new answer.
func readAnswers(from io.Reader) (list []Asked, refused error) {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		number, code, answered := strings.Cut(lines.Text(), " ")
		nr, err := strconv.Atoi(number)
		if err != nil {
			return nil, errors.New(lines.Text())
		}
		if !answered {
			list = append(list, Asked{NR: nr})
			continue
		}
		c, err := strconv.ParseUint(code, 16, 32)
		if err != nil {
			return nil, err
		}
		last := &list[len(list)-1]
		last.Codes = append(last.Codes, uint32(c))
	}
	return list, lines.Err()
}

// exitNoThread is how a child ends whose thread that asks is gone.
const exitNoThread = 8

// killedBy returns the answer that ended a child. Go's runtime catches the signal
// of a trap, and tells of it.
func killedBy(status syscall.WaitStatus, crash []byte) (code uint32, ok bool) {
	switch {
	case status.Signaled() && status.Signal() == unix.SIGSYS:
		return unix.SECCOMP_RET_KILL_PROCESS, true
	case bytes.HasPrefix(crash, []byte("SIGSYS")):
		return unix.SECCOMP_RET_TRAP, true
	case status.ExitStatus() == exitNoThread:
		return unix.SECCOMP_RET_KILL_THREAD, true
	}
	return 0, false
}

// readNumbers reads the numbers that a child is to ask about.
func readNumbers(from io.Reader) (list []uintptr, err error) {
	words := bufio.NewScanner(from)
	words.Split(bufio.ScanWords)
	for words.Scan() {
		nr, err := strconv.ParseUint(words.Text(), 10, 32)
		if err != nil {
			return nil, err
		}
		list = append(list, uintptr(nr))
	}
	return list, words.Err()
}

// arguments are the values that each call is asked with, the same in all its
// arguments: small numbers, as constants and sizes are, and single bits, as flags
// are. None: zero, which comes first; all: every bit.
func arguments() []uintptr {
	list := []uintptr{0}
	for n := range uintptr(64) {
		list = append(list, n, 1<<n)
	}
	list = append(list, 1<<31-1, 1<<32-1, ^uintptr(0))
	var once []uintptr
	for _, v := range list {
		if !slices.Contains(once, v) {
			once = append(once, v)
		}
	}
	return once
}
