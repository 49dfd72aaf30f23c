package hostcheck

import (
	"testing"

	"github.com/elastic/go-libaudit/v2/rule"

	"github.com/auditscan/auditscan/internal/auditstate"
)

func TestJudgeRules(t *testing.T) {
	msgType := rule.FilterSpec{Type: rule.ValueFilterType, LHS: "msgtype", Comparator: "=", RHS: "SECCOMP"}
	other := rule.FilterSpec{Type: rule.ValueFilterType, LHS: "msgtype", Comparator: "=", RHS: "CWD"}
	user := rule.FilterSpec{Type: rule.ValueFilterType, LHS: "uid", Comparator: "=", RHS: "1000"}
	check(t, "exclude-rules", []judgement{
		{"none", judgeRules(nil, nil), OK, "no rule", ""},
		{"another type", judgeRules(exclude(t, other), nil), OK, "no rule", ""},
		{"all", judgeRules(append(exclude(t, other), exclude(t, msgType)...), nil), Problem, "all SECCOMP", "auditctl -d always,exclude -F msgtype=SECCOMP"},
		{"some", judgeRules(exclude(t, msgType, user), nil), Problem, "some SECCOMP", "auditctl -l"},
		{"denied", judgeRules(nil, eperm), Unknown, "not permitted", "root"},
	})
}

// exclude has go-libaudit make the rule.
func exclude(t *testing.T, filters ...rule.FilterSpec) []auditstate.Rule {
	t.Helper()
	wire, err := rule.Build(&rule.SyscallRule{Type: rule.AppendSyscallRuleType, List: "exclude", Action: "always", Filters: filters})
	if err != nil {
		t.Fatal(err)
	}
	r, err := auditstate.ParseRule(wire)
	if err != nil {
		t.Fatal(err)
	}
	return []auditstate.Rule{r}
}
