# program: SQLite
# packages: sqlite3
# needs: /usr/bin/sqlite3
# short
# engines
work() {
	sqlite3 d.db 'pragma journal_mode=wal; create table t (id integer primary key, text); with recursive n(i) as (select 1 union all select i+1 from n where i < 2000)
		insert into t select i, hex(i) from n; create index x on t (text); select count(*), sum(id) from t'
	sqlite3 d.db 'pragma wal_checkpoint(truncate); delete from t where id % 2; vacuum; pragma integrity_check; select count(*) from t'
	sqlite3 d.db .dump | sqlite3 e.db && sqlite3 e.db '.backup f.db' 'pragma mmap_size=1000000; select max(text) from t' && sqlite3 -csv f.db 'select * from t limit 3' '.shell echo shell'
	sqlite3 f.db 'pragma temp_store=1; pragma cache_size=5; select count(*) from (select a.text from t a, t b order by a.text || b.id limit 10)'
}
