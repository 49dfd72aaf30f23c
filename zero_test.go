package auditscan_test

import (
	"context"
	"fmt"
	"go/ast"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan"
	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/container/live"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/profile/bpf"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source"
	"github.com/auditscan/auditscan/syscalltable"
)

// zeros are values of all exported types that have methods.
func zeros() []any {
	return []any{
		new(auditscan.Loss),
		new(aggregate.Call), new(aggregate.Filter), new(aggregate.Group), new(aggregate.Instant), new(aggregate.Key), new(aggregate.KeySet),
		new(aggregate.Millis), new(aggregate.Runs), new(aggregate.Summary),
		new(bpf.ConflictError), new(bpf.Filter), new(bpf.Op), new(bpf.Policy), new(bpf.SizeError), new(bpf.Tree),
		new(container.Identity), new(container.Map), new(container.Problem), new(container.Problems), new(container.Process), new(container.Ref),
		new(event.Event),
		new(live.Asker), new(live.Limit), new(live.MapWriter), new(live.Resolver), new(live.Tracker), new(live.Hold[int]),
		new(parser.Encoding), new(parser.Form), new(parser.Item), new(parser.Layout), new(parser.LossKind), new(parser.Parser),
		new(parser.Record), new(parser.Stamp), new(parser.Text),
		new(profile.Amendment), new(profile.Answer), new(profile.ArchNames), new(profile.CheckResult), new(profile.CheckedCall),
		new(profile.Denied), new(profile.DiffResult), new(profile.Document), new(profile.Effect), new(profile.Index), new(profile.Inspection), new(profile.KernelVersion),
		new(profile.LibseccompVersion), new(profile.Options), new(profile.Discovery), new(profile.Outcome), new(profile.Policy), new(profile.Result),
		new(profile.Start), new(profile.Unresolved),
		new(report.EventWriter),
		new(source.DamageError), new(source.Follower), new(source.JournalStream), new(source.Queue), new(source.Reader), new(source.Writers),
		new(syscalltable.Action), new(syscalltable.Arch),
	}
}

// TestZeroValues calls every exported method of a zero value with zero
// arguments: none panics.
func TestZeroValues(t *testing.T) {
	for _, zero := range zeros() {
		v := reflect.ValueOf(zero)
		for i := range v.NumMethod() {
			name := v.Type().Elem().String() + "." + v.Type().Method(i).Name
			t.Run(name, func(t *testing.T) {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("panics: %v", p)
					}
				}()
				v.Method(i).Call(zeroArguments(v.Method(i).Type()))
			})
		}
	}
}

func zeroArguments(f reflect.Type) []reflect.Value {
	var args []reflect.Value
	for i := range f.NumIn() {
		switch in := f.In(i); {
		case f.IsVariadic() && i == f.NumIn()-1:
		case in == reflect.TypeFor[context.Context]():
			done, end := context.WithCancel(context.Background())
			end()
			args = append(args, reflect.ValueOf(done))
		case in == reflect.TypeFor[io.Writer]():
			args = append(args, reflect.ValueOf(io.Discard))
		case in.Kind() == reflect.Pointer:
			args = append(args, reflect.New(in.Elem()))
		default:
			args = append(args, reflect.Zero(in))
		}
	}
	return args
}

// TestZerosAreAll: a type that gets methods is tested, too.
func TestZerosAreAll(t *testing.T) {
	var tested []string
	for _, zero := range zeros() {
		name, _, _ := strings.Cut(reflect.TypeOf(zero).Elem().String(), "[")
		tested = append(tested, name)
	}
	for _, f := range goFiles(t) {
		if strings.Contains(f.pkg, "internal") || f.ast.Name.Name == "main" {
			continue
		}
		for _, decl := range f.ast.Decls {
			d, ok := decl.(*ast.FuncDecl)
			if !ok || !d.Name.IsExported() || !ast.IsExported(receiver(d)) {
				continue
			}
			if name := fmt.Sprintf("%s.%s", f.ast.Name.Name, receiver(d)); !slices.Contains(tested, name) {
				t.Errorf("%s has methods and is not tested", name)
				tested = append(tested, name)
			}
		}
	}
}
