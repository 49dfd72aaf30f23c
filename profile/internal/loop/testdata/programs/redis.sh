# program: redis
# packages: redis-server redis-tools
# needs: /usr/bin/redis-server /usr/bin/redis-benchmark
r() { redis-cli -p 7000 "$@"; }
saved() { r info persistence | grep -q 'rdb_bgsave_in_progress:0'; }
rewritten() { r info persistence | grep -q 'aof_rewrite_in_progress:0'; }
start() { redis-server --daemonize yes --port 7000 --dir /tmp --pidfile /tmp/redis.pid --logfile /tmp/redis.log --appendonly yes --save '' >/dev/null; }
ready() { r ping >/dev/null 2>&1; }
work() {
	r set a 1 && r incr a && r rpush l x y z && r lrange l 0 -1 && r expire a 100 && r eval 'return 7' 0
	redis-benchmark -p 7000 -q -n 2000 -c 20 -t set,get,lpush >/dev/null
	r bgsave >/dev/null
	await saved
	r bgrewriteaof >/dev/null
	await rewritten
	r flushall async && r dbsize
}
stop() { r shutdown && await gone /tmp/redis.pid; }
