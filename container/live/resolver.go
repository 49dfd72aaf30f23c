package live

import (
	"cmp"
	"os"
	"sync"
	"time"

	"github.com/auditscan/auditscan/container"
)

// Resolver finds the names of containers in what their runtimes leave on
// disk: no API, no socket, no right but to read. What it has found stays
// known when the container is gone and its files with it, for the last
// 4,096 containers asked for.
//
// A Resolver may be used by several goroutines.
type Resolver struct {
	mu       sync.Mutex
	files    files
	now      func() time.Time
	cache    map[string]*named
	oldest   []string       // keys of cache in order of arrival
	pods     map[string]pod // by uid
	claims   claims
	problems container.Problems
}

// named is a cached answer. Names may be written only after the container
// has started, so an answer without a name is asked for again, more and more
// rarely.
type named struct {
	identity container.Identity
	next     time.Time
	wait     time.Duration // 0: the answer is final
}

type pod struct{ name, namespace string }

const (
	maxNamed  = 4096
	firstWait = 250 * time.Millisecond
	maxWait   = time.Minute
)

// NewResolver returns a Resolver for the host whose file system is at root:
// "/", or where it is mounted inside a container. Symbolic links out of root
// are not followed.
func NewResolver(root string) (*Resolver, error) {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	return &Resolver{
		files: files{dir},
		now:   time.Now,
		cache: map[string]*named{},
		pods:  map[string]pod{},
	}, nil
}

// Close releases the root directory.
func (r *Resolver) Close() error {
	if r.files.root == nil {
		return nil
	}
	return r.files.root.Close()
}

// Problems returns what could not be read so far, each problem once. A file
// that is not there is none.
func (r *Resolver) Problems() []container.Problem {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.problems.List()
}

// identify returns what is known about the container of ref; at least its ID,
// which is ref.ID or ref.Name. Via is left empty.
func (r *Resolver) identify(ref container.Ref) container.Identity {
	id := container.Identity{ID: ref.Name, Name: ref.Name, Runtime: ref.Runtime}
	if ref.ID != "" {
		id = r.identifyContainer(ref.Owner())
	}
	id.Nested = ref.Inner
	return id
}

func (r *Resolver) identifyContainer(ref container.Ref) container.Identity {
	r.mu.Lock()
	defer r.mu.Unlock()
	// One user's container never takes another's names, nor the host's.
	key := ref.User + "/" + ref.ID
	known := r.cache[key]
	if known == nil {
		known = &named{}
		r.remember(key, known)
	} else if known.wait == 0 || r.now().Before(known.next) {
		return known.identity
	}
	r.resolve(known, ref)
	return known.identity
}

func (r *Resolver) remember(key string, n *named) {
	if len(r.oldest) == maxNamed {
		delete(r.cache, r.oldest[0])
		r.oldest = r.oldest[1:]
	}
	r.cache[key] = n
	r.oldest = append(r.oldest, key)
}

func (r *Resolver) resolve(n *named, ref container.Ref) {
	d := r.lookup(ref)
	n.identity = r.identity(ref, d)
	switch {
	case d.name != "":
		n.wait = 0
	case n.wait == 0:
		n.wait = firstWait
	default:
		n.wait = min(2*n.wait, maxWait)
	}
	n.next = r.now().Add(n.wait)
}

// details is what one place on disk tells about a container.
type details struct {
	name, image    string
	pod, namespace string
	podUID         string
	sandbox        bool              // the pause container itself
	sandboxID      string            // of the pod that the container is in
	labels         map[string]string // of the pod, or of the container alone
	runtime        string
}

func (d details) isZero() bool {
	return d.name == "" && d.image == "" && d.pod == "" && d.runtime == "" && len(d.labels) == 0
}

// fill takes from other what d does not know.
func (d *details) fill(other details) {
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&d.name, other.name}, {&d.image, other.image},
		{&d.pod, other.pod}, {&d.namespace, other.namespace}, {&d.podUID, other.podUID},
		{&d.sandboxID, other.sandboxID}, {&d.runtime, other.runtime},
	} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
	d.sandbox = d.sandbox || other.sandbox
	if len(d.labels) == 0 {
		d.labels = other.labels
	}
}

// identity puts together what the disk and the cgroup path told.
func (r *Resolver) identity(ref container.Ref, d details) container.Identity {
	uid := cmp.Or(d.podUID, ref.PodUID)
	switch {
	case uid == "" || ref.User != "":
	case d.pod == "":
		d.pod, d.namespace = r.pods[uid].name, r.pods[uid].namespace
	default:
		r.rememberPod(uid, pod{d.pod, d.namespace})
	}
	id := container.Identity{
		ID: ref.ID, Name: d.name, Image: d.image,
		Pod: d.pod, Namespace: d.namespace,
		Runtime: cmp.Or(ref.Runtime, d.runtime),
	}
	if ref.User != "" {
		id.Manager = ref.UserManager().Name
	}
	if d.sandbox {
		id.Name = container.PauseName
		return id
	}
	id.Workload, id.WorkloadGuessed = container.Workload(d.pod, d.labels)
	return id
}

// rememberPod keeps the pod of a uid, for containers that are known by their
// pod's cgroup alone. There are never more pods than containers.
func (r *Resolver) rememberPod(uid string, p pod) {
	if len(r.pods) >= maxNamed {
		clear(r.pods)
	}
	r.pods[uid] = p
}
