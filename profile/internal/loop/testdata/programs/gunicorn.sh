# program: Gunicorn
# packages: gunicorn curl
# needs: /usr/bin/gunicorn /usr/bin/curl
start() { PYTHONDONTWRITEBYTECODE=1 gunicorn --chdir /programs -b 127.0.0.1:8080 -w 2 --threads 2 -D -p /tmp/gunicorn.pid --worker-tmp-dir /dev/shm --log-file /tmp/gunicorn.log wsgi:application; }
ready() { curl -sS http://127.0.0.1:8080/ >/dev/null 2>&1; }
work() { for i in 1 2 3 4 5 6; do curl -sS http://127.0.0.1:8080/$i -d body; done; }
stop() { kill "$(cat /tmp/gunicorn.pid)" && await gone /tmp/gunicorn.pid; }
