package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// uapiDir is where linux-libc-dev has the headers of every architecture.
const uapiDir = "usr/lib/linux/uapi/"

// extractDeb writes to dir the extracts of all headers that the tables want
// of the package's release.
func extractDeb(deb, dir, release string) error {
	fields, err := output("dpkg-deb", "--showformat=${Package} ${Version}", "--show", deb)
	if err != nil {
		return err
	}
	pkg, version, _ := strings.Cut(string(fields), " ")
	wanted := map[string]*header{}
	for _, t := range tables {
		if h := t.header; h != nil && isOfRelease(version, h.wants(release)) {
			wanted[uapiDir+h.path] = h
		}
	}
	if len(wanted) == 0 {
		return fmt.Errorf("no table wants a header of %s %s", pkg, version)
	}
	files, err := readDeb(deb, wanted)
	if err != nil {
		return err
	}
	return writeExtracts(dir, pkg, version, wanted, files)
}

// readDeb returns the contents of those files of a package that are wanted.
func readDeb(deb string, wanted map[string]*header) (map[string][]byte, error) {
	archive, err := output("dpkg-deb", "--fsys-tarfile", deb)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		entry, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", deb, err)
		}
		path := strings.TrimPrefix(entry.Name, "./")
		if wanted[path] == nil {
			continue
		}
		if files[path], err = io.ReadAll(r); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", deb, path, err)
		}
	}
}

func writeExtracts(dir, pkg, version string, wanted map[string]*header, files map[string][]byte) error {
	for path, h := range wanted {
		text, ok := files[path]
		if !ok {
			return fmt.Errorf("%s %s has no %s", pkg, version, path)
		}
		calls, err := parseHeader(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		x := extract{pkg, version, path, fmt.Sprintf("%x", sha256.Sum256(text)), calls}
		if err := os.WriteFile(filepath.Join(dir, h.name+".txt"), x.format(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// definesCall matches #define __NR_name number and #define __NR_name (BASE + number).
// Names in upper case are bases and masks.
var definesCall = regexp.MustCompile(`(?m)^#define\s+__(?:ARM_)?NR_([a-z0-9_]+)\s+(?:([0-9]+)|\((\w+)\s*\+\s*([0-9]+)\))$`)

// bases are the constants that headers count from. Of MIPS only n32's header
// is wanted here.
var bases = map[string]int64{
	"":                  0,
	"__X32_SYSCALL_BIT": 0x40000000,
	"__NR_Linux":        6000,
	"__ARM_NR_BASE":     0xf0000,
}

func parseHeader(text string) ([]call, error) {
	var calls []call
	for _, m := range definesCall.FindAllStringSubmatch(text, -1) {
		base, ok := bases[m[3]]
		if !ok {
			return nil, fmt.Errorf("%s: unknown base %s", m[1], m[3])
		}
		nr, err := strconv.ParseInt(m[2]+m[4], 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m[1], err)
		}
		calls = append(calls, call{int32(base + nr), m[1]})
	}
	return calls, nil
}

// output runs a command and returns what it printed.
func output(name string, args ...string) ([]byte, error) {
	text, err := exec.Command(name, args...).Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return text, nil
}
