// Command constants writes forms/constants.txt: the numbers of the names that
// policies of minijail compare arguments with, from the source of
// golang.org/x/sys. A name whose number differs between architectures has a *.
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const module = "golang.org/x/sys"

// prefixes are those of names that arguments of calls have.
var prefixes = []string{
	"AF_", "ARCH_", "AT_", "CLOCK_", "CLONE_", "EFD_", "EPOLL_", "FD_", "FIO", "FS_IOC_", "FUTEX_", "F_", "GRND_", "IN_", "IPPROTO_", "IP_", "KEYCTL_",
	"LOCK_", "MADV_", "MAP_", "MCL_", "MFD_", "MNT_", "MREMAP_", "MSG_", "MS_", "NETLINK_", "O_", "PF_", "PRIO_", "PROT_", "PR_", "PTRACE_",
	"RLIMIT_", "RUSAGE_", "RWF_", "SCHED_", "SECCOMP_", "SEEK_", "SHUT_", "SIG", "SIOC", "SOCK_", "SOL_", "SO_", "SPLICE_", "STATX_", "S_I",
	"TCGET", "TCSET", "TCP_", "TCX", "TFD_", "TIOC", "TUN", "UMOUNT_", "WALL", "WEXITED", "WNOHANG", "WNOWAIT", "WSTOPPED",
}

// others are architectures that stand for all that number some names their own
// way.
var others = []string{"arm", "arm64", "mips64le", "ppc64le", "riscv64", "s390x"}

func main() {
	text, err := table()
	if err == nil {
		err = os.WriteFile("forms/constants.txt", text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "constants:", err)
		os.Exit(1)
	}
}

func table() ([]byte, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", module).Output()
	if err != nil {
		return nil, err
	}
	version, dir, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	names, err := constants(dir, "amd64")
	if err != nil {
		return nil, err
	}
	differ := map[string]bool{}
	for _, arch := range others {
		other, err := constants(dir, arch)
		if err != nil {
			return nil, err
		}
		for name, value := range names {
			differ[name] = differ[name] || other[name] != value
		}
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s %s\n", module, version)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		mark := ""
		if differ[name] {
			mark = " *"
		}
		fmt.Fprintf(&text, "%s %#x%s\n", name, names[name], mark)
	}
	return text.Bytes(), nil
}

// constants returns the wanted constants of an architecture.
func constants(dir, arch string) (map[string]uint64, error) {
	names := map[string]uint64{}
	for _, file := range []string{"zerrors_linux.go", "zerrors_linux_" + arch + ".go", "ztypes_linux.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, "unix", file), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
				return true
			}
			value, ok := number(spec.Values[0])
			wanted := func(prefix string) bool { return strings.HasPrefix(spec.Names[0].Name, prefix) }
			if ok && slices.ContainsFunc(prefixes, wanted) {
				names[spec.Names[0].Name] = value
			}
			return true
		})
	}
	return names, nil
}

// number returns the value of a literal, also in a conversion such as
// syscall.Signal(0x9).
func number(e ast.Expr) (uint64, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		v, err := strconv.ParseUint(e.Value, 0, 64)
		return v, err == nil
	case *ast.UnaryExpr:
		v, ok := number(e.X)
		return -v, ok && e.Op == token.SUB
	case *ast.CallExpr:
		if len(e.Args) == 1 {
			return number(e.Args[0])
		}
	}
	return 0, false
}
