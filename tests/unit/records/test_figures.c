/* Figures and search on both engines: they add up, they come from the log, they find. */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "made.h"
#include "records/figures.h"

static uint64_t made_steps;

static const struct store_statement sql_spoil = {
    "t_figures_spoil", "UPDATE figures SET busy = busy + 1 WHERE kind = 2 AND item = 3 AND hour ="
		       " (SELECT MIN(f.hour) FROM figures f WHERE f.kind = 2 AND f.item = 3)"};
static const struct store_statement sql_drop = {"t_figures_drop",
						"DELETE FROM figures WHERE kind = 0"};
static const struct store_statement sql_naive = {
    "t_figures_naive",
    "SELECT COUNT(*) FROM calls WHERE org = 1 AND (LOWER(caller_name) LIKE $1 OR LOWER(target_name)"
    " LIKE $1 OR caller_number LIKE $1 OR dialled LIKE $1 OR chosen LIKE $1)"};
static const struct store_statement sql_end = {
    "t_figures_end", "SELECT COUNT(*) FROM calls WHERE org = 1 AND (caller_number LIKE $1 OR"
		     " dialled LIKE $1 OR chosen LIKE $1)"};

static void make(uint64_t count, unsigned months)
{
	const struct made_options o = {7, count, months, 1};

	assert_int_equal(made_calls(w.db->s, &o, &made_steps), 0);
}

static int one_int(const struct store_row *row, void *arg)
{
	*(int64_t *)arg = store_row_int(row, 0);
	return 0;
}

/* --- they add up --- */

static int sums(const struct records_figures_row *row, void *arg)
{
	int64_t *sum = arg;

	for (unsigned i = 0; i < RECORDS_FIGURE_COUNT; i++)
		sum[i] += row->v[i];
	assert_int_equal(row->v[RECORDS_FIGURE_offered],
			 row->v[RECORDS_FIGURE_within] + row->v[RECORDS_FIGURE_attendant] +
			     row->v[RECORDS_FIGURE_given_up] + row->v[RECORDS_FIGURE_otherwise]);
	return 0;
}

static int counted(const struct records_call_row *row, void *arg)
{
	(*(int64_t *)arg)++;
	return 0;
}

/* A sum opens the calls that it is made of. */
static int64_t opened(uint32_t marks, uint32_t person, uint32_t department)
{
	struct records_call_filter f = {
	    .org = 1, .marks = marks, .operator_person = person, .target_department = department};
	int64_t n = 0;

	assert_int_equal(records_calls(w.db, &f, counted, &n), 0);
	return n;
}

static void sums_are_made_of_calls(void **state)
{
	struct records_figures_filter f = {.org = 1};
	int64_t all[RECORDS_FIGURE_COUNT] = {0}, one[RECORDS_FIGURE_COUNT] = {0};

	make(150, 1);
	assert_int_equal(records_figures(w.db, &f, sums, all), 0);
	assert_int_equal(all[RECORDS_FIGURE_calls], 150);
	assert_int_equal(all[RECORDS_FIGURE_offered], opened(RECORDS_MARK_OFFERED, 0, 0));
	assert_int_equal(all[RECORDS_FIGURE_within], opened(RECORDS_MARK_WITHIN, 0, 0));
	assert_int_equal(all[RECORDS_FIGURE_no_answer], opened(RECORDS_MARK_NO_ANSWER, 0, 0));
	assert_int_equal(all[RECORDS_FIGURE_messages], opened(RECORDS_MARK_MESSAGE, 0, 0));
	assert_true(all[RECORDS_FIGURE_within] > 50);
	f.kind = RECORDS_FIGURES_OPERATOR;
	f.item = 2;
	assert_int_equal(records_figures(w.db, &f, sums, one), 0);
	assert_true(one[RECORDS_FIGURE_within] > 0);
	assert_int_equal(one[RECORDS_FIGURE_within], opened(RECORDS_MARK_WITHIN, 2, 0));
	memset(one, 0, sizeof(one));
	f.kind = RECORDS_FIGURES_DEPARTMENT;
	f.item = 5;
	assert_int_equal(records_figures(w.db, &f, sums, one), 0);
	assert_int_equal(one[RECORDS_FIGURE_calls], opened(0, 0, 5));
	memset(one, 0, sizeof(one));
	f = (struct records_figures_filter){.org = 1, .kind = RECORDS_FIGURES_LINE};
	assert_int_equal(records_figures(w.db, &f, sums, one), 0);
	assert_int_equal(one[RECORDS_FIGURE_calls],
			 all[RECORDS_FIGURE_incoming] + all[RECORDS_FIGURE_outgoing]);
}

/* --- through the storage thread, once each --- */

static void push(uint64_t call_no, enum step kind, int64_t at_ms, int32_t value, const char *text)
{
	struct records_step s = {
	    .call_no = call_no, .org = 1, .at_ms = at_ms, .kind = kind, .value = value};

	if (kind == STEP_ANSWERED_OPERATOR || kind == STEP_TAKEN_BACK)
		s.person = 4;
	TEXT_COPY(s.text, text);
	assert_int_equal(records_step_push(w.r, &s), 0);
}

static void the_ring_clock_decides(void **state)
{
	const int64_t t = MADE_END_MS;
	struct records_figures_filter f = {.org = 1};
	int64_t v[RECORDS_FIGURE_COUNT] = {0};

	/* by a person at the second ring, in his hands for 20 s, then talks for 700 s */
	push(1, STEP_ARRIVED, t, 1, "8000");
	push(1, STEP_RINGING, t + 10, 3, "");
	push(1, STEP_ANSWERED_OPERATOR, t + 6010, 2, "");
	push(1, STEP_CONNECTED, t + 26010, 600000, "");
	push(1, STEP_LONG_CALL, t + 626010, 600000, "");
	push(1, STEP_LONG_CALL_LATER, t + 627000, 900000, "");
	push(1, STEP_LONG_CALL, t + 700000, 674000, ""); /* counts once */
	push(1, STEP_ENDED, t + 726010, 1, "caller_hung_up");
	/* to the attendant, and back */
	push(2, STEP_ARRIVED, t, 1, "8000");
	push(2, STEP_RINGING, t, 3, "");
	push(2, STEP_ANSWERED_ATTENDANT, t + 11000, 0, "");
	push(2, STEP_TAKEN_BACK, t + 13000, 0, "");
	push(2, STEP_ENDED, t + 14000, 1, "caller_hung_up");
	/* given up; picked up by somebody else; nobody on duty; the clock set back */
	push(3, STEP_ARRIVED, t, 1, "8000");
	push(3, STEP_RINGING, t, 3, "");
	push(3, STEP_ENDED, t + 4000, 1, "caller_hung_up");
	push(4, STEP_ARRIVED, t, 1, "8000");
	push(4, STEP_RINGING, t, 3, "");
	push(4, STEP_CONNECTED, t + 4000, 0, "");
	push(4, STEP_LONG_CALL_EXEMPT, t + 4900, 900, "");
	push(4, STEP_ENDED, t + 5000, 1, "caller_hung_up");
	push(5, STEP_ARRIVED, t, 1, "8000");
	push(5, STEP_RINGING, t, 0, "");
	push(5, STEP_ANSWERED_ATTENDANT, t, 0, "");
	push(5, STEP_ENDED, t + 5000, 1, "caller_hung_up");
	push(6, STEP_ARRIVED, t, 1, "8000");
	push(6, STEP_RINGING, t, 3, "");
	push(6, STEP_ENDED, t - 3600000, 1, "caller_hung_up");
	push(6, STEP_ENDED, t + 9, 1, "caller_hung_up"); /* a second end counts nothing */
	steps_wait(29);
	assert_int_equal(records_figures(w.db, &f, sums, v), 0);
	assert_int_equal(v[RECORDS_FIGURE_calls], 6);
	assert_int_equal(v[RECORDS_FIGURE_offered], 5);
	assert_int_equal(v[RECORDS_FIGURE_within], 1);
	assert_int_equal(v[RECORDS_FIGURE_ring_2], 1);
	assert_int_equal(v[RECORDS_FIGURE_answer_ms], 6000);
	assert_int_equal(v[RECORDS_FIGURE_attendant], 1);
	assert_int_equal(v[RECORDS_FIGURE_taken_back], 1);
	assert_int_equal(v[RECORDS_FIGURE_given_up], 2);
	assert_int_equal(v[RECORDS_FIGURE_given_up_ms], 4000);
	assert_int_equal(v[RECORDS_FIGURE_otherwise], 1);
	assert_int_equal(v[RECORDS_FIGURE_automatic], 1);
	assert_int_equal(v[RECORDS_FIGURE_by_operator], 2);
	assert_int_equal(v[RECORDS_FIGURE_desk_ms], 21000);
	assert_int_equal(v[RECORDS_FIGURE_talk_ms], 701000);
	assert_int_equal(v[RECORDS_FIGURE_long_calls], 1);
	assert_int_equal(v[RECORDS_FIGURE_long_reminded], 1);
	assert_int_equal(v[RECORDS_FIGURE_long_put_off], 1);
	assert_int_equal(v[RECORDS_FIGURE_long_exempt], 1);
}

/* --- against the log --- */

struct found {
	unsigned count;
	struct records_figure_difference last;
};

static int differs(const struct records_figure_difference *d, void *arg)
{
	struct found *f = arg;

	f->count++;
	f->last = *d;
	return 0;
}

static unsigned differences(struct found *f)
{
	const struct store_options o = {.engine = w.engine, .where = w.where};
	struct records_db *db = NULL; /* as the command has it: a question may take its time */
	uint64_t compared = 0;

	memset(f, 0, sizeof(*f));
	assert_int_equal(records_db_open(&db, &o, NULL, 0), 0);
	assert_int_equal(records_reconcile_figures(db, 1, 0, 0, differs, f, &compared), 0);
	records_db_close(db);
	if (f->count)
		print_message(
		    "%u of %llu differ, last: kind %d hour %lld item %lld %s: %lld, not %lld\n",
		    f->count, (unsigned long long)compared, f->last.kind, (long long)f->last.hour,
		    (long long)f->last.item, records_figure_name(f->last.figure),
		    (long long)f->last.stands, (long long)f->last.should);
	assert_true(compared > 0);
	return f->count;
}

static uint64_t many(void)
{
	const char *tier = getenv("ZONGJI_TIER");

	return tier && strcmp(tier, "full") == 0 ? 100000 : 5000;
}

static void figures_are_what_the_log_says(void **state)
{
	uint64_t calls = 0, different = 9;
	struct found f;

	make(many(), 13);
	assert_int_equal(differences(&f), 0);
	assert_int_equal(records_reconcile(w.db, made_vocabulary(), 1, &calls, &different), 0);
	assert_int_equal(calls, many());
	assert_int_equal(different, 0);
	/* a planted error is found, and that it is this one */
	assert_int_equal(store_run(w.db->s, &sql_spoil, NULL, 0, NULL, NULL), 0);
	assert_int_equal(differences(&f), 1);
	assert_int_equal(f.last.kind, RECORDS_FIGURES_DEPARTMENT);
	assert_int_equal(f.last.item, 3);
	assert_int_equal(f.last.figure, RECORDS_FIGURE_busy);
	assert_int_equal(f.last.stands, f.last.should + 1);
	/* rows that are gone are found too; all is made anew */
	assert_int_equal(store_run(w.db->s, &sql_drop, NULL, 0, NULL, NULL), 0);
	assert_true(differences(&f) > 1000);
	assert_int_equal(records_rebuild(w.db, made_vocabulary(), &calls), 0);
	assert_int_equal(calls, many());
	assert_int_equal(differences(&f), 0);
}

/* --- search --- */

static int64_t search(struct records_call_filter f)
{
	int64_t n = 0;

	f.org = 1;
	f.limit = RECORDS_PAGE_MAX;
	assert_int_equal(records_calls(w.db, &f, counted, &n), 0);
	return n;
}

/* --- a database of before --- */

static const char before_sql[] =
    "INSERT INTO calls (call_no, org, node, started_ms, answered_ms, connected_ms, ended_ms,"
    " wait_ms, direction, outcome, clause, caller_number, caller_tail, caller_name,"
    " caller_extension, caller_trunk, dialled, chosen, target_person, target_department,"
    " target_extension, target_trunk, target_name, end_reason, end_side, step_count, path)"
    " SELECT call_no, 1, '', MIN(at_ms), 0, 0, MAX(at_ms), 0, 'incoming', 'open', '', '', '', '',"
    " 0, 0, '', '', 0, 0, 0, 0, '', '', '', COUNT(*), '[]' FROM steps GROUP BY call_no";
static const struct store_statement sql_before = {"t_figures_before", before_sql};
static const struct store_statement sql_old_step = {
    "t_figures_old_step",
    "INSERT INTO steps (call_no, seq, org, at_ms, kind, clause, person, department, extension,"
    " trunk, value, text, name, caller) VALUES ($1, $2, 1, $3, $4, 'A4.2', 12, 3, 0, $5, 0, $6,"
    " $7, $8)"};

static void old_step(struct store *s, int seq, const char *kind, const char *text, const char *name)
{
	const struct store_value v[] = {STORE_I(1),
					STORE_I(seq),
					STORE_I(MADE_END_MS + seq * 1000),
					STORE_S(kind),
					STORE_I(seq == 1),
					STORE_S(text),
					STORE_S(name),
					STORE_S(seq == 1 ? "13800001234" : "")};

	assert_int_equal(store_run(s, &sql_old_step, v, 8, NULL, NULL), 0);
}

/* Records, figures and terms of it are there after the first start. */
static void an_older_database_is_made_anew(void **state)
{
	const struct store_options o = {.engine = w.engine, .where = w.where};
	struct records_figures_filter f = {.org = 1};
	int64_t v[RECORDS_FIGURE_COUNT] = {0};
	unsigned count = 0;
	const struct store_migration *list = store_migrations(w.engine, &count);
	struct store *s = NULL;

	assert_int_equal(store_open(&s, &o, NULL, 0), 0);
	assert_true(count > 3);
	assert_int_equal(store_migrate(s, list, 3, NULL, 0), 0);
	old_step(s, 1, "arrived", "8000", "王先生");
	old_step(s, 2, "answered_attendant", "", "");
	old_step(s, 3, "target", "", "张三丰");
	old_step(s, 4, "target_busy", "", "张三丰");
	old_step(s, 5, "ended", "caller_hung_up", "");
	assert_int_equal(store_run(s, &sql_before, NULL, 0, NULL, NULL), 0);
	store_close(s);
	world_start();
	assert_int_equal(records_figures(w.db, &f, sums, v), 0);
	assert_int_equal(v[RECORDS_FIGURE_calls], 1);
	assert_int_equal(v[RECORDS_FIGURE_automatic], 1);
	assert_int_equal(v[RECORDS_FIGURE_busy], 1);
	assert_int_equal(search((struct records_call_filter){.text = "三丰"}), 1);
	assert_int_equal(search((struct records_call_filter){.last_digits = "1234"}), 1);
	assert_int_equal(search((struct records_call_filter){.outcome = "busy"}), 1);
}

static int64_t naive(const struct store_statement *st, const char *like)
{
	const struct store_value v = STORE_S(like);
	int64_t n = -1;

	assert_int_equal(store_run(w.db->s, st, &v, 1, one_int, &n), 0);
	return n < RECORDS_PAGE_MAX ? n : RECORDS_PAGE_MAX;
}

/* What the terms find is what looking at every call finds. */
static void middles_and_ends_are_found(void **state)
{
	char number[RECORDS_NUMBER], name[RECORDS_NAME], like[2 * RECORDS_NAME], part[RECORDS_NAME];
	uint64_t random = 3;

	make(2000, 1);
	for (unsigned i = 0; i < 30; i++) {
		size_t from, len;

		made_caller(made_random(&random) % MADE_CALLERS, number, name);
		from = made_random(&random) % 6;
		len = 1 + made_random(&random) % 5;
		snprintf(part, sizeof(part), "%.*s", (int)len, number + from);
		snprintf(like, sizeof(like), "%%%s%%", part);
		assert_int_equal(search((struct records_call_filter){.text = part}),
				 naive(&sql_naive, like));
		snprintf(part, sizeof(part), "%s", number + strlen(number) - len);
		snprintf(like, sizeof(like), "%%%s", part);
		assert_int_equal(search((struct records_call_filter){.last_digits = part}),
				 naive(&sql_end, like));
		made_person(1 + (uint32_t)(made_random(&random) % MADE_PEOPLE), name);
		snprintf(part, sizeof(part), "%s",
			 name + 3 * (i % 2)); /* from its second character */
		snprintf(like, sizeof(like), "%%%s%%", part);
		assert_int_equal(search((struct records_call_filter){.text = part}),
				 naive(&sql_naive, like));
	}
	assert_true(search((struct records_call_filter){.text = "先生"}) > 0);
	assert_true(search((struct records_call_filter){.text = "建工"}) > 0);
	assert_int_equal(search((struct records_call_filter){.text = "建生"}), 0);
	assert_int_equal(search((struct records_call_filter){.text = "' OR 1=1 --"}), 0);
	assert_int_equal(search((struct records_call_filter){.text = "%"}), 0);
	assert_int_equal(search((struct records_call_filter){.text = "_"}), 0);
	assert_int_equal(search((struct records_call_filter){.text = "\\"}), 0);
	assert_int_equal(search((struct records_call_filter){.text = "\""}), 0);
	assert_true(search((struct records_call_filter){.text = "8000", .outcome = "message"}) > 0);
	assert_int_equal(search((struct records_call_filter){.text = "8000", .to_ms = 5}), 0);
}

static void a_clause_that_there_is_not_is_refused(void **state)
{
	struct records_call_filter f = {.org = 1, .clause = "A9"};
	int64_t n = 0;

	assert_int_equal(records_calls(w.db, &f, counted, &n), EINVAL);
}

/* --- Erlang C --- */

static void erlang_c_is_as_published(void **state)
{
	/* 10 erlangs and 14 agents: 17.4 % wait (Erlang C tables); 1 erlang and 2: one in three. */
	assert_in_range((int)(1000 * (1 - records_erlang_served(14, 600, 60, 0))), 173, 175);
	assert_in_range((int)(1000 * (1 - records_erlang_served(2, 60, 60, 0))), 332, 334);
	/* 30 calls an hour of 40 s, within 11 s: 72 % by one, 97 % by two. */
	assert_in_range((int)(1000 * records_erlang_served(1, 30, 40, 11)), 720, 725);
	assert_in_range((int)(1000 * records_erlang_served(2, 30, 40, 11)), 965, 975);
	assert_int_equal(records_erlang_agents(30, 40, 11, 0.7), 1);
	assert_int_equal(records_erlang_agents(30, 40, 11, 0.95), 2);
	/* 360 calls an hour of 4 minutes, 80 % within 15 s: 29 (the usual textbook case: 24 erl).
	 */
	assert_in_range(records_erlang_agents(360, 240, 15, 0.8), 27, 29);
	assert_int_equal(records_erlang_agents(0, 40, 11, 0.95), 0);
	assert_true(records_erlang_served(3, 600, 60, 11) == 0);
	assert_int_equal(records_erlang_agents(1e9, 240, 15, 0.8), RECORDS_AGENTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(sums_are_made_of_calls, world_open, world_close),
	    cmocka_unit_test_setup_teardown(the_ring_clock_decides, world_open, world_close),
	    cmocka_unit_test_setup_teardown(figures_are_what_the_log_says, world_open, world_close),
	    cmocka_unit_test_setup_teardown(an_older_database_is_made_anew, world_fresh,
					    world_close),
	    cmocka_unit_test_setup_teardown(middles_and_ends_are_found, world_open, world_close),
	    cmocka_unit_test_setup_teardown(a_clause_that_there_is_not_is_refused, world_open,
					    world_close),
	    cmocka_unit_test(erlang_c_is_as_published),
	};

	return world_main(tests, sizeof(tests) / sizeof(tests[0]));
}
