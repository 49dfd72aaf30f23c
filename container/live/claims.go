package live

import (
	"fmt"

	"github.com/auditscan/auditscan/container"
)

// claims are the names that users and containers gave to cgroups in their own
// parts of the tree, where they can claim to be anybody.
type claims struct {
	settled map[container.Ref]container.Ref
	made    map[container.Ref]map[string]bool // by the one who made them
	hosts   map[string]bool                   // ids that the host's own runtimes gave
}

const (
	// maxMade bounds how many containers one user, or one container or service
	// of the host, is believed to have inside. Each becomes a group of a report.
	maxMade = 1024
	// maxHostIDs bounds the ids that are remembered after their containers
	// have gone, 100 bytes each.
	maxHostIDs = 1 << 16
)

// Settle returns the container or service that a process in ref counts for.
// Whoever has a part of the cgroup tree can name a cgroup in it after another's
// container. Such a name is refused, as are those beyond the first 1,024 that
// one owner has made: the process then counts for the owner alone.
func (r *Resolver) Settle(ref container.Ref) container.Ref {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ref.User == "" && ref.ID != "" {
		r.claims.addHost(ref.ID)
	}
	if ref.Inner == "" && (ref.User == "" || ref.ID == "") {
		return ref // nobody but root makes such a path
	}
	settled, ok := r.claims.settled[ref]
	if !ok {
		settled = r.settle(ref)
		if r.claims.settled == nil || len(r.claims.settled) >= maxNamed {
			r.claims.settled = map[container.Ref]container.Ref{}
		}
		r.claims.settled[ref] = settled
	}
	return settled
}

func (r *Resolver) settle(ref container.Ref) container.Ref {
	if ref.User != "" && ref.ID != "" && !r.accept(ref.UserManager(), ref.ID) {
		return ref.UserManager()
	}
	if ref.Inner != "" && !r.accept(ref.Owner(), ref.Inner) {
		return ref.Owner()
	}
	return ref
}

// accept reports whether an owner may have something of that name inside.
func (r *Resolver) accept(owner container.Ref, name string) bool {
	c := &r.claims
	if c.made == nil || len(c.made) >= maxNamed {
		c.made = map[container.Ref]map[string]bool{}
	}
	made := c.made[owner]
	if made == nil {
		made = map[string]bool{}
		c.made[owner] = made
	}
	if len(made) >= maxMade && !made[name] {
		r.problems.Add(container.Problem{Name: "cgroups in " + owner.ID + owner.Name,
			Detail: fmt.Sprintf("more than %d containers were made there: the others are not told apart", maxMade)})
		return false
	}
	made[name] = true
	return !container.ValidID(name) || !r.isOfHost(name)
}

// isOfHost reports whether a runtime of the host itself, not one inside of a
// container or of a user, has or had a container with an id.
func (r *Resolver) isOfHost(id string) bool {
	if !r.claims.hosts[id] && !r.lookup(container.Ref{ID: id}).isZero() {
		r.claims.addHost(id)
	}
	return r.claims.hosts[id]
}

func (c *claims) addHost(id string) {
	if c.hosts[id] {
		return
	}
	if c.hosts == nil || len(c.hosts) >= maxHostIDs {
		c.hosts = map[string]bool{}
	}
	c.hosts[id] = true
}
