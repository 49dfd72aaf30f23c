// Package lab runs real containers and listens to the kernel's audit records
// about them, for tests and for the measurement of the runtimes' start-up
// lists. It needs Linux, root and the runtime itself.
package lab
