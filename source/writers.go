package source

import (
	"cmp"
	"os"
)

// Writers says who can have written files. It remembers the directory of the
// last one, since many files share one. The zero value is ready to use, by one
// goroutine at a time.
type Writers struct {
	directory string // with all directories above it; "": none was looked at
	others    string // who can change it
}

// Others says who besides root and the user of this process can have written
// the input, as a phrase about it ("it belongs to uid 1000"): such a log can be
// forged. "" means that nobody else can, judged by owner and mode of the open
// file and of all directories above it. This is only checked on Linux.
func (w *Writers) Others(r *Reader) string {
	f, ok := r.file.(*os.File)
	if !ok {
		return "it was not opened by name"
	}
	return w.ofFile(f, r.name)
}

// OtherWriters is like [Reader.OtherWriters], for all files that were read or
// are to be.
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
