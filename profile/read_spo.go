package profile

import (
	"slices"
	"strings"

	"github.com/auditscan/auditscan/internal/strictjson"
)

// spoObject is a SeccompProfile that was read.
type spoObject struct {
	name, base string
	at         *node
	document   *Document
}

// objects reads the SeccompProfile among objects of Kubernetes. Where there are
// several it is the one that is no other's base.
func (p *parser) objects(roots []*node) (*Document, error) {
	var all []spoObject
	for _, root := range roots {
		if err := p.object(root, &all); err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, &SyntaxError{File: p.file, Line: 1, Column: 1, Msg: "no SeccompProfile among these objects"}
	}
	wanted := slices.DeleteFunc(slices.Clone(all), func(o spoObject) bool {
		return slices.ContainsFunc(all, func(other spoObject) bool { return other.base == o.name && o.name != "" })
	})
	if len(wanted) != 1 {
		var names []string
		for _, o := range all {
			names = append(names, o.name)
		}
		return nil, all[0].at.Errorf("%d profiles, of which none builds on all others: put one into a file: %.200q", len(all), strings.Join(names, ", "))
	}
	return inherit(wanted[0], all)
}

// object reads a SeccompProfile, or those of a List or Template.
func (p *parser) object(n *node, all *[]spoObject) error {
	f, err := n.Fields(func(*SyntaxError) {}, "kind", "metadata", "spec", "items", "objects")
	if err != nil {
		return err
	}
	kind, err := f["kind"].Text()
	if err != nil {
		return err
	}
	switch {
	case strings.HasSuffix(kind, "List"):
		return p.objectsOf(f["items"], all)
	case kind == "Template": // of OpenShift
		return p.objectsOf(f["objects"], all)
	case kind != "SeccompProfile":
		p.note(n.Errorf("an object of kind %.40q: passed over", kind))
		return nil
	}
	if f["spec"].Absent() {
		return n.Errorf("spec is missing")
	}
	o := spoObject{at: n}
	if o.name, err = memberText(f["metadata"], "name"); err != nil {
		return err
	}
	if o.base, err = memberText(f["spec"], "baseProfileName"); err != nil {
		return err
	}
	if o.document, err = p.document(f["spec"], "baseProfileName", "disabled"); err != nil {
		return err
	}
	*all = append(*all, o)
	return nil
}

// objectsOf reads the objects of a list.
func (p *parser) objectsOf(list *node, all *[]spoObject) error {
	items, err := list.Items()
	if err != nil {
		return err
	}
	for _, item := range items {
		if err := p.object(item, all); err != nil {
			return err
		}
	}
	return nil
}

// memberText returns a member of an object that is a string; "" if there is none.
func memberText(n *node, key string) (string, error) {
	if n.Absent() {
		return "", nil
	}
	members, _ := n.Value.([]strictjson.Member)
	for _, m := range members {
		if m.Key == key {
			return m.Value.Text()
		}
	}
	return "", nil
}

// inherit adds to a profile what it has from its base, and that from its own.
func inherit(o spoObject, all []spoObject) (*Document, error) {
	d := o.document
	seen := map[string]bool{o.name: true}
	for at, base := o.at, o.base; base != ""; {
		i := slices.IndexFunc(all, func(other spoObject) bool { return other.name == base })
		if i < 0 || seen[base] {
			return nil, at.Errorf("spec.baseProfileName: %.80q is not in this file, or builds on this one: put both profiles into one file (kubectl get seccompprofile A B -o yaml)", base)
		}
		seen[base] = true
		d.Rules = append(d.Rules, all[i].document.Rules...)
		d.Architectures = sortedArches(append(d.Architectures, all[i].document.Architectures...))
		for _, flag := range all[i].document.Flags {
			if !slices.Contains(d.Flags, flag) {
				d.Flags = append(d.Flags, flag)
			}
		}
		at, base = all[i].at, all[i].base
	}
	return d, nil
}
