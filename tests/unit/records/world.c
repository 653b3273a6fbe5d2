#include "world.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

struct world w;
static int serial;

static const char *const step_names[] = {
#define STEP(id, name) name,
#include "exchange/steps.def"
#undef STEP
};
static const char *const clause_names[] = {"house", "A4.1.2", "A4.1.3", "A4.2"};
static const char *const end_names[] = {"hangup", "closing"};

const struct records_vocabulary *world_vocabulary(void)
{
	static struct records_vocabulary v = {
	    .steps = step_names,
	    .step_count = STEP_COUNT,
	    .clauses = clause_names,
	    .clause_count = 4,
	    .ends = end_names,
	    .end_count = 2,
	};

	assert_int_equal(records_vocabulary_index(&v), 0);
	return &v;
}

struct records_options world_options(void)
{
	return (struct records_options){
	    .store = {.engine = w.engine,
		      .where = w.where,
		      .hooks = w.hooks,
		      .max_pages = w.max_pages},
	    .sounds_dir = w.sounds,
	    .fresh_dir = w.fresh,
	    .vocabulary = *world_vocabulary(),
	    .queue = w.queue,
	    .node = w.node,
	};
}

int world_fresh(void **state)
{
	char name[32];

	serial++;
	w.hooks = (struct store_hooks){NULL, NULL, NULL};
	w.max_pages = 0;
	w.queue = 0;
	w.node = NULL;
	snprintf(w.sounds, sizeof(w.sounds), "%s/sounds%d", w.dir, serial);
	snprintf(w.fresh, sizeof(w.fresh), "%s/fresh%d", w.dir, serial);
	snprintf(name, sizeof(name), "r%d_%d", getpid(), serial);
	if (w.engine == STORE_SQLITE) {
		snprintf(w.where, sizeof(w.where), "%s/%s.db", w.dir, name);
		return 0;
	}
	assert_int_equal(pg_database(&w.server, name), 0);
	snprintf(w.where, sizeof(w.where), "%s", w.server.conninfo);
	return 0;
}

void world_start(void)
{
	struct records_options o = world_options();
	int err = records_open(&w.r, &o, w.why, sizeof(w.why));

	if (err)
		print_error("records_open: %s\n", w.why);
	assert_int_equal(err, 0);
	assert_int_equal(records_borrow(w.r, 1000, &w.db), 0);
}

void world_stop(uint32_t wait_ms)
{
	if (!w.r)
		return;
	records_return(w.r, w.db);
	records_close(w.r, wait_ms);
	w.r = NULL;
	w.db = NULL;
}

int world_open(void **state)
{
	world_fresh(state);
	world_start();
	return 0;
}

int world_close(void **state)
{
	world_stop(2000);
	return 0;
}

void step_push(uint64_t call_no, enum step kind, int64_t at_ms)
{
	struct records_step s = {.call_no = call_no, .org = 1, .at_ms = at_ms, .kind = kind};

	assert_int_equal(records_step_push(w.r, &s), 0);
}

void call_push(uint64_t call_no, int64_t at_ms)
{
	struct records_step s = {
	    .call_no = call_no, .org = 1, .at_ms = at_ms, .trunk = 1, .kind = STEP_ARRIVED};

	TEXT_COPY(s.text, "8000");
	TEXT_COPY(s.name, "王先生");
	TEXT_COPY(s.caller, "13800001234");
	assert_int_equal(records_step_push(w.r, &s), 0);
	step_push(call_no, STEP_ANSWERED_ATTENDANT, at_ms + 10);
	s = (struct records_step){
	    .call_no = call_no, .org = 1, .at_ms = at_ms + 3000, .kind = STEP_DIALLED, .clause = 3};
	TEXT_COPY(s.text, "8312");
	assert_int_equal(records_step_push(w.r, &s), 0);
	s.kind = STEP_TARGET;
	s.clause = 1;
	s.person = 12;
	s.extension = 112;
	s.text[0] = '\0';
	TEXT_COPY(s.name, "张三丰");
	assert_int_equal(records_step_push(w.r, &s), 0);
	step_push(call_no, STEP_TARGET_RINGING, at_ms + 3100);
	step_push(call_no, STEP_CONNECTED, at_ms + 8000);
	s = (struct records_step){
	    .call_no = call_no, .org = 1, .at_ms = at_ms + 60000, .kind = STEP_ENDED};
	TEXT_COPY(s.text, "caller_hung_up");
	assert_int_equal(records_step_push(w.r, &s), 0);
}

void steps_wait(uint64_t count)
{
	struct records_health h = {0};

	for (int i = 0; i < 6000 && h.steps < count; i++) {
		usleep(5000);
		records_health(w.r, &h);
	}
	assert_int_equal(h.steps, count);
}

bool event_wait(struct records_event *e, int ms)
{
	int64_t until = clock_mono_ms() + ms;
	struct pollfd p = {.fd = records_event_fd(w.r), .events = POLLIN};

	do {
		if (records_event_take(w.r, e))
			return true;
		poll(&p, 1, 20);
		records_event_quiet(w.r);
	} while (clock_mono_ms() < until);
	return records_event_take(w.r, e);
}

int world_main(const struct CMUnitTest *tests, size_t count)
{
	char cmd[96];
	int failed;

	snprintf(w.dir, sizeof(w.dir), "/tmp/zongji-records-XXXXXX");
	if (!mkdtemp(w.dir))
		return 1;
	w.engine = STORE_SQLITE;
	failed = _cmocka_run_group_tests("sqlite", tests, count, NULL, NULL);
	w.engine = STORE_POSTGRES;
	if (w.server.pid || pg_make(&w.server, false) == 0)
		failed += _cmocka_run_group_tests("postgres", tests, count, NULL, NULL);
	else
		failed++;
	pg_remove(&w.server);
	snprintf(cmd, sizeof(cmd), "rm -r %s", w.dir);
	return system(cmd) || failed;
}
