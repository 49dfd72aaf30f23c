// Package loop has no code, only tests: profiles made from what real programs
// did are enforced on the same programs by the kernel. `make e2e` runs their
// long form, which writes docs/closed-loop.md.
package loop
