/* A4.1.3 to A4.1.7 at the desk: screening, consultation, consent, complaints, messages, three. */
#include "world.h"

#include <string.h>

#include "base/text.h"

enum { PERSON_CHAIRMAN = 1, PERSON_GM = 4, PERSON_GAD_MANAGER = 5, PERSON_ZHANG = 20 };

static struct world w;

/* Position 1 has leg a, position 2 leg b, the caller is c and in position 1's hand. */
static int setup(void **state)
{
	(void)state;
	world_start(&w);
	world_duty(&w, 1);
	world_duty(&w, 2);
	world_trunk_calls(&w, "8000", "139");
	command(&w, 1, ANSWER);
	world_clear(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

static void screened(void)
{
	assert_int_equal(command(&w, 1, SCREEN, .value = SCREEN_ALL), REFUSAL_NONE);
}

/* The general manager is on the private line, as leg d. */
static void consulted(void)
{
	screened();
	assert_int_equal(command(&w, 1, CONSULT, .person = PERSON_GM), REFUSAL_NONE);
	world_send(&w, EV_ANSWERED, world_leg(&w, 'd'));
}

static void nobody_without_consent(void **state)
{
	(void)state;
	assert_int_equal(command(&w, 1, PUT_THROUGH, .person = PERSON_GM), REFUSAL_SCREENING);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .number = "8801"), REFUSAL_SCREENING);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .extension = GM_SECOND), REFUSAL_SCREENING);
	assert_int_equal(command(&w, 1, CONSULT, .person = PERSON_GM), REFUSAL_SCREENING);
	assert_int_equal(command(&w, 1, SCREEN, .value = SCREEN_SURNAME), REFUSAL_NONE);
	assert_string_equal(world_call(&w, 1).sentence, "screening.ask");
	assert_int_equal(command(&w, 1, PUT_THROUGH, .person = PERSON_GM), REFUSAL_SCREENING);
	screened();
	assert_int_equal(command(&w, 1, PUT_THROUGH, .person = PERSON_GM), REFUSAL_CONSENT);
	assert_int_equal(command(&w, 1, OUTCOME, .value = DESK_AGREED), REFUSAL_NOT_NOW);
	assert_int_equal(command(&w, 1, CONSULT, .person = PERSON_GM), REFUSAL_NONE);
	assert_int_equal(command(&w, 1, OUTCOME, .value = DESK_AGREED), REFUSAL_CONSENT);
	assert_int_equal(command(&w, 1, CONFERENCE), REFUSAL_NOT_NOW);
	expect_not(&w, "STEP consent ");
}

static void agreed_is_joined(void **state)
{
	(void)state;
	screened();
	world_clear(&w);
	assert_int_equal(command(&w, 1, CONSULT, .person = PERSON_GM, .text = "Wang"),
			 REFUSAL_NONE);
	expect(&w, "DIAL d extension 801", "STEP consultation A4.1.3", "PART c", "MUSIC c",
	       "TONE a 0");
	world_code(&w, EV_EARLY, world_leg(&w, 'd'), 0);
	expect_not(&w, "JOIN");
	world_clear(&w);
	world_send(&w, EV_ANSWERED, world_leg(&w, 'd'));
	expect(&w, "STEP consulted A4.1.3", "JOIN d a");
	assert_true(world_call(&w, 1).consulted);
	assert_false(world_call(&w, 1).together);
	assert_int_equal(command(&w, 1, CONFERENCE), REFUSAL_CONSENT);
	world_clear(&w);
	assert_int_equal(command(&w, 1, OUTCOME, .value = DESK_AGREED), REFUSAL_NONE);
	expect(&w, "STEP consult_outcome A4.1.3 0", "STEP consent A4.1.3 2", "PART a", "QUIET c",
	       "JOIN c d", "STEP connected A4.1.3", "COMMAND none");
}

static void agreed_and_hung_up_is_rung(void **state)
{
	(void)state;
	consulted();
	world_clear(&w);
	world_code(&w, EV_ENDED, world_leg(&w, 'd'), 0);
	expect(&w, "JOIN c a");
	assert_int_equal(command(&w, 1, OUTCOME, .value = DESK_AGREED), REFUSAL_NONE);
	expect(&w, "STEP consent A4.1.3 2", "DIAL e extension 801");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'e'));
	expect(&w, "JOIN c e");
}

static void agreed_needs_his_own_phone(void **state)
{
	(void)state;
	screened();
	command(&w, 1, CONSULT, .person = PERSON_GM);
	world_code(&w, EV_FAILED, world_leg(&w, 'd'), 486);
	expect(&w, "STEP target_busy house");
	/* a colleague who is asked consents to nothing for him */
	command(&w, 1, CONSULT, .person = PERSON_ZHANG);
	world_send(&w, EV_ANSWERED, world_leg(&w, 'e'));
	world_code(&w, EV_ENDED, world_leg(&w, 'e'), 0);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .person = PERSON_GM), REFUSAL_CONSENT);
	assert_int_equal(command(&w, 1, OUTCOME, .value = DESK_AGREED), REFUSAL_NONE);
	expect(&w, "DIAL f extension 312");
	expect_not(&w, "STEP consent ");
}

/* Each outcome, what the table says next, and that the operator has the caller again. */
static void outcomes_of_a_consultation(void **state)
{
	static const struct {
		enum desk_outcome said;
		const char *step, *sentence;
		enum exchange_outcome outcome;
	} rows[] = {
	    {DESK_REFUSED, "STEP target_refused A4.1.3", "screening.refused", EXCHANGE_REFUSED},
	    {DESK_ABSENT, "STEP target_no_answer A4.1.3", "screening.absent_choice",
	     EXCHANGE_NO_ANSWER},
	    {DESK_BUSY, "STEP target_busy house", "screening.busy_choice", EXCHANGE_BUSY},
	    {DESK_LATER, "STEP call_back_promised A4.1.3", "", EXCHANGE_LATER},
	};

	(void)state;
	screened();
	for (unsigned i = 0; i < 4; i++) {
		struct exchange_call_view v;

		assert_int_equal(command(&w, 1, CONSULT, .person = PERSON_GM), REFUSAL_NONE);
		world_send(&w, EV_ANSWERED, w.legs[w.leg_count - 1]);
		world_clear(&w);
		assert_int_equal(command(&w, 1, OUTCOME, .value = rows[i].said), REFUSAL_NONE);
		expect(&w, "STEP consult_outcome", rows[i].step, "COMMAND none");
		v = world_call(&w, 1);
		assert_string_equal(v.sentence, rows[i].sentence);
		assert_int_equal(v.outcome, rows[i].outcome);
		assert_int_equal(v.to, REACHED_GENERAL_MANAGER);
		assert_true(v.together);
	}
	/* absent: GAD's manager, as the caller likes; a message is still for the general manager */
	command(&w, 1, OUTCOME, .value = DESK_ABSENT);
	world_clear(&w);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .person = PERSON_GAD_MANAGER), REFUSAL_NONE);
	expect(&w, "STEP gad_manager A4.1.3", "DIAL h extension 601");
	assert_int_equal(world_call(&w, 1).to, REACHED_GAD_MANAGER_GM);
	assert_int_equal(world_call(&w, 1).person, PERSON_GM);
}

static void another_instead(void **state)
{
	(void)state;
	consulted();
	assert_int_equal(command(&w, 1, OUTCOME, .value = DESK_OTHER), REFUSAL_NO_TARGET);
	world_clear(&w);
	assert_int_equal(command(&w, 1, OUTCOME, .value = DESK_OTHER, .number = "8312"),
			 REFUSAL_NONE);
	expect(&w, "END d", "JOIN c a", "DIAL e extension 312");
}

static void instructions_of_the_day(void **state)
{
	struct event ev;

	(void)state;
	world_set(&w, DAY_INSTRUCTION, true, 0, PERSON_GM, "139", 0);
	world_clear(&w);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .person = PERSON_GM), REFUSAL_NONE);
	expect(&w, "STEP consent A4.1.3 5", "DIAL d extension 801");
	command(&w, 1, PULL_BACK);
	world_set(&w, DAY_INSTRUCTION, false, 0, PERSON_GM, "139", 0);
	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_SET;
	ev.day.set = DAY_INSTRUCTION;
	ev.day.on = ev.day.refuse = true;
	ev.day.person = PERSON_GM;
	ev.day.id = 7;
	exchange_step(w.x, &w.rules, &ev, &w.now, &w.fx);
	screened();
	world_clear(&w);
	assert_int_equal(command(&w, 1, CONSULT, .person = PERSON_GM), REFUSAL_NONE);
	expect(&w, "STEP target_refused A4.1.3");
	expect_not(&w, "DIAL");
	ev.day.refuse = false;
	ev.day.by_name = true;
	exchange_step(w.x, &w.rules, &ev, &w.now, &w.fx);
	assert_int_equal(command(&w, 1, CONSENT_BY_NAME, .value = 8), REFUSAL_CONSENT);
	assert_int_equal(command(&w, 1, CONSENT_BY_NAME, .value = 7), REFUSAL_NONE);
	expect(&w, "STEP consent A4.1.3 5");
	assert_int_equal(command(&w, 1, PUT_THROUGH, .person = PERSON_GM), REFUSAL_NONE);
	world_send(&w, EV_ANSWERED, w.legs[w.leg_count - 1]);
	expect(&w, "STEP connected A4.1.3");
}

static void chairman_by_the_secretary(void **state)
{
	(void)state;
	assert_int_equal(command(&w, 1, CONSULT, .person = PERSON_CHAIRMAN), REFUSAL_SECRETARY);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .person = PERSON_CHAIRMAN), REFUSAL_NONE);
	expect(&w, "STEP secretary A4.1.4", "DIAL d extension 805");
	assert_int_equal(world_call(&w, 1).to, REACHED_SECRETARY);
	assert_string_equal(world_call(&w, 1).sentence, "through.to_secretary");
	world_wait(&w, 20000);
	assert_string_equal(world_call(&w, 1).sentence, "secretary.away");
	assert_int_equal(world_call(&w, 1).person, PERSON_CHAIRMAN);
}

static void complaint_goes_to_customer_service(void **state)
{
	(void)state;
	command(&w, 1, PUT_THROUGH, .person = PERSON_ZHANG);
	world_clear(&w);
	assert_int_equal(command(&w, 1, COMPLAINT), REFUSAL_NONE);
	expect(&w, "STEP complaint A4.1.6", "END d", "COMMAND none");
	assert_int_equal(command(&w, 1, PUT_THROUGH, .person = PERSON_GM),
			 REFUSAL_CUSTOMER_SERVICE);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .person = PERSON_ZHANG),
			 REFUSAL_CUSTOMER_SERVICE);
	screened();
	command(&w, 1, CONSULT, .person = PERSON_GM);
	world_send(&w, EV_ANSWERED, world_leg(&w, 'e'));
	assert_int_equal(command(&w, 1, OUTCOME, .value = DESK_AGREED), REFUSAL_CUSTOMER_SERVICE);
	assert_int_equal(command(&w, 1, CONFERENCE), REFUSAL_CUSTOMER_SERVICE);
	command(&w, 1, PULL_BACK);
	world_clear(&w);
	assert_int_equal(command(&w, 1, PUT_THROUGH), REFUSAL_NONE); /* whomever it asks for */
	expect(&w, "STEP customer_service A4.1.6", "DIAL f extension 951");
	world_wait(&w, 20000);
	expect(&w, "DIAL g extension 952");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'g'));
	expect(&w, "JOIN c g");
}

static void unclear_is_gads(void **state)
{
	(void)state;
	assert_int_equal(command(&w, 1, PUT_THROUGH, .department = DEPT_GAD), REFUSAL_NONE);
	expect(&w, "DIAL d extension 609");
	world_wait(&w, 40000);
	expect(&w, "STEP target_no_answer", "STEP gad_manager", "DIAL f extension 601");
	world_clear(&w);
	world_wait(&w, 20000);
	expect(&w, "STEP target_no_answer");
	assert_string_equal(world_call(&w, 1).sentence, "through.no_answer");
	assert_true(world_call(&w, 1).together);
}

static void three_together(void **state)
{
	(void)state;
	command(&w, 1, CONSULT, .person = PERSON_ZHANG);
	world_send(&w, EV_ANSWERED, world_leg(&w, 'd'));
	world_clear(&w);
	assert_int_equal(command(&w, 1, CONFERENCE), REFUSAL_NONE);
	expect(&w, "CONFER c d a", "STEP conference");
	assert_true(world_call(&w, 1).together);
	world_clear(&w);
	assert_int_equal(command(&w, 1, LEAVE), REFUSAL_NONE);
	expect(&w, "PART c", "PART d", "PART a", "JOIN c d", "STEP connected");
	assert_int_equal(world_call(&w, 1).bay, BAY_NONE);
}

/* The two others aren't left together, and nobody is dropped. */
static void three_wait_for_the_operators_sound(void **state)
{
	(void)state;
	command(&w, 1, CONSULT, .person = PERSON_ZHANG);
	world_send(&w, EV_ANSWERED, world_leg(&w, 'd'));
	assert_int_equal(command(&w, 1, CONFERENCE), REFUSAL_NONE);
	world_clear(&w);
	world_code(&w, EV_ENDED, world_leg(&w, 'a'), 0);
	expect(&w, "STEP position_lost", "PLAY c operator.soon", "MUSIC d");
	world_clear(&w);
	world_played(&w, world_leg(&w, 'c'));
	expect(&w, "MUSIC c");
	world_clear(&w);
	world_desk(&w, 1, DESK_HEADSET);
	expect(&w, "STEP position_back", "CONFER c d e");
	assert_string_equal(world_call(&w, 1).state, "three");
}

static void outside_by_class(void **state)
{
	(void)state;
	/* outside and outside only when the measures say so */
	assert_int_equal(command(&w, 1, PUT_THROUGH, .number = "955501234"), REFUSAL_CLASS);
	assert_int_equal(command(&w, 1, CONSULT, .number = "955501234"), REFUSAL_NONE);
	expect(&w, "DIAL d trunk 1 55501234 from 8604");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'd'));
	assert_int_equal(command(&w, 1, OUTCOME, .value = DESK_AGREED), REFUSAL_CLASS);
	assert_int_equal(command(&w, 1, CONFERENCE), REFUSAL_NONE);
	assert_int_equal(command(&w, 1, LEAVE), REFUSAL_CLASS);
	world_code(&w, EV_ENDED, world_leg(&w, 'd'), 0);
	w.m.trunk_to_trunk = true;
	assert_int_equal(command(&w, 1, PUT_THROUGH, .number = "90086100"), REFUSAL_CLASS);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .number = "955501234"), REFUSAL_NONE);
	/* an inside caller goes out on his own class: city at the most */
	command(&w, 1, LET_GO);
	world_phone_calls(&w, WANG, "8000");
	command(&w, 1, ANSWER, .call = 2);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .number = "901012345"), REFUSAL_CLASS);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .number = "955501234"), REFUSAL_NONE);
}

static void a_leader_is_connected_outward(void **state)
{
	(void)state;
	command(&w, 1, HOLD);
	world_phone_calls(&w, GM, "8000");
	command(&w, 1, ANSWER, .call = 2);
	assert_int_equal(command(&w, 1, CONSULT, .number = "955501234"), REFUSAL_NONE);
	world_send(&w, EV_ANSWERED, w.legs[w.leg_count - 1]);
	assert_int_equal(command(&w, 1, OUTCOME, .value = DESK_AGREED), REFUSAL_NONE);
	expect(&w, "STEP consent A4.1.3 4", "STEP connected");
}

static void parked_and_handed_over(void **state)
{
	(void)state;
	assert_int_equal(command(&w, 1, PARK, .number = "7799"), REFUSAL_NO_TARGET);
	assert_int_equal(command(&w, 1, PARK), REFUSAL_NONE);
	expect(&w, "MUSIC c", "STEP parked house 0 7701");
	assert_string_equal(world_call(&w, 1).park_number, "7701");
	assert_int_equal(world_call(&w, 1).bay, BAY_PARKED);
	world_clear(&w);
	world_wait(&w, 60000);
	expect(&w, "STEP returned house 1");
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NONE);
	world_set(&w, DAY_INSTRUCTION, true, 0, PERSON_GM, "139", 0);
	command(&w, 1, PUT_THROUGH, .person = PERSON_GM);
	command(&w, 1, PULL_BACK);
	world_set(&w, DAY_INSTRUCTION, false, 0, PERSON_GM, "139", 0);
	assert_true(world_call(&w, 1).consent);
	assert_int_equal(command(&w, 1, HAND_OVER, .to = 1), REFUSAL_NO_TARGET);
	assert_int_equal(command(&w, 1, HAND_OVER, .to = 3), REFUSAL_NO_TARGET);
	world_clear(&w);
	assert_int_equal(command(&w, 1, HAND_OVER, .to = 2), REFUSAL_NONE);
	expect(&w, "STEP handed_over house 2");
	assert_int_equal(world_call(&w, 1).queued, QUEUED_HANDED);
	assert_int_equal(world_call(&w, 1).ringing, 2);
	assert_int_equal(command(&w, 2, ANSWER), REFUSAL_NONE);
	assert_false(world_call(&w, 1).consent);
	assert_int_equal(command(&w, 2, PUT_THROUGH, .person = PERSON_GM), REFUSAL_SCREENING);
}

static void message_by_the_recorder(void **state)
{
	leg_id c = world_leg(&w, 'c');

	(void)state;
	assert_int_equal(command(&w, 1, VOICE_MESSAGE), REFUSAL_NO_TARGET);
	assert_int_equal(command(&w, 1, VOICE_MESSAGE, .person = PERSON_ZHANG), REFUSAL_NONE);
	expect(&w, "PART a", "STEP message_asked", "PLAY c message.ask");
	world_played(&w, c);
	assert_int_equal(command(&w, 1, ANSWER, .call = 1), REFUSAL_RECORDING);
	assert_int_equal(command(&w, 2, ANSWER, .call = 1), REFUSAL_TAKEN);
	world_recorded(&w, 5000);
	world_dial(&w, c, "1");
	expect(&w, "KEEP person 20");
	world_clear(&w);
	world_kept(&w, true);
	expect(&w, "STEP message_kept A5.7", "PLAY c message.kept");
	expect_not(&w, "goodbye");
	world_played(&w, c);
	expect(&w, "STEP returned house 1");
	assert_int_equal(command(&w, 1, ANSWER), REFUSAL_NONE);
	world_clear(&w);
	assert_int_equal(command(&w, 1, MESSAGE_KEPT, .person = PERSON_ZHANG), REFUSAL_NONE);
	assert_int_equal(command(&w, 1, TOLD, .department = DEPT_SALES), REFUSAL_NONE);
	expect(&w, "STEP message_kept A5.7", "STEP told A4.1.5");
}

static void own_greeting_over_the_join(void **state)
{
	(void)state;
	assert_int_equal(command(&w, 1, GREET, .value = 5), REFUSAL_NONE);
	expect(&w, "PLAY c operator.greeting:5", "LISTEN a", "STEP greeted A4.1.1 5");
	expect_not(&w, "PART");
	world_clear(&w);
	world_send(&w, EV_VOICE, world_leg(&w, 'a'));
	expect(&w, "QUIET c");
	assert_true(world_call(&w, 1).together);
	world_clear(&w);
	command(&w, 1, GREET, .value = 5);
	world_played(&w, world_leg(&w, 'c'));
	world_clear(&w);
	world_send(&w, EV_VOICE, world_leg(&w, 'a'));
	expect_not(&w, "QUIET");
	assert_true(world_call(&w, 1).together);
}

static void call_back_when_free(void **state)
{
	leg_id z;

	(void)state;
	assert_int_equal(command(&w, 1, CALL_BACK), REFUSAL_NO_TARGET);
	assert_int_equal(command(&w, 1, WAIT_FREE), REFUSAL_NOT_NOW);
	z = world_phone_calls(&w, ZHANG, "8314");
	command(&w, 1, PUT_THROUGH, .person = PERSON_ZHANG);
	assert_int_equal(command(&w, 1, CALL_BACK), REFUSAL_NONE);
	expect(&w, "STEP call_back_promised house 0 139");
	assert_int_equal(world_call(&w, 1).outcome, EXCHANGE_LATER);
	command(&w, 1, HANG_UP);
	world_clear(&w);
	world_code(&w, EV_ENDED, z, 0);
	expect(&w, "STEP call_back_due house 1 139", "POSITION 1");
}

static void operator_dials(void **state)
{
	(void)state;
	assert_int_equal(command(&w, 1, DIAL, .call = ++w.calls, .number = "8312"),
			 REFUSAL_HANDS_FULL);
	w.calls--;
	command(&w, 1, HOLD);
	world_clear(&w);
	assert_int_equal(command(&w, 1, DIAL, .call = ++w.calls, .person = PERSON_ZHANG),
			 REFUSAL_NONE);
	expect(&w, "STEP arrived house", "STEP operator_dialled", "DIAL d extension 312", "TONE a");
	world_send(&w, EV_RINGING, world_leg(&w, 'd'));
	world_send(&w, EV_ANSWERED, world_leg(&w, 'd'));
	expect(&w, "QUIET a", "JOIN d a");
	assert_int_equal(world_call(&w, 2).bay, BAY_IN_HAND);
	world_clear(&w);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .number = "8313"), REFUSAL_NONE);
	expect(&w, "DIAL e extension 313");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'e'));
	expect(&w, "JOIN d e");
	world_clear(&w);
	assert_int_equal(command(&w, 1, DIAL, .call = ++w.calls, .number = "955501234"),
			 REFUSAL_NONE);
	expect(&w, "DIAL f trunk 1 55501234");
	world_code(&w, EV_FAILED, world_leg(&w, 'f'), 486);
	expect(&w, "STEP ended house", "busy", "POSITION 1");
}

/* A forward to the general manager's phone is no way around him. */
static void a_forward_leads_to_him(void **state)
{
	(void)state;
	world_set(&w, DAY_FORWARD_ALWAYS, true, ZHANG, 0, "8801", 0);
	assert_int_equal(command(&w, 1, PUT_THROUGH, .person = PERSON_ZHANG), REFUSAL_NONE);
	expect(&w, "STEP forwarded", "STEP consent_missing A4.1.3");
	expect_not(&w, "DIAL");
	assert_int_equal(world_call(&w, 1).to, REACHED_GENERAL_MANAGER);
	assert_string_equal(world_call(&w, 1).sentence, "screening.ask");
	/* nor is picking up what is being asked */
	screened();
	command(&w, 1, CONSULT, .person = PERSON_GM);
	world_clear(&w);
	world_phone_calls(&w, CLERK, "*78801");
	expect(&w, "STEP consent_missing A4.1.3", "not_permitted");
	expect_not(&w, "JOIN");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(nobody_without_consent),
	    T(agreed_is_joined),
	    T(agreed_and_hung_up_is_rung),
	    T(agreed_needs_his_own_phone),
	    T(outcomes_of_a_consultation),
	    T(another_instead),
	    T(instructions_of_the_day),
	    T(chairman_by_the_secretary),
	    T(complaint_goes_to_customer_service),
	    T(unclear_is_gads),
	    T(three_together),
	    T(three_wait_for_the_operators_sound),
	    T(outside_by_class),
	    T(a_leader_is_connected_outward),
	    T(parked_and_handed_over),
	    T(message_by_the_recorder),
	    T(own_greeting_over_the_join),
	    T(call_back_when_free),
	    T(operator_dials),
	    T(a_forward_leads_to_him),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
