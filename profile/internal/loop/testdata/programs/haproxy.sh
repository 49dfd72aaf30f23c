# program: HAProxy
# packages: haproxy curl
# needs: /usr/sbin/haproxy /usr/bin/curl
conf() {
	cat >/tmp/haproxy.cfg <<-END
	global
		stats socket /tmp/haproxy.sock
	defaults
		mode http
		timeout connect 5s
		timeout client 10s
		timeout server 10s
	frontend front
		bind 127.0.0.1:8080
		default_backend back
	backend back
		server one 127.0.0.1:8081 check inter 100ms
	frontend origin
		bind 127.0.0.1:8081
		http-request return status 200 content-type text/plain string "$1"
	END
}
says() { [ "$(curl -sS http://127.0.0.1:8080/ 2>/dev/null)" = "$1" ]; }
start() { conf before && haproxy -D -p /tmp/haproxy.pid -f /tmp/haproxy.cfg; }
ready() { says before; }
work() {
	for i in 1 2 3 4 5; do curl -sS http://127.0.0.1:8080/$i; echo; done
	conf after && haproxy -D -p /tmp/haproxy.pid2 -f /tmp/haproxy.cfg -sf "$(cat /tmp/haproxy.pid)"
	await says after
	for i in 1 2 3 4 5; do curl -sS http://127.0.0.1:8080/$i; echo; done
}
stop() {
	kill "$(cat /tmp/haproxy.pid2)"
	await refused
}
refused() { ! curl -sS http://127.0.0.1:8080/ >/dev/null 2>&1; }
