#include "base/clock.h"

#include <string.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

static void fill(const struct tm *tm, int64_t wall_ms, struct now *out)
{
	memset(out, 0, sizeof(*out));
	out->wall_ms = wall_ms;
	out->year = (int16_t)(tm->tm_year + 1900);
	out->month = (uint8_t)(tm->tm_mon + 1);
	out->day = (uint8_t)tm->tm_mday;
	out->weekday = (uint8_t)tm->tm_wday;
	out->minute_of_day = (uint16_t)(tm->tm_hour * 60 + tm->tm_min);
}

void clock_local(int64_t wall_ms, struct now *out)
{
	time_t second = (time_t)(wall_ms / 1000);
	struct tm tm;

	localtime_r(&second, &tm);
	fill(&tm, wall_ms, out);
}

void clock_now(struct now *out)
{
	static _Thread_local time_t cached_second = -1;
	static _Thread_local struct tm tm;
	int64_t wall_ms = clock_wall_ms();
	time_t second = (time_t)(wall_ms / 1000);

	if (second != cached_second) {
		localtime_r(&second, &tm);
		cached_second = second;
	}
	fill(&tm, wall_ms, out);
	out->mono_ms = clock_mono_ms();
}
