/* A4.1.1, A4.1.2: positions, the ring clock, answering, putting through, coming back, holding. */
#include "world.h"

#include <string.h>

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_start(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

static void first_on_duty_is_manual_last_is_automatic(void **state)
{
	(void)state;
	assert_true(exchange_automatic(w.x));
	world_duty(&w, 1);
	expect(&w, "STEP position_on A3.3 1", "STEP manual A3.3", "POSITION 1", "BIND a");
	assert_false(exchange_automatic(w.x));
	world_desk(&w, 2, DESK_ON);
	world_clear(&w);
	world_desk(&w, 1, DESK_AWAY);
	expect(&w, "STEP position_away A3.4 1");
	expect_not(&w, "automatic");
	world_desk(&w, 2, DESK_OFF);
	expect(&w, "STEP position_off A3.4 2", "STEP automatic A3.4");
	assert_true(exchange_automatic(w.x));
}

static void rings_three_times_then_the_attendant(void **state)
{
	struct exchange_call_view v;

	(void)state;
	world_duty(&w, 1);
	world_duty(&w, 2);
	world_clear(&w);
	world_trunk_calls(&w, "8000", "139");
	expect(&w, "BIND c", "RING c");
	expect_not(&w, "ANSWER");
	v = world_call(&w, 1);
	assert_int_equal(v.bay, BAY_RINGING);
	assert_int_equal(v.rings, 1);
	assert_int_equal(v.ringing, 1);
	world_wait(&w, 5000);
	v = world_call(&w, 1);
	assert_int_equal(v.rings, 2);
	assert_int_equal(v.ringing, 3);
	world_wait(&w, 5999);
	assert_int_equal(world_call(&w, 1).rings, 3);
	world_clear(&w);
	world_wait(&w, 1);
	expect(&w, "ANSWER c", "STEP answered_attendant", "PLAY c attendant.greeting");
	assert_int_equal(world_call(&w, 1).bay, BAY_ATTENDANT);
	/* Enter takes it back */
	world_clear(&w);
	assert_int_equal(command(&w, 2, ANSWER, .call = 1), REFUSAL_NONE);
	expect(&w, "QUIET c", "JOIN c b", "STEP taken_back", "COMMAND none");
	v = world_call(&w, 1);
	assert_int_equal(v.bay, BAY_IN_HAND);
	assert_int_equal(v.position, 2);
	assert_true(v.together);
	assert_string_equal(v.sentence, "attendant.greeting");
}

static void usual_call(void **state)
{
	struct exchange_call_view v;
	leg_id c;

	(void)state;
	world_duty(&w, 1);
	world_trunk_calls(&w, "8000", "139");
	world_clear(&w);
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NONE);
	expect(&w, "ANSWER b", "JOIN b a", "STEP answered_operator A4.1.1 1", "COMMAND none",
	       "POSITION 1");
	world_clear(&w);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .person = 20, .text = "Wang"), REFUSAL_NONE);
	expect(&w, "DIAL c extension 312 from 139", "STEP target A4.1.2", "COMMAND none");
	expect_not(&w, "PART");
	expect_not(&w, "PLAY");
	v = world_call(&w, 1);
	assert_int_equal(v.bay, BAY_IN_HAND);
	assert_string_equal(v.sentence, "through.one_moment");
	assert_int_equal(v.to, REACHED_ORDINARY);
	c = world_leg(&w, 'c');
	world_send(&w, EV_RINGING, c);
	expect_not(&w, "TONE");
	world_clear(&w);
	assert_int_equal(command(&w, 1, LET_GO), REFUSAL_NONE);
	expect(&w, "PART a", "TONE b", "STEP let_go", "COMMAND none");
	assert_int_equal(world_call(&w, 1).bay, BAY_LET_GO);
	world_clear(&w);
	world_send(&w, EV_ANSWERED, c);
	expect(&w, "JOIN b c", "STEP connected A4.1.2");
	v = world_call(&w, 1);
	assert_int_equal(v.bay, BAY_NONE);
	assert_int_equal(v.position, 0);
}

/* The operator is out as soon as the target is there, and hears nothing of it. */
static void answered_while_still_speaking(void **state)
{
	(void)state;
	w.m.wrap_up_ms = 5000;
	world_duty(&w, 1);
	world_trunk_calls(&w, "8000", "139");
	command(&w, 1, ANSWER);
	command(&w, 1, PUT_THROUGH, .person = 20);
	world_clear(&w);
	world_send(&w, EV_ANSWERED, world_leg(&w, 'c'));
	expect(&w, "PART a", "JOIN b c", "STEP connected A4.1.2", "POSITION 1");
	expect_not(&w, "CONFER");
	assert_false(exchange_automatic(w.x)); /* wrapping up is on duty */
	world_clear(&w);
	world_wait(&w, 5000);
	expect(&w, "POSITION 1");
}

static void not_answered_returns(void **state)
{
	struct exchange_call_view v;

	(void)state;
	world_duty(&w, 1);
	world_duty(&w, 2);
	world_trunk_calls(&w, "8000", "139");
	command(&w, 1, ANSWER);
	command(&w, 1, PUT_THROUGH, .number = "8312");
	command(&w, 1, LET_GO);
	world_clear(&w);
	world_wait(&w, 20000);
	expect(&w, "END d", "STEP target_no_answer A4.1.2", "STEP returned house 1",
	       "PLAY c operator.soon");
	v = world_call(&w, 1);
	assert_int_equal(v.bay, BAY_RETURNED);
	assert_int_equal(v.queued, QUEUED_RETURNED);
	assert_int_equal(v.position, 1);
	assert_int_equal(v.ringing, 1);
	assert_int_equal(v.outcome, EXCHANGE_NO_ANSWER);
	assert_string_equal(v.sentence, "through.no_answer");
	/* past a limit to any, then the attendant asks */
	world_wait(&w, 30000);
	assert_int_equal(world_call(&w, 1).ringing, 3);
	world_clear(&w);
	world_wait(&w, 60000);
	expect(&w, "PLAY c through.no_answer through.no_answer_choice");
	assert_int_equal(world_call(&w, 1).position, 0);
	assert_int_equal(command(&w, 2, ANSWER, .call = 1), REFUSAL_NONE);
}

static void an_outcome_in_hand_stays_in_hand(void **state)
{
	(void)state;
	world_duty(&w, 1);
	world_trunk_calls(&w, "8000", "139");
	command(&w, 1, ANSWER);
	world_phone_calls(&w, ZHANG, "8314");
	world_clear(&w);
	command(&w, 1, PUT_THROUGH, .extension = ZHANG);
	expect(&w, "STEP target_busy A4.1.2", "COMMAND none");
	expect_not(&w, "PART");
	assert_int_equal(world_call(&w, 1).outcome, EXCHANGE_BUSY);
	assert_string_equal(world_call(&w, 1).sentence, "through.busy");
	/* wait until free */
	world_clear(&w);
	assert_int_equal(command(&w, 1, WAIT_FREE), REFUSAL_NONE);
	expect(&w, "PART a", "STEP waiting", "MUSIC b");
	assert_int_equal(world_call(&w, 1).bay, BAY_LET_GO);
	world_clear(&w);
	world_code(&w, EV_ENDED, world_leg(&w, 'c'), 0);
	world_wait(&w, 0);
	expect(&w, "DIAL e extension 312");
	world_code(&w, EV_FAILED, world_leg(&w, 'e'), 486);
	expect(&w, "STEP target_busy", "MUSIC b");
	world_wait(&w, 120000);
	expect(&w, "STEP target_no_answer", "STEP returned");
}

static void pulled_back(void **state)
{
	(void)state;
	world_duty(&w, 1);
	world_trunk_calls(&w, "8000", "139");
	command(&w, 1, ANSWER);
	command(&w, 1, PUT_THROUGH, .number = "8312");
	world_clear(&w);
	assert_int_equal(command(&w, 1, PULL_BACK), REFUSAL_NONE);
	expect(&w, "END c", "STEP pulled_back", "COMMAND none");
	assert_string_equal(world_call(&w, 1).state, "desk");
	command(&w, 1, PUT_THROUGH, .number = "8312");
	command(&w, 1, LET_GO);
	world_clear(&w);
	assert_int_equal(command(&w, 1, PULL_BACK, .call = 1), REFUSAL_NONE);
	expect(&w, "END d", "JOIN b a", "STEP taken_back");
}

static void held_retrieved_and_swapped(void **state)
{
	(void)state;
	world_duty(&w, 1);
	world_trunk_calls(&w, "8000", "139");
	world_trunk_calls(&w, "8000", "138");
	command(&w, 1, ANSWER, .call = 1);
	assert_int_equal(command(&w, 1, ANSWER, .call = 2), REFUSAL_HANDS_FULL);
	world_clear(&w);
	assert_int_equal(command(&w, 1, HOLD), REFUSAL_NONE);
	expect(&w, "PART a", "MUSIC b", "STEP operator_held");
	assert_int_equal(world_call(&w, 1).bay, BAY_HELD);
	assert_true(world_call(&w, 1).remind_wall_ms == w.now.wall_ms + 90000);
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NONE);
	world_clear(&w);
	assert_int_equal(command(&w, 1, RETRIEVE, .call = 1), REFUSAL_NONE);
	expect(&w, "MUSIC c", "JOIN b a", "STEP operator_retrieved");
	assert_int_equal(world_call(&w, 2).bay, BAY_HELD);
	world_clear(&w);
	world_wait(&w, 90000);
	expect(&w, "CALL");
	world_desk(&w, 1, DESK_OFF);
	world_wait(&w, 0);
	expect(&w, "STEP automatic", "STEP handed_over", "PLAY c attendant.greeting");
	/* what is in hand goes on */
	assert_int_equal(world_call(&w, 1).bay, BAY_IN_HAND);
	assert_int_equal(command(&w, 1, ANSWER, .call = 2), REFUSAL_OFF_DUTY);
	assert_int_equal(command(&w, 1, HANG_UP), REFUSAL_NONE);
	expect(&w, "STEP operator_hung_up", "END b", "STEP ended house", "operator_hung_up");
}

static void two_at_once(void **state)
{
	(void)state;
	world_duty(&w, 1);
	world_duty(&w, 2);
	world_trunk_calls(&w, "8000", "139");
	assert_int_equal(command(&w, 2, ANSWER, .call = 1, .rev = 1), REFUSAL_NONE);
	world_clear(&w);
	assert_int_equal(command(&w, 1, ANSWER, .call = 1, .rev = 1), REFUSAL_TAKEN);
	assert_int_equal(w.other, 2);
	assert_string_equal(w.text, "COMMAND taken house\n");
	assert_int_equal(command(&w, 1, HOLD, .call = 1), REFUSAL_NOT_YOURS);
	assert_int_equal(command(&w, 2, HOLD, .call = 1, .rev = 1), REFUSAL_STALE);
}

static void a_reload_joins_again(void **state)
{
	leg_id b;

	(void)state;
	world_duty(&w, 1);
	world_trunk_calls(&w, "8000", "139");
	command(&w, 1, ANSWER);
	world_clear(&w);
	world_code(&w, EV_ENDED, world_leg(&w, 'a'), 0);
	expect(&w, "STEP position_lost", "PLAY b operator.soon");
	assert_true(exchange_automatic(w.x));
	b = world_leg(&w, 'b');
	world_played(&w, b);
	expect(&w, "MUSIC b");
	world_clear(&w);
	world_desk(&w, 1, DESK_HEADSET);
	expect(&w, "BIND c", "STEP position_back", "JOIN b c");
	/* and past the grace to others */
	world_duty(&w, 2);
	world_desk(&w, 1, DESK_PAGE_LOST);
	world_clear(&w);
	world_wait(&w, 20000);
	expect(&w, "STEP desk_vanished");
	assert_int_equal(world_call(&w, 1).queued, QUEUED_LOST);
	assert_int_equal(command(&w, 2, ANSWER), REFUSAL_NONE);
	world_clear(&w);
	world_desk(&w, 1, DESK_PAGE_BACK);
	expect(&w, "STEP position_back");
	expect_not(&w, "JOIN");
}

static void a_lost_desk_alone_leaves_the_attendant(void **state)
{
	(void)state;
	world_duty(&w, 1);
	world_trunk_calls(&w, "8000", "139");
	world_trunk_calls(&w, "8000", "138");
	command(&w, 1, ANSWER);
	world_clear(&w);
	world_desk(&w, 1, DESK_PAGE_LOST);
	world_wait(&w, 0);
	expect(&w, "STEP automatic", "PLAY b operator.soon", "PLAY c attendant.greeting");
	world_wait(&w, 20000);
	expect(&w, "STEP desk_vanished", "PLAY b attendant.greeting");
}

static void zero_waits_for_the_operator(void **state)
{
	leg_id a;

	(void)state;
	a = world_trunk_calls(&w, "8000", "139");
	world_duty(&w, 1);
	world_clear(&w);
	world_dial(&w, a, "0");
	expect(&w, "STEP operator_asked A4.2", "PLAY a operator.wait");
	world_played(&w, a);
	expect(&w, "MUSIC a");
	world_clear(&w);
	world_wait(&w, 20000);
	expect(&w, "PLAY a operator.wait");
	assert_int_equal(world_call(&w, 1).queued, QUEUED_ASKED);
	world_wait(&w, 40000);
	expect(&w, "STEP gad A4.2", "DIAL c extension 609");
	/* still the desk's: taken back out of the attendant's hands */
	assert_int_equal(command(&w, 1, ANSWER, .call = 1), REFUSAL_NONE);
	expect(&w, "END c", "JOIN a b");
}

static void a_phone_for_each_call(void **state)
{
	(void)state;
	world_desk(&w, 1, DESK_ON);
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NOTHING_WAITS);
	world_trunk_calls(&w, "8000", "139");
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NO_SOUND);
	world_phone(&w, 1, GM, false); /* nobody's headset */
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NO_SOUND);
	world_phone(&w, 1, CLERK, false);
	world_clear(&w);
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NONE);
	expect(&w, "DIAL b extension 604 from 8000", "COMMAND none");
	expect_not(&w, "ANSWER");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	expect(&w, "ANSWER a", "JOIN a b", "STEP answered_operator");
	/* putting the phone down holds, it loses nobody */
	world_clear(&w);
	world_code(&w, EV_ENDED, world_leg(&w, 'b'), 0);
	expect(&w, "MUSIC a", "STEP operator_held");
	assert_int_equal(command(&w, 1, RETRIEVE, .call = 1), REFUSAL_NONE);
	world_clear(&w);
	world_wait(&w, 20000);
	expect(&w, "END c", "STEP operator_held");
}

static void a_nailed_phone(void **state)
{
	(void)state;
	world_desk(&w, 1, DESK_ON);
	world_phone(&w, 1, CLERK, true);
	expect(&w, "DIAL a extension 604");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'a'));
	world_trunk_calls(&w, "8000", "139");
	world_clear(&w);
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NONE);
	expect(&w, "ANSWER b", "JOIN b a");
	assert_int_equal(command(&w, 1, HANG_UP, .value = HANG_UP_SALES), REFUSAL_NONE);
	expect(&w, "STEP operator_hung_up house 3", "END b");
	expect_not(&w, "END a");
	world_clear(&w);
	world_desk(&w, 1, DESK_OFF);
	expect(&w, "END a");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(first_on_duty_is_manual_last_is_automatic),
	    T(rings_three_times_then_the_attendant),
	    T(usual_call),
	    T(answered_while_still_speaking),
	    T(not_answered_returns),
	    T(an_outcome_in_hand_stays_in_hand),
	    T(pulled_back),
	    T(held_retrieved_and_swapped),
	    T(two_at_once),
	    T(a_reload_joins_again),
	    T(a_lost_desk_alone_leaves_the_attendant),
	    T(zero_waits_for_the_operator),
	    T(a_phone_for_each_call),
	    T(a_nailed_phone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
