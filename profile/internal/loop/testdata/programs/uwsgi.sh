# program: uWSGI
# packages: uwsgi-core uwsgi-plugin-python3 curl
# needs: /usr/bin/uwsgi-core /usr/lib/uwsgi/plugins/python311_plugin.so /usr/bin/curl
start() {
	PYTHONDONTWRITEBYTECODE=1 uwsgi-core --plugin /usr/lib/uwsgi/plugins/python311_plugin.so --http-socket 127.0.0.1:8080 --wsgi-file /programs/wsgi.py \
		--master --processes 2 --threads 2 --pidfile /tmp/uwsgi.pid --daemonize2 /tmp/uwsgi.log --die-on-term --safe-pidfile /tmp/uwsgi.pid --vacuum >/dev/null 2>&1
}
ready() { curl -sS http://127.0.0.1:8080/ >/dev/null 2>&1; }
work() { for i in 1 2 3 4 5 6; do curl -sS http://127.0.0.1:8080/$i -d body; done; }
stop() { kill "$(cat /tmp/uwsgi.pid)" && await gone /tmp/uwsgi.pid; }
