use strict;
use warnings;
use IO::Socket::INET;
use IO::Select;
use File::Temp qw(tempdir);
use File::Find;
use Time::HiRes qw(sleep alarm);
use Fcntl qw(:flock);
use POSIX qw(:sys_wait_h);

my $l = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 10, ReuseAddr => 1) or die $!;
my @children;
for my $i (1 .. 4) {
	my $pid = fork // die $!;
	if (!$pid) {
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $l->sockport) or die $!;
		print $s "hello $i\n";
		exit(<$s> eq "HELLO $i\n" ? $i : 99);
	}
	push @children, $pid;
}
for (1 .. 4) {
	IO::Select->new($l)->can_read(20) or die;
	my $c = $l->accept;
	print $c uc <$c>;
}
my $sum = 0;
for (@children) { waitpid $_, 0; $sum += $? >> 8 }
my $dir = tempdir(CLEANUP => 1);
for my $i (1 .. 5) {
	open my $f, ">", "$dir/$i" or die $!;
	flock $f, LOCK_EX;
	print $f "x" x 10000;
	close $f;
}
rename "$dir/1", "$dir/6";
my $size = 0;
find(sub { $size += -s if -f }, $dir);
my $rang = 0;
local $SIG{ALRM} = sub { $rang++ };
alarm 0.05;
POSIX::pause();
sleep 0.01;
print "$sum $size $rang ", scalar(`echo child`);
