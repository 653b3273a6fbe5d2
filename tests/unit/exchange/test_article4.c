/* "What follows each outcome" (measures.md): a test a branch. */
#include "world.h"

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

/* A caller from outside who dials `number` at the attendant. */
static leg_id caller_of(const char *number)
{
	leg_id a = world_trunk_calls(&w, "8000", "139");

	world_dial(&w, a, number);
	return a;
}

static void message_left(leg_id a, const char *keep)
{
	expect(&w, "PLAY", "message.ask");
	world_played(&w, a);
	expect(&w, "RECORD a");
	world_recorded(&w, 4000);
	world_dial(&w, a, "1");
	expect(&w, keep);
	world_kept(&w, true);
	expect(&w, "message.kept goodbye");
	world_played(&w, a);
	expect(&w, "STEP ended house", "message_kept");
}

/* ---- employee, department ---- */

static void busy_then_waits_until_free(void **state)
{
	leg_id b = world_phone_calls(&w, ZHANG, "8314"), d, a;

	(void)state;
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	world_clear(&w);
	a = caller_of("8312");
	expect(&w, "STEP target_busy A4.1.2", "PLAY c through.busy through.busy_choice");
	world_dial(&w, a, "1");
	expect(&w, "STEP waiting house", "MUSIC c");
	world_wait(&w, 20000);
	expect(&w, "PLAY c through.still_waiting");
	world_played(&w, a);
	expect(&w, "MUSIC c");
	world_code(&w, EV_ENDED, b, 0);
	world_wait(&w, 0);
	expect(&w, "LAMP 312 0", "DIAL d extension 312", "PLAY c through.one_moment");
	d = world_leg(&w, 'd');
	world_send(&w, EV_ANSWERED, d);
	expect(&w, "JOIN c d");
}

static void busy_wait_over(void **state)
{
	leg_id a;

	(void)state;
	world_phone_calls(&w, ZHANG, "8314");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	a = caller_of("8312");
	world_dial(&w, a, "1");
	world_wait(&w, 120000);
	expect(&w, "STEP wait_over", "PLAY c through.wait_over through.no_answer_choice");
	world_dial(&w, a, "1");
	expect(&w, "STEP message_asked");
}

static void waiting_first_come_first_served(void **state)
{
	leg_id b = world_phone_calls(&w, ZHANG, "8314"), a1, a2;

	(void)state;
	a1 = caller_of("8312");
	world_dial(&w, a1, "1");
	a2 = caller_of("8312");
	world_dial(&w, a2, "1");
	world_clear(&w);
	world_code(&w, EV_ENDED, a1, 0); /* the first gives up */
	a1 = caller_of("8312");
	world_dial(&w, a1, "1");
	world_code(&w, EV_ENDED, b, 0);
	world_wait(&w, 0);
	expect(&w, "DIAL", "PLAY d through.one_moment");
	(void)a2;
}

static void busy_then_message(void **state)
{
	leg_id a = caller_of("8312");

	(void)state;
	world_code(&w, EV_FAILED, world_leg(&w, 'b'), 486);
	expect(&w, "STEP target_busy A4.1.2", "through.busy through.busy_choice");
	world_dial(&w, a, "2");
	message_left(a, "KEEP person 20 department 0 copy 0 ordinary from 139");
}

static void busy_then_other_extension(void **state)
{
	leg_id a = caller_of("8312");

	(void)state;
	world_code(&w, EV_FAILED, world_leg(&w, 'b'), 486);
	world_dial(&w, a, "3");
	expect(&w, "PLAY a through.other_extension");
	world_dial(&w, a, "8313");
	expect(&w, "DIAL c extension 313");
}

static void no_answer_asks_afterwards(void **state)
{
	leg_id a = caller_of("8312");

	(void)state;
	world_send(&w, EV_RINGING, world_leg(&w, 'b'));
	world_wait(&w, 20000);
	expect(&w, "END b 487 no_answer", "STEP target_no_answer A4.1.2",
	       "PLAY a through.no_answer through.no_answer_choice");
	world_dial(&w, a, "2");
	expect(&w, "PLAY a through.other_extension");
	world_played(&w, a);
	world_wait(&w, 8000);
	expect(&w, "STEP nothing_dialled");
}

static void refused_is_not_told(void **state)
{
	(void)state;
	caller_of("8312");
	world_send(&w, EV_RINGING, world_leg(&w, 'b'));
	world_code(&w, EV_FAILED, world_leg(&w, 'b'), 486);
	expect(&w, "STEP target_refused house",
	       "PLAY a through.no_answer through.no_answer_choice");
	world_clear(&w);
	caller_of("8313");
	world_code(&w, EV_FAILED, world_leg(&w, 'd'), 603);
	expect(&w, "STEP target_refused house", "PLAY c through.no_answer");
}

static void unreachable_at_once(void **state)
{
	(void)state;
	world_reachable(&w, ZHANG, false);
	caller_of("8312");
	expect(&w, "STEP target_unreachable house", "PLAY a through.no_answer");
	expect_not(&w, "DIAL");
	world_clear(&w);
	caller_of("8313");
	world_code(&w, EV_FAILED, world_leg(&w, 'c'), 404);
	expect(&w, "STEP target_unreachable house");
}

static void away_with_until_and_deputy(void **state)
{
	(void)state;
	world_set(&w, DAY_AWAY, true, 0, 20, "", w.now.wall_ms + 90 * 60000);
	caller_of("8312");
	expect(&w, "STEP target_away house",
	       "PLAY a through.no_answer through.away_until#1130 through.deputy:21#8313 "
	       "through.no_answer_choice");
	world_set(&w, DAY_AWAY, false, 0, 20, "", 0);
	world_set(&w, DAY_DND, true, WANG, 0, "", 0);
	world_clear(&w);
	caller_of("8314"); /* of him nothing may be told */
	expect(&w, "STEP target_away house", "PLAY b through.no_answer through.no_answer_choice");
}

static void question_unanswered_ends_with_a_sentence(void **state)
{
	leg_id a;

	(void)state;
	world_reachable(&w, ZHANG, false);
	a = caller_of("8312");
	world_played(&w, a);
	world_wait(&w, 8000);
	expect(&w, "PLAY a through.no_answer_choice");
	world_played(&w, a);
	world_clear(&w);
	world_wait(&w, 8000);
	expect(&w, "PLAY a goodbye");
	world_played(&w, a);
	expect(&w, "STEP ended house", "told");
}

static void department_rings_all(void **state)
{
	(void)state;
	caller_of("8310");
	expect(&w, "DIAL b extension 312", "DIAL c extension 313", "STEP consent_missing A4.1.3",
	       "PLAY a through.one_moment");
	expect_not(&w, "extension 801");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'c'));
	expect(&w, "END b 487 answered_elsewhere", "JOIN a c");
}

static void department_nobody(void **state)
{
	leg_id a = caller_of("8310");

	(void)state;
	world_code(&w, EV_FAILED, world_leg(&w, 'b'), 486);
	world_wait(&w, 20000);
	expect(&w, "STEP target_no_answer A4.1.2", "through.no_answer_choice");
	world_dial(&w, a, "1");
	message_left(a, "KEEP person 0 department 3");
}

static void department_busy_wakes(void **state)
{
	leg_id b, c, a;

	(void)state;
	b = world_phone_calls(&w, ZHANG, "8314");
	c = world_phone_calls(&w, LI, "8604");
	a = caller_of("8310");
	expect(&w, "STEP target_busy A4.1.2");
	world_dial(&w, a, "1");
	world_clear(&w);
	world_code(&w, EV_ENDED, c, 0);
	world_wait(&w, 0);
	expect(&w, "DIAL", "extension 313");
	(void)b;
}

static void department_closed(void **state)
{
	leg_id a;

	(void)state;
	world_clock(&w, 2, 13, 0);
	a = caller_of("8700");
	expect(&w, "STEP target_closed house",
	       "PLAY a through.department_closed:4 through.open_span#09001200");
	world_played(&w, a);
	message_left(a, "KEEP person 0 department 4");
}

/* ---- the general manager ---- */

static leg_id consultation(void)
{
	leg_id a = caller_of("8801");

	expect(&w, "STEP screening A4.1.3", "PLAY a screening.ask");
	expect_not(&w, "DIAL");
	world_played(&w, a);
	expect(&w, "RECORD a");
	world_recorded(&w, 6000);
	expect(&w, "STEP screened A4.1.3 6000", "PLAY a screening.thanks");
	world_clear(&w);
	world_played(&w, a);
	return a;
}

static void gm_consents(void **state)
{
	leg_id b;

	(void)state;
	consultation();
	expect(&w, "DIAL b extension 801 from 139", "STEP consultation A4.1.3", "MUSIC a");
	b = world_leg(&w, 'b');
	world_send(&w, EV_RINGING, b);
	world_send(&w, EV_ANSWERED, b);
	expect(&w, "STEP consulted A4.1.3",
	       "PLAY b screening.intro recording screening.choice");
	expect_not(&w, "JOIN");
	world_dial(&w, b, "1");
	expect(&w, "STEP consent A4.1.3 1", "JOIN a b", "STEP connected A4.1.3");
}

static void gm_refuses(void **state)
{
	leg_id a = consultation(), b = world_leg(&w, 'b');

	(void)state;
	world_send(&w, EV_ANSWERED, b);
	world_dial(&w, b, "2");
	expect(&w, "STEP consent_refused A4.1.3", "END b", "STEP target_refused A4.1.3",
	       "PLAY a screening.refused");
	world_played(&w, a);
	message_left(a, "KEEP person 4 department 0 copy 0 ordinary screened from 139");
}

static void gm_declines_without_answering(void **state)
{
	(void)state;
	consultation();
	world_send(&w, EV_RINGING, world_leg(&w, 'b'));
	world_code(&w, EV_FAILED, world_leg(&w, 'b'), 486);
	expect(&w, "STEP consent_refused A4.1.3", "PLAY a screening.refused");
}

static void gm_absent_then_gad_manager(void **state)
{
	leg_id a = consultation();

	(void)state;
	world_wait(&w, 20000);
	expect(&w, "END b", "STEP target_no_answer A4.1.3", "PLAY a screening.absent_choice");
	world_dial(&w, a, "2");
	expect(&w, "STEP gad_manager A4.1.3", "DIAL c extension 601",
	       "PLAY a through.to_gad_manager");
	world_send(&w, EV_RINGING, world_leg(&w, 'c'));
	world_wait(&w, 20000);
	expect(&w, "STEP target_no_answer house", "PLAY a through.no_answer");
	world_played(&w, a);
	message_left(a, "KEEP person 4 department 0");
}

static void gm_hangs_up_without_a_key(void **state)
{
	leg_id a = consultation(), b = world_leg(&w, 'b');

	(void)state;
	world_send(&w, EV_ANSWERED, b);
	world_code(&w, EV_ENDED, b, 0);
	expect(&w, "STEP target_no_answer A4.1.3", "PLAY a screening.absent_choice");
	world_dial(&w, a, "1");
	message_left(a, "KEEP person 4");
}

static void gm_presses_nothing(void **state)
{
	leg_id b;

	(void)state;
	consultation();
	b = world_leg(&w, 'b');
	world_send(&w, EV_ANSWERED, b);
	world_dial(&w, b, "5");
	world_played(&w, b);
	world_wait(&w, 8000);
	expect(&w, "PLAY b screening.choice");
	world_played(&w, b);
	world_wait(&w, 8000);
	expect(&w, "END b", "STEP target_no_answer A4.1.3");
}

static void gm_unreachable_and_away(void **state)
{
	(void)state;
	world_reachable(&w, GM, false);
	consultation();
	expect(&w, "STEP target_unreachable A4.1.3", "PLAY a screening.absent_choice");
	expect_not(&w, "DIAL");
	world_reachable(&w, GM, true);
	world_set(&w, DAY_AWAY, true, 0, 4, "", 0);
	world_dial(&w, w.legs[0], "1");
	world_clear(&w);
}

static void gm_busy_waits_for_the_consultation(void **state)
{
	leg_id z = world_phone_calls(&w, GM, "8312"), a;

	(void)state;
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	a = world_trunk_calls(&w, "8000", "139");
	world_dial(&w, a, "8801");
	world_played(&w, a);
	world_recorded(&w, 3000);
	world_played(&w, a);
	expect(&w, "STEP target_busy house", "PLAY c screening.busy_choice");
	world_dial(&w, a, "1");
	expect(&w, "STEP waiting house", "MUSIC c");
	world_clear(&w);
	world_code(&w, EV_ENDED, z, 0);
	world_wait(&w, 0);
	expect(&w, "DIAL d extension 801", "STEP consultation");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'd'));
	world_dial(&w, world_leg(&w, 'd'), "1");
	expect(&w, "STEP consent A4.1.3 1", "JOIN c d");
}

static void gm_busy_wait_over_is_a_message(void **state)
{
	leg_id a;

	(void)state;
	world_phone_calls(&w, GM, "8312");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	a = world_trunk_calls(&w, "8000", "139");
	world_dial(&w, a, "8801");
	world_played(&w, a);
	world_recorded(&w, 3000);
	world_played(&w, a);
	world_dial(&w, a, "1");
	world_wait(&w, 90000);
	expect(&w, "STEP wait_over", "PLAY c through.wait_over");
	world_played(&w, a);
	expect(&w, "STEP message_asked");
}

static void gm_says_nothing_of_himself(void **state)
{
	leg_id a = caller_of("8801");

	(void)state;
	world_played(&w, a);
	world_recorded(&w, 200);
	expect(&w, "FORGET", "PLAY a screening.missed");
	world_played(&w, a);
	world_recorded(&w, 0);
	expect(&w, "FORGET", "PLAY a screening.thanks");
	world_played(&w, a);
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	expect(&w, "PLAY b screening.intro attendant.digits#139 screening.choice");
}

/* ---- chairman and secretary ---- */

static void chairman_goes_to_the_secretary(void **state)
{
	(void)state;
	caller_of("8800");
	expect(&w, "STEP secretary A4.1.4", "DIAL b extension 805", "PLAY a through.to_secretary");
	expect_not(&w, "extension 800 ");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	expect(&w, "JOIN a b", "STEP connected A4.1.4");
}

static void secretary_away_takes_a_message(void **state)
{
	leg_id a = caller_of("8800");

	(void)state;
	world_wait(&w, 20000);
	expect(&w, "STEP target_no_answer A4.1.4", "PLAY a secretary.away");
	world_played(&w, a);
	message_left(a, "KEEP person 1 department 0");
}

static void secretary_busy(void **state)
{
	leg_id a, z = world_phone_calls(&w, SECRETARY, "8312");

	(void)state;
	a = caller_of("8800");
	expect(&w, "STEP target_busy house", "PLAY c secretary.busy_choice");
	world_dial(&w, a, "1");
	expect(&w, "STEP waiting house");
	world_code(&w, EV_ENDED, z, 0);
	world_wait(&w, 0);
	expect(&w, "DIAL d extension 805");
	world_code(&w, EV_FAILED, world_leg(&w, 'd'), 603);
	expect(&w, "STEP target_refused house", "PLAY c secretary.away");
}

/* ---- customer service ---- */

static void customer_service_in_turn(void **state)
{
	leg_id a = caller_of("8950");

	(void)state;
	expect(&w, "STEP customer_service A4.1.6", "DIAL b extension 951");
	world_wait(&w, 20000);
	expect(&w, "END b", "DIAL c extension 952");
	world_wait(&w, 20000);
	expect(&w, "STEP target_no_answer house", "PLAY a through.no_answer");
	world_played(&w, a);
	message_left(a, "KEEP person 0 department 2 copy 1 urgent");
}

static void customer_service_busy(void **state)
{
	leg_id z, a;

	(void)state;
	z = world_phone_calls(&w, CS_ONE, "8312");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	world_phone_calls(&w, CS_TWO, "8313");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'd'));
	world_clear(&w);
	a = caller_of("8950");
	expect(&w, "STEP target_busy house", "PLAY e customer.wait");
	world_played(&w, a);
	expect(&w, "MUSIC e");
	world_wait(&w, 20000);
	expect(&w, "PLAY e customer.wait");
	world_wait(&w, 10000);
	world_code(&w, EV_ENDED, z, 0);
	world_wait(&w, 0);
	expect(&w, "DIAL f extension 951");
	world_code(&w, EV_FAILED, world_leg(&w, 'f'), 486); /* beaten to it: the wait goes on */
	expect(&w, "STEP target_busy", "MUSIC e");
	world_clear(&w);
	world_wait(&w, 20000); /* as far as we know a phone is free: tried with the word */
	expect(&w, "DIAL g extension 951");
	world_code(&w, EV_FAILED, world_leg(&w, 'g'), 486);
	world_wait(&w, 10000);
	expect(&w, "STEP wait_over", "PLAY e through.no_answer");
	world_played(&w, a);
	expect(&w, "STEP message_asked");
}

static void customer_service_closed(void **state)
{
	leg_id a;

	(void)state;
	world_clock(&w, 2, 20, 0);
	a = caller_of("8950");
	expect(&w, "STEP target_closed house", "PLAY a customer.closed");
	world_played(&w, a);
	expect(&w, "STEP call_back_promised A4.1.6");
	message_left(a, "KEEP person 0 department 2 copy 1 urgent");
}

/* ---- messages ---- */

static leg_id message_recording(void)
{
	leg_id a;

	world_reachable(&w, ZHANG, false);
	a = caller_of("8312");
	world_dial(&w, a, "1");
	world_played(&w, a);
	expect(&w, "RECORD a");
	return a;
}

static void message_heard_and_anew(void **state)
{
	leg_id a = message_recording();

	(void)state;
	world_dial(&w, a, "#");
	expect(&w, "RECORD_STOP a");
	world_recorded(&w, 3000);
	world_dial(&w, a, "2");
	expect(&w, "PLAY a recording message.choice");
	world_dial(&w, a, "3");
	expect(&w, "FORGET", "PLAY a message.ask");
	world_dial(&w, a, "#"); /* skips to the tone */
	expect(&w, "RECORD a");
	world_recorded(&w, 3000);
	world_played(&w, a);
	world_wait(&w, 8000);
	world_played(&w, a);
	world_wait(&w, 8000); /* silence keeps it */
	expect(&w, "KEEP person 20");
	world_kept(&w, false);
	expect(&w, "STEP message_not_kept", "PLAY a message.not_kept");
	world_played(&w, a);
	expect(&w, "STEP ended house", "told");
}

static void message_hung_up_is_kept(void **state)
{
	leg_id a = message_recording();

	(void)state;
	world_code(&w, EV_ENDED, a, 0);
	expect_not(&w, "STEP ended");
	world_recorded(&w, 2500);
	expect(&w, "KEEP person 20");
	world_kept(&w, true);
	expect(&w, "STEP message_kept", "STEP ended house", "message_kept");
}

static void message_too_short(void **state)
{
	leg_id a = message_recording();

	(void)state;
	world_recorded(&w, 300);
	expect(&w, "FORGET", "PLAY a message.empty message.ask");
	world_played(&w, a);
	world_recorded(&w, 300);
	expect(&w, "PLAY a message.empty goodbye");
	world_played(&w, a);
	expect(&w, "STEP ended house", "told");
}

static void message_hung_up_too_short(void **state)
{
	leg_id a = message_recording();

	(void)state;
	world_code(&w, EV_ENDED, a, 0);
	world_recorded(&w, 300);
	expect(&w, "FORGET", "STEP ended house", "caller_hung_up");
	expect_not(&w, "KEEP");
}

static void message_storage_silent(void **state)
{
	leg_id a = message_recording();

	(void)state;
	world_recorded(&w, 3000);
	world_dial(&w, a, "1");
	world_wait(&w, 15000);
	expect(&w, "STEP message_not_kept", "PLAY a message.not_kept");
	world_clear(&w);
	world_kept(&w, true); /* too late: not said */
	expect_not(&w, "kept");
}

static void message_closing_is_kept(void **state)
{
	leg_id a = message_recording();

	(void)state;
	world_send(&w, EV_CLOSING, 0);
	world_wait(&w, 0);
	expect(&w, "RECORD_STOP a");
	world_recorded(&w, 3000);
	expect(&w, "KEEP person 20");
	world_kept(&w, true);
	expect(&w, "message.kept goodbye");
	world_played(&w, a);
	expect(&w, "STEP ended house", "message_kept");
}

static void recording_that_never_ends(void **state)
{
	(void)state;
	message_recording();
	world_wait(&w, 130000);
	expect(&w, "RECORD_STOP a", "STEP message_not_kept", "PLAY a message.not_kept");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(busy_then_waits_until_free),
		T(busy_wait_over),
		T(waiting_first_come_first_served),
		T(busy_then_message),
		T(busy_then_other_extension),
		T(no_answer_asks_afterwards),
		T(refused_is_not_told),
		T(unreachable_at_once),
		T(away_with_until_and_deputy),
		T(question_unanswered_ends_with_a_sentence),
		T(department_rings_all),
		T(department_nobody),
		T(department_busy_wakes),
		T(department_closed),
		T(gm_consents),
		T(gm_refuses),
		T(gm_declines_without_answering),
		T(gm_absent_then_gad_manager),
		T(gm_hangs_up_without_a_key),
		T(gm_presses_nothing),
		T(gm_unreachable_and_away),
		T(gm_busy_waits_for_the_consultation),
		T(gm_busy_wait_over_is_a_message),
		T(gm_says_nothing_of_himself),
		T(chairman_goes_to_the_secretary),
		T(secretary_away_takes_a_message),
		T(secretary_busy),
		T(customer_service_in_turn),
		T(customer_service_busy),
		T(customer_service_closed),
		T(message_heard_and_anew),
		T(message_hung_up_is_kept),
		T(message_too_short),
		T(message_hung_up_too_short),
		T(message_storage_silent),
		T(message_closing_is_kept),
		T(recording_that_never_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
