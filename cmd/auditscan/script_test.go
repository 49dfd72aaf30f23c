package main

import (
	"compress/gzip"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/ulikunitz/xz"

	"github.com/auditscan/auditscan/internal/corpustest"
)

var update = flag.Bool("update", false, "rewrite what the scripts in testdata/script expect")

// TestMain makes the test binary the command auditscan for scripts and for
// whatever is started from these tests.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"auditscan": main, "kubectl-auditscan": main})
}

// TestScript runs testdata/script/*.txtar, one file a topic. Each has the real
// records of testdata/corpus in the directory corpus, and the commands below.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TZ", "UTC")
			env.Setenv("ESC", "\x1b") // for names of files
			return os.CopyFS(filepath.Join(env.WorkDir, "corpus"), os.DirFS(corpustest.Corpus.Path(t, "")))
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "mountns":
				return exec.Command("unshare", "--mount", "true").Run() == nil, nil
			case "zones":
				_, err := time.LoadLocation("Europe/Berlin")
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"cut":      cut,
			"compress": compress,
			"harmless": harmless,
			"atmost":   atMost,
			"unhex":    unhex,
		},
	})
}

// exits CODE PROGRAM ARG... runs a program that must end with the code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG]...")
	}
	got, exit := 0, (*exec.ExitError)(nil)
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want := args[0]; strconv.Itoa(got) != want {
		ts.Fatalf("exit code %d, want %s", got, want)
	}
}

// cut FILE SIZE keeps the first bytes of a file.
func cut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut FILE SIZE")
	}
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

// unhex FROM TO writes the bytes that FROM has in hex.
func unhex(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: unhex FROM TO")
	}
	data, err := hex.DecodeString(strings.TrimSpace(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o644))
}

// atmost COUNT FILE fails if the file has more lines.
func atMost(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: atmost COUNT FILE")
	}
	most, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := strings.Count(ts.ReadFile(args[1]), "\n"); got > most {
		ts.Fatalf("%s has %d lines, more than %d", args[1], got, most)
	}
}

// compress FROM TO writes TO in the format that its suffix names.
func compress(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: compress FROM TO.gz|TO.xz|TO.zst")
	}
	f, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	defer f.Close()
	data := []byte(ts.ReadFile(args[0]))
	switch filepath.Ext(args[1]) {
	case ".gz":
		w := gzip.NewWriter(f)
		_, err = w.Write(data)
		err = errors.Join(err, w.Close())
	case ".xz":
		w, werr := xz.NewWriter(f)
		ts.Check(werr)
		_, err = w.Write(data)
		err = errors.Join(err, w.Close())
	case ".zst":
		w, werr := zstd.NewWriter(f)
		ts.Check(werr)
		_, err = w.Write(data)
		err = errors.Join(err, w.Close())
	default:
		ts.Fatalf("compress: no format for %s", args[1])
	}
	ts.Check(err)
}

// harmless FILE... fails on control bytes other than the newline, and on the
// characters that turn text around.
func harmless(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: harmless FILE...")
	}
	for _, name := range args {
		for i, r := range ts.ReadFile(name) {
			if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				ts.Fatalf("%s holds %U at byte %d", name, r, i)
			}
		}
	}
}
