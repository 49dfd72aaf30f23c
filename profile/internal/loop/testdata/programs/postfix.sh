# program: Postfix
# packages: postfix perl
# needs: /usr/sbin/postfix /usr/bin/perl
# etc: postfix
# root
start() {
	mkdir -p /tmp/postfix /tmp/data /var/spool/postfix
	cp /etc/postfix/dynamicmaps.cf /usr/share/postfix/master.cf.dist /tmp/postfix/ 2>/dev/null || :
	sed 's/^\([a-z0-9]* *[a-z]* *[-n]* *[-n]* *\)y /\1n /' /usr/share/postfix/master.cf.dist >/tmp/postfix/master.cf
	sed -i 's/^smtp \( *inet\)/2525 \1/' /tmp/postfix/master.cf
	cat >/tmp/postfix/main.cf <<-END
	compatibility_level = 3.6
	queue_directory = /var/spool/postfix
	data_directory = /tmp/data
	mail_owner = postfix
	setgid_group = postdrop
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	mydestination = localhost
	myhostname = lab.localhost
	alias_maps =
	mail_spool_directory = /tmp/mail/
	maillog_file = /var/log/postfix.log
	smtputf8_enable = no
	END
	mkdir -m 1777 /tmp/mail && mkdir -p /var/log && chown 101 /tmp/data
	/usr/sbin/postfix -c /tmp/postfix start >/dev/null 2>&1
}
ready() { ask 2525 'QUIT
' 2>/dev/null | grep -q ^220; }
work() {
	for i in 1 2 3; do send $i; done
	await delivered
	ls -R /tmp/mail/user/new | wc -l
}
send() {
	perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new("127.0.0.1:2525") or exit 1;
		for my $say ("", "HELO a", "MAIL FROM:<user\@localhost>", "RCPT TO:<user\@localhost>", "DATA", "Subject: $ARGV[0]\r\n\r\ntext\r\n.", "QUIT") {
			print $s "$say\r\n" if $say; my $answer = <$s>; $answer =~ /^[23]/ or die $answer;
		}' "$1"
}
delivered() { [ "$(ls /tmp/mail/user/new 2>/dev/null | wc -l)" = 3 ]; }
stop() { /usr/sbin/postfix -c /tmp/postfix stop >/dev/null 2>&1 && await gone /proc/"$(cat /var/spool/postfix/pid/master.pid)"; }
