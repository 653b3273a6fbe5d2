/* Consent (A4.1.3, A4.1.4): every way to the general manager and the chairman that is none. */
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

/* An outside caller (a) who talks to the phone of `extension` (b), by DID. */
static void talking(uint32_t extension, const char *did)
{
	leg_id a = world_trunk_calls(&w, did, "139");

	expect(&w, "DIAL b extension");
	assert_int_equal(w.leg_extension[1], extension);
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	expect(&w, "ANSWER a", "JOIN a b");
	world_clear(&w);
	(void)a;
}

static void did(void **state)
{
	(void)state;
	world_trunk_calls(&w, "8801", "139");
	expect(&w, "ANSWER a", "STEP answered_attendant", "PLAY a screening.ask");
	expect_not(&w, "DIAL");
	world_clear(&w);
	world_trunk_calls(&w, "8811", "139"); /* his other phone */
	expect(&w, "PLAY b screening.ask");
	world_clear(&w);
	world_trunk_calls(&w, "8800", "139");
	expect(&w, "STEP secretary A4.1.4", "DIAL d extension 805");
}

static void inside_by_the_main_number(void **state)
{
	leg_id a = world_phone_calls(&w, LI, "8000");

	(void)state;
	world_dial(&w, a, "8801");
	expect(&w, "STEP screening A4.1.3", "PLAY a screening.ask");
	world_clear(&w);
	w.m.screen_inside = false;
	a = world_phone_calls(&w, WANG, "8000");
	world_dial(&w, a, "8801");
	expect(&w, "DIAL c extension 801 from 8314");
}

static void inside_direct_is_an_ordinary_call(void **state)
{
	(void)state;
	world_phone_calls(&w, LI, "8801");
	expect(&w, "DIAL b extension 801 from 8313");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	expect(&w, "JOIN a b");
	expect_not(&w, "STEP consent");
}

static void blind_transfer_is_screened(void **state)
{
	(void)state;
	talking(ZHANG, "8312");
	world_refer(&w, world_leg(&w, 'b'), "8801", 0);
	expect(&w, "REFER b 202", "NOTIFY b 200", "END b", "STEP transferred", "STEP screening",
	       "PLAY a screening.ask");
	expect_not(&w, "DIAL");
}

static void blind_transfer_to_the_chairman(void **state)
{
	(void)state;
	talking(ZHANG, "8312");
	world_refer(&w, world_leg(&w, 'b'), "8800", 0);
	expect(&w, "REFER b 202", "STEP secretary A4.1.4", "DIAL c extension 805");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'c'));
	world_clear(&w);
	world_refer(&w, world_leg(&w, 'c'), "8800", 0); /* not by the secretary either */
	expect(&w, "STEP consent_missing A4.1.4", "STEP transfer_refused", "REFER c 603");
	expect_not(&w, "END");
}

/* b holds the caller and calls the principal: c is b's new leg, d the principal's. */
static void consulting(uint32_t by, const char *principal)
{
	world_send(&w, EV_HELD, world_leg(&w, 'b'));
	expect(&w, "PART", "MUSIC a", "STEP held");
	world_phone_calls(&w, by, principal);
	world_send(&w, EV_ANSWERED, world_leg(&w, 'd'));
	expect(&w, "JOIN c d");
	world_clear(&w);
}

static void attended_by_anybody_is_announced(void **state)
{
	(void)state;
	talking(ZHANG, "8312");
	consulting(ZHANG, "8801");
	world_refer(&w, world_leg(&w, 'b'), "8801", world_leg(&w, 'c'));
	expect(&w, "REFER b 202", "END b", "END c", "MUSIC a", "STEP consulted A4.1.3",
	       "PLAY d screening.intro");
	expect_not(&w, "JOIN");
	world_dial(&w, world_leg(&w, 'd'), "1");
	expect(&w, "STEP consent A4.1.3 1", "JOIN a d");
}

static void attended_announced_and_refused(void **state)
{
	(void)state;
	talking(ZHANG, "8312");
	consulting(ZHANG, "8801");
	world_refer(&w, world_leg(&w, 'b'), "8801", world_leg(&w, 'c'));
	world_dial(&w, world_leg(&w, 'd'), "2");
	expect(&w, "STEP consent_refused", "END d", "PLAY a screening.refused");
	expect_not(&w, "JOIN");
}

static void attended_by_a_named_post(void **state)
{
	(void)state;
	talking(GAD_MANAGER, "8601");
	consulting(GAD_MANAGER, "8801");
	world_refer(&w, world_leg(&w, 'b'), "8801", world_leg(&w, 'c'));
	expect(&w, "REFER b 202", "STEP merged", "STEP ended", "STEP consent A4.1.3 3",
	       "JOIN a d", "SHOW d 139");
}

static void attended_from_the_other_leg(void **state)
{
	(void)state;
	talking(ZHANG, "8312");
	consulting(ZHANG, "8801");
	/* the REFER comes in the dialog with the general manager: the same answer */
	world_refer(&w, world_leg(&w, 'c'), "139", world_leg(&w, 'b'));
	expect(&w, "REFER c 202", "STEP consulted A4.1.3", "PLAY d screening.intro");
	expect_not(&w, "JOIN");
}

static void attended_before_the_answer_is_blind(void **state)
{
	(void)state;
	talking(GAD_MANAGER, "8601");
	world_send(&w, EV_HELD, world_leg(&w, 'b'));
	world_phone_calls(&w, GAD_MANAGER, "8801");
	world_send(&w, EV_RINGING, world_leg(&w, 'd'));
	world_refer(&w, world_leg(&w, 'b'), "8801", world_leg(&w, 'c'));
	expect(&w, "REFER b 202", "STEP screening", "PLAY a screening.ask", "END c", "END d");
	expect_not(&w, "JOIN a d");
}

static void chairman_attended_by_own_secretary_only(void **state)
{
	(void)state;
	talking(SECRETARY, "8805");
	consulting(SECRETARY, "8800");
	world_refer(&w, world_leg(&w, 'b'), "8800", world_leg(&w, 'c'));
	expect(&w, "STEP consent A4.1.4 3", "JOIN a d");
}

static void chairman_attended_by_another(void **state)
{
	(void)state;
	talking(GAD_MANAGER, "8601");
	consulting(GAD_MANAGER, "8800");
	world_refer(&w, world_leg(&w, 'b'), "8800", world_leg(&w, 'c'));
	expect(&w, "STEP consent_missing A4.1.4", "REFER b 603");
	expect_not(&w, "JOIN");
}

static void consultation_for(void)
{
	leg_id a = world_trunk_calls(&w, "8801", "139");

	world_played(&w, a);
	world_recorded(&w, 3000);
	world_played(&w, a);
	expect(&w, "DIAL b extension 801");
	world_send(&w, EV_RINGING, world_leg(&w, 'b'));
	world_clear(&w);
}

static void consultation_is_not_picked_up(void **state)
{
	(void)state;
	consultation_for();
	world_phone_calls(&w, CLERK, "*8"); /* the same group as the general manager's phone */
	expect(&w, "STEP rejected", "END c 404");
	world_clear(&w);
	world_phone_calls(&w, CLERK, "*78801");
	expect(&w, "STEP consent_missing A4.1.3", "END d 403");
	world_clear(&w);
	world_replaces(&w, CLERK, world_leg(&w, 'b'), true);
	expect(&w, "STEP consent_missing A4.1.3", "END e 403");
	expect_not(&w, "JOIN");
}

static void own_forward_gives_no_consent(void **state)
{
	(void)state;
	world_set(&w, DAY_FORWARD_ALWAYS, true, GM, 0, "8312", 0);
	world_set(&w, DAY_FORWARD_NO_ANSWER, true, GM, 0, "8312", 0);
	consultation_for();
	world_wait(&w, 20000);
	expect(&w, "STEP target_no_answer", "PLAY a screening.absent_choice");
	expect_not(&w, "DIAL");
}

static void forward_to_him_is_screened(void **state)
{
	(void)state;
	world_set(&w, DAY_FORWARD_ALWAYS, true, ZHANG, 0, "8801", 0);
	world_trunk_calls(&w, "8312", "139");
	expect(&w, "STEP forwarded", "STEP screening A4.1.3", "PLAY a screening.ask");
	world_clear(&w);
	world_set(&w, DAY_FORWARD_NO_ANSWER, true, LI, 0, "8801", 0);
	world_trunk_calls(&w, "8313", "139");
	world_wait(&w, 20000);
	expect(&w, "DIAL c extension 313", "END c", "STEP forwarded", "PLAY b screening.ask");
}

static void waiting_for_him_is_the_consultation(void **state)
{
	leg_id a, z = world_phone_calls(&w, GM, "8312");

	(void)state;
	a = world_trunk_calls(&w, "8801", "139");
	world_played(&w, a);
	world_recorded(&w, 3000);
	world_played(&w, a);
	world_dial(&w, a, "1");
	world_code(&w, EV_ENDED, z, 0);
	world_wait(&w, 0);
	expect(&w, "STEP consultation A4.1.3");
	expect_not(&w, "JOIN");
}

static void parked_and_retrieved_is_his_own_act(void **state)
{
	(void)state;
	talking(ZHANG, "8312");
	world_refer(&w, world_leg(&w, 'b'), "7701", 0);
	expect(&w, "REFER b 202", "MUSIC a", "STEP parked house 0 7701");
	world_phone_calls(&w, GM, "7701");
	expect(&w, "STEP retrieved", "STEP consent A4.1.3 4", "ANSWER c", "JOIN a c");
}

static void park_returns_to_him_by_the_screening(void **state)
{
	(void)state;
	talking(ZHANG, "8312");
	world_refer(&w, world_leg(&w, 'b'), "7701", 0);
	world_phone_calls(&w, GM, "7701");
	world_refer(&w, world_leg(&w, 'c'), "7702", 0);
	expect(&w, "STEP parked house 0 7702");
	world_clear(&w);
	world_wait(&w, 60000);
	expect(&w, "STEP screening", "PLAY a screening.ask");
}

static void picked_up_is_his_own_act(void **state)
{
	(void)state;
	world_trunk_calls(&w, "8604", "139");
	world_phone_calls(&w, GM, "*8");
	expect(&w, "STEP merged", "STEP picked_up", "STEP consent A4.1.3 4", "END b",
	       "ANSWER c", "JOIN a c");
}

static void dialled_out_is_his_own_act(void **state)
{
	(void)state;
	world_phone_calls(&w, GM, "9013800001111");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	expect(&w, "STEP consent A4.1.3 4", "JOIN a b");
}

static void instruction(void **state)
{
	(void)state;
	world_set(&w, DAY_INSTRUCTION, true, 0, 4, "139", w.now.wall_ms + 1000);
	world_trunk_calls(&w, "8801", "139");
	expect(&w, "STEP consent A4.1.3 5", "DIAL b extension 801");
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	expect(&w, "JOIN a b");
	world_clear(&w);
	world_trunk_calls(&w, "8801", "138"); /* another number */
	expect(&w, "PLAY c screening.ask");
	world_clear(&w);
	world_wait(&w, 2000); /* its time is over */
	world_trunk_calls(&w, "8801", "139");
	expect(&w, "PLAY d screening.ask");
}

static void consent_ends_with_the_pair(void **state)
{
	(void)state;
	consultation_for();
	world_send(&w, EV_ANSWERED, world_leg(&w, 'b'));
	world_dial(&w, world_leg(&w, 'b'), "1");
	expect(&w, "JOIN a b");
	world_refer(&w, world_leg(&w, 'b'), "8312", 0);
	world_send(&w, EV_ANSWERED, world_leg(&w, 'c'));
	world_clear(&w);
	world_refer(&w, world_leg(&w, 'c'), "8801", 0);
	expect(&w, "REFER c 202", "STEP consultation"); /* asked anew; he has heard who it is */
	expect_not(&w, "JOIN");
}

static void trunks_neither_refer_nor_replace(void **state)
{
	(void)state;
	talking(ZHANG, "8312");
	world_refer(&w, world_leg(&w, 'a'), "8801", 0);
	expect(&w, "STEP transfer_refused", "REFER a 603");
}

static void vacant_post_is_gads_manager(void **state)
{
	static struct directory_person people[16];

	(void)state;
	for (unsigned i = 0; i < w.d.person_count; i++) {
		people[i] = w.d.people[i];
		if (people[i].id == 4)
			people[i].name[0] = '\0';
	}
	w.d.people = people;
	world_trunk_calls(&w, "8801", "139");
	expect(&w, "STEP target_vacant house", "STEP gad_manager A4.1.3", "DIAL b extension 601");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(did),
		T(inside_by_the_main_number),
		T(inside_direct_is_an_ordinary_call),
		T(blind_transfer_is_screened),
		T(blind_transfer_to_the_chairman),
		T(attended_by_anybody_is_announced),
		T(attended_announced_and_refused),
		T(attended_by_a_named_post),
		T(attended_from_the_other_leg),
		T(attended_before_the_answer_is_blind),
		T(chairman_attended_by_own_secretary_only),
		T(chairman_attended_by_another),
		T(consultation_is_not_picked_up),
		T(own_forward_gives_no_consent),
		T(forward_to_him_is_screened),
		T(waiting_for_him_is_the_consultation),
		T(parked_and_retrieved_is_his_own_act),
		T(park_returns_to_him_by_the_screening),
		T(picked_up_is_his_own_act),
		T(dialled_out_is_his_own_act),
		T(instruction),
		T(consent_ends_with_the_pair),
		T(trunks_neither_refer_nor_replace),
		T(vacant_post_is_gads_manager),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
