# program: memcached
# packages: memcached perl
# needs: /usr/bin/memcached /usr/bin/perl
start() { memcached -l 127.0.0.1 -p 11211 -U 11211 -d -P /tmp/memcached.pid; }
ready() { ask 11211 "version
" >/dev/null 2>&1; }
work() {
	for i in 1 2 3; do printf 'set key%d 0 0 5\r\nvalue\r\nget key%d\r\nincr n 1\r\nquit\r\n' $i $i >q; ask 11211 "$(cat q)
"; done
	printf 'flush_all\r\nget key1\r\nquit\r\n' >q; ask 11211 "$(cat q)
"
}
stop() { kill "$(cat /tmp/memcached.pid)" && await gone /tmp/memcached.pid; }
