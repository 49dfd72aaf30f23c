# program: Mosquitto
# packages: mosquitto mosquitto-clients
# needs: /usr/sbin/mosquitto /usr/bin/mosquitto_sub
start() {
	printf 'listener 1883 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location /tmp/\npid_file /tmp/mosquitto.pid\nlog_dest file /tmp/mosquitto.log\n' >/tmp/mosquitto.conf
	/usr/sbin/mosquitto -c /tmp/mosquitto.conf -d
}
pub() { mosquitto_pub -h 127.0.0.1 "$@"; }
sub() { mosquitto_sub -h 127.0.0.1 -W 20 "$@"; }
ready() { pub -t started -m x 2>/dev/null; }
work() {
	pub -r -q 1 -t kept -m retained && sub -C 1 -t kept
	sub -C 1 -i queue -c -q 2 -t kept
	for i in 1 2 3; do pub -q 2 -t kept -m "message $i"; done
	sub -R -C 3 -i queue -c -q 2 -t kept
	kill -USR1 "$(cat /tmp/mosquitto.pid)" # saves
	await [ -s /tmp/mosquitto.db ]
}
stop() { kill "$(cat /tmp/mosquitto.pid)" && await gone /tmp/mosquitto.pid; }
