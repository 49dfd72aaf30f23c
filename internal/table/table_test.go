package table

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func render(t *testing.T, table *Table, s Style) string {
	t.Helper()
	var b strings.Builder
	if err := table.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func redErrno(cell string) Color {
	if cell == "errno" {
		return Red
	}
	return Plain
}

// calls is a table as report makes them.
func calls(rows ...[]string) *Table {
	return &Table{
		Columns: []Column{
			{Head: "CONTAINER", Fit: Cut}, {Head: "ID", Fit: ID}, {Head: "POD", Fit: Cut}, {Head: "COMM", Fit: Cut},
			{Head: "EXE", Fit: Cut}, {Head: "PID"}, {Head: "SYSCALL"}, {Head: "ARCH"}, {Head: "ACTION", Color: redErrno}, {Head: "COUNT"},
		},
		Rows: slices.Values(rows),
	}
}

var podRows = [][]string{
	{"payments-api", strings.Repeat("0123456789abcdef", 4), "payments-api-7d9c6b5f4d-x2x7k", "payments-api", "/opt/payments/bin/payments-api", "1804289", "clock_nanosleep", "x86_64", "log", "1234567"},
	{"istio-proxy", strings.Repeat("fedcba9876543210", 4), "payments-api-7d9c6b5f4d-q9w8e", "envoy", "/usr/local/bin/envoy", "1804300", "epoll_wait", "x86_64", "errno", "3"},
}

// TestFile: where there is no terminal, nothing is cut and each row is a line.
func TestFile(t *testing.T) {
	got := render(t, calls(podRows...), Style{})
	for _, row := range podRows {
		for _, cell := range row {
			if !strings.Contains(got, cell) {
				t.Errorf("%q is not whole in\n%s", cell, got)
			}
		}
	}
	if n := strings.Count(got, "\n"); n != 3 {
		t.Errorf("%d lines, want 3", n)
	}
}

func TestTerminal(t *testing.T) {
	tests := []struct {
		width int
		want  string
	}{
		{300, `CONTAINER      ID             POD                             COMM           EXE                              PID       SYSCALL           ARCH     ACTION   COUNT
payments-api   0123456789ab   payments-api-7d9c6b5f4d-x2x7k   payments-api   /opt/payments/bin/payments-api   1804289   clock_nanosleep   x86_64   log      1234567
istio-proxy    fedcba987654   payments-api-7d9c6b5f4d-q9w8e   envoy          /usr/local/bin/envoy             1804300   epoll_wait        x86_64   errno    3
`},
		{140, `CONTAINER     ID            POD                     COMM          EXE                      PID      SYSCALL          ARCH    ACTION  COUNT
payments-api  0123456789ab  payments-a…b5f4d-x2x7k  payments-api  /opt/paymen…ayments-api  1804289  clock_nanosleep  x86_64  log     1234567
istio-proxy   fedcba987654  payments-a…b5f4d-q9w8e  envoy         /usr/local/bin/envoy     1804300  epoll_wait       x86_64  errno   3
`},
		{100, `CONTAINER  ID          POD         COMM        EXE         PID      SYSCALL          ACTION  COUNT
paym…-api  0123…789ab  paym…x2x7k  paym…s-api  /opt…s-api  1804289  clock_nanosleep  log     1234567
isti…roxy  fedc…87654  paym…q9w8e  envoy       /usr…envoy  1804300  epoll_wait       errno   3
in every row: ARCH x86_64
`},
		{80, `CONTAINER  ID     POD    COMM   EXE    PID      SYSCALL          ACTION  COUNT
paym…-api  01…ab  pa…7k  pa…pi  /o…pi  1804289  clock_nanosleep  log     1234567
isti…roxy  fe…54  pa…8e  envoy  /u…oy  1804300  epoll_wait       errno   3
in every row: ARCH x86_64
`},
	}
	for _, tt := range tests {
		if got := render(t, calls(podRows...), Style{Width: tt.width}); got != tt.want {
			t.Errorf("on %d columns:\n%s", tt.width, got)
		}
	}
}

// TestLinesAreTheTable compares the two ways in which a table is written, for
// tables of all kinds of cells and every width.
func TestLinesAreTheTable(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"", "-", "a", "errno", "größe", "漢字", "two words ", strings.Repeat("x", 60), strings.Repeat("ab", 32), "\x1b[31m", "👩"}
	for range 300 {
		table := &Table{}
		for i := range 1 + random.IntN(6) {
			c := Column{Head: fmt.Sprint("HEAD", i), Fit: Fit(random.IntN(3))}
			if random.IntN(2) == 0 {
				c.Color = redErrno
			}
			table.Columns = append(table.Columns, c)
		}
		if random.IntN(2) == 0 {
			table.Columns[len(table.Columns)-1].Fit = WrapText
		}
		var rows [][]string
		for range random.IntN(4) {
			var row []string
			for range table.Columns {
				row = append(row, words[random.IntN(len(words))])
			}
			rows = append(rows, row)
		}
		table.Rows = slices.Values(rows)
		l := measure(table, Style{Width: random.IntN(3) * 50, Color: random.IntN(2) == 0})
		var byTable, byLines bytes.Buffer
		a, b := bufio.NewWriter(&byTable), bufio.NewWriter(&byLines)
		if err := l.writeTable(a); err != nil {
			t.Fatal(err)
		}
		l.writeLines(b)
		a.Flush()
		b.Flush()
		if byTable.String() != byLines.String() {
			t.Errorf("%q as %+v:\n%q\n%q", rows, l.style, byTable.String(), byLines.String())
		}
	}
}

// TestLargeTable: a table of more rows than tablewriter is given.
func TestLargeTable(t *testing.T) {
	var rows [][]string
	for i := range 20_000 {
		rows = append(rows, []string{fmt.Sprint("worker-", i), "errno"})
	}
	table := &Table{Columns: []Column{{Head: "COMM"}, {Head: "ACTION", Color: redErrno}}, Rows: slices.Values(rows)}
	got := render(t, table, Style{Color: true})
	if n := strings.Count(got, "\n"); n != 20_001 {
		t.Errorf("%d lines, want 20001", n)
	}
	if want := "\nworker-1999    \x1b[31merrno\x1b[0m\n"; !strings.Contains(got, want) {
		t.Errorf("no line %q", want)
	}
	before := len(got)
	rows[7][0] = strings.Repeat("/long", 3000)
	if after := len(render(t, table, Style{})); after > before+15_000+len(rows)*ordinaryWidth {
		t.Errorf("a name of 15000 bytes grows the table from %d to %d bytes", before, after)
	}
}

// TestHostile: a cell can do no more than be read, and has its line only.
func TestHostile(t *testing.T) {
	for _, s := range []Style{{}, {Width: 40}, {Width: 200, Color: true}} {
		table := &Table{
			Columns: []Column{{Head: "A", Fit: Cut}, {Head: "B", Fit: WrapText}},
			Rows:    slices.Values([][]string{{"\x1b]0;x\a\r\n", "b\nb\u202e"}, {"a", "b"}}),
		}
		got := render(t, table, s)
		if strings.ContainsAny(strings.ReplaceAll(got, "\n", ""), "\x1b\a\r\u202e") || strings.Count(got, "\n") != 3 {
			t.Errorf("%+v: %q", s, got)
		}
		var b strings.Builder
		if err := s.WriteNotes(&b, Note{Text: "x\x1b[2J\ny"}); err != nil || b.String() != `x\x1b[2J\x0ay`+"\n" {
			t.Errorf("%q, %v", b.String(), err)
		}
	}
}

// TestWrapText: text in the last column goes on in its column.
func TestWrapText(t *testing.T) {
	table := &Table{
		Columns: []Column{{Head: "STATUS"}, {Head: "DETAIL", Fit: WrapText}},
		Rows: slices.Values([][]string{
			{"bad", "the kernel drops records without a word when its queue is full"},
			{"", "  fix: auditctl -b 8192"},
		}),
	}
	want := `STATUS   DETAIL
bad      the kernel drops records
           without a word when its
           queue is full
           fix: auditctl -b 8192
`
	if got := render(t, table, Style{Width: 35}); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestHoist(t *testing.T) {
	table := func(rows ...[]string) *Table {
		return &Table{Columns: []Column{{Head: "NAME"}, {Head: "ARCH"}, {Head: "ACTION", Color: redErrno}}, Rows: slices.Values(rows)}
	}
	one, two := []string{"a-long-name", "x86_64", "errno"}, []string{"another", "x86_64", "log"}
	tests := []struct {
		name  string
		table *Table
		width int
		want  string
	}{
		{"room", table(one, two), 40, "NAME          ARCH     ACTION\na-long-name   x86_64   errno\nanother       x86_64   log\n"},
		{"none", table(one, two), 22, "NAME         ACTION\na-long-name  errno\nanother      log\nin every row: ARCH\n  x86_64\n"},
		{"two", table(one, []string{"another", "x86_64", "errno"}), 15, "NAME\na-long-name\nanother\nin every row:\n  ARCH x86_64,\n  ACTION errno\n"},
		{"one row", table(one), 28, "NAME         ARCH    ACTION\na-long-name  x86_64  errno\n"},
	}
	for _, tt := range tests {
		if got := render(t, tt.table, Style{Width: tt.width}); got != tt.want {
			t.Errorf("%s: got\n%s", tt.name, got)
		}
	}
}

// TestBlocks: a terminal that is too narrow for the table shows all of it all
// the same.
func TestBlocks(t *testing.T) {
	table := &Table{
		Columns: []Column{{Head: "NAME", Fit: Cut}, {Head: "CONTAINER-ID", Fit: ID}, {Head: "NODE"}, {Head: "ACTION", Color: redErrno}, {Head: "LAST"}},
		Rows: slices.Values([][]string{
			{"a-long-name-of-a-worker", strings.Repeat("0123456789abcdef", 4), "-", "errno", "2026-11-23T15:13:02.605Z"},
			{"another", "", "node1", "log", "2026-11-23T15:13:03.605Z"},
		}),
	}
	want := `NAME          a-long-name-of-a-worker
CONTAINER-ID  0123456789ab
ACTION        errno
LAST          2026-11-23T15:13:02.605Z

NAME          another
NODE          node1
ACTION        log
LAST          2026-11-23T15:13:03.605Z
`
	if got := render(t, table, Style{Width: 40}); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestWrap(t *testing.T) {
	const text = "incomplete: 264 messages suppressed (kern.log:7: node node1)"
	tests := []struct {
		text  string
		width int
		want  []string
	}{
		{text, 0, []string{text}},
		{text, 60, []string{text}},
		{text, 59, []string{"incomplete: 264 messages suppressed (kern.log:7: node", "  node1)"}},
		{text, 20, []string{"incomplete: 264", "  messages", "  suppressed", "  (kern.log:7: node", "  node1)"}},
		{"  two  words   apart", 14, []string{"  two  words", "    apart"}},
		{"  fix: a b", 8, []string{"  fix: a", "    b"}},
		{"a-word-that-is-too-wide b", 6, []string{"a-word-that-is-too-wide", "  b"}},
		{"漢字 漢字", 8, []string{"漢字", "  漢字"}},
		{"漢字 漢字", 9, []string{"漢字 漢字"}},
		{"     ", 3, []string{"     "}},
	}
	for _, tt := range tests {
		if got := wrap(tt.text, tt.width); !slices.Equal(got, tt.want) {
			t.Errorf("wrap(%q, %d) = %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}

// FuzzWrap: no word is broken, lost or moved, and no line is wider than it
// has to be.
func FuzzWrap(f *testing.F) {
	f.Add("incomplete: 264 messages suppressed", 20)
	f.Add("  fix: a b", 8)
	f.Fuzz(func(t *testing.T, text string, width int) {
		if strings.ContainsFunc(text, func(r rune) bool { return r != ' ' && r < '!' || r > '~' }) {
			return
		}
		lines := wrap(text, width)
		if got := strings.Fields(strings.Join(lines, " ")); !slices.Equal(got, strings.Fields(text)) {
			t.Errorf("wrap(%q, %d) has the words %q", text, width, got)
		}
		for _, line := range lines {
			if width > 0 && len(line) > width && len(strings.Fields(line)) > 1 {
				t.Errorf("wrap(%q, %d) has the line %q", text, width, line)
			}
		}
	})
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		in    string
		limit int
		want  string
	}{
		{"abcdefgh", 8, "abcdefgh"},
		{"abcdefgh", 7, "abc…fgh"},
		{"abcdefgh", 6, "ab…fgh"},
		{"漢字漢字漢字", 12, "漢字漢字漢字"},
		{"漢字漢字漢字", 11, "漢字…字漢字"},
		{"漢字漢字漢字", 7, "漢…漢字"},
	} {
		got := cut(test.in, test.limit)
		if got != test.want || textWidth(got) > test.limit || !utf8.ValidString(got) {
			t.Errorf("cut(%q, %d) = %q of width %d, want %q", test.in, test.limit, got, textWidth(got), test.want)
		}
	}
}

func TestShort(t *testing.T) {
	hex := strings.Repeat("0123456789abcdef", 4)
	tests := []struct {
		fit        Fit
		cell, want string
	}{
		{ID, hex, "0123456789ab"},
		{ID, hex[:32], "0123456789ab"},
		{ID, hex[:31], hex[:31]},
		{ID, "a-very-long-service-name.service.slice", "a-very-long-service-name.service.slice"},
		{Cut, hex, hex},
	}
	for _, tt := range tests {
		c := Column{Fit: tt.fit}
		if got := c.short(tt.cell); got != tt.want {
			t.Errorf("short(%q) as %d = %q, want %q", tt.cell, tt.fit, got, tt.want)
		}
	}
}

func TestPaint(t *testing.T) {
	tests := []struct {
		style Style
		color Color
		text  string
		want  string
	}{
		{Style{Color: true}, Red, "x", "\x1b[31mx\x1b[0m"},
		{Style{Color: true}, Plain, "x", "x"},
		{Style{Color: true}, Red, "", ""},
		{Style{}, Red, "x", "x"},
	}
	for _, tt := range tests {
		if got := tt.style.Paint(tt.color, tt.text); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt, got, tt.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", 100000: "100,000", -1: "-1", -999: "-999", -1000: "-1,000",
		math.MaxInt64: "9,223,372,036,854,775,807", math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
}

// TestCount: people read groups of digits, programs digits.
func TestCount(t *testing.T) {
	table := &Table{Columns: []Column{{Head: "COUNT", Fit: Count}}, Rows: slices.Values([][]string{{"1234567"}, {"-"}})}
	if got := render(t, table, Style{}); got != "COUNT\n1234567\n-\n" {
		t.Errorf("in a file:\n%s", got)
	}
	if got := render(t, table, Style{Width: 80}); got != "COUNT\n1,234,567\n-\n" {
		t.Errorf("on a terminal:\n%s", got)
	}
}

func TestAttackMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"runc:[2:INIT]":       `runc:\[2:INIT\]`,
		"a|b":                 `a\|b`,
		`a\|b`:                `a\\\|b`,
		"<script>&amp;":       "&lt;script&gt;&amp;amp;",
		"`code` *it* ~~no~~":  "\\`code\\` \\*it\\* \\~\\~no\\~\\~",
		"x86_64":              "x86_64",
		"_gpu2_ a_ _b":        `\_gpu2\_ a\_ \_b`,
		"![](http://x/y)":     `!\[\](http\://x/y)`,
		"ftp://x www.x WWW.x": `ftp\://x www\.x WWW\.x`,
		"a.b: c":              "a.b: c",
		"user@1000.service":   "user@<!-- -->1000.service",
		"@org/team @ #12 #*":  `@<!-- -->org/team @ #<!-- -->12 #\*`,
		"mailto:a@b.c":        "mailto:a@<!-- -->b.c",
	} {
		if got := escapeMarkdown(in); got != want {
			t.Errorf("escapeMarkdown(%q) = %q, want %q", in, got, want)
		}
	}
}
