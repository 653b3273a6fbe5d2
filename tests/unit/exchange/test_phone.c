/* Phone to phone, trunks, and what phones can do with calls. */
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

/* a (Zhang) talks to b (Li), a direct call. */
static void inside_talk(void)
{
	world_phone_calls(&w, ZHANG, "8313");
	world_send(&w, EV_RINGING, world_leg(&w, 'b'));
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	expect(&w, "DIAL b extension 313 from 8312", "RING a", "ANSWER a", "JOIN a b");
	world_clear(&w);
}

static void phone_to_phone(void **state)
{
	(void)state;
	inside_talk();
	world_send(&w, EV_HELD, world_leg(&w, 'a'));
	expect(&w, "PART a", "MUSIC b", "STEP held");
	world_send(&w, EV_RETRIEVED, world_leg(&w, 'a'));
	expect(&w, "QUIET b", "JOIN a b", "STEP unheld");
	world_code(&w, EV_ENDED, world_leg(&w, 'b'), 0);
	expect(&w, "END a", "STEP ended house", "callee_hung_up");
}

static void phone_is_told_by_codes(void **state)
{
	(void)state;
	world_phone_calls(&w, ZHANG, "8313");
	world_code(&w, EV_FAILED, world_leg(&w, 'b'), 486);
	expect(&w, "STEP target_busy", "END a 486 busy");
	world_clear(&w);
	world_phone_calls(&w, ZHANG, "8313");
	world_send(&w, EV_RINGING, world_leg(&w, 'd'));
	world_code(&w, EV_FAILED, world_leg(&w, 'd'), 603);
	expect(&w, "END c 603 refused");
	world_clear(&w);
	world_phone_calls(&w, ZHANG, "8313");
	world_wait(&w, 20000);
	expect(&w, "END f", "END e 480 no_answer");
	world_clear(&w);
	world_phone_calls(&w, ZHANG, "8399");
	expect(&w, "PROGRESS g", "PLAY g inside.vacant_number");
	world_played(&w, world_leg(&w, 'g'));
	expect(&w, "END g 404 vacant_number");
	world_reachable(&w, LI, false);
	world_clear(&w);
	world_phone_calls(&w, ZHANG, "8313");
	expect(&w, "END h 480 unreachable");
}

static void dnd_and_call_waiting(void **state)
{
	static struct directory_extension e[16];

	(void)state;
	world_phone_calls(&w, LI, "*78");
	expect(&w, "DAY 0 1 313", "ANSWER a", "PLAY a inside.dnd_on");
	world_played(&w, world_leg(&w, 'a'));
	expect(&w, "END a", "STEP ended house", "feature");
	world_clear(&w);
	world_phone_calls(&w, ZHANG, "8313");
	expect(&w, "STEP target_away", "END b 480");
	world_phone_calls(&w, LI, "*79");
	expect(&w, "DAY 0 0 313", "PLAY c inside.dnd_off");
	world_played(&w, world_leg(&w, 'c'));
	world_clear(&w);
	world_phone_calls(&w, LI, "8314");
	world_phone_calls(&w, ZHANG, "8313");
	expect(&w, "END f 486 busy");
	for (unsigned i = 0; i < w.d.extension_count; i++) {
		e[i] = w.d.extensions[i];
		e[i].call_waiting = true;
	}
	w.d.extensions = e;
	world_clear(&w);
	world_phone_calls(&w, ZHANG, "8313");
	expect(&w, "DIAL h extension 313");
}

static void forwards(void **state)
{
	(void)state;
	world_phone_calls(&w, LI, "*728314");
	expect(&w, "DAY 1 1 313 8314", "PLAY a inside.forward_on#8314");
	world_played(&w, world_leg(&w, 'a'));
	world_phone_calls(&w, ZHANG, "8313");
	expect(&w, "STEP forwarded house 0 8314", "DIAL c extension 314");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'c'));
	expect(&w, "JOIN b c", "SHOW b 8314");
	world_clear(&w);
	world_phone_calls(&w, CLERK, "8313"); /* and there it is busy */
	expect(&w, "STEP forwarded", "STEP target_busy", "END d 486");
	world_phone_calls(&w, LI, "*73");
	world_played(&w, world_leg(&w, 'e'));
	world_set(&w, DAY_FORWARD_BUSY, true, WANG, 0, "8604", 0);
	world_clear(&w);
	world_phone_calls(&w, LI, "8314");
	expect(&w, "STEP forwarded house 0 8604", "DIAL g extension 604");
	world_code(&w, EV_ENDED, world_leg(&w, 'f'), 0);
	world_set(&w, DAY_FORWARD_NO_ANSWER, true, CLERK, 0, "8601", 0);
	world_clear(&w);
	world_phone_calls(&w, LI, "8604");
	world_wait(&w, 20000);
	expect(&w, "END i", "STEP forwarded house 0 8601", "DIAL j extension 601");
}

static void forward_loop_ends(void **state)
{
	(void)state;
	world_set(&w, DAY_FORWARD_ALWAYS, true, LI, 0, "8314", 0);
	world_set(&w, DAY_FORWARD_ALWAYS, true, WANG, 0, "8313", 0);
	world_phone_calls(&w, ZHANG, "8313");
	expect(&w, "STEP forwarded", "STEP forwarded", "STEP forwarded", "STEP forwarded",
	       "STEP forwarded", "DIAL b extension 314");
}

static void forward_outside(void **state)
{
	(void)state;
	world_set(&w, DAY_FORWARD_ALWAYS, true, LI, 0, "955501234", 0);
	world_phone_calls(&w, ZHANG, "8313");
	expect(&w, "STEP forwarded", "DIAL b trunk 1 55501234 from 8313");
	world_clear(&w);
	world_trunk_calls(&w, "8313", "139"); /* outside to outside: the own phone rings */
	expect(&w, "DIAL d extension 313");
	world_code(&w, EV_ENDED, world_leg(&w, 'c'), 0);
	w.m.trunk_to_trunk = true;
	world_clear(&w);
	world_trunk_calls(&w, "8313", "139");
	expect(&w, "DIAL f trunk 2 55501234 from 8313");
}

static void out_over_trunks(void **state)
{
	(void)state;
	world_phone_calls(&w, ZHANG, "955501234");
	expect(&w, "DIAL b trunk 1 55501234 from 8312", "STEP target");
	world_send(&w, EV_EARLY, world_leg(&w, 'b'));
	expect(&w, "PROGRESS a", "JOIN a b");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	expect(&w, "ANSWER a", "STEP connected");
	world_clear(&w);
	world_phone_calls(&w, LI, "955501234");
	world_code(&w, EV_FAILED, world_leg(&w, 'd'), 408); /* no response: the next trunk */
	expect(&w, "DIAL d trunk 1", "STEP trunk_next house 408", "DIAL e trunk 2");
	world_code(&w, EV_FAILED, world_leg(&w, 'e'), 486);
	expect(&w, "STEP rejected house 486", "END c 486 busy");
	world_clear(&w);
	world_phone_calls(&w, LI, "901055501234"); /* national: only trunk 1 carries it */
	world_code(&w, EV_FAILED, world_leg(&w, 'g'), 503);
	expect(&w, "DIAL g trunk 1", "STEP trunk_next", "END f 503");
}

static void classes_of_service(void **state)
{
	(void)state;
	world_phone_calls(&w, WANG, "901055501234");
	expect(&w, "STEP not_permitted house 0 01055501234", "PROGRESS a",
	       "PLAY a inside.not_permitted");
	world_played(&w, world_leg(&w, 'a'));
	expect(&w, "END a 403 not_permitted");
	world_clear(&w);
	world_phone_calls(&w, WANG, "*72901055501234"); /* nor by a forward */
	expect(&w, "PLAY b inside.not_permitted");
	world_trunk(&w, 1, false);
	world_clear(&w);
	world_phone_calls(&w, ZHANG, "901055501234");
	expect(&w, "STEP no_trunk", "PLAY c inside.no_trunk");
	world_played(&w, world_leg(&w, 'c'));
	expect(&w, "END c 503 no_trunk");
}

static void channel_limit(void **state)
{
	(void)state;
	world_phone_calls(&w, ZHANG, "901055501234");
	world_phone_calls(&w, LI, "901055501234");
	expect(&w, "DIAL b trunk 1", "DIAL d trunk 1");
	world_phone_calls(&w, CLERK, "901055501234");
	expect(&w, "STEP no_trunk");
}

static void emergency(void **state)
{
	(void)state;
	world_phone_calls(&w, ZHANG, "901055501234");
	world_phone_calls(&w, LI, "901055501234");
	world_trunk(&w, 2, false);
	world_clear(&w);
	world_phone_calls(&w, WANG, "110");
	expect(&w, "STEP emergency house 0 110", "STEP displaced", "END", "displaced",
	       "DIAL f trunk 1 110 from 8314 emergency");
	world_clear(&w);
	world_phone_calls(&w, CLERK, "9119");
	expect(&w, "STEP displaced", "DIAL h trunk 1 119 from 8604 emergency");
	world_code(&w, EV_FAILED, world_leg(&w, 'h'), 404); /* whatever it says: the next one */
	expect(&w, "STEP trunk_next", "DIAL i trunk 2 119");
}

static void emergency_when_the_exchange_is_full(void **state)
{
	(void)state;
	world_stop(&w);
	world_start_caps(&w, (struct exchange_caps){3, 6, 40, 4, 1});
	world_phone_calls(&w, ZHANG, "8000");
	world_phone_calls(&w, LI, "8000");
	assert_int_equal(world_phone_calls(&w, WANG, "8000"), 0);
	expect(&w, "REJECT 503 full", "STEP arrived", "STEP ended");
	world_clear(&w);
	world_phone_calls(&w, WANG, "120"); /* the reserve */
	expect(&w, "DIAL d trunk 1 120");
	world_phone_calls(&w, CLERK, "122"); /* somebody gives way */
	expect(&w, "STEP displaced", "DIAL f trunk 1 122");
}

static void early_sound_only_to_the_phone_that_dialled(void **state)
{
	(void)state;
	world_trunk_calls(&w, "8312", "139");
	world_send(&w, EV_EARLY, world_leg(&w, 'b'));
	expect(&w, "RING a");
	expect_not(&w, "JOIN");
}

static void did_of_an_employee(void **state)
{
	(void)state;
	world_trunk_calls(&w, "8312", "139");
	world_send(&w, EV_RINGING, world_leg(&w, 'b'));
	expect(&w, "DIAL b extension 312", "RING a");
	expect_not(&w, "ANSWER");
	world_wait(&w, 20000);
	expect(&w, "STEP target_no_answer A4.1.2", "ANSWER a", "STEP answered_attendant",
	       "PLAY a through.no_answer through.no_answer_choice");
}

static void pickups(void **state)
{
	(void)state;
	world_trunk_calls(&w, "8312", "139");
	world_phone_calls(&w, WANG, "*8"); /* another group */
	expect(&w, "STEP rejected", "END c 404");
	world_phone_calls(&w, WANG, "*78312");
	expect(&w, "END d 404");
	world_clear(&w);
	world_phone_calls(&w, LI, "*8");
	expect(&w, "STEP merged", "STEP ended", "STEP picked_up", "END b 487 answered_elsewhere",
	       "ANSWER e", "ANSWER a", "JOIN a e", "SHOW e 139");
	world_clear(&w);
	world_trunk_calls(&w, "8312", "138");
	world_phone_calls(&w, LI, "*78312");
	expect(&w, "STEP picked_up", "END g", "JOIN f h");
	world_clear(&w);
	world_phone_calls(&w, CLERK, "8312");
	world_replaces(&w, LI, world_leg(&w, 'j'), true);
	expect(&w, "STEP picked_up", "JOIN i k", "SHOW i 8313");
}

static void replaces_of_a_talking_leg(void **state)
{
	(void)state;
	world_trunk_calls(&w, "8312", "139");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	world_clear(&w);
	world_replaces(&w, LI, world_leg(&w, 'b'), true);
	expect(&w, "END c 486");
	world_replaces(&w, WANG, world_leg(&w, 'b'), false);
	expect(&w, "END d 403");
	world_replaces(&w, LI, 0x00070009, false);
	expect(&w, "END e 481");
	world_clear(&w);
	world_replaces(&w, LI, world_leg(&w, 'b'), false);
	expect(&w, "END b", "ANSWER", "JOIN a");
}

static void park_by_code(void **state)
{
	(void)state;
	world_trunk_calls(&w, "8312", "139");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	world_send(&w, EV_HELD, world_leg(&w, 'b'));
	world_clear(&w);
	world_phone_calls(&w, ZHANG, "*6");
	expect(&w, "END b", "STEP parked house 0 7701", "PLAY c inside.parked_at#7701");
	world_played(&w, world_leg(&w, 'c'));
	world_phone_calls(&w, LI, "7701");
	expect(&w, "STEP retrieved", "ANSWER d", "JOIN a d", "SHOW d 139");
	world_clear(&w);
	world_phone_calls(&w, WANG, "7701"); /* nobody there any more */
	expect(&w, "PLAY e inside.vacant_number");
	world_phone_calls(&w, WANG, "*6"); /* nothing held */
	expect(&w, "PLAY f inside.vacant_number");
}

static void park_returns(void **state)
{
	(void)state;
	inside_talk();
	world_refer(&w, world_leg(&w, 'a'), "*6", 0);
	expect(&w, "REFER a 202", "END a", "MUSIC b", "STEP parked");
	world_wait(&w, 60000);
	expect(&w, "DIAL c extension 312");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'c'));
	expect(&w, "JOIN b c");
}

static void blind_transfer(void **state)
{
	(void)state;
	inside_talk();
	world_refer(&w, world_leg(&w, 'b'), "8314", 0);
	expect(&w, "REFER b 202", "NOTIFY b 200", "END b 0 transferred",
	       "STEP transferred house 0 8314",
	       "DIAL c extension 314 from 8312", "PLAY a through.one_moment");
	world_wait(&w, 20000);
	expect(&w, "PLAY a through.no_answer through.no_answer_choice");
}

static void blind_transfer_outside(void **state)
{
	(void)state;
	inside_talk();
	world_refer(&w, world_leg(&w, 'b'), "955501234", 0);
	expect(&w, "REFER b 202", "DIAL c trunk 1 55501234 from 8313", "TONE a 0");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'c'));
	expect(&w, "JOIN a c");
	world_clear(&w);
	world_refer(&w, world_leg(&w, 'a'), "955509999", 0); /* outside to outside */
	expect(&w, "STEP transfer_refused", "REFER a 603");
	w.m.trunk_to_trunk = true;
	world_refer(&w, world_leg(&w, 'a'), "955509999", 0);
	expect(&w, "REFER a 202", "DIAL d trunk 1 55509999 from 8312");
}

static void blind_transfer_of_nothing(void **state)
{
	(void)state;
	inside_talk();
	world_refer(&w, world_leg(&w, 'b'), "8399", 0);
	expect(&w, "STEP transfer_refused house 0 8399", "REFER b 603");
	world_refer(&w, world_leg(&w, 'b'), "", 0);
	expect(&w, "REFER b 603");
	world_refer(&w, world_leg(&w, 'b'), "8314", 0x12340002);
	expect(&w, "REFER b 603");
	world_refer(&w, world_leg(&w, 'b'), "8000", 0);
	expect(&w, "REFER b 202", "PLAY a attendant.greeting");
}

static void attended_transfer(void **state)
{
	(void)state;
	inside_talk();
	world_send(&w, EV_HELD, world_leg(&w, 'b'));
	world_phone_calls(&w, LI, "8314");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'd'));
	world_clear(&w);
	world_refer(&w, world_leg(&w, 'b'), "8314", world_leg(&w, 'c'));
	expect(&w, "REFER b 202", "NOTIFY b 200", "END b", "END c", "STEP transferred",
	       "STEP merged", "STEP ended", "JOIN a d", "SHOW a 8314", "SHOW d 8312");
	world_code(&w, EV_ENDED, world_leg(&w, 'd'), 0);
	expect(&w, "END a");
}

static void silent_line_and_busy_tone(void **state)
{
	(void)state;
	inside_talk();
	world_send(&w, EV_SILENT, world_leg(&w, 'b'));
	expect(&w, "STEP silent_line", "END b", "END a", "silent_line");
	world_trunk_calls(&w, "8312", "139");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'd'));
	world_clear(&w);
	world_send(&w, EV_BUSY_TONE, world_leg(&w, 'c'));
	expect(&w, "STEP busy_tone", "END c", "END d", "busy_tone");
}

static void limits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++)
		assert_int_not_equal(world_phone_calls(&w, ZHANG, "8000"), 0);
	assert_int_equal(world_phone_calls(&w, ZHANG, "8000"), 0);
	expect(&w, "REJECT 503 full");
	for (unsigned i = 0; i < 12; i++)
		assert_int_not_equal(world_trunk_calls(&w, "8000", "139"), 0);
	assert_int_equal(world_trunk_calls(&w, "8000", "139"), 0);
	assert_int_equal(world_phone_calls(&w, 9999, "8000"), 0);
	expect(&w, "REJECT 403 not_permitted");
}

static void late_and_foreign_events(void **state)
{
	leg_id a;

	(void)state;
	a = world_trunk_calls(&w, "8000", "139");
	world_code(&w, EV_ENDED, a, 0);
	world_clear(&w);
	for (int k = EV_RINGING; k < EV_REACHABLE; k++) {
		world_code(&w, (enum event_kind)k, a, 0);
		world_code(&w, (enum event_kind)k, 0, 0);
		world_code(&w, (enum event_kind)k, UINT32_MAX, 0);
	}
	assert_string_equal(w.text, "");
}

static void copies_and_hashes(void **state)
{
	uint64_t h = exchange_hash(w.x, &w.now, EXCHANGE_HASH_EXACT), h1, h2;

	(void)state;
	world_trunk_calls(&w, "8000", "139");
	h1 = exchange_hash(w.x, &w.now, EXCHANGE_HASH_EXACT);
	assert_true(h != h1);
	world_code(&w, EV_ENDED, world_leg(&w, 'a'), 0);
	assert_true(h == exchange_hash(w.x, &w.now, EXCHANGE_HASH_EXACT));
	world_wait(&w, 12345);
	world_trunk_calls(&w, "8000", "139");
	h2 = exchange_hash(w.x, &w.now, EXCHANGE_HASH_EXACT);
	assert_true(h1 == h2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(phone_to_phone),
		T(phone_is_told_by_codes),
		T(dnd_and_call_waiting),
		T(forwards),
		T(forward_loop_ends),
		T(forward_outside),
		T(out_over_trunks),
		T(classes_of_service),
		T(channel_limit),
		T(emergency),
		T(emergency_when_the_exchange_is_full),
		T(early_sound_only_to_the_phone_that_dialled),
		T(did_of_an_employee),
		T(pickups),
		T(replaces_of_a_talking_leg),
		T(park_by_code),
		T(park_returns),
		T(blind_transfer),
		T(blind_transfer_outside),
		T(blind_transfer_of_nothing),
		T(attended_transfer),
		T(silent_line_and_busy_tone),
		T(limits),
		T(late_and_foreign_events),
		T(copies_and_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
