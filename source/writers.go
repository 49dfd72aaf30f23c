package source

import (
	"cmp"
	"os"
)

// OtherWriters says who besides root and the user of this process can have
// written what is read, as a phrase about the input ("it belongs to uid 1000"):
// such a log can hold what anybody wanted it to. "" means that nobody can, by
// owner and mode of the open file and of all directories above it. Only on Linux
// is that looked at.
func (r *Reader) OtherWriters() string {
	f, ok := r.file.(*os.File)
	if !ok {
		return "it was not opened by name"
	}
	return otherWriters(f, r.name)
}

// OtherWriters is that of [Reader.OtherWriters], for any of the files that were
// read or are to be.
func (f *Follower) OtherWriters() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	why := f.writers
	for _, g := range f.gens {
		if g.isWanted() {
			why = cmp.Or(why, g.writers)
		}
	}
	return why
}
