# program: cron
# packages: cron
# needs: /usr/sbin/cron
# root
start() {
	mkdir -p /var/spool/cron/crontabs && ln -s /run /var/run
	/usr/sbin/cron -f &
	server=$!
}
ready() { [ -s /run/crond.pid ]; }
work() {
	await [ -s /tmp/as-root ]
	await [ -s /tmp/as-user ]
	cat /tmp/as-root /tmp/as-user
}
stop() { end $server; }
