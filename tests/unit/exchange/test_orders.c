/*
 * Each command in each state of a call, and each row of Article 4 at the desk.
 *
 * The world looks after each command whether a refusal has left the state as it was, byte by byte.
 */
#include "world.h"

#include <string.h>

enum { PERSON_GM = 4, PERSON_GAD_MANAGER = 5, PERSON_CHAIRMAN = 1, PERSON_ZHANG = 20 };

static struct world w;

static leg_id last_leg(void)
{
	return w.legs[w.leg_count - 1];
}

/* ---- how a call comes into each state: position 1 has leg a, 2 has b, the caller c ---- */

static void ring(void) {}

static void announce(void)
{
	world_wait(&w, 11000);
}

static void digits(void)
{
	announce();
	world_dial(&w, world_leg(&w, 'c'), "8");
}

static void say(void)
{
	world_clock(&w, 2, 16, 0); /* closed by then */
	digits();
	world_dial(&w, world_leg(&w, 'c'), "700");
}

static void ask(void)
{
	digits();
	world_dial(&w, world_leg(&w, 'c'), "312");
	world_wait(&w, 20000);
}

static void attendant_rings(void)
{
	digits();
	world_dial(&w, world_leg(&w, 'c'), "312");
}

static void screen(void)
{
	digits();
	world_dial(&w, world_leg(&w, 'c'), "801");
	world_played(&w, world_leg(&w, 'c'));
}

static void record(void)
{
	ask();
	world_dial(&w, world_leg(&w, 'c'), "1");
	world_played(&w, world_leg(&w, 'c'));
}

static void keep(void)
{
	record();
	world_recorded(&w, 5000);
	world_dial(&w, world_leg(&w, 'c'), "1");
}

static void asked(void)
{
	announce();
	world_dial(&w, world_leg(&w, 'c'), "0");
}

static void desk(void)
{
	command(&w, 1, ANSWER);
}

static void target(void)
{
	desk();
	command(&w, 1, PUT_THROUGH, .number = "8312");
}

static void let_go(void)
{
	target();
	command(&w, 1, LET_GO);
}

static void returned(void)
{
	let_go();
	world_wait(&w, 20000);
}

static void wait_free(void)
{
	desk();
	world_phone_calls(&w, ZHANG, "8314");
	command(&w, 1, PUT_THROUGH, .number = "8312");
	command(&w, 1, WAIT_FREE);
}

static void consult_rings(void)
{
	desk();
	command(&w, 1, CONSULT, .number = "8312");
}

static void consult(void)
{
	consult_rings();
	world_send(&w, EV_ANSWERED, last_leg());
}

static void three(void)
{
	consult();
	command(&w, 1, CONFERENCE);
}

static void held(void)
{
	desk();
	command(&w, 1, HOLD);
}

static void parked(void)
{
	desk();
	command(&w, 1, PARK);
}

static void talk(void)
{
	target();
	world_send(&w, EV_ANSWERED, last_leg());
}

static void gone(void)
{
	world_code(&w, EV_ENDED, world_leg(&w, 'c'), 0);
}

/* What the owner, position 1, is answered; one letter a command, in the order of commands.def:
 * answer put_through let_go pull_back hold retrieve | screen consult outcome by_name conference
 * leave | park hand_over complaint wait_free call_back voice | kept told greet remind_later dial
 * hang_up:
 * y the state permits it, n not now, o not yours, r the caller is recording, g gone; and what
 * position 2 is answered to ANSWER: y, n, r, g, or t taken. */
static const struct {
	const char *name;
	void (*come)(void);
	const char *owner;
	char other;
} states[] = {
    {"ring", ring, "yooooo oooooo oooooo ooon.o", 'y'},
    {"announce", announce, "yooooo oooooo oooooo ooon.o", 'y'},
    {"digits", digits, "yooooo oooooo oooooo ooon.o", 'y'},
    {"say", say, "yooooo oooooo oooooo ooon.o", 'y'},
    {"ask", ask, "yooooo oooooo oooooo ooon.o", 'y'},
    {"target", attendant_rings, "yooooo oooooo oooooo ooon.o", 'y'},
    {"screen", screen, "yooooo oooooo oooooo ooon.o", 'y'},
    {"record", record, "rooooo oooooo oooooo ooor.o", 'r'},
    {"keep", keep, "rooooo oooooo oooooo ooor.o", 'r'},
    {"queue", asked, "yooooo oooooo oooooo ooon.o", 'y'},
    {"desk", desk, "nynnyn yyyynn yyyyyy yyyn.y", 't'},
    {"target", target, "nnyynn ynnnnn nnynnn yynn.y", 't'},
    {"target", let_go, "ynnynn ynnnnn nnynnn yynn.y", 't'},
    {"queue", returned, "ynnnnn ynnnnn nyynnn yynn.y", 'y'},
    {"wait", wait_free, "ynnynn ynnnnn nnynnn yynn.y", 't'},
    {"consult", consult_rings, "nnnynn ynynnn nnynnn yynn.y", 't'},
    {"consult", consult, "nnnynn ynynyn nnynnn yynn.y", 't'},
    {"three", three, "nnnnnn ynnnny nnynnn yynn.y", 't'},
    {"held", held, "ynnnny ynnnnn nyynnn yynn.y", 't'},
    {"park", parked, "ynnnnn ynnnnn nnynnn yynn.n", 'y'},
    {"talk", talk, "nooooo oooooo oooooo ooon.o", 'n'},
    {"", gone, "gggggg gggggg gggggg gggg.g", 'g'},
};

static void begin(void (*come)(void))
{
	world_start(&w);
	world_duty(&w, 1);
	world_duty(&w, 2);
	world_trunk_calls(&w, "8000", "139");
	come();
	world_clear(&w);
}

/* Arguments that would do, so that only the state speaks. */
static struct world_order order_for(enum desk_command what)
{
	struct world_order o = {.call = 1};

	if (what == COMMAND_PUT_THROUGH || what == COMMAND_CONSULT)
		o.number = "8313";
	else if (what == COMMAND_OUTCOME)
		o.value = DESK_REFUSED;
	else if (what == COMMAND_HAND_OVER)
		o.to = 2;
	else if (what == COMMAND_VOICE_MESSAGE || what == COMMAND_MESSAGE_KEPT ||
		 what == COMMAND_TOLD)
		o.person = PERSON_ZHANG;
	else if (what == COMMAND_SCREEN)
		o.value = SCREEN_ALL;
	return o;
}

static bool permits(char want, enum refusal r, enum desk_command what)
{
	switch (want) {
	case 'y': /* its own refusals may still follow: who, and whether there is anything to do */
		return r == REFUSAL_NONE || (what == COMMAND_OUTCOME && r == REFUSAL_NOT_NOW) ||
		       (what == COMMAND_WAIT_FREE && r == REFUSAL_NOT_NOW) ||
		       (what == COMMAND_CALL_BACK && r == REFUSAL_NO_TARGET) ||
		       (what == COMMAND_CONSENT_BY_NAME && r == REFUSAL_CONSENT);
	case 'n':
		return r == REFUSAL_NOT_NOW;
	case 'o':
		return r == REFUSAL_NOT_YOURS;
	case 'r':
		return r == REFUSAL_RECORDING;
	case 't':
		return r == REFUSAL_TAKEN;
	default:
		return r == REFUSAL_GONE;
	}
}

static void each_command_in_each_state(void **state)
{
	unsigned looked = 0;

	(void)state;
	for (unsigned s = 0; s < sizeof(states) / sizeof(states[0]); s++) {
		unsigned what = 0;

		for (const char *want = states[s].owner; *want; want++) {
			struct exchange_call_view v;
			enum refusal r;

			if (*want == ' ')
				continue;
			begin(states[s].come);
			v = world_call(&w, 1);
			assert_string_equal(v.call_no ? v.state : "", states[s].name);
			r = what == COMMAND_DIAL
				? REFUSAL_NONE
				: world_command(&w, 1, (enum desk_command)what,
						order_for((enum desk_command)what));
			if (*want != '.' && !permits(*want, r, (enum desk_command)what))
				fail_msg("%s (%u): %s is answered %s, not %c", states[s].name, s,
					 exchange_command_name((enum desk_command)what),
					 exchange_refusal_name(r), *want);
			world_stop(&w);
			what++;
			looked++;
		}
		assert_int_equal(what, COMMAND_COUNT);
		begin(states[s].come);
		if (!permits(states[s].other, command(&w, 2, ANSWER, .call = 1), COMMAND_ANSWER))
			fail_msg("%s (%u): another's answer: %s", states[s].name, s,
				 exchange_refusal_name(w.refusal));
		if (states[s].other == 't')
			assert_int_equal(w.other, 1);
		world_stop(&w);
	}
	print_message("%u commands in states\n", looked);
}

static void nobody_else(void **state)
{
	(void)state;
	begin(desk);
	for (unsigned what = 0; what < COMMAND_COUNT; what++) {
		struct world_order o = order_for((enum desk_command)what);

		if (what == COMMAND_DIAL || what == COMMAND_ANSWER ||
		    what == COMMAND_REMIND_LATER)
			continue;
		assert_int_equal(world_command(&w, 2, (enum desk_command)what, o),
				 REFUSAL_NOT_YOURS);
		assert_int_equal(world_command(&w, 3, (enum desk_command)what, o),
				 REFUSAL_NO_POSITION);
		assert_int_equal(world_command(&w, 0, (enum desk_command)what, o),
				 REFUSAL_NO_POSITION);
		assert_int_equal(world_command(&w, 33, (enum desk_command)what, o),
				 REFUSAL_NO_POSITION);
		o.rev = (uint16_t)(world_call(&w, 1).rev + 1);
		assert_int_equal(world_command(&w, 1, (enum desk_command)what, o), REFUSAL_STALE);
		o.call = 99;
		assert_int_equal(world_command(&w, 1, (enum desk_command)what, o), REFUSAL_GONE);
	}
	world_desk(&w, 2, DESK_AWAY);
	assert_int_equal(command(&w, 2, HOLD), REFUSAL_OFF_DUTY);
	world_stop(&w);
}

/* ---- Article 4, row by row ---- */

/* A target comes to an outcome while the operator speaks with the caller. */
static const struct row {
	const char *name;
	uint32_t person, department, phone;
	enum exchange_reached to;
	const char *said[EXCHANGE_OUTCOMES]; /* by outcome; NULL: it doesn't happen so */
} rows[] = {
    {"employee", PERSON_ZHANG, 0, ZHANG, REACHED_ORDINARY,
     {[EXCHANGE_BUSY] = "through.busy", [EXCHANGE_NO_ANSWER] = "through.no_answer",
      [EXCHANGE_REFUSED] = "through.no_answer", [EXCHANGE_UNREACHABLE] = "through.no_answer",
      [EXCHANGE_AWAY] = "through.no_answer"}},
    {"general manager", PERSON_GM, 0, GM, REACHED_GENERAL_MANAGER,
     {[EXCHANGE_BUSY] = "screening.busy_choice", [EXCHANGE_NO_ANSWER] = "screening.absent_choice",
      [EXCHANGE_REFUSED] = "screening.refused", [EXCHANGE_UNREACHABLE] = "screening.absent_choice",
      [EXCHANGE_AWAY] = "screening.absent_choice"}},
    {"chairman", PERSON_CHAIRMAN, 0, SECRETARY, REACHED_SECRETARY,
     {[EXCHANGE_BUSY] = "secretary.busy_choice", [EXCHANGE_NO_ANSWER] = "secretary.away",
      [EXCHANGE_REFUSED] = "secretary.away", [EXCHANGE_UNREACHABLE] = "secretary.away"}},
    {"GAD's manager", PERSON_GAD_MANAGER, 0, GAD_MANAGER, REACHED_ORDINARY,
     {[EXCHANGE_BUSY] = "through.busy", [EXCHANGE_NO_ANSWER] = "through.no_answer",
      [EXCHANGE_REFUSED] = "through.no_answer"}},
    {"department", 0, DEPT_SALES, WANG, REACHED_ORDINARY,
     {[EXCHANGE_BUSY] = "through.busy", [EXCHANGE_NO_ANSWER] = "through.no_answer",
      [EXCHANGE_CLOSED] = "through.department_closed"}},
    {"customer service", 0, DEPT_CUSTOMER, CS_ONE, REACHED_CUSTOMER,
     {[EXCHANGE_NO_ANSWER] = "through.no_answer", [EXCHANGE_CLOSED] = "customer.closed"}},
};

static void come_to(enum exchange_outcome o)
{
	static const uint16_t codes[EXCHANGE_OUTCOMES] = {
	    [EXCHANGE_BUSY] = 486, [EXCHANGE_REFUSED] = 603, [EXCHANGE_UNREACHABLE] = 404};

	if (codes[o])
		world_code(&w, EV_FAILED, last_leg(), codes[o]);
	else if (o == EXCHANGE_NO_ANSWER)
		world_wait(&w, 40000);
}

static void row_look(const struct row *r, enum exchange_outcome o)
{
	struct exchange_call_view v;

	begin(desk);
	world_clock(&w, 2, o == EXCHANGE_CLOSED ? 16 : 10, 0);
	if (o == EXCHANGE_AWAY)
		world_set(&w, DAY_AWAY, true, 0, r->person, "", 0);
	command(&w, 1, SCREEN, .value = SCREEN_ALL);
	if (r->to == REACHED_GENERAL_MANAGER)
		command(&w, 1, CONSULT, .person = r->person);
	else
		command(&w, 1, PUT_THROUGH, .person = r->person, .department = r->department);
	assert_int_equal(w.refusal, REFUSAL_NONE);
	come_to(o);
	v = world_call(&w, 1);
	if (v.outcome != o || v.to != r->to || strcmp(v.sentence, r->said[o]) != 0 ||
	    !v.together || v.bay != BAY_IN_HAND)
		fail_msg("%s, %s: outcome %s, reached by %s, \"%s\"", r->name,
			 exchange_outcome_name(o), exchange_outcome_name(v.outcome),
			 exchange_reached_name(v.to), v.sentence);
	world_stop(&w);
}

static void each_row_in_hand(void **state)
{
	unsigned looked = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned o = 0; o < EXCHANGE_OUTCOMES; o++) {
			if (!rows[i].said[o])
				continue;
			row_look(&rows[i], (enum exchange_outcome)o);
			looked++;
		}
	print_message("%u rows\n", looked);
}

/* ---- positions are told apart by what they are, not by their number ---- */

static uint64_t hash_of(uint16_t answers)
{
	uint64_t h;

	begin(ring);
	world_wait(&w, 5000); /* all ring */
	world_command(&w, answers, COMMAND_ANSWER, (struct world_order){.call = 1});
	h = exchange_hash(w.x, &w.now, EXCHANGE_HASH_ORDER);
	world_stop(&w);
	return h;
}

static void hash_is_canonical(void **state)
{
	uint64_t before, after;

	(void)state;
	assert_true(hash_of(1) == hash_of(2));
	begin(desk);
	before = exchange_hash(w.x, &w.now, EXCHANGE_HASH_ORDER);
	command(&w, 1, SCREEN, .value = SCREEN_SURNAME);
	after = exchange_hash(w.x, &w.now, EXCHANGE_HASH_ORDER);
	assert_true(before != after);
	world_desk(&w, 2, DESK_PAGE_LOST);
	assert_true(after != exchange_hash(w.x, &w.now, EXCHANGE_HASH_ORDER));
	world_stop(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_command_in_each_state),
	    cmocka_unit_test(nobody_else),
	    cmocka_unit_test(each_row_in_hand),
	    cmocka_unit_test(hash_is_canonical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
