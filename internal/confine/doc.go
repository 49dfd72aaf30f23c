// Package confine gives up rights that a process no longer needs once its
// inputs are open: what it reads is hostile, and it is run as root.
package confine
