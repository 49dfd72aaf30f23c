# program: MariaDB
# packages: mariadb-server-core mariadb-client-core
# needs: /usr/sbin/mariadbd /usr/bin/mariadb /usr/bin/mariadb-install-db
q() { mariadb --no-defaults -N -S /tmp/db.sock "$@"; }
start() {
	mariadb-install-db --no-defaults --datadir=/tmp/db --auth-root-authentication-method=normal --skip-test-db >/dev/null 2>&1
	/usr/sbin/mariadbd --no-defaults --datadir=/tmp/db --socket=/tmp/db.sock --port=3307 --bind-address=127.0.0.1 --pid-file=/tmp/db.pid \
		--innodb-buffer-pool-size=16M --log-error=/tmp/db.log &
	server=$!
}
ready() { q -u root -e 'select 1' >/dev/null 2>&1; }
work() {
	q -u root -e 'create database d; use d; create table t (id int auto_increment primary key, text varchar(20)) engine=innodb; create table m (a int) engine=aria;
		insert into t (text) select seq from seq_1_to_1000; insert into m select id from t; select count(*), sum(id) from t; select sum(a) from m;
		begin; delete from t where id > 500; rollback; optimize table t; select count(*) from t'
	mariadb --no-defaults -N -u root -h 127.0.0.1 -P 3307 -e 'select version() > "10"' d
}
stop() {
	q -u root -e shutdown
	end $server 0
}
