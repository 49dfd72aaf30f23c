package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/pipeline"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source"
	"github.com/auditscan/auditscan/syscalltable"
)

// profileFile says how a profile is read.
type profileFile struct {
	strict bool
	host   syscalltable.Arch // that it is for; NoArch: this one
}

func (f *profileFile) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.strict, "strict", false, "refuse a profile with anything that runtimes pass over")
}

// containerFlags say for which container a profile is asked.
type containerFlags struct {
	profileFile
	caps   []string
	noStub bool
}

func (f *containerFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.caps, "cap", profile.DefaultCaps(), "the container's `capabilities`, for the conditions of Docker's form")
	f.profileFile.add(flags)
	flags.BoolVar(&f.noStub, "no-stub", false, "not loaded by runc or its like: no ENOSYS above the highest number that is listed")
	flags.Lookup("cap").DefValue = "those of a Docker container"
}

// environment returns the container, on a host of an architecture.
func (f *containerFlags) environment(host syscalltable.Arch) (profile.Environment, error) {
	caps, err := parseAll("cap", f.caps, profile.ParseCapability)
	return profile.Environment{Arch: host, Caps: caps, NoStub: f.noStub}, err
}

// read reads a profile, or gives one that is built in, and tells what is
// passed over in it.
func (f profileFile) read(env *environment, path string) (*profile.Document, error) {
	if profile.IsBuiltIn(path) {
		d, _, err := profile.BuiltIn(path)
		return d, err
	}
	in, file, err := env.openUnpacked(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return f.parse(env, in, path)
}

// parse reads a profile from what was opened.
func (f profileFile) parse(env *environment, in *bufio.Reader, name string) (*profile.Document, error) {
	head, _ := in.Peek(sniffed) // an error comes up again
	d, err := profile.Read(in, name, profile.ReadOptions{Host: f.host, Systemd: installedSystemd("/"), Include: openIncluded})
	if err != nil {
		return nil, cmp.Or(notProfile(head, name), err)
	}
	return d, f.sayNotes(env, d)
}

// installedSystemd returns the version of a host's systemd, which its library is
// called by; 0: there is none.
func installedSystemd(root string) int {
	for _, dir := range []string{"usr/lib/systemd", "usr/lib/*/systemd", "lib/systemd", "usr/lib64/systemd"} {
		files, _ := filepath.Glob(filepath.Join(root, dir, "libsystemd-shared-*.so")) // the pattern is well-formed
		for _, file := range files {
			var version int
			if _, err := fmt.Sscanf(filepath.Base(file), "libsystemd-shared-%d", &version); err == nil {
				return version
			}
		}
	}
	return 0
}

// openIncluded opens what a profile names: a hostile one may name a pipe, which
// would not be open before somebody writes.
func openIncluded(name string) (io.ReadCloser, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	return os.Open(name)
}

// sayNotes tells what was passed over, or refuses that.
func (f profileFile) sayNotes(env *environment, d *profile.Document) error {
	if f.strict && len(d.Notes) > 0 {
		return d.Notes[0]
	}
	for _, note := range d.Notes[:min(len(d.Notes), notesShown)] {
		env.notef("%v", note)
	}
	if more := len(d.Notes) - notesShown; more > 0 {
		env.notef("%s: and %d more like these", d.Name, more)
	}
	return nil
}

// notesShown bounds what is told of one profile.
const notesShown = 10

// readProfile reads a profile as runtimes do.
func readProfile(env *environment, path string) (*profile.Document, error) {
	return profileFile{}.read(env, path)
}

// readPolicy reads a profile, or makes the one of a report or a stream of events,
// or gives the runtime's default. It tells where a report may lack calls.
func (f profileFile) readPolicy(env *environment, name string) (*profile.Document, error) {
	if profile.IsBuiltIn(name) {
		return f.read(env, name)
	}
	in, file, err := env.openUnpacked(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	head, err := in.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var s *aggregate.Summary
	switch {
	case report.Sniff(head):
		s, err = report.Read(in, name)
	case report.SniffEvents(head):
		s, err = pipeline.Read(context.Background(), []source.Input{{Path: "-"}}, in, pipeline.Options{})
	default:
		return f.parse(env, in, name)
	}
	if err != nil {
		return nil, err
	}
	r, err := profile.Build(s, profile.Options{Exact: true})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if s.Completeness.Verdict == aggregate.Incomplete || len(r.Unresolved) > 0 {
		env.notef("%s: records are missing or have no name: its profile may lack calls", name)
	}
	r.Document.Name = name
	return r.Document, nil
}

// openUnpacked opens a file that may be compressed, as a log may, for its text.
func (env *environment) openUnpacked(name string) (in *bufio.Reader, file io.Closer, err error) {
	f, err := env.open(name)
	if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(name, "runtime/") {
		return nil, nil, fmt.Errorf("%w (built in are %s)", err, strings.Join(profile.BuiltIns(), ", "))
	}
	if err != nil {
		return nil, nil, err
	}
	raw := bufio.NewReaderSize(f, sniffed)
	head, err := raw.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, errors.Join(err, f.Close())
	}
	if packed(head) == "" {
		return raw, f, nil
	}
	return bufio.NewReaderSize(source.NewReader(name, raw).Text(), sniffed), f, nil
}

// packed names the format that a file is compressed in; "": none.
func packed(head []byte) string {
	r := source.NewReader("", bytes.NewReader(head))
	_, _ = r.Peek(1) // what is cut off here may be an error
	return r.Packed()
}

// sniffed is how much of a file is read to recognize what it is.
const sniffed = 64 << 10

// A notProfileError says what a file is that is no profile.
type notProfileError struct{ name, is string }

func (e *notProfileError) Error() string {
	return fmt.Sprintf("%s (`auditscan profile %s` makes one of it)", e.plain(), e.name)
}

func (e *notProfileError) plain() string { return e.name + " is " + e.is + ", not a profile" }

// notProfile recognizes what is no profile by how it begins; nil: it is not known.
func notProfile(head []byte, name string) error {
	switch {
	case report.Sniff(head):
		return &notProfileError{name, "a report"}
	case pipeline.IsLog(head):
		return &notProfileError{name, "a log"}
	}
	return nil
}

// swapped explains the error of a profile that cannot be read where it is
// something else, or where the log is a profile: the profile comes first.
func swapped(path string, args []string, err error) error {
	var other *notProfileError
	isOther := errors.As(err, &other)
	switch {
	case len(args) > 0 && profile.Sniff(headOf(args[0])):
		what := err.Error()
		if isOther {
			what = other.plain()
		}
		return fmt.Errorf("%s (%s is a profile, and comes first: auditscan check %[2]s %s)", what, args[0], path)
	case isOther:
		return fmt.Errorf("%s, which comes first: auditscan check PROFILE %s", other.plain(), path)
	}
	return err
}

// headOf returns the beginning of a file's text; nothing of what cannot be read
// twice.
func headOf(name string) []byte {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	in, file, err := (&environment{}).openUnpacked(name)
	if err != nil {
		return nil
	}
	defer file.Close()
	head, _ := in.Peek(sniffed) // what came before an error may do
	return head
}
