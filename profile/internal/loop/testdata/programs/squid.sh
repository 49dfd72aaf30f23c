# program: Squid
# packages: squid curl busybox
# needs: /usr/sbin/squid /usr/bin/curl /bin/busybox
# etc: squid
start() {
	mkdir -p /tmp/www && head -c 100000 /dev/zero >/tmp/www/big && echo text >/tmp/www/text
	busybox httpd -p 127.0.0.1:8080 -h /tmp/www
	cat >/tmp/squid.conf <<-END
	http_port 127.0.0.1:3128
	pid_filename /tmp/squid.pid
	access_log stdio:/tmp/access.log
	cache_log /tmp/cache.log
	coredump_dir /tmp
	cache_dir ufs /tmp/cache 10 2 2
	visible_hostname localhost
	acl all src all
	http_access allow all
	shutdown_lifetime 0 seconds
	pinger_enable off
	END
	/usr/sbin/squid -f /tmp/squid.conf -z -N >/dev/null 2>&1
	/usr/sbin/squid -f /tmp/squid.conf
}
c() { curl -sS -x http://127.0.0.1:3128 "$@"; }
ready() { [ "$(c http://127.0.0.1:8080/text 2>/dev/null)" = text ]; }
work() {
	for i in 1 2 3; do c -o /tmp/out http://127.0.0.1:8080/big; stat -c %s /tmp/out; done
	c -o /dev/null -w '%{http_code}\n' http://127.0.0.1:1/
	c -p http://127.0.0.1:8080/text
}
stop() { /usr/sbin/squid -f /tmp/squid.conf -k shutdown && await gone /tmp/squid.pid; }
