/* Opening and closing the room, the queues' near end, health, and connections for workers. */
#include "records/priv.h"

#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "base/clock.h"
#include "records/query.h"

#define LATE_MS	      2000
#define JOIN_GRACE_MS 10000

static int schema(struct store *s, char *why, size_t why_cap)
{
	unsigned count = 0;
	const struct store_migration *list = store_migrations(store_engine_of(s), &count);

	return store_migrate(s, list, count, why, why_cap);
}

static int options_copy(struct records *r, const struct records_options *o)
{
	r->where = strdup(o->store.where ? o->store.where : "");
	r->sounds_dir = strdup(o->sounds_dir ? o->sounds_dir : "");
	r->fresh_dir = strdup(o->fresh_dir ? o->fresh_dir : "");
	r->node = strdup(o->node ? o->node : "");
	if (!r->where || !r->sounds_dir || !r->fresh_dir || !r->node)
		return ENOMEM;
	r->options = o->store;
	r->options.where = r->where;
	r->options.reader = false;
	r->vocabulary = o->vocabulary;
	return records_vocabulary_index(&r->vocabulary);
}

static int queues_open(struct records *r, unsigned queue)
{
	const unsigned steps = queue ? queue : RECORDS_QUEUE;
	int err = ring_alloc(&r->steps, sizeof(struct records_step), steps);

	if (!err)
		err = ring_alloc(&r->keeps, sizeof(struct keep), RECORDS_KEEPS);
	/* Every item that can be on its way may ask for an event. */
	if (!err)
		err = ring_alloc(&r->events, sizeof(struct records_event),
				 steps + RECORDS_KEEPS + RECORDS_BATCH + RECORDS_KEEP_BATCH);
	if (err)
		return err;
	r->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return r->wake_fd < 0 ? errno : 0;
}

static void locks_open(struct records *r)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&r->lock, NULL);
	pthread_mutex_init(&r->pool_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->pool_free, &attr);
	pthread_condattr_destroy(&attr);
}

static int folders_make(const struct records *r)
{
	int err = r->sounds_dir[0] ? records_sounds_dir_make(r->sounds_dir) : 0;

	return !err && r->fresh_dir[0] ? records_sounds_dir_make(r->fresh_dir) : err;
}

static void records_free(struct records *r)
{
	for (unsigned i = 0; i < RECORDS_CONNECTIONS; i++)
		store_close(r->pool[i].s);
	store_close(r->writer);
	records_calls_close(&r->calls);
	ring_free(r->steps);
	ring_free(r->keeps);
	ring_free(r->events);
	if (r->wake_fd >= 0)
		close(r->wake_fd);
	pthread_cond_destroy(&r->pool_free);
	pthread_mutex_destroy(&r->pool_lock);
	pthread_mutex_destroy(&r->lock);
	free(r->where);
	free(r->sounds_dir);
	free(r->fresh_dir);
	free(r->node);
	free(r);
}

static int all_open(struct records *r, const struct records_options *o, char *why, size_t why_cap)
{
	int err = sodium_init() < 0 ? EIO : options_copy(r, o);

	if (!err)
		err = folders_make(r);
	if (!err)
		err = queues_open(r, o->queue);
	if (!err)
		err = records_calls_open(&r->calls);
	if (!err)
		err = store_open(&r->writer, &r->options, why, why_cap);
	if (!err)
		err = schema(r->writer, why, why_cap);
	if (!err)
		err = records_rebuild_if_older(r->writer, &r->vocabulary);
	if (!err)
		err = records_numbers_refill(r, r->writer);
	return err;
}

int records_open(struct records **rp, const struct records_options *o, char *why, size_t why_cap)
{
	struct records *r = calloc(1, sizeof(*r));
	char said[STORE_WHY] = "";
	int err;

	if (!r)
		return ENOMEM;
	r->wake_fd = -1;
	locks_open(r);
	err = all_open(r, o, said, sizeof(said));
	if (err)
		goto out;
	randombytes_buf(&r->token, sizeof(r->token));
	err = pthread_create(&r->thread, NULL, records_thread, r);
	if (err)
		goto out;
	r->running = true;
	*rp = r;
	r = NULL;
out:
	if (r)
		records_free(r);
	if (err && why)
		(void)text_copy(why, why_cap, said[0] ? said : strerror(err));
	return err;
}

void records_close(struct records *r, uint32_t wait_ms)
{
	const uint64_t one = 1;
	struct timespec until;

	if (!r)
		return;
	atomic_store(&r->stop_by_ms, clock_mono_ms() + wait_ms);
	atomic_store(&r->stop, true);
	if (write(r->wake_fd, &one, sizeof(one)) < 0)
		log_warn(RECORDS_ROOM, "eventfd: %s", strerror(errno));
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (wait_ms + JOIN_GRACE_MS) / 1000;
	if (r->running && pthread_clockjoin_np(r->thread, NULL, CLOCK_MONOTONIC, &until)) {
		/* It hangs in the kernel or the server: what it uses can't be freed. */
		log_error(RECORDS_ROOM, "the storage thread doesn't come to an end");
		return;
	}
	records_free(r);
}

/* --- the near end of the queues --- */

int records_step_push(struct records *r, const struct records_step *step)
{
	int err = ring_push(r->steps, step);

	if (err == ENOBUFS) {
		atomic_fetch_add(&r->lost, 1);
		if (atomic_fetch_add(&r->lost_pending, 1) == 0)
			atomic_store(&r->lost_from_ms, step->at_ms);
	}
	return err;
}

int records_message_push(struct records *r, const struct records_message *m)
{
	struct keep k = {.kind = KEEP_MESSAGE};

	k.message = *m;
	return ring_push(r->keeps, &k);
}

int records_day_push(struct records *r, const struct records_day *d)
{
	struct keep k = {.kind = KEEP_DAY};

	k.day = *d;
	return ring_push(r->keeps, &k);
}

int records_event_fd(const struct records *r)
{
	return ring_fd(r->events);
}

bool records_event_take(struct records *r, struct records_event *e)
{
	return ring_take(r->events, e);
}

void records_event_quiet(struct records *r)
{
	ring_quiet(r->events);
}

/* --- health --- */

const char *records_state_name(enum records_state s)
{
	static const char *const names[RECORDS_STATE_COUNT] = {
	    [RECORDS_WELL] = "well", [RECORDS_LATE] = "late",	  [RECORDS_FULL] = "full",
	    [RECORDS_GONE] = "gone", [RECORDS_LOSING] = "losing",
	};

	return s < RECORDS_STATE_COUNT ? names[s] : "";
}

static enum records_state state_now(struct records *r, int64_t behind_ms)
{
	int err = atomic_load(&r->last_err);

	if (atomic_load(&r->lost_pending) > 0)
		return RECORDS_LOSING;
	if (err == ENOSPC || err == EDQUOT || err == EFBIG)
		return RECORDS_FULL;
	if (err)
		return RECORDS_GONE;
	return behind_ms > LATE_MS ? RECORDS_LATE : RECORDS_WELL;
}

void records_health(struct records *r, struct records_health *out)
{
	struct records_health h = {
	    .queued = ring_count(r->steps) + ring_count(r->keeps),
	    .steps = atomic_load(&r->steps_done),
	    .messages = atomic_load(&r->messages_done),
	    .commits = atomic_load(&r->commits),
	    .lost_steps = atomic_load(&r->lost),
	    .bad_items = atomic_load(&r->bad_items),
	    .commit_max_ms = atomic_load(&r->commit_max_ms),
	};
	int64_t since_ms = atomic_load(&r->batch_since_ms);

	h.behind_ms = since_ms ? clock_mono_ms() - since_ms : 0;
	h.state = state_now(r, h.behind_ms);
	pthread_mutex_lock(&r->lock);
	if (h.state != r->state || !r->state_since_ms) {
		r->state = h.state;
		r->state_since_ms = clock_wall_ms();
	}
	h.since_ms = r->state_since_ms;
	if (h.state != RECORDS_WELL)
		memcpy(h.why, r->why, sizeof(h.why));
	pthread_mutex_unlock(&r->lock);
	*out = h;
}

/* --- connections for workers --- */

static struct records_db *lend(struct records *r)
{
	struct records_db *idle = NULL;

	for (unsigned i = 0; i < RECORDS_CONNECTIONS; i++) {
		struct records_db *db = &r->pool[i];

		if (db->lent)
			continue;
		/* One that is open already is worth more. */
		if (!idle || (db->s && !idle->s))
			idle = db;
	}
	if (idle)
		idle->lent = true;
	return idle;
}

int records_borrow(struct records *r, uint32_t wait_ms, struct records_db **dbp)
{
	struct store_options o = r->options;
	struct records_db *db = NULL;
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&r->pool_lock);
	while (!err && !(db = lend(r)))
		err = pthread_cond_timedwait(&r->pool_free, &r->pool_lock, &until);
	pthread_mutex_unlock(&r->pool_lock);
	if (err)
		return err;
	db->of = r;
	o.query_ms = RECORDS_QUERY_MS;
	if (!db->s)
		err = store_open(&db->s, &o, NULL, 0);
	if (err) {
		records_return(r, db);
		return err;
	}
	*dbp = db;
	return 0;
}

void records_return(struct records *r, struct records_db *db)
{
	if (!db)
		return;
	pthread_mutex_lock(&r->pool_lock);
	db->lent = false;
	pthread_cond_signal(&r->pool_free);
	pthread_mutex_unlock(&r->pool_lock);
}

int records_db_open(struct records_db **dbp, const struct store_options *o, char *why,
		    size_t why_cap)
{
	struct records_db *db = calloc(1, sizeof(*db));
	int err;

	if (!db)
		return ENOMEM;
	err = sodium_init() < 0 ? EIO : store_open(&db->s, o, why, why_cap);
	if (!err)
		err = schema(db->s, why, why_cap);
	if (err) {
		records_db_close(db);
		return err;
	}
	*dbp = db;
	return 0;
}

void records_db_close(struct records_db *db)
{
	if (!db)
		return;
	store_close(db->s);
	free(db);
}

const char *records_db_error(const struct records_db *db)
{
	return store_error(db->s);
}
