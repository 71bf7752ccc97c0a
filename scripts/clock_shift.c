/*
 * Moves the calendar clock by the seconds in /etc/clock-shift. It is loaded through /etc/ld.so.preload, so that no environment is
 * needed. Monotonic clocks stay true, so timers fire when they should. Only system calls are used, which are safe in signal handlers:
 * PostgreSQL reads the time in one.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long shift;

__attribute__((constructor)) static void read_shift(void)
{
	char text[32] = {0};
	int file = open("/etc/clock-shift", O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return;
	if (read(file, text, sizeof text - 1) > 0)
		shift = atol(text);
	close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int) syscall(SYS_clock_gettime, clock, now);

	if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += shift;
	return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec precise;

	(void) zone;
	clock_gettime(CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec;
	now->tv_usec = precise.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}
