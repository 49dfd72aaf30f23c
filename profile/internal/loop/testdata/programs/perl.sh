# program: Perl: forks, sockets, files
# packages: perl
# needs: /usr/bin/perl
# short
# engines
work() { perl /programs/work.pl; }
