# program: Apache httpd
# packages: apache2-bin curl
# needs: /usr/sbin/apache2 /usr/bin/curl
conf() {
	mkdir -p /tmp/www && head -c 100000 /dev/zero >/tmp/www/big && echo "$1" >/tmp/www/text
	cat >/tmp/apache.conf <<-END
	ServerRoot /tmp
	ServerName localhost
	PidFile /tmp/apache.pid
	ErrorLog /tmp/error.log
	DefaultRuntimeDir /tmp
	Listen 127.0.0.1:8080
	LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
	LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
	LoadModule deflate_module /usr/lib/apache2/modules/mod_deflate.so
	LoadModule filter_module /usr/lib/apache2/modules/mod_filter.so
	LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
	LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
	LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
	StartServers 2
	DocumentRoot /tmp/www
	ProxyPass /self/ http://127.0.0.1:8080/
	Redirect /old /text
	END
}
says() { [ "$(curl -sS http://127.0.0.1:8080/text 2>/dev/null)" = "$1" ]; }
start() { conf before && /usr/sbin/apache2 -f /tmp/apache.conf -k start; }
ready() { says before; }
work() {
	for i in 1 2 3 4 5; do curl -sS --compressed -o /tmp/out http://127.0.0.1:8080/self/big; stat -c %s /tmp/out; done
	curl -sS -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/old
	conf after && /usr/sbin/apache2 -f /tmp/apache.conf -k graceful
	await says after
	for i in 1 2 3 4 5; do curl -sS -Z -o /tmp/1 http://127.0.0.1:8080/big -o /tmp/2 http://127.0.0.1:8080/self/big; cmp /tmp/1 /tmp/2; done
}
stop() { /usr/sbin/apache2 -f /tmp/apache.conf -k stop && await gone /tmp/apache.pid; }
