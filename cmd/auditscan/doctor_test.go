package main

import (
	"testing"

	"github.com/auditscan/auditscan/internal/hostcheck"
)

// TestDoctorHeadline: nothing is lost only where no check says otherwise.
func TestDoctorHeadline(t *testing.T) {
	for _, tt := range []struct {
		ready  bool
		status []hostcheck.Status
		want   string
	}{
		{true, []hostcheck.Status{hostcheck.OK, hostcheck.OK}, "ready: recording here loses nothing"},
		{true, []hostcheck.Status{hostcheck.OK, hostcheck.Warning}, "ready, but a load or another source can lose records (warnings: 1)"},
		{false, []hostcheck.Status{hostcheck.Warning, hostcheck.Problem}, "not ready: recording here can lose records (problems: 1)"},
		{false, []hostcheck.Status{hostcheck.Unknown}, "not ready: recording here can lose records (problems: 0)"},
	} {
		r := hostcheck.Report{Ready: tt.ready}
		for _, s := range tt.status {
			r.Checks = append(r.Checks, hostcheck.Check{Status: s})
		}
		if got := doctorHeadline(r).Text; got != tt.want {
			t.Errorf("%+v: %q, want %q", tt, got, tt.want)
		}
	}
}
