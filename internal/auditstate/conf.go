package auditstate

import (
	"strconv"
	"strings"
)

// Conf is auditd.conf, as far as it decides whether records reach a file and
// how long they stay there. Words are in lower case.
type Conf struct {
	LocalEvents bool   // no: auditd takes records of other hosts only
	WriteLogs   bool   // no: records go to plugins only
	LogFile     string // absolute path
	LogFormat   string // raw, enriched, nolog
	// MaxLogFile is the size in MiB at which MaxLogFileAction is taken
	// (ignore, syslog, suspend, rotate, keep_logs); NumLogs is how many
	// files rotate keeps. 0: no limit.
	MaxLogFile       int64
	MaxLogFileAction string
	NumLogs          int64
	// AdminSpaceLeft is the free space, in MiB or with a % in percent of
	// the file system, below which AdminSpaceLeftAction is taken.
	AdminSpaceLeft       string
	AdminSpaceLeftAction string
	DiskFullAction       string
}

// ParseConf reads the text of auditd.conf: "keyword = value [option]" with
// blanks around the sign, keywords and values in any case. What is not set
// has the default of auditd's own source (clear_config of auditd-config.c).
func ParseConf(text string) Conf {
	c := Conf{
		LocalEvents:          true,
		WriteLogs:            true,
		LogFile:              "/var/log/audit/audit.log",
		LogFormat:            "raw",
		MaxLogFileAction:     "ignore",
		AdminSpaceLeft:       "0",
		AdminSpaceLeftAction: "ignore",
		DiskFullAction:       "ignore",
	}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) >= 3 && words[1] == "=" {
			c.set(strings.ToLower(words[0]), words[2])
		}
	}
	if c.LogFormat == "nolog" {
		c.WriteLogs = false
	}
	return c
}

func (c *Conf) set(key, value string) {
	word := strings.ToLower(value)
	switch key {
	case "local_events":
		c.LocalEvents = word != "no"
	case "write_logs":
		c.WriteLogs = word != "no"
	case "log_file":
		c.LogFile = value
	case "log_format":
		c.LogFormat = word
	case "max_log_file":
		c.MaxLogFile = number(word)
	case "max_log_file_action":
		c.MaxLogFileAction = word
	case "num_logs":
		c.NumLogs = number(word)
	case "admin_space_left":
		c.AdminSpaceLeft = word
	case "admin_space_left_action":
		c.AdminSpaceLeftAction = word
	case "disk_full_action":
		c.DiskFullAction = word
	}
}

// number is 0 for what is none: auditd refuses such a file and does not run.
func number(word string) int64 {
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Rotates reports whether old records are thrown away, and after how many bytes
// of newer ones.
func (c Conf) Rotates() (history int64, ok bool) {
	ok = c.MaxLogFileAction == "rotate" && c.NumLogs >= 2 && c.MaxLogFile > 0
	return c.NumLogs * c.MaxLogFile << 20, ok
}
