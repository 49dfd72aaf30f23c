# program: tar, gzip, find, sed, perl
# packages: tar gzip findutils sed diffutils perl
# needs: /usr/bin/perl /usr/bin/tar /usr/bin/diff
work() {
	seq 1000 >n && gzip -k n && gunzip -c n.gz | cmp - n && tar cf n.tar n n.gz && mkdir x && tar xf n.tar -C x && ls x
	find x -type f -name 'n*' -exec grep -c 9 '{}' + | sort && sed -n '5,6s/^/line /p' n && seq 9 | xargs -n 3 echo
	diff n x/n && echo same && perl -e '
		pipe(my $r, my $w); for my $i (1 .. 3) { if (!fork) { syswrite $w, "child\n"; exit $i } }
		close $w; print sort <$r>; my $sum = 0; while ((my $pid = wait) > 0) { $sum += $? >> 8 } print "$sum\n"'
}
