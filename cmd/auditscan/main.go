package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/internal/launch"
)

func main() {
	if launch.IsStage(os.Args) {
		_ = launch.Stage(os.Args) // record or run says why
		os.Exit(exitFailed)
	}
	saveMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	env := &environment{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, confine: confine.Process}
	os.Exit(exitCode(env, run(ctx, env, os.Args[1:])))
}
