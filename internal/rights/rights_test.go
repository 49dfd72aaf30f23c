package rights

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// proc makes the part of a proc file system that matters.
func proc(caps, pid, user string, net ...string) fs.FS {
	m := fstest.MapFS{
		"proc/self/status":  {Data: []byte("Name:\tx\nCapPrm:\t000001ffffffffff\nCapEff:\t" + caps + "\nCapBnd:\t000001ffffffffff\n")},
		"proc/self/ns/pid":  {Data: []byte(pid), Mode: fs.ModeSymlink},
		"proc/self/ns/user": {Data: []byte(user), Mode: fs.ModeSymlink},
	}
	for _, name := range net {
		m["proc/sys/net/core/"+name] = &fstest.MapFile{Data: []byte("1")}
	}
	return m
}

const (
	hostPID  = "pid:[4026531836]"
	hostUser = "user:[4026531837]"
	other    = "pid:[4026532200]"
)

func TestRead(t *testing.T) {
	tests := []struct {
		name     string
		root     fs.FS
		want     Rights
		required []string // first words
		advised  []string
	}{
		{
			"root on the host", proc("000001ffffffffff", hostPID, hostUser, "somaxconn", "netdev_max_backlog"),
			Rights{Caps: 0x1ffffffffff, CapsKnown: true, Net: Yes, PID: Yes, User: Yes}, nil, nil,
		},
		{
			"docker's default container", proc("00000000a80425fb", other, hostUser, "somaxconn"),
			Rights{Caps: 0xa80425fb, CapsKnown: true, Net: No, PID: No, User: Yes},
			[]string{"the host's network", "CAP_AUDIT_READ"},
			[]string{"CAP_NET_ADMIN", "CAP_AUDIT_CONTROL", "the host's pid"},
		},
		{
			"root in a user namespace", proc("000001ffffffffff", hostPID, "user:[4026532199]", "somaxconn", "netdev_max_backlog"),
			Rights{Caps: 0x1ffffffffff, CapsKnown: true, Net: Yes, PID: Yes, User: No},
			[]string{"the host's user", "CAP_AUDIT_READ"},
			[]string{"CAP_NET_ADMIN", "CAP_AUDIT_CONTROL"},
		},
		{
			"only the capability to read", proc("0000002000000000", hostPID, hostUser, "netdev_max_backlog"),
			Rights{Caps: 1 << 37, CapsKnown: true, Net: Yes, PID: Yes, User: Yes}, nil,
			[]string{"CAP_NET_ADMIN", "CAP_AUDIT_CONTROL"},
		},
		{"no proc: nothing is claimed to be missing", fstest.MapFS{}, Rights{}, nil, nil},
		{
			"capabilities not a number", proc("zzz", hostPID, hostUser),
			Rights{PID: Yes, User: Yes}, nil, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Read(tt.root)
			if got != tt.want {
				t.Errorf("Read = %+v, want %+v", got, tt.want)
			}
			required, advised := got.AuditSocket()
			checkStarts(t, "required", required, tt.required)
			checkStarts(t, "advised", advised, tt.advised)
		})
	}
}

func checkStarts(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestCapabilityString(t *testing.T) {
	if got := fmt.Sprint(AuditRead, Capability(40)); got != "CAP_AUDIT_READ CAP_40" {
		t.Error(got)
	}
}
