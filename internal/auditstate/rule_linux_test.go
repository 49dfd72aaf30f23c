package auditstate

import (
	"encoding/binary"
	"testing"

	"github.com/elastic/go-libaudit/v2/rule"
)

const seccomp = 1326

// TestExcludes has go-libaudit encode the rules.
func TestExcludes(t *testing.T) {
	field := func(lhs, op, rhs string) rule.FilterSpec {
		return rule.FilterSpec{Type: rule.ValueFilterType, LHS: lhs, Comparator: op, RHS: rhs}
	}
	tests := []struct {
		name             string
		list, action     string
		filters          []rule.FilterSpec
		excludes, partly bool
	}{
		{"by name", "exclude", "always", []rule.FilterSpec{field("msgtype", "=", "SECCOMP")}, true, false},
		{"action never drops as well", "exclude", "never", []rule.FilterSpec{field("msgtype", "=", "SECCOMP")}, true, false},
		{"another type", "exclude", "always", []rule.FilterSpec{field("msgtype", "=", "CWD")}, false, false},
		{"all but another", "exclude", "always", []rule.FilterSpec{field("msgtype", "!=", "CWD")}, true, false},
		{"all but this", "exclude", "always", []rule.FilterSpec{field("msgtype", "!=", "SECCOMP")}, false, false},
		{"range", "exclude", "always", []rule.FilterSpec{field("msgtype", ">=", "1300"), field("msgtype", "<=", "1399")}, true, false},
		{"ends at it", "exclude", "always", []rule.FilterSpec{field("msgtype", ">", "1300"), field("msgtype", "<", "1326")}, false, false},
		{"ends with it", "exclude", "always", []rule.FilterSpec{field("msgtype", "<=", "1326")}, true, false},
		{"starts with it", "exclude", "always", []rule.FilterSpec{field("msgtype", ">=", "1326")}, true, false},
		{"ends before it", "exclude", "always", []rule.FilterSpec{field("msgtype", "<=", "1325")}, false, false},
		{"starts behind it", "exclude", "always", []rule.FilterSpec{field("msgtype", ">=", "1327")}, false, false},
		{"starts above it", "exclude", "always", []rule.FilterSpec{field("msgtype", ">", "1326")}, false, false},
		{"of one user", "exclude", "always", []rule.FilterSpec{field("uid", "=", "1000"), field("msgtype", "=", "SECCOMP")}, true, true},
		{"everything of one user", "exclude", "always", []rule.FilterSpec{field("uid", "=", "1000")}, true, true},
		{"another list", "user", "never", []rule.FilterSpec{field("msgtype", "=", "SECCOMP")}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wire, err := rule.Build(&rule.SyscallRule{Type: rule.AppendSyscallRuleType, List: tt.list, Action: tt.action, Filters: tt.filters})
			if err != nil {
				t.Fatal(err)
			}
			r, err := ParseRule(wire)
			if err != nil {
				t.Fatal(err)
			}
			excludes, partly := r.Excludes(seccomp)
			if excludes != tt.excludes || excludes && partly != tt.partly {
				t.Errorf("excludes %v, partly %v; want %v, %v", excludes, partly, tt.excludes, tt.partly)
			}
		})
	}
}

func TestExcludesBits(t *testing.T) {
	tests := []struct {
		op, value uint32
		want      bool
	}{
		{opBitMask, 0x30, true}, // 1326 is 0x52e
		{opBitMask, 0x10, false},
		{opTest, 0x22, true},
		{opTest, 0x23, false},
		{0x7f, seccomp, false}, // no such operator
	}
	for _, tt := range tests {
		r := Rule{Exclude: true, fields: []field{{fieldMsgType, tt.op, tt.value}}}
		if got, _ := r.Excludes(seccomp); got != tt.want {
			t.Errorf("op %#x value %#x: %v, want %v", tt.op, tt.value, got, tt.want)
		}
	}
}

func TestExcludesWithoutFields(t *testing.T) {
	if got, _ := (Rule{Exclude: true}).Excludes(seccomp); got {
		t.Error("a rule without fields matches nothing")
	}
}

func TestParseRuleRefuses(t *testing.T) {
	if _, err := ParseRule(make([]byte, ruleHeader-1)); err == nil {
		t.Error("a short rule was accepted")
	}
	b := make([]byte, ruleHeader)
	binary.NativeEndian.PutUint32(b[8:], 65)
	if _, err := ParseRule(b); err == nil {
		t.Error("65 fields were accepted")
	}
}

func FuzzParseRule(f *testing.F) {
	wire, err := rule.Build(&rule.SyscallRule{Type: rule.AppendSyscallRuleType, List: "exclude", Action: "always",
		Filters: []rule.FilterSpec{{Type: rule.ValueFilterType, LHS: "msgtype", Comparator: "=", RHS: "SECCOMP"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(wire))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRule(b)
		if err != nil {
			return
		}
		excludes, _ := r.Excludes(seccomp)
		if excludes && (!r.Exclude || len(r.fields) == 0) {
			t.Errorf("%+v excludes", r)
		}
	})
}
