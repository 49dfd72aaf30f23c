# program: sshd
# packages: openssh-server openssh-client
# needs: /usr/sbin/sshd /usr/bin/sftp
start() {
	mkdir -m 700 /tmp/home
	ssh-keygen -q -t ed25519 -N '' -f /tmp/home/host && ssh-keygen -q -t ed25519 -N '' -f /tmp/home/user
	cp /tmp/home/user.pub /tmp/home/keys
	cat >/tmp/home/sshd_config <<-END
	Port 2222
	ListenAddress 127.0.0.1
	HostKey /tmp/home/host
	AuthorizedKeysFile /tmp/home/keys
	PidFile /tmp/home/pid
	UsePAM no
	PasswordAuthentication no
	Subsystem sftp internal-sftp
	END
	/usr/sbin/sshd -f /tmp/home/sshd_config -E /tmp/home/log
}
ready() { [ -s /tmp/home/pid ]; }
work() {
	opts='-q -i /tmp/home/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/tmp/home/known -F /dev/null'
	for i in 1 2 3; do ssh $opts -p 2222 127.0.0.1 'id -u; cat' </tmp/home/sshd_config | wc -l; done
	echo 'get /tmp/home/keys /tmp/home/got' | sftp $opts -P 2222 -b - 127.0.0.1 >/dev/null && cmp /tmp/home/keys /tmp/home/got
}
stop() { kill "$(cat /tmp/home/pid)" && await gone /tmp/home/pid; }
