// Package logfilter puts a seccomp filter on the calling thread, so that a
// program can be run under one without a container runtime and without
// libseccomp. It serves the recording of a command and the tests that need
// real SECCOMP records.
package logfilter
