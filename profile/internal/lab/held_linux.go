package lab

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Held is a container whose program runs and makes no call, so that no filter
// keeps it from running.
type Held struct {
	PID    int // of the program, on the host
	remove func() error
}

// spinner is that program's name.
const spinner = "spinner"

// HoldBundle makes a bundle for [Bundle.Hold].
func HoldBundle(dir string) (*Bundle, error) {
	program := filepath.Join(dir, spinner)
	if err := os.WriteFile(program, spinnerELF(), 0o755); err != nil {
		return nil, err
	}
	return NewBundle(dir, map[string]string{spinner: program})
}

// spinnerELF is a program of x86_64 that jumps to where it is.
func spinnerELF() []byte {
	const base, head = 0x400000, 64 + 56
	code := []byte{0xeb, 0xfe}
	var out bytes.Buffer
	write := func(v any) { _ = binary.Write(&out, binary.LittleEndian, v) } // a buffer takes all
	h := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: 1, Entry: base + head, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1}
	copy(h.Ident[:], elf.ELFMAG+"\x02\x01\x01")
	size := uint64(head + len(code))
	write(h)
	write(elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: base, Paddr: base, Filesz: size, Memsz: size, Align: 0x1000})
	write(code)
	return out.Bytes()
}

// Hold creates and starts a container, and returns when its program runs. Remove
// it then.
func (b *Bundle) Hold(ctx context.Context, c Container) (*Held, error) {
	c.Args = []string{"/" + spinner}
	create, err := b.command(ctx, c, "create", "--bundle", b.dir)
	if err != nil {
		return nil, err
	}
	said, err := os.CreateTemp(b.dir, "stderr") // a pipe the container would hold open
	if err != nil {
		return nil, err
	}
	defer os.Remove(said.Name())
	defer said.Close()
	create.Stderr = said
	id := create.Args[len(create.Args)-1]
	h := &Held{remove: func() error {
		return exec.Command(c.Runtime, append(b.global(c.Runtime), "delete", "--force", id)...).Run()
	}}
	err = create.Run()
	if err == nil {
		err = b.begin(ctx, c.Runtime, id, h)
	}
	if err != nil {
		text, _ := os.ReadFile(said.Name())
		_ = h.remove() // there may be nothing to remove
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(text))
	}
	return h, nil
}

// begin starts what was created.
func (b *Bundle) begin(ctx context.Context, runtime, id string, h *Held) (err error) {
	if h.PID, err = b.pid(ctx, runtime, id); err != nil {
		return err
	}
	pidfd, err := unix.PidfdOpen(h.PID, 0)
	if err != nil {
		return err
	}
	defer unix.Close(pidfd)
	if out, err := exec.CommandContext(ctx, runtime, append(b.global(runtime), "start", id)...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s start: %w: %s", runtime, err, out)
	}
	for ctx.Err() == nil {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", h.PID))
		if string(name) == spinner+"\n" {
			return nil
		}
		if n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, 2); n > 0 {
			return fmt.Errorf("%s has ended before the program was there: %v", runtime, err)
		}
	}
	return ctx.Err()
}

// Remove ends the container.
func (h *Held) Remove() error { return h.remove() }
