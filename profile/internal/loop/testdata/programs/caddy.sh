# program: Caddy
# packages: caddy curl
# needs: /usr/bin/caddy /usr/bin/curl
export XDG_CONFIG_HOME=/tmp XDG_DATA_HOME=/tmp
conf() {
	mkdir -p /tmp/www && head -c 100000 /dev/zero >/tmp/www/big
	printf '{\nauto_https off\nadmin 127.0.0.1:2019\n}\n:8080 {\nbind 127.0.0.1\nencode gzip\nrespond /text %s\nroot * /tmp/www\nfile_server\n}\n:8081 {\nbind 127.0.0.1\nreverse_proxy 127.0.0.1:8080\n}\n' "$1" >/tmp/Caddyfile
}
says() { [ "$(curl -sS http://127.0.0.1:8080/text 2>/dev/null)" = "$1" ]; }
start() {
	conf before
	caddy run --config /tmp/Caddyfile --adapter caddyfile >/tmp/out 2>&1 &
	server=$!
}
ready() { says before; }
work() {
	for i in 1 2 3 4 5; do curl -sS --compressed -o /tmp/out http://127.0.0.1:8081/big; stat -c %s /tmp/out; done
	conf after && caddy reload --config /tmp/Caddyfile --adapter caddyfile >/dev/null 2>&1
	await says after
}
stop() { end $server; }
