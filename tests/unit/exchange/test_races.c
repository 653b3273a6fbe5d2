/*
 * The races that users of other consoles complain of in public, each by name, in both orders. What
 * every race must leave behind is the same: no call that nobody has, no leg without a call, hands
 * that are free.
 */
#include "world.h"

#include <stdio.h>
#include <string.h>

enum { PERSON_GM = 4, PERSON_ZHANG = 20 };

static struct world w;

/* Position 1 has leg a, position 2 leg b; the caller c rings. */
static int setup(void **state)
{
	(void)state;
	world_start(&w);
	world_duty(&w, 1);
	world_duty(&w, 2);
	world_trunk_calls(&w, "8000", "139");
	world_clear(&w);
	return 0;
}

static leg_id leg(char letter)
{
	return world_leg(&w, letter);
}

static void gone(char letter)
{
	world_code(&w, EV_ENDED, leg(letter), 0);
}

static void in_hand(void)
{
	assert_int_equal(command(&w, 1, ANSWER, .call = 1), REFUSAL_NONE);
	world_clear(&w);
}

static void rings_zhang(void)
{
	in_hand();
	assert_int_equal(command(&w, 1, PUT_THROUGH, .person = PERSON_ZHANG), REFUSAL_NONE);
	world_clear(&w);
}

static void let_go(void)
{
	rings_zhang();
	assert_int_equal(command(&w, 1, LET_GO), REFUSAL_NONE);
	world_clear(&w);
}

static void hands_are_free(void)
{
	struct exchange_position_view p;

	for (uint16_t i = 1; i <= 2; i++)
		if (exchange_position_view(w.x, i, &p))
			assert_int_equal(p.call_no, 0);
}

/* Nothing lives but the two headsets, and both can work on. */
static void no_phantom(void)
{
	hands_are_free();
	assert_int_equal(exchange_calls(w.x), 0);
	assert_int_equal(exchange_legs(w.x), 2);
	assert_int_equal(exchange_next_due_ms(w.x), INT64_MAX);
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NOTHING_WAITS);
}

static int teardown(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

/* ---- two operators, one call ---- */

static void two_answer_at_once(void **state)
{
	uint16_t rev = world_call(&w, 1).rev;

	(void)state;
	assert_int_equal(command(&w, 2, ANSWER, .call = 1, .rev = rev), REFUSAL_NONE);
	world_clear(&w);
	assert_int_equal(command(&w, 1, ANSWER, .call = 1, .rev = rev), REFUSAL_TAKEN);
	assert_int_equal(w.other, 2);
	assert_string_equal(w.text, "COMMAND taken house\n");
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NOTHING_WAITS);
	/* with another one waiting it isn't taken by mistake */
	world_trunk_calls(&w, "8000", "138");
	assert_int_equal(command(&w, 1, ANSWER, .call = 1, .rev = rev), REFUSAL_TAKEN);
	assert_int_equal(world_call(&w, 2).position, 0);
	gone('c');
	gone('d');
	no_phantom();
}

static void two_take_back_at_once(void **state)
{
	(void)state;
	world_wait(&w, 11000);
	assert_string_equal(world_call(&w, 1).state, "announce");
	assert_int_equal(command(&w, 1, ANSWER, .call = 1), REFUSAL_NONE);
	assert_int_equal(command(&w, 2, ANSWER, .call = 1), REFUSAL_TAKEN);
	gone('c');
	no_phantom();
}

/* ---- answer and hang-up ---- */

static void answer_crossing_hang_up(void **state)
{
	(void)state;
	gone('c');
	expect(&w, "STEP ended house", "caller_hung_up");
	assert_int_equal(command(&w, 1, ANSWER, .call = 1, .rev = 1), REFUSAL_GONE);
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NOTHING_WAITS);
	no_phantom();
}

static void hang_up_crossing_answer(void **state)
{
	(void)state;
	in_hand();
	gone('c');
	expect(&w, "STEP ended house", "caller_hung_up", "POSITION 1");
	assert_int_equal(command(&w, 1, HANG_UP, .call = 1), REFUSAL_GONE);
	no_phantom();
}

static void answer_crossing_the_attendant(void **state)
{
	uint16_t rev = world_call(&w, 1).rev;

	(void)state;
	world_wait(&w, 11000);
	/* Enter was pressed while it still rang: it is meant all the same */
	assert_int_equal(command(&w, 1, ANSWER, .call = 1, .rev = rev), REFUSAL_NONE);
	expect(&w, "JOIN c a");
	gone('c');
	no_phantom();
}

/* ---- transfer and hang-up ---- */

static void transfer_crossing_hang_up(void **state)
{
	(void)state;
	in_hand();
	gone('c');
	world_clear(&w);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .call = 1, .person = PERSON_ZHANG),
			 REFUSAL_GONE);
	expect_not(&w, "DIAL");
	no_phantom();
}

static void hang_up_crossing_the_targets_answer(void **state)
{
	(void)state;
	rings_zhang();
	gone('c');
	expect(&w, "END d", "STEP ended house");
	world_clear(&w);
	world_send(&w, EV_ANSWERED, leg('d')); /* its 200 was on the way */
	expect_not(&w, "JOIN");
	no_phantom();
}

static void targets_hang_up_crossing_its_answer(void **state)
{
	(void)state;
	let_go();
	world_send(&w, EV_ANSWERED, leg('d'));
	expect(&w, "JOIN c d", "STEP connected");
	gone('d');
	expect(&w, "END c", "STEP ended house", "callee_hung_up");
	gone('c');
	no_phantom();
}

static void transfer_dials_at_once(void **state)
{
	(void)state;
	in_hand();
	assert_int_equal(command(&w, 1, PUT_THROUGH, .number = "8312"), REFUSAL_NONE);
	expect(&w, "DIAL d extension 312 from 139"); /* no digit is waited for */
	gone('c');
	no_phantom();
}

/* ---- coming back and answer ---- */

static void recall_crossing_answer(void **state)
{
	(void)state;
	let_go();
	world_wait(&w, 20000);
	expect(&w, "END d", "STEP target_no_answer", "STEP returned");
	world_clear(&w);
	world_send(&w, EV_ANSWERED, leg('d')); /* too late: it was cancelled */
	expect_not(&w, "JOIN");
	assert_int_equal(world_call(&w, 1).bay, BAY_RETURNED);
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NONE);
	expect(&w, "JOIN c a");
	gone('c');
	no_phantom();
}

static void answer_crossing_recall(void **state)
{
	(void)state;
	let_go();
	world_wait(&w, 19999);
	world_send(&w, EV_ANSWERED, leg('d'));
	world_clear(&w);
	world_wait(&w, 60000);
	expect_not(&w, "STEP");
	assert_string_equal(world_call(&w, 1).state, "talk");
	gone('d');
	no_phantom();
}

static void recall_crossing_the_operators_next_call(void **state)
{
	(void)state;
	let_go();
	world_trunk_calls(&w, "8000", "138");
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NONE);
	world_code(&w, EV_FAILED, leg('d'), 486);
	assert_int_equal(world_call(&w, 1).bay, BAY_RETURNED);
	assert_int_equal(world_call(&w, 1).position, 1);
	assert_int_equal(world_call(&w, 2).bay, BAY_IN_HAND);
	assert_int_equal(command(&w, 1, ANSWER, .call = 1), REFUSAL_HANDS_FULL);
	gone('e');
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NONE);
	assert_int_equal(world_call(&w, 1).bay, BAY_IN_HAND);
	gone('c');
	no_phantom();
}

static void pull_back_crossing_answer(void **state)
{
	(void)state;
	rings_zhang();
	assert_int_equal(command(&w, 1, PULL_BACK), REFUSAL_NONE);
	world_clear(&w);
	world_send(&w, EV_ANSWERED, leg('d'));
	expect_not(&w, "JOIN");
	assert_string_equal(world_call(&w, 1).state, "desk");
	gone('c');
	no_phantom();
}

static void answer_crossing_pull_back(void **state)
{
	uint16_t rev;

	(void)state;
	rings_zhang();
	rev = world_call(&w, 1).rev;
	world_send(&w, EV_ANSWERED, leg('d'));
	assert_int_equal(command(&w, 1, PULL_BACK, .call = 1, .rev = rev), REFUSAL_NOT_YOURS);
	assert_string_equal(world_call(&w, 1).state, "talk");
	gone('c');
	no_phantom();
}

/* ---- hand-over ---- */

static void hand_over_crossing_hang_up(void **state)
{
	(void)state;
	in_hand();
	gone('c');
	assert_int_equal(command(&w, 1, HAND_OVER, .call = 1, .to = 2), REFUSAL_GONE);
	no_phantom();
}

static void hand_over_crossing_leaving(void **state)
{
	(void)state;
	in_hand();
	world_desk(&w, 2, DESK_OFF);
	assert_int_equal(command(&w, 1, HAND_OVER, .to = 2), REFUSAL_NO_TARGET);
	world_desk(&w, 2, DESK_ON);
	assert_int_equal(command(&w, 1, HAND_OVER, .to = 2), REFUSAL_NONE);
	world_desk(&w, 2, DESK_OFF);
	world_wait(&w, 0);
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NONE); /* it is anybody's */
	gone('c');
	no_phantom();
}

static void last_one_leaves_crossing_a_call(void **state)
{
	(void)state;
	world_desk(&w, 1, DESK_OFF);
	world_desk(&w, 2, DESK_OFF);
	world_wait(&w, 0);
	expect(&w, "STEP automatic A3.4", "PLAY c attendant.greeting");
	world_clear(&w);
	world_trunk_calls(&w, "8000", "138");
	expect(&w, "PLAY d attendant.greeting");
	assert_int_equal(command(&w, 2, ANSWER, .call = 1), REFUSAL_OFF_DUTY);
	gone('c');
	gone('d');
}

/* Found by the exploration: it stayed off duty when it was back. */
static void coming_on_duty_while_lost(void **state)
{
	struct exchange_position_view p;

	(void)state;
	in_hand();
	world_desk(&w, 1, DESK_OFF);
	world_desk(&w, 1, DESK_SOUND_LOST);
	world_desk(&w, 1, DESK_ON);
	world_desk(&w, 1, DESK_SOUND_BACK);
	assert_true(exchange_position_view(w.x, 1, &p));
	assert_int_equal(p.state, POSITION_ON);
	assert_true(world_call(&w, 1).together);
	gone('c');
	no_phantom();
}

/* Found by the exploration: it was kept until the reminder, 90 s, by who had left. */
static void holding_after_leaving(void **state)
{
	(void)state;
	in_hand();
	world_desk(&w, 1, DESK_OFF);
	assert_int_equal(command(&w, 1, HOLD), REFUSAL_NONE);
	world_wait(&w, 0);
	assert_int_equal(world_call(&w, 1).queued, QUEUED_HANDED);
	world_desk(&w, 1, DESK_ON);
	assert_int_equal(command(&w, 2, ANSWER), REFUSAL_NONE);
	gone('c');
	no_phantom();
}

/* ---- the same operator at two places ---- */

static void second_sign_in_takes_the_sound(void **state)
{
	(void)state;
	in_hand();
	world_desk(&w, 1, DESK_HEADSET);
	expect(&w, "END a", "BIND d", "JOIN c d");
	world_code(&w, EV_ENDED, leg('a'), 0); /* the old one's end comes late */
	assert_true(world_call(&w, 1).together);
	gone('c');
	no_phantom();
}

/* ---- a reload in each step ---- */

static void ringing(void) {}

static void attendant(void)
{
	world_wait(&w, 11000);
}

static void returned(void)
{
	let_go();
	world_wait(&w, 20000);
}

static void held(void)
{
	in_hand();
	assert_int_equal(command(&w, 1, HOLD), REFUSAL_NONE);
}

static void parked(void)
{
	in_hand();
	assert_int_equal(command(&w, 1, PARK), REFUSAL_NONE);
}

static void waits_free(void)
{
	in_hand();
	command(&w, 1, CONSULT, .person = PERSON_ZHANG);
	command(&w, 1, OUTCOME, .value = DESK_BUSY);
	assert_int_equal(command(&w, 1, WAIT_FREE), REFUSAL_NONE);
}

static void screened(void)
{
	in_hand();
	assert_int_equal(command(&w, 1, SCREEN, .value = SCREEN_ALL), REFUSAL_NONE);
}

static void consult_rings(void)
{
	screened();
	assert_int_equal(command(&w, 1, CONSULT, .person = PERSON_GM), REFUSAL_NONE);
}

static void consulting(void)
{
	consult_rings();
	world_send(&w, EV_ANSWERED, leg('d'));
}

static void three_together(void)
{
	in_hand();
	command(&w, 1, CONSULT, .person = PERSON_ZHANG);
	world_send(&w, EV_ANSWERED, leg('d'));
	assert_int_equal(command(&w, 1, CONFERENCE), REFUSAL_NONE);
}

static void voice_message(void)
{
	in_hand();
	assert_int_equal(command(&w, 1, VOICE_MESSAGE, .person = PERSON_GM), REFUSAL_NONE);
	world_played(&w, leg('c'));
}

static void dialling(void)
{
	gone('c');
	assert_int_equal(command(&w, 1, DIAL, .call = ++w.calls, .person = PERSON_ZHANG),
			 REFUSAL_NONE);
}

static const struct reload {
	const char *name, *state; /* of the call, before and after */
	void (*come)(void);
	uint64_t call;
} reloads[] = {
    {"ringing", "ring", ringing, 1},
    {"the attendant has it", "announce", attendant, 1},
    {"in hand", "desk", in_hand, 1},
    {"the target rings", "target", rings_zhang, 1},
    {"let go", "target", let_go, 1},
    {"returned", "queue", returned, 1},
    {"held", "held", held, 1},
    {"parked", "park", parked, 1},
    {"waits until free", "wait", waits_free, 1},
    {"screened", "desk", screened, 1},
    {"the consulted rings", "consult", consult_rings, 1},
    {"in the consultation", "consult", consulting, 1},
    {"three together", "three", three_together, 1},
    {"at the recorder", "record", voice_message, 1},
    {"the operator dials", "dial", dialling, 2},
};

/* The page and its sound go, and come back within the grace. */
static void reload_look(const struct reload *r)
{
	struct exchange_position_view p, q;
	struct exchange_call_view v;
	leg_id headset;

	assert_string_equal(world_call(&w, r->call).state, r->state);
	v = world_call(&w, r->call);
	assert_true(exchange_position_view(w.x, 1, &p));
	world_code(&w, EV_ENDED, leg('a'), 0);
	world_desk(&w, 1, DESK_PAGE_LOST);
	world_wait(&w, 1500);
	assert_int_equal(exchange_calls(w.x), 1);
	headset = world_duty(&w, 1); /* as a page does that is loaded anew */
	assert_true(exchange_position_view(w.x, 1, &q));
	assert_int_equal(q.state, POSITION_ON);
	assert_int_equal(q.headset, headset);
	assert_int_equal(q.call_no, p.call_no);
	assert_string_equal(world_call(&w, r->call).state, r->state);
	assert_int_equal(world_call(&w, r->call).position, v.position);
	assert_int_equal(world_call(&w, r->call).screened, v.screened);
	assert_string_equal(world_call(&w, r->call).caller_number, v.caller_number);
	assert_int_equal(world_call(&w, r->call).together, v.together);
}

static void reload_in_each_step(void **state)
{
	for (unsigned i = 0; i < sizeof(reloads) / sizeof(reloads[0]); i++) {
		if (i)
			setup(state);
		print_message("  a reload while: %s\n", reloads[i].name);
		reloads[i].come();
		reload_look(&reloads[i]);
		if (i + 1 < sizeof(reloads) / sizeof(reloads[0]))
			teardown(state);
	}
}

/* … and don't: others, or the attendant, have the call by the end of the grace. */
static void vanished_in_each_step(void **state)
{
	for (unsigned i = 0; i < sizeof(reloads) / sizeof(reloads[0]); i++) {
		struct exchange_position_view p;
		struct exchange_call_view v;

		if (i)
			setup(state);
		print_message("  a console that vanishes while: %s\n", reloads[i].name);
		reloads[i].come();
		world_desk(&w, 1, DESK_PAGE_LOST);
		world_wait(&w, 21000);
		assert_true(exchange_position_view(w.x, 1, &p));
		assert_int_equal(p.call_no, 0);
		v = world_call(&w, reloads[i].call);
		if (v.call_no && v.bay != BAY_LET_GO && v.bay != BAY_PARKED &&
		    strcmp(v.state, "record") != 0)
			assert_int_equal(command(&w, 2, ANSWER, .call = v.call_no), REFUSAL_NONE);
		if (i + 1 < sizeof(reloads) / sizeof(reloads[0]))
			teardown(state);
	}
}

/* ---- who calls, through all that happens ---- */

static void identity_kept_through_transfer(void **state)
{
	(void)state;
	in_hand();
	command(&w, 1, PUT_THROUGH, .person = PERSON_ZHANG);
	expect(&w, "DIAL d extension 312 from 139");
	world_send(&w, EV_ANSWERED, leg('d'));
	world_clear(&w);
	world_refer(&w, leg('d'), "8313", 0);
	expect(&w, "DIAL e extension 313 from 139");
	world_send(&w, EV_ANSWERED, leg('e'));
	world_refer(&w, leg('e'), "8000", 0);
	assert_string_equal(world_call(&w, 1).caller_number, "139");
	assert_int_equal(command(&w, 2, ANSWER), REFUSAL_NONE);
	assert_string_equal(world_call(&w, 1).caller_number, "139");
	gone('c');
	no_phantom();
}

static void identity_kept_through_park(void **state)
{
	(void)state;
	parked();
	assert_string_equal(world_call(&w, 1).caller_number, "139");
	world_clear(&w);
	world_phone_calls(&w, ZHANG, "7701");
	expect(&w, "SHOW d 139");
	assert_string_equal(world_call(&w, 1).caller_number, "139");
	gone('d');
	no_phantom();
}

static void identity_kept_through_recall(void **state)
{
	(void)state;
	returned();
	assert_string_equal(world_call(&w, 1).caller_number, "139");
	assert_int_equal(world_call(&w, 1).outcome, EXCHANGE_NO_ANSWER);
	assert_int_equal(world_call(&w, 1).person, PERSON_ZHANG);
	command(&w, 1, ANSWER);
	world_clear(&w);
	command(&w, 1, PUT_THROUGH, .number = "8313");
	expect(&w, "DIAL e extension 313 from 139");
	command(&w, 1, PULL_BACK);
	command(&w, 1, HAND_OVER, .to = 2);
	assert_string_equal(world_call(&w, 1).caller_number, "139");
	gone('c');
	no_phantom();
}

static void identity_kept_through_a_parks_return(void **state)
{
	(void)state;
	parked();
	world_wait(&w, 60000);
	assert_int_equal(world_call(&w, 1).bay, BAY_RETURNED);
	assert_string_equal(world_call(&w, 1).caller_number, "139");
	gone('c');
	no_phantom();
}

/* ---- cancel that is seen ---- */

static void visible_cancel(void **state)
{
	uint16_t rev;

	(void)state;
	rings_zhang();
	rev = world_call(&w, 1).rev;
	world_clear(&w);
	assert_int_equal(command(&w, 1, PULL_BACK), REFUSAL_NONE);
	expect(&w, "END d", "STEP pulled_back", "COMMAND none");
	assert_true(world_call(&w, 1).rev != rev);
	assert_true(world_call(&w, 1).together);
	assert_int_equal(world_call(&w, 1).bay, BAY_IN_HAND);
	world_clear(&w);
	command(&w, 1, CONSULT, .person = PERSON_ZHANG);
	world_send(&w, EV_ANSWERED, leg('e'));
	assert_int_equal(command(&w, 1, PULL_BACK), REFUSAL_NONE);
	expect(&w, "END e", "JOIN c a", "STEP pulled_back", "COMMAND none");
	world_clear(&w);
	command(&w, 1, PUT_THROUGH, .person = PERSON_ZHANG);
	command(&w, 1, LET_GO);
	assert_int_equal(command(&w, 1, PULL_BACK, .call = 1), REFUSAL_NONE);
	expect(&w, "END f", "JOIN c a", "COMMAND none");
	assert_int_equal(exchange_legs(w.x), 3);
	gone('c');
	no_phantom();
}

/* ---- call back when free ---- */

static void call_back_when_free_once(void **state)
{
	leg_id z;

	(void)state;
	in_hand();
	z = world_phone_calls(&w, ZHANG, "8314");
	command(&w, 1, PUT_THROUGH, .person = PERSON_ZHANG);
	assert_int_equal(command(&w, 1, CALL_BACK), REFUSAL_NONE);
	gone('c'); /* the promise outlives the caller */
	world_clear(&w);
	world_code(&w, EV_ENDED, z, 0);
	expect(&w, "STEP call_back_due house 1 139", "POSITION 1");
	world_clear(&w);
	z = world_phone_calls(&w, ZHANG, "8314"); /* busy again, and free again */
	world_code(&w, EV_ENDED, z, 0);
	expect_not(&w, "call_back_due");
	no_phantom();
}

static void call_back_crossing_leaving(void **state)
{
	leg_id z;

	(void)state;
	in_hand();
	z = world_phone_calls(&w, ZHANG, "8314");
	command(&w, 1, PUT_THROUGH, .person = PERSON_ZHANG);
	command(&w, 1, CALL_BACK);
	command(&w, 1, HANG_UP);
	world_desk(&w, 1, DESK_OFF);
	world_clear(&w);
	world_code(&w, EV_ENDED, z, 0);
	expect(&w, "STEP call_back_due house 1 139"); /* the app's list has it for anybody */
}

/* ---- phantoms ---- */

static void everything_late(char letter)
{
	static const enum event_kind kinds[] = {EV_RINGING, EV_EARLY, EV_ANSWERED, EV_FAILED,
						EV_ENDED, EV_DIGIT, EV_HELD, EV_RETRIEVED,
						EV_SILENT, EV_BUSY_TONE};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		world_code(&w, kinds[i], leg(letter), 486);
}

static void no_phantom_calls(void **state)
{
	(void)state;
	rings_zhang();
	world_send(&w, EV_RINGING, leg('d'));
	gone('c');
	world_clear(&w);
	everything_late('c');
	everything_late('d');
	assert_string_equal(w.text, "");
	no_phantom();
	/* both ends at once, and each twice */
	world_trunk_calls(&w, "8312", "139");
	world_send(&w, EV_ANSWERED, leg('f'));
	gone('e');
	gone('f');
	gone('e');
	gone('f');
	no_phantom();
}

static void no_phantom_of_a_consultation(void **state)
{
	(void)state;
	consulting();
	gone('c');
	expect(&w, "END d");
	everything_late('d');
	assert_int_equal(command(&w, 1, OUTCOME, .call = 1, .value = DESK_AGREED), REFUSAL_GONE);
	no_phantom();
}

static void no_phantom_of_an_operators_phone(void **state)
{
	(void)state;
	world_phone(&w, 1, WANG, false);
	assert_int_equal(command(&w, 1, ANSWER, .call = 1), REFUSAL_NONE);
	assert_string_equal(world_call(&w, 1).state, "fetch");
	gone('c'); /* while the operator's phone rings */
	assert_int_equal(exchange_calls(w.x), 0);
	assert_int_equal(exchange_legs(w.x), 1);
	hands_are_free();
}

#define RACE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    RACE(two_answer_at_once),
	    RACE(two_take_back_at_once),
	    RACE(answer_crossing_hang_up),
	    RACE(hang_up_crossing_answer),
	    RACE(answer_crossing_the_attendant),
	    RACE(transfer_crossing_hang_up),
	    RACE(hang_up_crossing_the_targets_answer),
	    RACE(targets_hang_up_crossing_its_answer),
	    RACE(transfer_dials_at_once),
	    RACE(recall_crossing_answer),
	    RACE(answer_crossing_recall),
	    RACE(recall_crossing_the_operators_next_call),
	    RACE(pull_back_crossing_answer),
	    RACE(answer_crossing_pull_back),
	    RACE(hand_over_crossing_hang_up),
	    RACE(hand_over_crossing_leaving),
	    RACE(last_one_leaves_crossing_a_call),
	    RACE(coming_on_duty_while_lost),
	    RACE(holding_after_leaving),
	    RACE(second_sign_in_takes_the_sound),
	    RACE(reload_in_each_step),
	    RACE(vanished_in_each_step),
	    RACE(identity_kept_through_transfer),
	    RACE(identity_kept_through_park),
	    RACE(identity_kept_through_recall),
	    RACE(identity_kept_through_a_parks_return),
	    RACE(visible_cancel),
	    RACE(call_back_when_free_once),
	    RACE(call_back_crossing_leaving),
	    RACE(no_phantom_calls),
	    RACE(no_phantom_of_a_consultation),
	    RACE(no_phantom_of_an_operators_phone),
	};

	return cmocka_run_group_tests_name("races", tests, NULL, NULL);
}
