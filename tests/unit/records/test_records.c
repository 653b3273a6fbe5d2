/* The storage thread, on both engines: groups, slow, full and lost storage, restart. */
#include "world.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "base/clock.h"
#include "base/text.h"

#define DAY0 INT64_C(1790000000000)

static const struct store_statement sql_steps = {"t_steps", "SELECT COUNT(*) FROM steps"};
static const struct store_statement sql_spoil = {
    "t_spoil", "UPDATE calls SET outcome = 'busy' WHERE call_no = 2"};
static const struct store_statement sql_clash = {
    "t_clash", "INSERT INTO steps (call_no, seq, org, at_ms, kind, clause, person, department,"
	       " extension, trunk, value, text, name, caller)"
	       " VALUES (3, 1, 1, 0, 'arrived', 'house', 0, 0, 0, 0, 0, '', '', '')"};
static const struct store_statement sql_gaps = {"t_gaps",
						"SELECT COALESCE(SUM(lost), 0) FROM gaps"};

static int one_int(const struct store_row *row, void *arg)
{
	*(int64_t *)arg = store_row_int(row, 0);
	return 0;
}

/* A connection of our own: records_db is opaque. */
static int64_t ask(const struct store_statement *st)
{
	struct store_options o = {.engine = w.engine, .where = w.where};
	struct store *s = NULL;
	int64_t n = -1;

	assert_int_equal(store_open(&s, &o, NULL, 0), 0);
	assert_int_equal(store_run(s, st, NULL, 0, one_int, &n), 0);
	store_close(s);
	return n;
}

struct got {
	int count;
	struct records_call_row row;
	char path[512];
	uint64_t last_no;
	int64_t last_started;
};

static int got_call(const struct records_call_row *row, void *arg)
{
	struct got *g = arg;

	g->count++;
	g->row = *row;
	g->last_no = row->call.call_no;
	g->last_started = row->call.started_ms;
	snprintf(g->path, sizeof(g->path), "%s", row->path_json);
	return 0;
}

static int count_calls(struct records_call_filter f)
{
	struct got g = {0};

	f.org = f.org ? f.org : 1;
	assert_int_equal(records_calls(w.db, &f, got_call, &g), 0);
	return g.count;
}

static void reconciles(uint64_t want_calls)
{
	uint64_t calls = 0, different = 9;

	assert_int_equal(records_reconcile(w.db, world_vocabulary(), 1, &calls, &different), 0);
	assert_int_equal(calls, want_calls);
	assert_int_equal(different, 0);
}

/* --- the log and its records --- */

static void a_call_becomes_a_record(void **state)
{
	struct got g = {0};

	call_push(77, DAY0);
	steps_wait(7);
	assert_int_equal(records_call_get(w.db, 1, 77, got_call, &g), 0);
	assert_int_equal(g.row.call.started_ms, DAY0);
	assert_int_equal(g.row.call.answered_ms, DAY0 + 10);
	assert_int_equal(g.row.call.connected_ms, DAY0 + 8000);
	assert_int_equal(g.row.call.ended_ms, DAY0 + 60000);
	assert_string_equal(g.row.outcome, "answered");
	assert_string_equal(g.row.direction, "incoming");
	assert_string_equal(g.row.call.caller_number, "13800001234");
	assert_string_equal(g.row.call.caller_name, "王先生");
	assert_string_equal(g.row.call.dialled, "8000");
	assert_string_equal(g.row.call.chosen, "8312");
	assert_int_equal(g.row.call.target_person, 12);
	assert_string_equal(g.row.call.target_name, "张三丰");
	assert_string_equal(g.row.end_reason, "hangup");
	assert_string_equal(g.row.clause, "A4.1.2");
	assert_int_equal(g.row.call.step_count, 7);
	assert_non_null(strstr(g.path, "[\"A4.2\",\"dialled\"]"));
	assert_int_equal(records_call_get(w.db, 2, 77, got_call, &g), ENOENT);
	reconciles(1);
}

static int got_step(const struct records_step_row *row, void *arg)
{
	int *n = arg;

	(*n)++;
	assert_int_equal(row->step.seq, *n);
	if (*n == 3) {
		assert_string_equal(row->kind, "dialled");
		assert_string_equal(row->clause, "A4.2");
		assert_string_equal(row->step.text, "8312");
	}
	return 0;
}

static void steps_are_in_order(void **state)
{
	int n = 0;

	call_push(1, DAY0);
	call_push(2, DAY0);
	steps_wait(14);
	assert_int_equal(records_call_steps(w.db, 1, 2, got_step, &n), 0);
	assert_int_equal(n, 7);
}

static void filters_find(void **state)
{
	struct records_step s = {
	    .call_no = 9, .org = 1, .at_ms = DAY0 + 500, .extension = 112, .kind = STEP_ARRIVED};

	call_push(1, DAY0);
	call_push(2, DAY0 + 1000);
	TEXT_COPY(s.text, "8%20");
	TEXT_COPY(s.name, "Ann_Lee");
	records_step_push(w.r, &s);
	steps_wait(15);
	assert_int_equal(count_calls((struct records_call_filter){0}), 3);
	assert_int_equal(count_calls((struct records_call_filter){.org = 2}), 0);
	assert_int_equal(count_calls((struct records_call_filter){.number = "8312"}), 2);
	assert_int_equal(count_calls((struct records_call_filter){.number = "831"}), 0);
	assert_int_equal(count_calls((struct records_call_filter){.last_digits = "1234"}), 2);
	assert_int_equal(count_calls((struct records_call_filter){.last_digits = "234"}), 2);
	assert_int_equal(count_calls((struct records_call_filter){.last_digits = "123"}), 0);
	assert_int_equal(count_calls((struct records_call_filter){.text = "先生"}), 2);
	assert_int_equal(count_calls((struct records_call_filter){.text = "三丰"}), 2);
	assert_int_equal(count_calls((struct records_call_filter){.text = "先三"}), 0);
	assert_int_equal(count_calls((struct records_call_filter){.text = "ann_l"}), 1);
	assert_int_equal(count_calls((struct records_call_filter){.text = "%"}), 1);
	assert_int_equal(count_calls((struct records_call_filter){.text = "_"}), 1);
	assert_int_equal(count_calls((struct records_call_filter){.text = "' OR 1=1 --"}), 0);
	assert_int_equal(count_calls((struct records_call_filter){.clause = "A4.2"}), 2);
	assert_int_equal(count_calls((struct records_call_filter){.clause = "A4.1.3"}), 0);
	assert_int_equal(count_calls((struct records_call_filter){.outcome = "answered"}), 2);
	assert_int_equal(count_calls((struct records_call_filter){.outcome = "open"}), 1);
	assert_int_equal(count_calls((struct records_call_filter){.direction = "inside"}), 1);
	assert_int_equal(count_calls((struct records_call_filter){.target_person = 12}), 2);
	assert_int_equal(count_calls((struct records_call_filter){.extension = 112}), 3);
	assert_int_equal(count_calls((struct records_call_filter){.open_only = true}), 1);
	assert_int_equal(count_calls((struct records_call_filter){.from_ms = DAY0 + 1000}), 1);
	assert_int_equal(count_calls((struct records_call_filter){.to_ms = DAY0 + 1000}), 2);
}

static void bad_filters_are_refused(void **state)
{
	char big[200];
	struct got g = {0};
	struct records_call_filter f = {.org = 1, .text = "\xff"};

	assert_int_equal(records_calls(w.db, &f, got_call, &g), EINVAL);
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	f.text = big;
	assert_int_equal(records_calls(w.db, &f, got_call, &g), EINVAL);
	f.text = NULL;
	f.number = big;
	assert_int_equal(records_calls(w.db, &f, got_call, &g), EINVAL);
	f.number = NULL;
	f.last_digits = big;
	assert_int_equal(records_calls(w.db, &f, got_call, &g), 0);
}

static void pages_go_on_from_the_cursor(void **state)
{
	struct records_call_filter f = {.org = 1, .limit = 2};
	struct got g = {0};
	int pages = 0, total = 0;

	for (uint64_t i = 1; i <= 5; i++)
		call_push(i, DAY0); /* the same time: call_no decides */
	steps_wait(35);
	do {
		g.count = 0;
		assert_int_equal(records_calls(w.db, &f, got_call, &g), 0);
		f.before_started_ms = g.last_started;
		f.before_call_no = g.last_no;
		total += g.count;
		pages++;
	} while (g.count == 2);
	assert_int_equal(total, 5);
	assert_int_equal(pages, 3);
	assert_int_equal(g.last_no, 1);
}

static void many_calls_side_by_side_reconcile(void **state)
{
	const int calls = 300;

	/* Interleaved, in several groups. */
	for (int i = 1; i <= calls; i++)
		step_push((uint64_t)i, STEP_ARRIVED, DAY0 + i);
	usleep(50000);
	for (int i = 1; i <= calls; i++)
		step_push((uint64_t)i, i % 3 ? STEP_TARGET_BUSY : STEP_CONNECTED, DAY0 + i + 5);
	usleep(50000);
	for (int i = 1; i <= calls; i++)
		step_push((uint64_t)i, STEP_ENDED, DAY0 + i + 9);
	steps_wait((uint64_t)calls * 3);
	reconciles((uint64_t)calls);
	assert_int_equal(count_calls((struct records_call_filter){.outcome = "busy", .limit = 200}),
			 200);
	assert_int_equal(count_calls((struct records_call_filter){.outcome = "answered"}), 100);
}

static void reconciling_sees_a_spoilt_row(void **state)
{
	uint64_t calls = 0, different = 0;

	call_push(1, DAY0);
	call_push(2, DAY0);
	steps_wait(14);
	ask(&sql_spoil);
	assert_int_equal(records_reconcile(w.db, world_vocabulary(), 1, &calls, &different), 0);
	assert_int_equal(calls, 2);
	assert_int_equal(different, 1);
}

static void what_peers_send_is_cleaned(void **state)
{
	struct records_step s = {.call_no = 1, .org = 1, .at_ms = DAY0, .kind = STEP_ARRIVED};
	struct got g = {0};

	memcpy(s.name, "A\xff\xe7\x8e\x8b\xe7", 6);
	memcpy(s.caller, "\xc0\xaf!", 3);
	assert_int_equal(records_step_push(w.r, &s), 0);
	steps_wait(1);
	assert_int_equal(records_call_get(w.db, 1, 1, got_call, &g), 0);
	assert_string_equal(g.row.call.caller_name, "A?王?");
	assert_string_equal(g.row.call.caller_number, "\?\?!");
}

static void a_refused_step_does_not_hold_up_others(void **state)
{
	struct records_health h;

	ask(&sql_clash); /* somebody else's row stands where call 3's first step goes */
	for (uint64_t i = 1; i <= 5; i++)
		call_push(i, DAY0);
	for (int i = 0; i < 1000; i++) {
		usleep(5000);
		records_health(w.r, &h);
		if (h.steps + h.bad_items == 35)
			break;
	}
	assert_int_equal(h.bad_items, 1);
	assert_int_equal(h.steps, 34);
	assert_int_equal(h.state, RECORDS_WELL);
	assert_int_equal(count_calls((struct records_call_filter){.outcome = "answered"}), 5);
}

static void steps_that_ask_are_told(void **state)
{
	struct records_step s = {
	    .call_no = 1, .org = 4, .at_ms = DAY0, .kind = STEP_ARRIVED, .serial = 90};
	struct records_event e = {0};

	assert_int_equal(records_step_push(w.r, &s), 0);
	assert_true(event_wait(&e, 2000));
	assert_true(e.ok && e.serial == 90 && e.org == 4);
	assert_int_equal(ask(&sql_steps), 1);
}

/* --- slow and lost storage --- */

static _Atomic int stall_ms, commit_err;
static int stall(void *arg)
{
	int ms = stall_ms;

	if (ms)
		usleep((unsigned)ms * 1000);
	return commit_err;
}

static int open_hooked(void **state)
{
	stall_ms = 0;
	commit_err = 0;
	world_fresh(state);
	w.hooks.before_commit = stall;
	world_start();
	return 0;
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Two seconds of a stalled disk under some thousand steps a second. One push that waited for the
 * disk would take most of the two seconds; a push that lost the core to another process takes
 * milliseconds, and only few do. */
static void a_stalled_disk_is_not_felt(void **state)
{
	int64_t until = now_us() + 2200000, longest = 0;
	struct records_health h = {0};
	uint64_t n = 0;
	int slow = 0;

	stall_ms = 2000;
	while (now_us() < until) {
		int64_t t = now_us(), took;

		step_push(++n, STEP_ARRIVED, DAY0);
		took = now_us() - t;
		slow += took > 1000;
		longest = took > longest ? took : longest;
		usleep(200);
	}
	stall_ms = 0;
	print_message("%d steps pushed during the stall, %d took over 1 ms, the longest %d us\n",
		      (int)n, slow, (int)longest);
	assert_true(longest < 500000);
	assert_true(slow * 20 <= (int)n);
	steps_wait(n);
	records_health(w.r, &h);
	assert_int_equal(h.state, RECORDS_WELL);
	assert_true(h.commit_max_ms >= 1900);
	assert_int_equal(h.lost_steps, 0);
	assert_int_equal(ask(&sql_steps), (int64_t)n);
}

static void failing_commits_are_tried_again(void **state)
{
	struct records_health h;

	commit_err = EIO;
	call_push(1, DAY0);
	usleep(300000);
	records_health(w.r, &h);
	assert_int_equal(h.state, RECORDS_GONE);
	assert_int_equal(h.steps, 0);
	commit_err = ENOSPC;
	usleep(1200000);
	records_health(w.r, &h);
	assert_int_equal(h.state, RECORDS_FULL);
	assert_string_equal(records_state_name(h.state), "full");
	commit_err = 0;
	steps_wait(7);
	records_health(w.r, &h);
	assert_int_equal(h.state, RECORDS_WELL);
	reconciles(1);
}

static int open_small_queue(void **state)
{
	open_hooked(state);
	world_stop(2000);
	w.queue = 100;
	world_start();
	commit_err = EIO;
	return 0;
}

static void a_full_queue_drops_and_says_so(void **state)
{
	struct records_health h;
	int pushed = 0, refused = 0;

	/* A group is in hand and fails; behind it the queue fills. */
	for (int i = 0; i < 3000; i++) {
		struct records_step s = {
		    .call_no = (uint64_t)i + 1, .org = 1, .at_ms = DAY0, .kind = STEP_ARRIVED};

		if (records_step_push(w.r, &s) == 0)
			pushed++;
		else
			refused++;
		if (i % 50 == 0)
			usleep(1000);
	}
	assert_true(refused > 0);
	records_health(w.r, &h);
	assert_int_equal(h.state, RECORDS_LOSING);
	assert_int_equal(h.lost_steps, refused);
	commit_err = 0;
	steps_wait((uint64_t)pushed);
	usleep(100000);
	records_health(w.r, &h);
	assert_int_equal(h.state, RECORDS_WELL);
	assert_int_equal(ask(&sql_steps), pushed);
	assert_int_equal(ask(&sql_gaps), refused);
}

static void a_full_disk_loses_nothing(void **state)
{
	struct records_health h = {0};
	uint64_t n = 0;

	if (w.engine != STORE_SQLITE) {
		skip();
		return;
	}
	world_fresh(state);
	w.max_pages = 100; /* the schema has about seventy */
	world_start();
	for (int i = 0; i < 40 && h.state != RECORDS_FULL; i++) {
		for (int k = 0; k < 100; k++)
			call_push(++n, DAY0);
		usleep(50000);
		records_health(w.r, &h);
	}
	assert_int_equal(h.state, RECORDS_FULL);
	assert_true(h.steps < n * 7);
	/* Space comes back: a pragma on that connection can't be reached, so open anew. What was
	 * durable is there, and the queue's rest is told in the log. */
	assert_int_equal(ask(&sql_steps), (int64_t)h.steps);
	world_stop(100);
	w.max_pages = 0;
	world_start();
	assert_int_equal(ask(&sql_steps), (int64_t)h.steps);
}

static void a_lost_server_loses_nothing(void **state)
{
	struct records_health h = {0};

	if (w.engine != STORE_POSTGRES) {
		skip();
		return;
	}
	for (uint64_t i = 1; i <= 50; i++)
		call_push(i, DAY0);
	steps_wait(350);
	pg_stop(&w.server, SIGQUIT);
	for (uint64_t i = 51; i <= 100; i++)
		call_push(i, DAY0);
	for (int i = 0; i < 100 && h.state != RECORDS_GONE; i++) {
		usleep(20000);
		records_health(w.r, &h);
	}
	assert_int_equal(h.state, RECORDS_GONE);
	assert_int_equal(pg_start(&w.server), 0);
	steps_wait(700);
	reconciles(100);
}

/* The server dies at random moments under load; the answer of a commit may be lost with it. */
static void a_dying_server_doubles_nothing(void **state)
{
	uint64_t n = 0;

	if (w.engine != STORE_POSTGRES) {
		skip();
		return;
	}
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 200; i++) {
			call_push(++n, DAY0);
			if (i % 20 == 0)
				usleep(3000);
		}
		usleep((unsigned)(rand() % 20000));
		pg_stop(&w.server, SIGQUIT);
		call_push(++n, DAY0);
		assert_int_equal(pg_start(&w.server), 0);
	}
	steps_wait(n * 7);
	assert_int_equal(ask(&sql_steps), (int64_t)n * 7);
	reconciles(n);
}

/* --- restart --- */

static void open_calls_are_closed_as_restarted(void **state)
{
	unsigned closed = 99;
	struct got g = {0};

	call_push(1, DAY0);
	step_push(2, STEP_ARRIVED, DAY0);
	step_push(2, STEP_CONNECTED, DAY0 + 5);
	step_push(3, STEP_ARRIVED, DAY0);
	steps_wait(10);
	world_stop(2000);
	world_start();
	assert_int_equal(records_recover(w.r, DAY0 + 900, &closed), 0);
	assert_int_equal(closed, 2);
	assert_int_equal(records_call_get(w.db, 1, 2, got_call, &g), 0);
	assert_string_equal(g.row.end_reason, "restarted");
	assert_string_equal(g.row.outcome, "answered");
	assert_int_equal(g.row.call.ended_ms, DAY0 + 900);
	assert_int_equal(records_recover(w.r, DAY0 + 901, &closed), 0);
	assert_int_equal(closed, 0);
	reconciles(3);
}

static void another_nodes_calls_stay_open(void **state)
{
	unsigned closed = 99;

	step_push(1, STEP_ARRIVED, DAY0);
	steps_wait(1);
	world_stop(2000);
	w.node = "second";
	world_start();
	assert_int_equal(records_recover(w.r, DAY0 + 900, &closed), 0);
	assert_int_equal(closed, 0);
}

static void many_open_calls_are_closed(void **state)
{
	unsigned closed = 0;

	for (uint64_t i = 1; i <= 1200; i++)
		step_push(i, STEP_ARRIVED, DAY0);
	steps_wait(1200);
	world_stop(2000);
	world_start();
	assert_int_equal(records_recover(w.r, DAY0 + 900, &closed), 0);
	assert_int_equal(closed, 1200);
	reconciles(1200);
}

static void a_call_goes_on_after_a_restart_of_the_records(void **state)
{
	struct got g = {0};

	step_push(1, STEP_ARRIVED, DAY0);
	steps_wait(1);
	world_stop(2000);
	world_start();
	step_push(1, STEP_CONNECTED, DAY0 + 1);
	step_push(1, STEP_ENDED, DAY0 + 2);
	steps_wait(2);
	assert_int_equal(records_call_get(w.db, 1, 1, got_call, &g), 0);
	assert_int_equal(g.row.call.step_count, 3);
	assert_string_equal(g.row.outcome, "answered");
	reconciles(1);
}

/* The storage thread has written what it was given, on a busy machine too. */
static void queue_empty(void)
{
	struct records_health h;

	for (int i = 0; i < 500; i++) {
		records_health(w.r, &h);
		if (h.queued == 0)
			break;
		usleep(20000);
	}
	usleep(60000);
}

static void call_numbers_never_come_twice(void **state)
{
	uint64_t last = 0;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < RECORDS_CALL_BLOCK + 100; i++) {
			uint64_t no = records_call_no(w.r);

			assert_true(no > last);
			last = no;
			if (i % 5000 == 0) {
				step_push(no, STEP_ARRIVED, DAY0); /* wakes the thread … */
				queue_empty();			   /* … which reserves too */
			}
		}
		world_stop(2000);
		world_start();
	}
	/* Closed in order, numbers go on without a hole of a block. */
	assert_true(last < 4 * RECORDS_CALL_BLOCK);
}

static void call_numbers_do_not_end_without_storage(void **state)
{
	uint64_t last = 0;

	for (int i = 0; i < 3 * RECORDS_CALL_BLOCK; i++) {
		uint64_t no = records_call_no(w.r);

		assert_true(no > last && no < (UINT64_C(1) << 53));
		last = no;
	}
}

/* What positions do belongs to no call: two nodes, two organisations, restarts, one table. */
static void steps_of_positions_never_collide(void **state)
{
	static const struct store_statement sql_kept = {
	    "t_positions", "SELECT COUNT(DISTINCT seq) FROM steps WHERE call_no = 0"};
	static const struct store_statement sql_old = {
	    "t_position_old",
	    "INSERT INTO steps (call_no, seq, org, at_ms, kind, clause, person, department,"
	    " extension, trunk, value, text, name, caller)"
	    " VALUES (0, 1, 1, 0, 'duty_on', 'A3.3', 0, 0, 0, 0, 0, '', '', '')"};
	struct records *first = w.r, *second = NULL;
	struct records_options o;
	struct records_health h;

	ask(&sql_old); /* as an earlier program counted */
	for (int round = 0; round < 2; round++) {
		w.node = "second";
		o = world_options();
		assert_int_equal(records_open(&second, &o, w.why, sizeof(w.why)), 0);
		for (unsigned i = 0; i < 20; i++) {
			struct records_step s = {.org = 1 + i % 2, .at_ms = DAY0 + i};

			s.kind = STEP_ARRIVED + 1;
			assert_int_equal(records_step_push(first, &s), 0);
			assert_int_equal(records_step_push(second, &s), 0);
		}
		steps_wait(20);
		records_close(second, 2000);
		w.node = NULL;
		records_health(first, &h);
		assert_int_equal(h.bad_items, 0);
		assert_int_equal(ask(&sql_kept), 1 + 40 * (round + 1));
		world_stop(2000);
		world_start();
		first = w.r;
	}
}

static void a_newer_database_is_refused(void **state)
{
	static const struct store_statement future = {
	    "t_future", "INSERT INTO schema_version (number, name, applied_ms)"
			" VALUES (900, '900_future.sql', 0)"};
	struct records_options o;

	ask(&future);
	world_stop(2000);
	o = world_options();
	assert_int_equal(records_open(&w.r, &o, w.why, sizeof(w.why)), EPROTO);
	assert_non_null(strstr(w.why, "900_future.sql"));
	assert_null(w.r);
}

static void connections_have_a_limit(void **state)
{
	struct records_db *db[RECORDS_CONNECTIONS], *more = NULL;
	int n = 0;

	while (n < RECORDS_CONNECTIONS && records_borrow(w.r, 50, &db[n]) == 0)
		n++;
	assert_int_equal(n, RECORDS_CONNECTIONS - 1); /* one is the test's */
	assert_int_equal(records_borrow(w.r, 50, &more), ETIMEDOUT);
	records_return(w.r, db[--n]);
	assert_int_equal(records_borrow(w.r, 50, &more), 0);
	records_return(w.r, more);
	while (n > 0)
		records_return(w.r, db[--n]);
}

int main(void)
{
#define T(f)  cmocka_unit_test_setup_teardown(f, world_open, world_close)
#define TH(f) cmocka_unit_test_setup_teardown(f, open_hooked, world_close)
	const struct CMUnitTest tests[] = {
	    T(a_call_becomes_a_record),
	    T(steps_are_in_order),
	    T(filters_find),
	    T(bad_filters_are_refused),
	    T(pages_go_on_from_the_cursor),
	    T(many_calls_side_by_side_reconcile),
	    T(reconciling_sees_a_spoilt_row),
	    T(what_peers_send_is_cleaned),
	    T(a_refused_step_does_not_hold_up_others),
	    T(steps_that_ask_are_told),
	    TH(a_stalled_disk_is_not_felt),
	    TH(failing_commits_are_tried_again),
	    cmocka_unit_test_setup_teardown(a_full_queue_drops_and_says_so, open_small_queue,
					    world_close),
	    cmocka_unit_test_teardown(a_full_disk_loses_nothing, world_close),
	    T(a_lost_server_loses_nothing),
	    T(a_dying_server_doubles_nothing),
	    T(open_calls_are_closed_as_restarted),
	    T(another_nodes_calls_stay_open),
	    T(many_open_calls_are_closed),
	    T(a_call_goes_on_after_a_restart_of_the_records),
	    T(call_numbers_never_come_twice),
	    T(call_numbers_do_not_end_without_storage),
	    T(steps_of_positions_never_collide),
	    T(a_newer_database_is_refused),
	    T(connections_have_a_limit),
	};

	return world_main(tests, sizeof(tests) / sizeof(tests[0]));
}
