# program: Perl: forks, sockets, files
# packages: perl
# needs: /usr/bin/perl
# short
work() { perl /programs/work.pl; }
