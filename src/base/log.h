/*
 * The program's log: one line an event, on stderr (systemd's journal takes it from there), written
 * at the edge only. Safe from every thread; a line is one write.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

void log_level_set(enum log_level least);
void log_line(enum log_level level, const char *room, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_debug(room, ...) log_line(LOG_LEVEL_DEBUG, room, __VA_ARGS__)
#define log_info(room, ...) log_line(LOG_LEVEL_INFO, room, __VA_ARGS__)
#define log_warn(room, ...) log_line(LOG_LEVEL_WARN, room, __VA_ARGS__)
#define log_error(room, ...) log_line(LOG_LEVEL_ERROR, room, __VA_ARGS__)

/* One line a second for each source of bad input: true when this one may be written. `suppressed`
 * is how many were held back since the last. One limiter serves one thread. */
#define LOG_LIMITER_SLOTS 256
struct log_limiter {
	struct {
		uint64_t source;
		int64_t last_ms;
		uint32_t held_back;
	} slot[LOG_LIMITER_SLOTS];
};
bool log_limit(struct log_limiter *l, const char *source, int64_t mono_ms, uint32_t *suppressed);

#endif
