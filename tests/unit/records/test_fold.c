/* The fold is pure: steps in, record out. */
#include "world.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static struct records_call c;

static struct records_step *step(enum step kind, int64_t at_ms)
{
	static struct records_step s;

	s = (struct records_step){.call_no = 5, .org = 1, .kind = kind, .at_ms = at_ms};
	return &s;
}

static void fold(enum step kind, int64_t at_ms)
{
	records_fold(world_vocabulary(), &c, step(kind, at_ms));
}

static void fold_text(enum step kind, int64_t at_ms, const char *text)
{
	struct records_step *s = step(kind, at_ms);

	TEXT_COPY(s->text, text);
	records_fold(world_vocabulary(), &c, s);
}

static int zero(void **state)
{
	memset(&c, 0, sizeof(c));
	return 0;
}

static void a_caller_who_hangs_up_early_is_abandoned(void **state)
{
	fold_text(STEP_ARRIVED, 1000, "8312");
	fold(STEP_RINGING, 1010);
	fold_text(STEP_ENDED, 5000, "caller_hung_up");
	assert_int_equal(c.outcome, RECORDS_ABANDONED);
	assert_int_equal(c.direction, RECORDS_INSIDE);
	assert_string_equal(c.dialled, "8312");
	assert_int_equal(c.started_ms, 1000);
	assert_int_equal(c.ended_ms, 5000);
	assert_int_equal(c.answered_ms, 0);
	assert_string_equal(c.end_side, "caller");
}

static void busy_then_message_is_message(void **state)
{
	fold(STEP_ARRIVED, 0);
	fold(STEP_ANSWERED_ATTENDANT, 10);
	assert_int_equal(c.outcome, RECORDS_ATTENDED);
	fold(STEP_TARGET_BUSY, 20);
	assert_int_equal(c.outcome, RECORDS_BUSY);
	fold(STEP_MESSAGE_KEPT, 30);
	fold_text(STEP_ENDED, 40, "caller_hung_up");
	assert_int_equal(c.outcome, RECORDS_MESSAGE);
}

static void an_answered_call_stays_answered(void **state)
{
	fold(STEP_ARRIVED, 1);
	fold(STEP_TARGET_NO_ANSWER, 2);
	fold(STEP_CONNECTED, 3);
	fold(STEP_TARGET_BUSY, 4);
	fold(STEP_ENDED, 5);
	assert_int_equal(c.outcome, RECORDS_ANSWERED);
	assert_int_equal(c.connected_ms, 3);
}

static void waits_add_up(void **state)
{
	fold(STEP_ARRIVED, 1);
	fold(STEP_WAITING, 1000);
	fold(STEP_WAITING, 2000);
	fold(STEP_WAIT_OVER, 4000);
	fold(STEP_WAITING, 5000);
	fold(STEP_CONNECTED, 5500);
	fold(STEP_WAITING, 6000);
	fold(STEP_ENDED, 6100);
	assert_int_equal(c.wait_ms, 3000 + 500 + 100);
}

static void a_trunk_as_target_makes_it_outgoing(void **state)
{
	struct records_step *s;

	fold_text(STEP_ARRIVED, 1, "913800001234");
	s = step(STEP_TARGET, 2);
	s->trunk = 3;
	records_fold(world_vocabulary(), &c, s);
	assert_int_equal(c.direction, RECORDS_OUTGOING);
	assert_int_equal(c.target_trunk, 3);
}

static void nothing_changes_after_the_end(void **state)
{
	fold(STEP_ARRIVED, 1);
	fold(STEP_ENDED, 2);
	fold(STEP_CONNECTED, 3);
	assert_int_equal(c.connected_ms, 0);
	assert_int_equal(c.step_count, 3);
	assert_int_equal(c.ended_ms, 2);
}

static void a_restart_closes(void **state)
{
	fold(STEP_ARRIVED, 1);
	fold(STEP_RESTARTED, 9);
	assert_true(c.restarted);
	assert_int_equal(c.ended_ms, 9);
	assert_int_equal(c.outcome, RECORDS_FAILED);
}

static void an_unanswered_call_is_what_its_end_says(void **state)
{
	static const struct {
		const char *end;
		enum records_outcome outcome;
	} want[] = {{"busy", RECORDS_BUSY},
		    {"not_permitted", RECORDS_NOT_PERMITTED},
		    {"no_trunk", RECORDS_UNREACHABLE},
		    {"answered_elsewhere", RECORDS_ANSWERED},
		    {"closing", RECORDS_FAILED}};

	for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		zero(state);
		fold(STEP_ARRIVED, 1);
		fold_text(STEP_ENDED, 2, want[i].end);
		assert_int_equal(c.outcome, want[i].outcome);
		assert_string_equal(c.end_side, "switchboard");
	}
}

/* As the exchange says it: the target's name comes once, who answered comes with the connection. */
static void the_target_is_who_answered(void **state)
{
	struct records_step *s;

	fold(STEP_ARRIVED, 1);
	s = step(STEP_TARGET, 2);
	s->department = 3;
	s->extension = 101;
	TEXT_COPY(s->name, "工程部");
	records_fold(world_vocabulary(), &c, s);
	s = step(STEP_CONNECTED, 3);
	s->department = 3;
	s->extension = 102;
	records_fold(world_vocabulary(), &c, s);
	assert_int_equal(c.target_extension, 102);
	assert_string_equal(c.target_name, "工程部");
	s = step(STEP_TARGET, 4);
	s->person = 9;
	records_fold(world_vocabulary(), &c, s);
	assert_string_equal(c.target_name, "");
}

static void the_path_has_a_limit(void **state)
{
	for (int i = 0; i < RECORDS_PATH + 20; i++)
		fold(STEP_HELD, i);
	assert_int_equal(c.path_count, RECORDS_PATH);
	assert_int_equal(c.step_count, RECORDS_PATH + 20);
}

static void unknown_kinds_do_no_harm(void **state)
{
	struct records_step *s = step(STEP_ARRIVED, 1);

	s->kind = 65535;
	s->clause = 65535;
	records_fold(world_vocabulary(), &c, s);
	assert_int_equal(c.step_count, 1);
}

static void the_fold_knows_the_vocabulary(void **state)
{
	static const char *const needed[] = {"arrived",	       "answered_attendant",
					     "connected",      "dialled",
					     "target",	       "ended",
					     "restarted",      "target_vacant",
					     "no_trunk",       "message_kept",
					     "target_busy",    "waiting",
					     "consent_refused"};
	const struct records_vocabulary *v = world_vocabulary();

	for (unsigned n = 0; n < sizeof(needed) / sizeof(needed[0]); n++) {
		bool there = false;

		assert_true(records_step_known(needed[n]));
		for (unsigned i = 0; i < v->step_count; i++)
			there = there || text_eq(v->steps[i], needed[n]);
		assert_true(there);
	}
	assert_false(records_step_known("no such step"));
}

static void a_long_vocabulary_is_refused(void **state)
{
	struct records_vocabulary v = *world_vocabulary();

	v.step_count = RECORDS_KINDS + 1;
	assert_int_not_equal(records_vocabulary_index(&v), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, zero)
	const struct CMUnitTest tests[] = {
	    T(a_caller_who_hangs_up_early_is_abandoned),
	    T(busy_then_message_is_message),
	    T(an_answered_call_stays_answered),
	    T(waits_add_up),
	    T(a_trunk_as_target_makes_it_outgoing),
	    T(nothing_changes_after_the_end),
	    T(a_restart_closes),
	    T(an_unanswered_call_is_what_its_end_says),
	    T(the_target_is_who_answered),
	    T(the_path_has_a_limit),
	    T(unknown_kinds_do_no_harm),
	    T(the_fold_knows_the_vocabulary),
	    T(a_long_vocabulary_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
