# program: sh
# packages: dash
# needs: /bin/sh
# short
# engines
work() {
	for i in 1 2 3; do echo "line $i"; done | while read -r word n; do echo "$word:$n"; done
	echo "$(cd /tmp && pwd)"
	cat <<-END >/tmp/here
	here
	END
	read -r text </tmp/here && echo "$text"
	(trap 'echo trapped; exit 3' TERM; kill -TERM $(sh -c 'echo $PPID')) || echo "ended with $?"
	umask 077 && : >/tmp/private && [ -r /tmp/private ] && ulimit -n
	(sleep 0.1; exit 4) & wait $! || echo "child $?" # a child that has ended already needs no rt_sigsuspend
}
