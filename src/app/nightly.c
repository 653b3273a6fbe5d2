/*
 * Once a day, at three in the night, and a little after each start for those who switch off at
 * night: each organisation's log older than it is to be kept is compared and sealed, on a
 * connection of its own and at a low priority; recordings that have been kept long enough are
 * destroyed (tapes.c). Last month's report is begun here too (monthly.c). A
 * thread of its own: nobody waits for it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "app/app.h"
#include "app/monthly.h"
#include "records/figures.h"

#define AT_HOUR	   3
#define AFTER_MS   8000 /* of a start: names are spoken then */
#define LOOK_MS	   30000
#define BEHIND_ALL 15 /* nice */

struct app_nightly {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool running;
	atomic_bool stop;
};

int64_t app_log_until(int64_t now_ms, unsigned months)
{
	time_t now = (time_t)(now_ms / 1000);
	struct tm tm;

	localtime_r(&now, &tm);
	tm.tm_mon -= (int)months;
	tm.tm_mday = 1;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * 1000;
}

static void seal(struct app *a, struct records_db *db, const struct records_vocabulary *v,
		 uint32_t org)
{
	const struct records_sealing w = {
		.org = org,
		.at_ms = clock_wall_ms(),
		.until_ms = app_log_until(clock_wall_ms(), a->config->node.store.log_months),
		.by = "zongji",
		.stop = &a->nightly->stop,
	};
	struct records_sealed done = {0};
	int err = records_seal(db, v, &w, &done);

	if (err == EBADMSG)
		log_error("app",
			  "organisation %u: the old event log stays, %llu records and figures "
			  "differ from it: see zongji reconcile",
			  org, (unsigned long long)done.different);
	else if (err && err != ECANCELED)
		log_error("app", "organisation %u: the old event log isn't sealed: %s (%s)", org,
			  strerror(err), records_db_error(db));
	else if (!err && done.steps > 0)
		log_info("app", "organisation %u: %llu steps of the old event log sealed", org,
			 (unsigned long long)done.steps);
}

static void seal_all(struct app *a)
{
	char file[CONFIG_PATH + 16], why[STORE_WHY] = "";
	struct records_vocabulary v;
	struct store_options o;
	struct records_db *db = NULL;
	int err;

	app_vocabulary(&v);
	app_store_options(a, file, &o);
	err = records_db_open(&db, &o, why, sizeof(why));
	if (err) {
		log_error("app", "the old event log isn't sealed: %s", why);
		return;
	}
	app_tapes_expire(a, db);
	for (unsigned i = 0; i < a->org_count && !atomic_load(&a->nightly->stop); i++)
		seal(a, db, &v, a->org[i].id);
	records_db_close(db);
}

/* False when it is to end. */
static bool pause_for(struct app_nightly *n, int64_t ms)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	pthread_mutex_lock(&n->lock);
	if (!atomic_load(&n->stop))
		pthread_cond_timedwait(&n->wake, &n->lock, &until);
	stop = atomic_load(&n->stop);
	pthread_mutex_unlock(&n->lock);
	return !stop;
}

static void monthly(struct app *a)
{
	for (unsigned i = 0; i < a->org_count && !atomic_load(&a->nightly->stop); i++)
		app_monthly_look(a, i);
}

static void *nightly_main(void *arg)
{
	struct app *a = arg;
	struct now now;
	int day;

	setpriority(PRIO_PROCESS, 0, BEHIND_ALL); /* of this thread, on Linux */
	if (!pause_for(a->nightly, AFTER_MS))
		return NULL;
	clock_now(&now);
	day = now.minute_of_day < AT_HOUR * 60 ? 0 : now.day;
	monthly(a);
	seal_all(a);
	while (pause_for(a->nightly, LOOK_MS)) {
		monthly(a);
		clock_now(&now);
		if (now.minute_of_day < AT_HOUR * 60 || now.day == day)
			continue;
		day = now.day;
		seal_all(a);
	}
	return NULL;
}

int app_nightly_open(struct app *a)
{
	struct app_nightly *n = calloc(1, sizeof(*n));
	pthread_condattr_t attr;
	int err;

	if (!n)
		return ENOMEM;
	a->nightly = n;
	pthread_mutex_init(&n->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&n->wake, &attr);
	pthread_condattr_destroy(&attr);
	err = pthread_create(&n->thread, NULL, nightly_main, a);
	n->running = !err;
	return err;
}

void app_nightly_close(struct app *a)
{
	struct app_nightly *n = a->nightly;

	if (!n)
		return;
	pthread_mutex_lock(&n->lock);
	atomic_store(&n->stop, true);
	pthread_cond_signal(&n->wake);
	pthread_mutex_unlock(&n->lock);
	if (n->running)
		pthread_join(n->thread, NULL);
	pthread_cond_destroy(&n->wake);
	pthread_mutex_destroy(&n->lock);
	free(n);
	a->nightly = NULL;
}
