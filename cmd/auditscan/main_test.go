package main

import (
	"testing"
	"time"
)

// TestWaitToEnd: a state that is being saved is waited for beyond the time that
// a command has to end.
func TestWaitToEnd(t *testing.T) {
	t.Parallel()
	env, over := new(environment), make(chan struct{})
	env.saving.Store(true)
	go func() {
		waitToEnd(env)
		close(over)
	}()
	select {
	case <-over:
		t.Fatal("the state was not waited for")
	case <-time.After(2 * patience):
	}
	env.saving.Store(false)
	<-over
}
