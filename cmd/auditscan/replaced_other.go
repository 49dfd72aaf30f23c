//go:build !linux

package main

import "os"

// isReplaced cannot be told here.
func isReplaced(*os.File) bool { return false }
