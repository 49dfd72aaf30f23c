# program: curl
# packages: curl nginx-light
# needs: /usr/bin/curl /usr/sbin/nginx
start() {
	nginx_conf hello
	nginx -c /tmp/nginx.conf -e /tmp/error.log
}
work() {
	curl -sS http://127.0.0.1:8080/text
	curl -sS -o /tmp/out http://localhost:8080/big && stat -c %s /tmp/out
	curl -sS -I http://127.0.0.1:8080/text | head -1
	curl -sS --compressed --data-binary @/tmp/out -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/big
	curl -sS -Z -o /tmp/1 http://127.0.0.1:8080/big -o /tmp/2 http://127.0.0.1:8081/big && cmp /tmp/1 /tmp/2
	curl -sS http://127.0.0.1:1/ 2>/dev/null || echo "refused $?"
}
stop() {
	nginx -c /tmp/nginx.conf -e /tmp/error.log -s quit
	await gone /tmp/nginx.pid
}
