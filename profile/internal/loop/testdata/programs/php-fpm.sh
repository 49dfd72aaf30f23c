# program: PHP-FPM
# packages: php8.2-fpm libfcgi-bin
# needs: /usr/sbin/php-fpm8.2 /usr/bin/cgi-fcgi
fcgi() { SCRIPT_FILENAME=/programs/work.php REQUEST_METHOD=GET QUERY_STRING="n=$1" cgi-fcgi -bind -connect 127.0.0.1:9000 | tail -1; }
start() {
	cat >/tmp/fpm.conf <<-END
	[global]
	pid = /tmp/fpm.pid
	error_log = /tmp/fpm.log
	[www]
	listen = 127.0.0.1:9000
	pm = dynamic
	pm.max_children = 4
	pm.start_servers = 2
	pm.min_spare_servers = 1
	pm.max_spare_servers = 3
	END
	php-fpm8.2 -n -y /tmp/fpm.conf -D
}
ready() { [ -s /tmp/fpm.pid ] && fcgi 0 >/dev/null 2>&1; }
work() {
	for i in 1 2 3 4 5; do fcgi $i; done
	kill -USR2 "$(cat /tmp/fpm.pid)" # reload
	await restarted
	fcgi 6
}
restarted() { [ "$(grep -c 'ready to handle connections' /tmp/fpm.log)" = 2 ]; }
stop() { kill -QUIT "$(cat /tmp/fpm.pid)" && await gone /tmp/fpm.pid; }
