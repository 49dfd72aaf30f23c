# program: etcd
# packages: etcd-server etcd-client
# needs: /usr/bin/etcd /usr/bin/etcdctl
start() {
	etcd --data-dir /tmp/etcd --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
		--listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster default=http://127.0.0.1:2380 >/tmp/etcd.log 2>&1 &
	server=$!
}
e() { ETCDCTL_API=3 etcdctl --endpoints 127.0.0.1:2379 "$@"; }
ready() { e endpoint health >/dev/null 2>&1; }
work() {
	for i in 1 2 3 4 5; do e put key$i value$i; done
	e get --prefix key && e del key3 && e txn <<-END
	value("key1") = "value1"

	put key1 other


	END
	e snapshot save /tmp/snapshot >/dev/null 2>&1 && e compact 4 && e defrag >/dev/null
}
stop() { end $server; }
