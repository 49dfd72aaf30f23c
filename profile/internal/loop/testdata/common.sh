# conf TEXT: an nginx that says TEXT.
conf() {
	mkdir -p /tmp/www
	head -c 100000 /dev/zero >/tmp/www/big
	cat >/tmp/nginx.conf <<EOF
worker_processes 2;
pid /tmp/nginx.pid;
error_log /tmp/error.log;
events { worker_connections 64; }
http {
	access_log /tmp/access.log;
	client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi;
	uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
	sendfile on; gzip on;
	server { listen 127.0.0.1:8080; root /tmp/www; location = /text { return 200 "$1\n"; } }
	server { listen 127.0.0.1:8081; location / { proxy_pass http://127.0.0.1:8080; } }
}
EOF
}
# await CMD...: until it succeeds. It always sleeps, so that it makes the same
# calls however fast the machine is.
await() {
	i=0
	while sleep 0.05; do
		! "$@" || return 0
		i=$((i + 1))
		[ $i -lt 200 ] || exit 9
	done
}
gone() { ! [ -e "$1" ]; }
