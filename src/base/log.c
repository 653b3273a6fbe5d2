#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"

static atomic_int least_level = LOG_LEVEL_INFO;

void log_level_set(enum log_level least)
{
	atomic_store(&least_level, (int)least);
}

void log_line(enum log_level level, const char *room, const char *fmt, ...)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	char line[1024];
	struct timespec ts;
	struct tm tm;
	va_list ap;
	size_t n;
	int m;

	if ((int)level < atomic_load(&least_level))
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	n = strftime(line, sizeof(line), "%F %T", &tm);
	n += (size_t)snprintf(line + n, sizeof(line) - n, ".%03ld %s %s: ", ts.tv_nsec / 1000000,
			      names[level], room);
	va_start(ap, fmt);
	m = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	if (m < 0)
		return;
	n += (size_t)m < sizeof(line) - n - 1 ? (size_t)m : sizeof(line) - n - 2;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
			line[i] = '?';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

bool log_limit(struct log_limiter *l, const char *source, int64_t mono_ms, uint32_t *suppressed)
{
	uint64_t h = hash_bytes(source, strlen(source)) | 1;
	size_t i = (size_t)(h >> 8) % LOG_LIMITER_SLOTS;

	if (l->slot[i].source == h && mono_ms - l->slot[i].last_ms < 1000) {
		l->slot[i].held_back++;
		return false;
	}
	*suppressed = l->slot[i].source == h ? l->slot[i].held_back : 0;
	l->slot[i].source = h;
	l->slot[i].last_ms = mono_ms;
	l->slot[i].held_back = 0;
	return true;
}
