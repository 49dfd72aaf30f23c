package parser

import "bytes"

// fact is a member of a JSON object that says something of the record in it,
// or beside it. The first of them are the record's own fields, with the same
// numbers.
type fact uint8

const (
	factNR fact = fact(fCode) + 1 + iota
	factAction
	factSerial
	factTime
	factType // the object is of a SECCOMP record

	factNode // the machine, by a name that the cluster gives it
	factHost // the machine, by any other
	factAgent

	factTransport // how journald got it: audit and kernel cannot be forged
	factAuditType
	factAuditID // the serial
	factSource  // the audit stamp's time, in microseconds
	factIdent   // the program that said it
	factTag     // the same, as syslog prints it: with its colon
	factFacility
	factProc     // the id of that program
	factPriority // facility * 8 + severity; dmesg -J has the severity alone
	factLaurelID

	factLossKind
	factLossCount
	factLossTotal
	factNumber   // of a line in a stream of auditscan's events
	factEnricher // of the Security Profiles Operator's JSON enricher
	factSetting  // the first of the members of a changed setting, in the order of settingKeys

	numFacts = factSetting + fact(len(settingKeys))
)

// own are the facts of one object alone: those of the objects in it are others'.
const own = 1<<factTransport | 1<<factAuditType | 1<<factAuditID | 1<<factSource | 1<<factLaurelID | 1<<factLossKind | 1<<factLossCount | 1<<factLossTotal | 1<<factNumber

// ofEvent are the facts of an event.
const ofEvent = 1<<(fCode+1) - 1 | 1<<factNR | 1<<factAction | 1<<factSerial | 1<<factTime | 1<<factType

// setting is what an object is of, as far as that gives its members a meaning.
type setting uint8

const (
	inAny setting = iota
	inHost
	inNode
	inAgent
	inProcess
	inUser
	inGroup
	inLogin
	inAuditd
	inSeccomp
	inLoss
	inContainer
	inEnd
	inAbend  // a record of a process that came to its end
	inConfig // a record of a changed setting
	inOther  // another process than the one that made the call, or no record at all
)

// key is what the key of a member comes to.
type key struct {
	fact    fact
	setting setting // of the object that is its value
	message bool    // journald's, or another's, name of the message
	daemon  bool    // laurel's name of a record that auditd itself wrote
}

// keyOf reads a key that stands in an object of some setting. Flattened keys,
// such as "process.pid", are read as those of an object in an object.
func keyOf(in setting, name []byte) key {
	if i := bytes.LastIndexByte(name, '.'); i > 0 {
		head := name[:i]
		in = settingOf(head[bytes.LastIndexByte(head, '.')+1:])
		name = name[i+1:]
	}
	if in == inOther {
		return key{setting: inOther}
	}
	k := key{fact: factOf(in, name), setting: settingOf(name)}
	switch string(name) {
	case "MESSAGE", "message", "msg", "log":
		k.message = true
	}
	k.daemon = bytes.HasPrefix(name, daemonType)
	return k
}

func settingOf(name []byte) setting {
	switch string(name) {
	case "host":
		return inHost
	case "node":
		return inNode
	case "agent":
		return inAgent
	case "process":
		return inProcess
	case "user":
		return inUser
	case "group":
		return inGroup
	case "audit":
		return inLogin
	case "auditd":
		return inAuditd
	case "SECCOMP":
		return inSeccomp
	case "loss":
		return inLoss
	case "container":
		return inContainer
	case "end":
		return inEnd
	case "ANOM_ABEND":
		return inAbend
	case "CONFIG_CHANGE":
		return inConfig
	case "parent", "entry_leader", "session_leader", "group_leader", "effective", "saved", "filesystem", "PARENT_INFO", "PPID", "PID", "evt":
		return inOther
	}
	return inAny
}

// factOf returns what a member says, 0 for those of no interest.
func factOf(in setting, name []byte) fact {
	if len(name) < 2 {
		if string(name) == "n" {
			return factNumber
		}
		return 0
	}
	if f := settingFact(in, name); f != 0 {
		return f
	}
	if name[0] == '_' && name[1]-'a' <= 25 {
		name = name[1:] // GELF's own
	}
	if name[0] == '_' || name[0]-'A' <= 25 {
		return upperFact(name)
	}
	switch string(name) {
	case "syscall", "syscallName":
		return fact(fSyscall)
	case "nr":
		return factNR
	case "action":
		return factAction
	case "pcomm":
		return fact(fComm)
	case "executable":
		return fact(fExe)
	case "serial", "sequence":
		return factSerial
	case "time", "timestamp", "@timestamp", "unixTime":
		return factTime
	case "type", "record_type", "message_type", "eventType", "name":
		return factType
	case "node", "node_name", "nodeName", "nodename", "kubernetes_host":
		return factNode
	case "host", "hostname", "hostIdentifier", "logsource":
		return factHost
	case "program", "programname", "syslogtag", "app-name", "appname", "identifier":
		return factIdent
	case "tag":
		return factTag
	case "syslogfacility", "facility", "facility_label", "fac":
		return factFacility
	case "procid", "process_id", "proc_id":
		return factProc
	case "pri", "priority":
		return factPriority
	case "version":
		return factEnricher
	}
	return fact(fieldOf(name))
}

// upperFact reads the keys of journald, laurel and syslog-ng.
func upperFact(name []byte) fact {
	switch string(name) {
	case "_TRANSPORT":
		return factTransport
	case "_AUDIT_TYPE":
		return factAuditType
	case "_AUDIT_ID":
		return factAuditID
	case "_SOURCE_REALTIME_TIMESTAMP":
		return factSource
	case "_HOSTNAME", "HOST", "NODE":
		return factHost
	case "SYSLOG_IDENTIFIER", "PROGRAM":
		return factIdent
	case "SYSLOG_FACILITY", "FACILITY":
		return factFacility
	case "PID", "ProcessID":
		return factProc
	case "ID":
		return factLaurelID
	}
	return 0
}

// settingFact reads the keys that mean something in their object only.
func settingFact(in setting, name []byte) fact {
	switch in {
	case inHost, inNode:
		if s := string(name); s == "name" || s == "hostname" {
			return [...]fact{inHost: factHost, inNode: factNode}[in]
		}
	case inAgent:
		if string(name) == "name" {
			return factAgent
		}
	case inProcess:
		if string(name) == "name" {
			return fact(fComm)
		}
	case inAuditd:
		if string(name) == "session" {
			return fact(fSes)
		}
	case inUser, inGroup, inLogin:
		if string(name) == "id" {
			return [...]fact{inUser: fact(fUID), inGroup: fact(fGID), inLogin: fact(fAUID)}[in]
		}
	case inConfig:
		for i, key := range settingKeys {
			if string(name) == key {
				return factSetting + fact(i)
			}
		}
	case inLoss:
		switch string(name) {
		case "kind":
			return factLossKind
		case "count":
			return factLossCount
		case "total":
			return factLossTotal
		}
	}
	return 0
}

// means reports whether a value is what a fact wants: members of the same name
// stand in objects that have nothing to do with a record.
func (f fact) means(in setting, text []byte) bool {
	switch f {
	case fact(fCode):
		return in == inSeccomp || bytes.HasPrefix(text, []byte("0x")) || actionOf(text) != nil
	case factAction:
		return actionOf(text) != nil || string(text) == "unknown"
	case fact(fIP):
		return bytes.HasPrefix(text, []byte("0x"))
	case factType:
		return seccompType(text)
	case factEnricher:
		return bytes.HasPrefix(text, []byte("spo/"))
	case factTag: // a collector's tag has no colon
		return bytes.HasSuffix(text, []byte(":"))
	}
	return true
}

// seccompType reports whether a collector calls a record so.
func seccompType(text []byte) bool {
	switch string(text) {
	case "seccomp", "Seccomp", "SECCOMP", "1326", "AUDIT_SECCOMP", "UNKNOWN[1326]", "seccomp_events":
		return true
	}
	return false
}
