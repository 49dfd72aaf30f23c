# program: Dovecot
# packages: dovecot-imapd curl
# needs: /usr/sbin/dovecot /usr/bin/curl /usr/lib/dovecot/imap
start() {
	mkdir -p /tmp/dovecot /tmp/mail
	cat >/tmp/dovecot.conf <<-END
	protocols = imap
	base_dir = /tmp/dovecot
	state_dir = /tmp/dovecot
	log_path = /tmp/dovecot.log
	ssl = no
	disable_plaintext_auth = no
	default_internal_user = user
	default_internal_group = user
	default_login_user = user
	first_valid_uid = 1
	mail_location = maildir:/tmp/mail/%u
	service imap-login {
		chroot =
		inet_listener imap {
			address = 127.0.0.1
			port = 1143
		}
	}
	service anvil {
		chroot =
	}
	passdb {
		driver = static
		args = nopassword=y
	}
	userdb {
		driver = static
		args = uid=1000 gid=1000 home=/tmp/mail/%u
	}
	END
	/usr/sbin/dovecot -c /tmp/dovecot.conf
}
c() { curl -sS -u me:x "$@"; }
ready() { c imap://127.0.0.1:1143/ >/dev/null 2>&1; }
work() {
	printf 'From: a@localhost\r\nSubject: hello\r\n\r\ntext\r\n' >/tmp/message
	c -T /tmp/message imap://127.0.0.1:1143/INBOX
	c -T /tmp/message imap://127.0.0.1:1143/INBOX
	c 'imap://127.0.0.1:1143/INBOX;MAILINDEX=1'
	c imap://127.0.0.1:1143/INBOX -X 'SEARCH SUBJECT hello'
	c imap://127.0.0.1:1143/ -X 'CREATE other' && c imap://127.0.0.1:1143/INBOX -X 'STORE 1 +FLAGS \Deleted' >/dev/null
	c imap://127.0.0.1:1143/
}
stop() { /usr/sbin/dovecot -c /tmp/dovecot.conf stop && await gone /tmp/dovecot/master.pid; }
