/* A4.2: the automatic attendant. */
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

static void spine(void **state)
{
	leg_id a, b;

	(void)state;
	a = world_trunk_calls(&w, "8000", "13800001111");
	expect(&w, "BIND a", "STEP arrived", "RING a", "ANSWER a",
	       "PLAY a attendant.greeting attendant.dial attendant.listen "
	       "attendant.departments:1#8600 attendant.departments:2#8950 "
	       "attendant.departments:3#8310");
	world_clear(&w);
	world_dial(&w, a, "8");
	expect(&w, "QUIET a");
	world_dial(&w, a, "312");
	expect(&w, "STEP dialled A4.2 0 8312", "DIAL b extension 312 from 13800001111",
	       "LAMP 312 1", "PLAY a through.one_moment");
	b = world_leg(&w, 'b');
	world_send(&w, EV_RINGING, b);
	world_played(&w, a);
	expect(&w, "TONE a 0");
	world_clear(&w);
	world_send(&w, EV_ANSWERED, b);
	expect(&w, "LAMP 312 2", "QUIET a", "JOIN a b", "STEP connected A4.1.2");
	world_clear(&w);
	world_code(&w, EV_ENDED, b, 0);
	expect(&w, "END a", "STEP ended house");
}

static void heard_again_then_nothing(void **state)
{
	leg_id a = world_trunk_calls(&w, "8000", "1");

	(void)state;
	world_dial(&w, a, "*");
	expect(&w, "QUIET a", "PLAY a attendant.greeting");
	world_clear(&w);
	world_played(&w, a);
	expect(&w, "STEP announced A4.2");
	world_wait(&w, 8000);
	expect(&w, "STEP nothing_dialled", "PLAY a attendant.nothing_dialled attendant.dial");
	world_played(&w, a);
	world_dial(&w, a, "9999");
	expect(&w, "STEP wrong_number A4.2 0 9999", "PLAY a attendant.wrong_number attendant.dial");
	world_dial(&w, a, "83#");
	expect(&w, "STEP incomplete A4.2 0 83", "PLAY a attendant.incomplete");
	world_clear(&w);
	world_played(&w, a); /* office hours: GAD */
	expect(&w, "STEP gad A4.1.7", "DIAL b extension 609", "PLAY a through.to_gad");
}

static void unclear_after_hours_is_a_message_for_gad(void **state)
{
	leg_id a;

	(void)state;
	world_clock(&w, 0, 22, 0);
	w.m.attempts = 1;
	a = world_trunk_calls(&w, "8000", "1");
	world_played(&w, a);
	world_wait(&w, 8000);
	expect(&w, "STEP nothing_dialled", "STEP gad A4.1.7", "PLAY a attendant.nothing_dialled");
	world_played(&w, a);
	expect(&w, "STEP message_asked A4.1.7", "PLAY a message.ask");
	world_played(&w, a);
	expect(&w, "RECORD a");
	world_recorded(&w, 5000);
	expect(&w, "STEP message_recorded A3.8 5000", "PLAY a message.choice");
	world_clear(&w);
	world_dial(&w, a, "1");
	expect(&w, "KEEP person 0 department 1 copy 0 ordinary from 1");
	expect_not(&w, "message.kept");
	world_kept(&w, true);
	expect(&w, "STEP message_kept A5.7", "PLAY a message.kept goodbye");
	world_played(&w, a);
	expect(&w, "END a", "STEP ended house", "message_kept");
}

static void digits_stop(void **state)
{
	leg_id a = world_trunk_calls(&w, "8000", "1");

	(void)state;
	world_dial(&w, a, "83");
	world_wait(&w, 4000);
	expect(&w, "STEP incomplete");
	world_dial(&w, a, "77");
	world_wait(&w, 4000);
	expect(&w, "STEP wrong_number A4.2 0 77");
}

static void zero_in_office_hours_is_gad(void **state)
{
	leg_id a = world_trunk_calls(&w, "8000", "1");

	(void)state;
	world_dial(&w, a, "0");
	expect(&w, "STEP dialled A4.2 0 0", "STEP gad A4.2", "DIAL b extension 609");
	world_wait(&w, 20000); /* the next of the department */
	expect(&w, "END b", "DIAL c extension 604");
	world_wait(&w, 20000);
	expect(&w, "STEP target_no_answer", "STEP gad_manager", "DIAL d extension 601",
	       "PLAY a through.to_gad_manager");
	world_code(&w, EV_FAILED, world_leg(&w, 'd'), 486);
	expect(&w, "STEP target_busy", "PLAY a through.busy");
	world_played(&w, a);
	expect(&w, "PLAY a message.ask");
	world_played(&w, a);
	world_recorded(&w, 3000);
	world_dial(&w, a, "1");
	expect(&w, "KEEP person 0 department 1");
	world_kept(&w, true);
	world_played(&w, a);
	expect(&w, "END a");
}

static void zero_after_hours_is_the_directory(void **state)
{
	leg_id a;

	(void)state;
	world_clock(&w, 6, 10, 0);
	a = world_trunk_calls(&w, "8000", "1");
	world_dial(&w, a, "0");
	expect(&w, "STEP enquiry A4.1.5", "PLAY a enquiry.ask");
	world_dial(&w, a, "9426#"); /* zhan: two Zhangs */
	expect(&w, "PLAY a enquiry.hit:20#1 enquiry.hit:23#2", "STEP told A4.1.5");
	world_clear(&w);
	world_played(&w, a);
	world_dial(&w, a, "1");
	expect(&w, "DIAL b extension 312");
}

static void enquiry_discloses_only_what_may_be_told(void **state)
{
	leg_id a, b;

	(void)state;
	world_clock(&w, 6, 10, 0);
	a = world_trunk_calls(&w, "8000", "1");
	world_dial(&w, a, "0");
	world_dial(&w, a, "99#"); /* ww: Wang, disclosed to nobody */
	expect(&w, "PLAY a enquiry.none enquiry.ask");
	world_dial(&w, a, "43#"); /* he: the secretary, inside only */
	expect(&w, "PLAY a enquiry.none enquiry.ask");
	world_clear(&w);
	b = world_phone_calls(&w, WANG, "8000");
	world_dial(&w, b, "0");
	world_dial(&w, b, "43#");
	expect(&w, "PLAY b enquiry.hit:8#1");
	world_dial(&w, a, "5#"); /* the third try */
	expect(&w, "PLAY a enquiry.hit:21#1");
	world_dial(&w, a, "9"); /* narrows to nothing */
	world_wait(&w, 4000);
	expect(&w, "STEP gad A4.1.7", "PLAY a enquiry.none");
}

static void too_many_hits(void **state)
{
	leg_id a;

	(void)state;
	world_clock(&w, 6, 10, 0);
	w.m.directory_hits = 1;
	a = world_trunk_calls(&w, "8000", "1");
	world_dial(&w, a, "0");
	world_dial(&w, a, "9#");
	expect(&w, "PLAY a enquiry.many");
	world_dial(&w, a, "42647263#"); /* zhangsanf */
	expect(&w, "PLAY a enquiry.hit:20#1");
	world_dial(&w, a, "*");
	expect(&w, "PLAY a enquiry.ask");
}

static void inside_caller_of_the_main_number(void **state)
{
	leg_id a = world_phone_calls(&w, LI, "8000");

	(void)state;
	expect(&w, "LAMP 313 2", "RING a", "ANSWER a", "PLAY a attendant.greeting");
	world_dial(&w, a, "8312");
	expect(&w, "DIAL b extension 312 from 8313");
}

static void caller_leaves_at_any_moment(void **state)
{
	leg_id a = world_trunk_calls(&w, "8000", "1");

	(void)state;
	world_dial(&w, a, "8312");
	world_send(&w, EV_RINGING, world_leg(&w, 'b'));
	world_clear(&w);
	world_code(&w, EV_ENDED, a, 0);
	expect(&w, "END b 487", "LAMP 312 0", "STEP ended house", "caller_hung_up");
}

static void closing_is_told(void **state)
{
	leg_id a = world_trunk_calls(&w, "8000", "1"), b, c;

	(void)state;
	b = world_phone_calls(&w, LI, "8312");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'c'));
	c = world_leg(&w, 'c');
	world_clear(&w);
	world_send(&w, EV_CLOSING, 0);
	world_wait(&w, 0);
	expect(&w, "PLAY a closing", "PART b", "PLAY b closing", "PLAY c closing");
	assert_int_equal(world_trunk_calls(&w, "8000", "2"), 0);
	expect(&w, "REJECT 503 closing");
	world_played(&w, a);
	expect(&w, "END a", "STEP ended house", "closing");
	world_played(&w, b);
	world_played(&w, c);
	expect(&w, "END b");
	assert_true(exchange_closed(w.x));
}

static void closing_reaches_everybody(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++)
		world_trunk_calls(&w, i < 3 ? "8310" : "8000", "1");
	world_phone_calls(&w, WANG, "8604"); /* rings, not answered: refused */
	world_clear(&w);
	world_send(&w, EV_CLOSING, 0);
	world_wait(&w, 0);
	expect(&w, "STEP closing", "END", "503 closing", "PLAY", "closing");
	world_clear(&w);
	world_wait(&w, 10000); /* nobody reports a play's end: the time is bounded */
	assert_true(exchange_closed(w.x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(spine),
		T(heard_again_then_nothing),
		T(unclear_after_hours_is_a_message_for_gad),
		T(digits_stop),
		T(zero_in_office_hours_is_gad),
		T(zero_after_hours_is_the_directory),
		T(enquiry_discloses_only_what_may_be_told),
		T(too_many_hits),
		T(inside_caller_of_the_main_number),
		T(caller_leaves_at_any_moment),
		T(closing_is_told),
		T(closing_reaches_everybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
