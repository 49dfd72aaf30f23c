# program: busybox httpd
# packages: busybox
# needs: /bin/busybox
# short
start() {
	mkdir -p www/cgi-bin && seq 10000 >www/n
	printf '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n$REQUEST_METHOD $QUERY_STRING\\n"\n' >www/cgi-bin/q && chmod 755 www/cgi-bin/q
	busybox httpd -f -p 127.0.0.1:8080 -h /tmp/www &
	server=$!
}
get() { busybox wget -q -O "$1" "http://127.0.0.1:8080/$2"; }
ready() { get /dev/null n 2>/dev/null; }
work() {
	for i in 1 2 3; do get /tmp/out n; cmp /tmp/out www/n; done
	get - 'cgi-bin/q?a=b'
	get - nothing 2>/dev/null || echo "not found: $?"
}
stop() { end $server; }
