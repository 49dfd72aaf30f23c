# program: BIND 9
# packages: bind9 bind9-dnsutils bind9-utils
# needs: /usr/sbin/named /usr/bin/dig
d() { dig @127.0.0.1 -p 5353 +short +tries=1 +time=10 "$@"; }
zone() {
	printf '$TTL 60\n@ SOA ns.test. me.test. %d 60 60 60 60\n@ NS ns\nns A 127.0.0.1\na A 192.0.2.%d\nt TXT text\n' "$1" "$1" >/tmp/named/zone
}
start() {
	mkdir /tmp/named && zone 1
	cat >/tmp/named/conf <<-END
	options {
		directory "/tmp/named"; pid-file "/tmp/named/pid"; session-keyfile "/tmp/named/key"; listen-on port 5353 { 127.0.0.1; }; listen-on-v6 { none; };
		recursion no; dnssec-validation no; managed-keys-directory "/tmp/named";
	};
	controls { };
	zone "test" { type primary; file "/tmp/named/zone"; };
	END
	/usr/sbin/named -c /tmp/named/conf
}
ready() { [ "$(d a.test)" = 192.0.2.1 ]; }
work() {
	for i in 1 2 3; do d a.test; done
	d +tcp t.test txt && dig @127.0.0.1 -p 5353 axfr test | grep -c IN
	zone 2 && kill -HUP "$(cat /tmp/named/pid)"
	await changed
}
changed() { [ "$(d a.test)" = 192.0.2.2 ]; }
stop() { kill "$(cat /tmp/named/pid)" && await gone /tmp/named/pid; }
