/*
 * Stands between the server and its system, for tests of bad days: the wall clock is ahead by, and
 * each sync to the disk takes longer by, what the first numbers of a shared file say.
 * ZONGJI_BAD_DAY names it. Loaded by LD_PRELOAD; children of the server don't inherit it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct day {
	volatile int64_t ahead_ms, sync_ms, syncs;
};
static struct day nothing, *day = &nothing;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("ZONGJI_BAD_DAY");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED
			  : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at != MAP_FAILED)
		day = at;
	if (fd >= 0)
		close(fd);
	unsetenv("LD_PRELOAD");
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int err = (int)syscall(SYS_clock_gettime, id, ts);

	if (!err && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
		ts->tv_sec += day->ahead_ms / 1000;
		ts->tv_nsec += day->ahead_ms % 1000 * 1000000;
		if (ts->tv_nsec >= 1000000000) {
			ts->tv_nsec -= 1000000000;
			ts->tv_sec++;
		} else if (ts->tv_nsec < 0) {
			ts->tv_nsec += 1000000000;
			ts->tv_sec--;
		}
	}
	return err;
}

int gettimeofday(struct timeval *tv, void *zone)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (out)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

static void slow(void)
{
	day->syncs++;
	if (day->sync_ms > 0)
		usleep((useconds_t)day->sync_ms * 1000);
}

int fsync(int fd)
{
	slow();
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	slow();
	return (int)syscall(SYS_fdatasync, fd);
}
