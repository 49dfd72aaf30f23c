//go:build !unix

package live

// nonBlock has no meaning here: named pipes are not files.
const nonBlock = 0
