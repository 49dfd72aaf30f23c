package profile

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
)

// Runtime names whose start-up calls a profile has to allow: a container
// runtime loads the filter first and starts the program afterwards, and some
// of the calls in between are made in few of many starts, so that no log of a
// single run shows them.
type Runtime string

// The runtimes. RuntimeAuto takes the one that is seen in the log, and all of
// them if none is.
const (
	RuntimeAuto Runtime = "auto"
	RuntimeRunc Runtime = "runc"
	RuntimeCrun Runtime = "crun"
	RuntimeNone Runtime = "none"
)

// ParseRuntime reads a runtime's name.
func ParseRuntime(s string) (Runtime, error) {
	switch r := Runtime(s); r {
	case RuntimeAuto, RuntimeRunc, RuntimeCrun, RuntimeNone:
		return r, nil
	}
	return "", fmt.Errorf("unknown runtime %q (auto, runc, crun or none)", s)
}

//go:embed runtimes/*.json
var runtimeFiles embed.FS

// startupList is a file of runtimes/: what one version of a runtime was seen
// to do after loading the filter.
type startupList struct {
	Runtime Runtime `json:"runtime"`
	Version string  `json:"version"`
	Host    string  `json:"host"`
	Source  string  `json:"source"`
	// RefusesFlags are flags with which it takes no profile at all.
	RefusesFlags []string `json:"refusesFlags,omitempty"`
	// NoNewPrivileges has the calls of starts with no_new_privs ("true"), when
	// the filter is loaded last, and without ("false"), when it comes before
	// user, capabilities and working directory are set.
	NoNewPrivileges map[string]startupMode `json:"noNewPrivileges"`
}

// startupMode is what starts of one kind came to.
type startupMode struct {
	Starts int            `json:"starts"`
	Calls  map[string]int `json:"calls"` // in how many starts each was seen
	// Needs has the calls of every start without which there is none, by the error
	// that they were denied with (the others were denied all together, too, and
	// the container started). Each has the calls that do instead, if there are any.
	Needs map[string]map[string][]string `json:"needs,omitempty"`
}

// readStartupLists returns all files of runtimes/ in the order of their names.
func readStartupLists() ([]startupList, error) {
	files, err := runtimeFiles.ReadDir("runtimes")
	if err != nil {
		return nil, err
	}
	lists := make([]startupList, len(files))
	for i, f := range files {
		data, err := runtimeFiles.ReadFile("runtimes/" + f.Name())
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(data, &lists[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	return lists, nil
}

// startup is what a profile has to allow for its runtime, and why.
type startup struct {
	why     string
	reasons map[string]string // by name
}

// startupFor chooses the start-up calls for a summary.
func startupFor(s *aggregate.Summary, o Options) (*startup, error) {
	lists, err := readStartupLists()
	if err != nil {
		return nil, err
	}
	want, seen := o.Runtime, runtimesSeen(s)
	switch {
	case want != RuntimeAuto || len(seen) > 0:
	case o.Base != nil:
		return startupOfBase(lists, o.Base)
	default:
		st := collect(lists, "true", "false")
		st.why = "no runtime's start-up is in the log: that of every known runtime was added"
		return st, nil
	}
	st := &startup{reasons: map[string]string{}}
	var whys []string
	for _, runtime := range []Runtime{RuntimeCrun, RuntimeRunc} {
		calls := seen[runtime]
		if want != runtime && (want != RuntimeAuto || calls == nil) {
			continue
		}
		mine := slices.DeleteFunc(slices.Clone(lists), func(l startupList) bool { return l.Runtime != runtime })
		modes, how := modesSeen(mine, calls, s.Completeness.Verdict)
		maps.Copy(st.reasons, collect(mine, modes...).reasons)
		whys = append(whys, fmt.Sprintf("%s, %s", runtime, how))
	}
	st.why = strings.Join(whys, "; ")
	return st, nil
}

// runtimesSeen returns the calls that each runtime made between loading the
// filter and starting the program, under SCMP_ACT_LOG.
func runtimesSeen(s *aggregate.Summary) map[Runtime]map[string]bool {
	seen := map[Runtime]map[string]bool{}
	for i := range s.Groups {
		runtime := runtimeOf(&s.Groups[i])
		if runtime == RuntimeNone {
			continue
		}
		for name := range loggedNames(&s.Groups[i]) {
			if seen[runtime] == nil {
				seen[runtime] = map[string]bool{}
			}
			seen[runtime][name] = true
		}
	}
	return seen
}

// runtimeOf reports whether a group is a container runtime that has not become
// the program yet, and which. runc names its process so. crun keeps its name,
// wherever it is installed, and runs as / or /proc/self/exe from a copy of
// itself, where a thread may have a name that begins so.
func runtimeOf(g *aggregate.Group) Runtime {
	switch {
	case strings.HasPrefix(g.Comm, "runc:["):
		return RuntimeRunc
	case g.Comm == "crun",
		strings.HasPrefix(g.Comm, "crun") && (g.Exe == "/" || g.Exe == "/proc/self/exe" || path.Base(g.Exe) == "crun"):
		return RuntimeCrun
	}
	return RuntimeNone
}

// modesSeen tells from the calls that were seen whether the starts had
// no_new_privs set. It takes a missing call for a sign only if the log is not
// known to be incomplete.
func modesSeen(lists []startupList, seen map[string]bool, verdict aggregate.Verdict) (modes []string, how string) {
	both := []string{"true", "false"}
	for _, name := range earlyOnly(lists) {
		if seen[name] {
			return both, "as seen in the log, no_new_privs off"
		}
	}
	switch {
	case len(seen) == 0:
		return both, "not seen in the log, with and without no_new_privs"
	case verdict == aggregate.Incomplete:
		return both, "as seen in the log, which is incomplete: with and without no_new_privs"
	}
	return both[:1], "as seen in the log, no_new_privs on"
}

// earlyOnly returns the calls that every start without no_new_privs makes and
// none with it.
func earlyOnly(lists []startupList) []string {
	late := collect(lists, "true").reasons
	var names []string
	for _, l := range lists {
		early := l.NoNewPrivileges["false"]
		for name, n := range early.Calls {
			if _, ok := late[name]; !ok && n == early.Starts {
				names = append(names, name)
			}
		}
	}
	return names
}

// collect unites lists and gives each call its reason.
func collect(lists []startupList, modes ...string) *startup {
	type tally struct {
		seen, starts int
		versions     []string
	}
	calls := map[string]*tally{}
	for _, l := range lists {
		for _, mode := range modes {
			m := l.NoNewPrivileges[mode]
			for name, seen := range m.Calls {
				t := calls[name]
				if t == nil {
					t = &tally{}
					calls[name] = t
				}
				t.seen += seen
				t.starts += m.Starts
				if version := string(l.Runtime) + " " + l.Version; !slices.Contains(t.versions, version) {
					t.versions = append(t.versions, version)
				}
			}
		}
	}
	st := &startup{reasons: map[string]string{}}
	for name, t := range calls {
		st.reasons[name] = fmt.Sprintf("start-up after loading the filter: seen in %d of %d starts of %s", t.seen, t.starts, strings.Join(t.versions, ", "))
	}
	return st
}
