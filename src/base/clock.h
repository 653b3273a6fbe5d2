/*
 * Time as a value. Pure rooms are told the time; only app and the adapters ask for it.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct now {
	int64_t mono_ms; /* monotonic: for timers only */
	int64_t wall_ms; /* Unix time: for records */
	/* local wall time: for hours and holidays */
	int16_t year;
	uint8_t month;         /* 1-12 */
	uint8_t day;           /* 1-31 */
	uint8_t weekday;       /* 0 Sunday - 6 Saturday */
	uint16_t minute_of_day; /* 0-1439 */
};

/* Reads both clocks; the local part is computed anew at most once a second and thread. */
void clock_now(struct now *out);

/* The local part of any wall time; mono_ms stays 0. */
void clock_local(int64_t wall_ms, struct now *out);

/* The monotonic clock alone, in milliseconds. */
int64_t clock_mono_ms(void);
int64_t clock_wall_ms(void);

#endif
