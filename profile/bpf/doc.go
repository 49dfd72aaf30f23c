// Package bpf compiles what a seccomp policy answers into a filter of the
// kernel, and runs filters, its own and those of others.
//
// It knows numbers only: a call is the number that the kernel gives for a value
// of AUDIT_ARCH_*, an answer is what a filter returns (SECCOMP_RET_* with its
// data). What calls and answers are called, and where a policy comes from, is
// the business of package profile.
package bpf
