# A program's script says what it is in its first lines (see programs_linux_test.go), and in functions how it is started, when
# it is ready, what it does, and how it is stopped. Those it lacks do nothing.
export HOME=/tmp LC_ALL=C
start() { :; }
ready() { :; }
work() { :; }
stop() { :; }

# await CMD...: until it succeeds. It always sleeps, so that it makes the same
# calls however fast the machine is.
await() {
	i=0
	while sleep 0.05; do
		! "$@" || return 0
		i=$((i + 1))
		[ $i -lt 1000 ] || complain "$@"
	done
}
complain() {
	echo "never: $*" >&2
	tail -n 5 /tmp/out /tmp/*.log >&2
	exit 9
}
gone() { ! [ -e "$1" ]; }

# end PID [SIGNAL]: ends a child of the shell. What the shell does meanwhile depends on which of the two is first, so it
# does both.
end() {
	kill -s "${2:-TERM}" "$1"
	wait "$1" || :
	(sleep 0.1) & wait $!
	(exit 0) & sleep 0.1; wait $!
}

# ask PORT TEXT: what a server on this host answers, to the end or to the line QUIT.
ask() {
	perl -MIO::Socket::INET -e '
		my ($port, $text) = @ARGV;
		my $s = IO::Socket::INET->new("127.0.0.1:$port") or exit 1;
		print $s $text; shutdown($s, 1); print while <$s>' "$@"
}

# perform: the life of a program.
perform() {
	start
	await ready
	work
	stop
}

# nginx_conf TEXT: an nginx that says TEXT.
nginx_conf() {
	mkdir -p /tmp/www
	head -c 100000 /dev/zero >/tmp/www/big
	cat >/tmp/nginx.conf <<-END
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
	END
}
