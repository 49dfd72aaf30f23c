# program: Prometheus
# packages: prometheus curl
# needs: /usr/bin/prometheus /usr/bin/curl
start() {
	printf 'global: {scrape_interval: 200ms}\nscrape_configs: [{job_name: self, static_configs: [{targets: ["127.0.0.1:9090"]}]}]\n' >/tmp/prometheus.yml
	prometheus --config.file=/tmp/prometheus.yml --storage.tsdb.path=/tmp/data --web.listen-address=127.0.0.1:9090 --web.enable-lifecycle --web.enable-admin-api >/tmp/out 2>&1 &
	server=$!
}
c() { curl -sS "$@"; }
ready() { c http://127.0.0.1:9090/-/ready >/dev/null 2>&1; }
work() {
	await scraped
	c -X POST http://127.0.0.1:9090/-/reload
	c -X POST http://127.0.0.1:9090/api/v1/admin/tsdb/snapshot | cut -c 1-19
	c -o /dev/null -w '%{http_code}\n' http://127.0.0.1:9090/metrics
}
scraped() { c -G --data-urlencode 'query=count_over_time(up[5m]) >= bool 3' http://127.0.0.1:9090/api/v1/query | grep -q '"1"\]'; }
stop() { end $server; }
