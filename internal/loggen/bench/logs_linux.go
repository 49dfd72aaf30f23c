package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/auditscan/auditscan/internal/loggen"
)

func (b *bench) path(log string) string { return filepath.Join(b.dir, log) }

func (b *bench) bytes(log string) int64 {
	info, err := os.Stat(b.path(log))
	if err != nil {
		return 0
	}
	return info.Size()
}

// missing names the program that a row needs and that is not installed.
func (b *bench) missing(peer, log string) string {
	need := []string{peer}
	if c := compressor(log); c != "" {
		need = append(need, c)
	}
	for _, name := range need {
		if _, err := exec.LookPath(name); err != nil {
			return name
		}
	}
	return ""
}

func compressor(log string) string {
	return map[string]string{".gz": "gzip", ".zst": "zstd"}[filepath.Ext(log)]
}

// makeLogs makes the logs, their parts and their compressed forms.
func (b *bench) makeLogs() error {
	for name, size := range map[string]int64{"audit.log": b.size, "syslog1.log": b.size, "syslog30.log": b.size, "tenth.log": b.size / 10, "filebeat.log": b.size, "part.log": b.part()} {
		kind := loggen.Kind(strings.TrimSuffix(name, ".log"))
		if name == "tenth.log" || name == "part.log" {
			kind = loggen.Audit
		}
		if err := b.generate(name, kind, size); err != nil {
			return err
		}
	}
	if err := appendTo(b.path("audit.log"), []byte(last)); err != nil {
		return err
	}
	for _, suffix := range []string{".gz", ".zst"} {
		if b.missing("true", suffix) != "" {
			continue
		}
		if err := b.output("audit.log"+suffix, compressor(suffix), "-c", b.path("audit.log")); err != nil {
			return err
		}
		if err := b.set(suffix); err != nil {
			return err
		}
	}
	if err := b.output("events.ndjson", b.bin, "report", "-q", "-o", "ndjson", b.path("audit.log")); err != nil {
		return err
	}
	if err := b.output("part.ndjson", b.bin, "report", "-q", "-o", "ndjson", b.path("part.log")); err != nil {
		return err
	}
	syscall.Sync() // the kernel would write them to disk while others are measured
	return nil
}

// set makes a directory of compressed files of the size at which auditd rotates.
func (b *bench) set(suffix string) error {
	log, err := os.ReadFile(b.path("audit.log"))
	if err != nil {
		return err
	}
	dir := "set" + suffix
	if err := os.Mkdir(b.path(dir), 0o755); err != nil {
		return err
	}
	for i := 0; len(log) > 0; i++ {
		n := bytes.LastIndexByte(log[:min(len(log), 8<<20)], '\n') + 1
		name := fmt.Sprintf("%s/audit.log.%03d", dir, i)
		if err := os.WriteFile(b.path(name), log[:n], 0o644); err != nil {
			return err
		}
		if err := b.output(name+suffix, compressor(suffix), "-c", b.path(name)); err != nil {
			return err
		}
		if err := os.Remove(b.path(name)); err != nil {
			return err
		}
		log = log[n:]
	}
	return nil
}

func (b *bench) generate(name string, kind loggen.Kind, size int64) error {
	f, err := os.Create(b.path(name))
	if err != nil {
		return err
	}
	defer f.Close()
	return loggen.Write(f, kind, size, 1)
}

// output keeps what a command writes.
func (b *bench) output(name, command string, args ...string) error {
	f, err := os.Create(b.path(name))
	if err != nil {
		return err
	}
	defer f.Close()
	cmd := exec.Command(command, args...)
	cmd.Stdout, cmd.Stderr = f, io.Discard
	return cmd.Run()
}

// head tells where and with what was measured.
func (b *bench) head() error {
	fmt.Fprintf(&b.text, "# Benchmarks\n\nWritten by `make bench SIZE=%d`, which repeats them: logs of %d MB from a seeded generator (`internal/loggen`), the slow\n"+
		"peers (ausearch, aureport, jq) on %d MB, page cache warm, medians of %d runs after one that does not count, the two of a\n"+
		"pair in turn, and all pairs once before any again. Where others use the machine too, CPU (user and system time) says more than wall time.\n\n## Machine\n\n", b.size, b.size/1e6, b.part()/1e6, b.runs)
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err
	}
	fmt.Fprintf(&b.text, "* %s, %d cores, load before the start %s (more than 0: others used the machine)\n* %s %s/%s\n", cpuModel(), runtime.NumCPU(), strings.Fields(string(load))[0], runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, peer := range []string{"rg", "ausearch", "gzip", "zstd", "jq"} {
		fmt.Fprintf(&b.text, "* %s\n", version(peer))
	}
	return nil
}

func cpuModel() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown CPU"
	}
	_, model, _ := bytes.Cut(info, []byte("model name"))
	model, _, _ = bytes.Cut(model, []byte("\n"))
	return strings.TrimLeft(string(model), "\t: ")
}

// version is the first line of what a program says of itself.
func version(name string) string {
	out, err := exec.Command(name, "--version").CombinedOutput()
	if err != nil && len(out) == 0 {
		return name + " is not installed: skipped"
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.Trim(line, "* ")
}
