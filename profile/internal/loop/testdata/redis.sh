r() { redis-cli -p 7000 "$@"; }
redis-server --daemonize yes --port 7000 --dir /tmp --logfile /tmp/redis.log --appendonly yes --save '' >/dev/null
await r ping >/dev/null
r set a 1 && r incr a && r lpush l x y z && r lrange l 0 -1 && r expire a 100 && r eval 'return 7' 0
redis-benchmark -p 7000 -q -n 2000 -c 20 -t set,get,lpush >/dev/null
r bgsave >/dev/null
saved() { r info persistence | grep -q 'rdb_bgsave_in_progress:0'; }
await saved
r bgrewriteaof >/dev/null
rewritten() { r info persistence | grep -q 'aof_rewrite_in_progress:0'; }
await rewritten
r flushall async && r dbsize && r shutdown && await gone /tmp/redis.pid
