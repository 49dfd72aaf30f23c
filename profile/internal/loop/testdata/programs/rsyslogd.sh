# program: rsyslogd
# packages: rsyslog bsdutils
# needs: /usr/sbin/rsyslogd /usr/bin/logger
start() {
	cat >/tmp/rsyslog.conf <<-END
	global(workDirectory="/tmp")
	module(load="imuxsock" SysSock.Name="/tmp/log")
	module(load="imtcp")
	module(load="imudp")
	input(type="imtcp" port="5140" address="127.0.0.1")
	input(type="imudp" port="5140" address="127.0.0.1")
	template(name="plain" type="string" string="%msg%\n")
	action(type="omfile" file="/tmp/messages" template="plain" queue.type="LinkedList")
	END
	/usr/sbin/rsyslogd -f /tmp/rsyslog.conf -i /tmp/rsyslogd.pid
}
ready() { [ -S /tmp/log ] && [ -s /tmp/rsyslogd.pid ]; }
has() { grep -q "$1" /tmp/messages; }
work() {
	logger -u /tmp/log one && await has one
	logger -n 127.0.0.1 -P 5140 -T two && await has two
	logger -n 127.0.0.1 -P 5140 -d three && await has three
	mv /tmp/messages /tmp/rotated && kill -HUP "$(cat /tmp/rsyslogd.pid)"
	await reopened
}
reopened() { logger -u /tmp/log four && [ -s /tmp/messages ]; }
stop() { kill "$(cat /tmp/rsyslogd.pid)" && await gone /tmp/rsyslogd.pid; }
