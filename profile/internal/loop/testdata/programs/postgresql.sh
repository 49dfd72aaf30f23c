# program: PostgreSQL
# packages: postgresql-15
# needs: /usr/lib/postgresql/15/bin/postgres /usr/lib/postgresql/15/bin/psql
PATH=/usr/lib/postgresql/15/bin:$PATH
q() { psql -X -q -A -t -h /tmp -d postgres -v ON_ERROR_STOP=1 "$@"; }
start() {
	initdb -D /tmp/pg -U user --no-sync --no-locale -E UTF8 -A trust >/dev/null
	pg_ctl -D /tmp/pg -l /tmp/pg.log -W -o '-k /tmp -c listen_addresses=127.0.0.1 -c shared_buffers=16MB' start >/dev/null
}
ready() { pg_isready -q -h /tmp; }
work() {
	export PGUSER=user
	q -c 'create table t (id serial primary key, text text); create index on t (text)'
	seq 1000 | q -c 'copy t (text) from stdin'
	q -c 'select count(*), sum(id) from t' -c "update t set text = 'x' where id % 2 = 0" -c 'vacuum analyze t' -c 'checkpoint'
	q -h 127.0.0.1 -c 'select count(*) from t where text = $$x$$' -c 'set work_mem = 64' -c 'select sum(a) from (select a from generate_series(1, 50000) a order by -a) b'
	pg_dump -h /tmp postgres | grep -c INSERT || :
}
stop() { pg_ctl -D /tmp/pg -m fast stop >/dev/null; }
