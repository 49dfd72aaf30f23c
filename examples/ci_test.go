package examples_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// runScript runs a line of a CI file in a directory, and returns its exit code and
// what it printed.
func runScript(t *testing.T, dir, script string, env ...string) (code int, out string) {
	t.Helper()
	cmd := exec.Command("sh", "-e", "-c", script)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + filepath.Dir(auditscan) + ":" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir()}, env...)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return code, string(text)
}

// ciFolder makes the directory of a repository with a profile, a log and this
// example in it.
func ciFolder(t *testing.T, profile string) string {
	t.Helper()
	dir := t.TempDir()
	for _, directory := range []string{"seccomp", "testdata", "examples"} {
		if err := os.Mkdir(filepath.Join(dir, directory), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "examples/ci"), os.DirFS("ci")); err != nil {
		t.Fatal(err)
	}
	for to, from := range map[string]string{"seccomp/app.json": profile, "testdata/audit.log": log, "testdata/a b.log": log} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestGitHubAction runs the steps of the action as GitHub does: with inputs in
// the environment, and a file for the summary.
func TestGitHubAction(t *testing.T) {
	needShell(t)
	data, err := os.ReadFile("ci/action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Inputs map[string]struct{ Default string }
		Runs   struct {
			Using string
			Steps []struct {
				Shell, Run string
				Env        map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(data, &action); err != nil {
		t.Fatal(err)
	}
	if action.Runs.Using != "composite" || len(action.Runs.Steps) != 1 || action.Runs.Steps[0].Shell != "sh" || strings.Contains(action.Runs.Steps[0].Run, "${{") {
		t.Fatalf("%+v", action.Runs)
	}
	step := action.Runs.Steps[0]
	for _, tt := range []struct {
		profile, logs string
		code, results int
		summary       string
	}{
		{"nginx.json", "testdata/audit.log\ntestdata/a b.log\n", 0, 0, "- seccomp/app.json allows all 430 records\n"},
		{"violation.json", "testdata/audit.log", 4, 59, "- seccomp/app.json denies 430 of 430 records\n\n| COMM | EXE |"},
	} {
		dir := ciFolder(t, tt.profile)
		inputs := map[string]string{"profile": "seccomp/app.json", "logs": tt.logs}
		env := []string{"GITHUB_STEP_SUMMARY=summary.md", "GITHUB_ACTION_PATH=" + filepath.Join(dir, "examples/ci")}
		for name, value := range step.Env {
			input := strings.TrimSuffix(strings.TrimPrefix(value, "${{ inputs."), " }}")
			set, ok := inputs[input]
			if !ok {
				set = action.Inputs[input].Default
			}
			env = append(env, name+"="+set)
		}
		code, out := runScript(t, dir, step.Run, env...)
		if code != tt.code {
			t.Errorf("%s: exit code %d, want %d:\n%s", tt.profile, code, tt.code, out)
		}
		summary, _ := os.ReadFile(filepath.Join(dir, "summary.md"))
		if !strings.HasPrefix(string(summary), tt.summary) {
			t.Errorf("%s: the summary is\n%s", tt.profile, summary)
		}
		var sarif struct{ Runs []struct{ Results []any } }
		findings, _ := os.ReadFile(filepath.Join(dir, "auditscan.sarif"))
		if err := json.Unmarshal(findings, &sarif); err != nil || len(sarif.Runs) != 1 || len(sarif.Runs[0].Results) != tt.results {
			t.Errorf("%s: %v, want %d results in\n%s", tt.profile, err, tt.results, findings)
		}
	}
}

// TestGitLabJob runs the script of the job with its variables.
func TestGitLabJob(t *testing.T) {
	needShell(t)
	data, err := os.ReadFile("ci/gitlab-ci.yml")
	if err != nil {
		t.Fatal(err)
	}
	var jobs map[string]struct {
		Variables map[string]string
		Script    []string
		Artifacts struct{ Reports struct{ JUnit string } }
	}
	if err := yaml.Unmarshal(data, &jobs); err != nil {
		t.Fatal(err)
	}
	job := jobs["seccomp"]
	var env []string
	for name, value := range job.Variables {
		env = append(env, name+"="+value)
	}
	for profile, want := range map[string]struct{ code, failures int }{"nginx.json": {0, 0}, "violation.json": {4, 59}} {
		dir := ciFolder(t, profile)
		code, out := runScript(t, dir, strings.Join(job.Script, "\n"), env...)
		if code != want.code {
			t.Errorf("%s: exit code %d, want %d:\n%s", profile, code, want.code, out)
		}
		var junit struct {
			Failures int `xml:"failures,attr"`
		}
		text, _ := os.ReadFile(filepath.Join(dir, job.Artifacts.Reports.JUnit))
		if err := xml.Unmarshal(text, &junit); err != nil || junit.Failures != want.failures {
			t.Errorf("%s: %v, %d failures, want %d", profile, err, junit.Failures, want.failures)
		}
	}
}

// TestCheckScriptRefuses: what fails is not green, whatever fails.
func TestCheckScriptRefuses(t *testing.T) {
	needShell(t)
	dir := ciFolder(t, "nginx.json")
	for name, tt := range map[string]struct {
		env  []string
		code int
	}{
		"no profile":      {[]string{"LOGS=testdata/audit.log"}, -1},
		"no log":          {[]string{"PROFILE=seccomp/app.json", "LOGS=testdata/none.log"}, 1},
		"not a profile":   {[]string{"PROFILE=testdata/audit.log", "LOGS=testdata/audit.log"}, 1},
		"no auditscan":    {[]string{"PROFILE=seccomp/app.json", "LOGS=testdata/audit.log", "AUDITSCAN=no-such-program"}, 127},
		"nothing to read": {[]string{"PROFILE=seccomp/app.json", "LOGS=examples/ci/check.sh"}, 3},
	} {
		code, out := runScript(t, dir, "sh examples/ci/check.sh", tt.env...)
		if code == 0 || tt.code > 0 && code != tt.code {
			t.Errorf("%s: exit code %d, want %d:\n%s", name, code, tt.code, out)
		}
	}
}
