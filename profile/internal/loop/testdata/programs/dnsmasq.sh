# program: dnsmasq
# packages: dnsmasq-base bind9-dnsutils
# needs: /usr/sbin/dnsmasq /usr/bin/dig
d() { dig @127.0.0.1 -p 5353 +short +tries=1 +time=10 "$@"; }
start() {
	cat >/tmp/dnsmasq.conf <<-END
	port=5353
	listen-address=127.0.0.1
	bind-interfaces
	no-resolv
	no-hosts
	user=user
	pid-file=/tmp/dnsmasq.pid
	address=/a.test/192.0.2.1
	txt-record=t.test,text
	addn-hosts=/tmp/hosts
	END
	echo 192.0.2.7 host.test >/tmp/hosts
	dnsmasq -C /tmp/dnsmasq.conf
}
ready() { [ "$(d a.test)" = 192.0.2.1 ]; }
work() {
	for i in 1 2 3; do d x$i.a.test; done
	d host.test && d +tcp t.test txt && d -x 192.0.2.7
	echo 192.0.2.8 host.test >/tmp/hosts && kill -HUP "$(cat /tmp/dnsmasq.pid)"
	await changed
}
changed() { [ "$(d host.test)" = 192.0.2.8 ]; }
stop() { kill "$(cat /tmp/dnsmasq.pid)" && await gone /tmp/dnsmasq.pid; }
