/*
 * What libre would print on stderr and stdout for each bad message that it meets, without a limit:
 * taken over as tmr_* are (tmr_heap.c), and written to our log at most once a second and kind.
 * Whether a line is about outside input can't be told from here, so it is a debug line.
 */
#include <re.h>
#include <string.h>

#define DEBUG_MODULE "sip"
#define DEBUG_LEVEL  0
#include <re_dbg.h>

#include "base/clock.h"
#include "base/log.h"
#include "sip/libre_log.h"

static _Thread_local struct log_limiter limiter;

static int limited(const char *fmt, va_list ap)
{
	char line[256];
	uint32_t held_back = 0;
	int n;

	if (!log_limit(&limiter, fmt, clock_mono_ms(), &held_back))
		return 0;
	n = re_vsnprintf(line, sizeof(line), fmt, ap);
	if (n < 0)
		return n;
	if ((size_t)n < sizeof(line) && n > 0 && line[n - 1] == '\n')
		line[n - 1] = '\0';
	log_debug("libre", "%s (%u more)", line, held_back);
	return n;
}

int re_fprintf(FILE *stream, const char *fmt, ...)
{
	va_list ap;
	int n;
	(void)stream;

	va_start(ap, fmt);
	n = limited(fmt, ap);
	va_end(ap);
	return n;
}

int re_printf(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = limited(fmt, ap);
	va_end(ap);
	return n;
}

static void debug_handler(int level, const char *p, size_t len, void *arg)
{
	uint32_t held_back = 0;
	char what[64] = "";
	(void)level;
	(void)arg;

	/* The beginning tells the kind, the rest what it was about. */
	while (len && (p[len - 1] == '\n' || p[len - 1] == '\r'))
		len--;
	memcpy(what, p, MIN(len, 24));
	if (log_limit(&limiter, what, clock_mono_ms(), &held_back))
		log_debug("libre", "%.*s (%u more)", (int)MIN(len, 400), p, held_back);
}

void libre_log_take(void)
{
	dbg_init(DBG_WARNING, DBG_NONE);
	dbg_handler_set(debug_handler, NULL);
}
