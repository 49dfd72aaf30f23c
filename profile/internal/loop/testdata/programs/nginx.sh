# program: nginx
# packages: nginx-light curl
# needs: /usr/sbin/nginx /usr/bin/curl
says() { [ "$(curl -sS http://127.0.0.1:8080/text)" = "$1" ]; }
start() {
	nginx_conf before
	nginx -c /tmp/nginx.conf -e /tmp/error.log
}
ready() { says before; }
work() {
	for i in 1 2 3 4 5; do curl -sS -o /tmp/out http://127.0.0.1:8081/big; stat -c %s /tmp/out; done
	nginx_conf after
	nginx -c /tmp/nginx.conf -e /tmp/error.log -s reload
	await says after
	for i in 1 2 3 4 5; do curl -sS -o /tmp/out http://127.0.0.1:8081/big; stat -c %s /tmp/out; done
	nginx -c /tmp/nginx.conf -e /tmp/error.log -s reopen
	curl -sS http://127.0.0.1:8081/text
}
stop() {
	nginx -c /tmp/nginx.conf -e /tmp/error.log -s quit
	await gone /tmp/nginx.pid
}
