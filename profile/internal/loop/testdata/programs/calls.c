// What libc makes of common needs: files, processes, or signals and timers.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MUST(x) do { if ((x) == -1) { perror(#x); exit(1); } } while (0)

static void files(void)
{
	int pair[2], fd;
	char buf[8] = "";
	MUST(fd = open("/tmp/file", O_CREAT | O_RDWR, 0600));
	MUST(ftruncate(fd, 8192));
	char *map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) { perror("mmap"); exit(1); }
	strcpy(map, "mapped");
	MUST(msync(map, 8192, MS_SYNC));
	MUST(pread(fd, buf, 6, 0));
	MUST(munmap(map, 8192));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	MUST(send(pair[0], buf, 6, 0));
	MUST(recv(pair[1], buf, 6, 0));
	MUST(rename("/tmp/file", "/tmp/other"));
	MUST(unlink("/tmp/other"));
	puts(buf);
}

static void processes(char *self)
{
	extern char **environ;
	int fds[2], status;
	pid_t pid;
	char *args[] = {self, "files", NULL};
	MUST(pipe2(fds, O_CLOEXEC));
	for (int i = 0; i < 3; i++) {
		MUST(pid = fork());
		if (pid == 0) {
			MUST(write(fds[1], "x", 1));
			MUST(execv(self, args));
		}
		MUST(waitpid(pid, &status, 0));
		printf("forked %d\n", WEXITSTATUS(status));
		fflush(stdout);
	}
	if (posix_spawn(&pid, self, NULL, NULL, args, environ)) exit(1);
	MUST(waitpid(pid, &status, 0));
	MUST(pid = vfork());
	if (pid == 0) { execv(self, args); _exit(9); }
	MUST(waitpid(pid, &status, 0));
	printf("spawned %d, system %d\n", WEXITSTATUS(status), system("true"));
}

static volatile sig_atomic_t got;
static void count(int sig) { (void)sig; got++; }

static void timers(void)
{
	struct sigaction sa = {.sa_handler = count};
	struct itimerval iv = {.it_value = {.tv_usec = 10000}};
	struct itimerspec its = {.it_value = {.tv_nsec = 10000000}};
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct timespec second = {.tv_sec = 1}, moment = {.tv_nsec = 1000000};
	sigset_t block, old;
	timer_t timer;
	int fd;
	unsigned long long ticks;
	MUST(sigaction(SIGALRM, &sa, NULL));
	MUST(sigaction(SIGUSR1, &sa, NULL));
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigaddset(&block, SIGUSR1);
	sigaddset(&block, SIGUSR2);
	MUST(sigprocmask(SIG_BLOCK, &block, &old));
	MUST(setitimer(ITIMER_REAL, &iv, NULL));
	sigsuspend(&old);
	MUST(timer_create(CLOCK_MONOTONIC, &ev, &timer));
	MUST(timer_settime(timer, 0, &its, NULL));
	sigsuspend(&old);
	MUST(timer_delete(timer));
	MUST(fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	MUST(timerfd_settime(fd, 0, &its, NULL));
	MUST(read(fd, &ticks, sizeof ticks));
	MUST(fd = signalfd(-1, &block, 0));
	MUST(raise(SIGUSR2));
	struct pollfd p = {.fd = fd, .events = POLLIN};
	MUST(poll(&p, 1, 10000));
	struct signalfd_siginfo info;
	MUST(read(fd, &info, sizeof info));
	MUST(sigprocmask(SIG_SETMASK, &old, NULL));
	MUST(setitimer(ITIMER_REAL, &iv, NULL));
	if (nanosleep(&second, NULL) == 0 || errno != EINTR) exit(2);
	MUST(nanosleep(&moment, NULL));
	MUST(kill(getpid(), SIGUSR1));
	printf("signals %d, ticks %llu\n", got, ticks);
}

int main(int argc, char **argv)
{
	if (argc != 2) return 2;
	if (!strcmp(argv[1], "files")) files();
	if (!strcmp(argv[1], "processes")) processes(argv[0]);
	if (!strcmp(argv[1], "timers")) timers();
	return 0;
}
