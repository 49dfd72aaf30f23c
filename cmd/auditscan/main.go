package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/auditscan/auditscan/internal/auditstate"
	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/internal/launch"
	"github.com/auditscan/auditscan/internal/seccompstate"
)

// init has main stay on the process's first thread, which it begins on: see
// besideMainThread.
func init() { runtime.LockOSThread() }

func main() {
	if launch.IsStage(os.Args) {
		_ = launch.Stage(os.Args) // record or run says why
		os.Exit(exitFailed)
	}
	if seccompstate.IsAsker(os.Args) {
		os.Exit(seccompstate.AskForParent(os.Stdin, os.Stdout))
	}
	saveMemory()
	ctx, stop := signal.NotifyContext(context.Background(), endSignals()...)
	defer stop()
	env := &environment{
		program: os.Args[0],
		stdin:   os.Stdin, stdout: &endableOutput{file: os.Stdout, done: ctx.Done(), closed: isReplaced(os.Stdout)}, stderr: &endableOutput{file: os.Stderr, done: ctx.Done()},
		getenv: os.Getenv, confine: confine.Process, lost: auditstate.Lost,
	}
	callOff := endLate(ctx, env)
	env.outlast = func() { callOff() }
	os.Exit(besideMainThread(func() int { return exitCode(env, run(ctx, env, os.Args[1:])) }))
}

// endSignals are the signals that end a command, which then writes what it has. A
// terminal that is closed sends SIGHUP, unless nohup has it ignored.
func endSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// besideMainThread calls f on other threads than the process's first, to which
// main is locked: the kernel prefers that one to give a signal to, and were it to
// wait for a disk that does not answer, nobody would hear of the signal.
func besideMainThread(f func() int) int {
	code := make(chan int)
	go func() { code <- f() }()
	return <-code
}

const (
	// patience is how long a command has to end after a signal, and to save its
	// state: time in which it waits, or has a processor.
	patience = 800 * time.Millisecond
	// longestEnd is how long it has where others keep processors or the disk busy:
	// that makes waits long, but not endless.
	longestEnd = 5 * time.Second
)

// endLate ends the process a while after ctx, whatever it still waits for then:
// a disk that does not answer cannot be left in any other way.
func endLate(ctx context.Context, env *environment) (callOff func() bool) {
	return context.AfterFunc(ctx, func() {
		waitToEnd(env)
		env.leaveView()
		env.notef("interrupted while waiting for a file, or in the middle of its work: what it was to write may be as it was before")
		os.Exit(exitFailed)
	})
}

// waitToEnd returns when a command has had its time to end. A process that works
// is charged what it gets of a processor, else a busy machine would cut it short
// in the middle of its last work.
func waitToEnd(env *environment) {
	const turn = 50 * time.Millisecond
	const works = turn / 20 // more than this function needs itself
	start, used, had := time.Now(), processorTime(), time.Duration(0)
	for time.Since(start) < longestEnd && (had < patience || env.saving.Load()) {
		time.Sleep(turn)
		got := processorTime() - used
		used += got
		if got < works {
			got = turn
		}
		had += min(got, turn)
	}
}
