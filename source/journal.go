package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	journalQueue    = 4 << 20          // bytes of lines; beyond that journalctl has to wait
	journalRetries  = 5                // in a row that give nothing
	journalPause    = time.Second / 10 // before the first of them; doubled every time
	journalPatience = 2 * time.Second  // from SIGTERM to SIGKILL
	journalMessages = 20               // of journalctl itself that are handed on
)

// JournalOptions says where a [JournalStream] begins.
type JournalOptions struct {
	// Cursor is where an earlier stream ended; this one continues right after
	// it.
	Cursor string
	// Since is the time to begin at if there is no Cursor, in full seconds;
	// zero is the oldest entry there is.
	Since time.Time
	// Tail is how many entries there are to be before those that come, if there
	// is neither Cursor nor Since; 0: all.
	Tail int
	// Directory holds the journal files to follow instead of the host's.
	Directory string
}

// JournalStream follows the systemd journal through the command journalctl:
// entries of the audit and kernel transports and journald's own messages, as
// lines of JSON. It is a [Stream].
type JournalStream struct {
	queue  *Queue
	cursor string // of the last entry that Next has handed out
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// Journal starts to follow the journal. Close ends journalctl and waits for
// it; should this process be killed, the kernel ends it. A journalctl that
// ends by itself is started again where it was.
func Journal(opts JournalOptions) (*JournalStream, error) {
	s, err := startJournal(opts, journalPause)
	if err == nil && opts.Directory == "" {
		if err := systemJournal("/"); err != nil {
			s.queue.Note(Note{Kind: Info, Detail: fmt.Sprintf("little or nothing will come from the journal: %v", err)})
		}
	}
	return s, err
}

func startJournal(opts JournalOptions, pause time.Duration) (*JournalStream, error) {
	path, err := exec.LookPath("journalctl")
	if err != nil {
		return nil, fmt.Errorf("the journal cannot be read without journalctl (is systemd installed?): %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &JournalStream{queue: NewQueue(journalQueue), cursor: opts.Cursor, stop: stop}
	j := journalctl{queue: s.queue, path: path, opts: opts, cursor: opts.Cursor, messages: journalMessages}
	s.done.Go(func() { s.queue.Finish(j.run(ctx, pause)) })
	return s, nil
}

// Name is what reports call the input.
func (s *JournalStream) Name() string { return JournalName }

// Cursor returns the place after what Next has returned, for the options of a
// later stream; "" if nothing was returned yet.
func (s *JournalStream) Cursor() string { return s.cursor }

// Next waits for lines or a note.
func (s *JournalStream) Next(ctx context.Context) (Chunk, error) {
	if s.queue == nil {
		return Chunk{}, io.EOF
	}
	c, err := s.queue.Next(ctx)
	if n := len(c.Lines); n > 0 {
		last := c.Lines[bytes.LastIndexByte(c.Lines[:n-1], '\n')+1:]
		if cursor := cursorOf(last); cursor != "" {
			s.cursor = cursor
		}
	}
	return c, err
}

// Close ends journalctl. What it has written so far can still be read.
func (s *JournalStream) Close() error {
	if s.stop == nil { // a zero JournalStream
		return nil
	}
	s.stop()
	s.done.Wait()
	return nil
}

// journalctl is the child process and those that replace it.
type journalctl struct {
	queue    *Queue
	path     string
	opts     JournalOptions
	cursor   string // of the last entry that was received
	messages int    // of its own that may still be handed on
	said     string // the last of them
}

// run keeps a journalctl running until ctx is done or retrying is of no use.
func (j *journalctl) run(ctx context.Context, pause time.Duration) error {
	// The kernel ends the child when the thread ends that started it: it
	// must be this goroutine's own.
	runtime.LockOSThread()
	for barren := 0; ; barren++ {
		heard, err := j.follow(ctx)
		if heard {
			barren = 0
		}
		switch {
		case ctx.Err() != nil:
			return io.EOF
		case barren == journalRetries:
			return err
		}
		j.queue.Note(Note{Kind: Info, Detail: fmt.Sprintf("%v; starting it again", err)})
		select {
		case <-time.After(pause << barren):
		case <-ctx.Done():
		}
	}
}

// follow runs one journalctl and reports whether it wrote anything. Its error
// is never nil: journalctl is not supposed to end.
func (j *journalctl) follow(ctx context.Context) (heard bool, err error) {
	cmd := exec.CommandContext(ctx, j.path, j.args()...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = journalPatience
	endWithThread(cmd)
	cmd.Stderr = j
	out, err := cmd.StdoutPipe()
	if err != nil {
		return false, fmt.Errorf("start journalctl: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("start journalctl: %w", err)
	}
	heard, readErr := j.read(ctx, out)
	return heard, j.exitError(errors.Join(readErr, cmd.Wait()))
}

func (j *journalctl) args() []string {
	args := []string{"--output=json", "--all", "--follow"}
	if j.cursor == "" && j.opts.Tail > 0 {
		args = append(args, fmt.Sprintf("--lines=%d", j.opts.Tail))
	} else {
		args = append(args, "--no-tail")
	}
	switch {
	case j.cursor != "":
		args = append(args, "--cursor="+j.cursor)
	case !j.opts.Since.IsZero():
		args = append(args, fmt.Sprintf("--since=@%d", j.opts.Since.Unix()))
	}
	if j.opts.Directory != "" {
		args = append(args, "--directory="+j.opts.Directory)
	}
	return append(args, "_TRANSPORT=audit", "_TRANSPORT=kernel", "_TRANSPORT=driver")
}

// read hands on the lines of one journalctl.
func (j *journalctl) read(ctx context.Context, out io.Reader) (heard bool, err error) {
	r := bufio.NewReaderSize(out, MaxLine+1)
	resumed := j.cursor != ""
	for {
		line, err := readLine(r)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			j.queue.Note(Note{Kind: LongLine, Count: 1, Detail: fmt.Sprintf("a journal entry longer than %d bytes was skipped", MaxLine)})
			continue
		case err == io.EOF:
			return heard, nil // half a line is read again, whole
		case err != nil:
			return heard, fmt.Errorf("read from journalctl: %w", err)
		}
		heard = true
		if resumed {
			resumed = false
			if j.isKnown(line) {
				continue
			}
		}
		if !j.deliver(ctx, line) {
			return heard, ctx.Err()
		}
	}
}

// readLine returns a line with its newline, or bufio.ErrBufferFull after
// skipping one that is too long.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.ReadSlice('\n')
	}
	if err != nil {
		return nil, err
	}
	return nil, bufio.ErrBufferFull
}

// isKnown examines the first entry after a start at the cursor. It is the one
// that was received last, unless the journal has deleted that.
func (j *journalctl) isKnown(line []byte) bool {
	if cursorOf(line) == j.cursor {
		return true
	}
	j.queue.Note(Note{Kind: RotationGap, Detail: "the journal has no longer the entry that was read last: what followed it may be gone too",
		Fix: "raise SystemMaxUse= in journald.conf"})
	return false
}

// deliver waits until there is room for the line.
func (j *journalctl) deliver(ctx context.Context, line []byte) bool {
	if !j.queue.Put(line, ctx.Done()) {
		return false
	}
	if cursor := cursorOf(line); cursor != "" {
		j.cursor = cursor
	}
	return true
}

// Write takes journalctl's messages on standard error, for example that it may
// not read the system's journal.
func (j *journalctl) Write(p []byte) (int, error) {
	text := strings.Join(strings.Fields(string(p[:min(len(p), 1024)])), " ")
	if text != "" && j.messages > 0 {
		j.messages--
		j.said = text
		j.queue.Note(Note{Kind: Info, Detail: "journalctl: " + text})
	}
	return len(p), nil
}

func (j *journalctl) exitError(err error) error {
	if err == nil {
		err = errors.New("exit status 0")
	}
	if j.said != "" {
		err = fmt.Errorf("%w (%s)", err, j.said)
	}
	return fmt.Errorf("journalctl ended by itself: %w", err)
}

// cursorOf returns an entry's cursor. The value of a field cannot look like the
// key, since quotes in a JSON string are escaped.
func cursorOf(line []byte) string {
	for {
		_, rest, found := bytes.Cut(line, []byte(`"__CURSOR"`))
		if !found {
			return ""
		}
		line = rest
		value := bytes.TrimLeft(rest, " :")
		if len(value) == len(rest) || len(value) == 0 || value[0] != '"' {
			continue // a value, not the key
		}
		cursor, _, _ := bytes.Cut(value[1:], []byte(`"`))
		return string(cursor)
	}
}
