/*
 * Many short lives of a small exchange from seeds: anything may happen at any time. The world looks
 * at every step's invariants; at the end all calls must have ended, each with its last step.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#include "base/text.h"

static struct world w;
static uint64_t seed;
static bool desks;

static unsigned rnd(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % n;
}

static const uint32_t phones[] = {CHAIRMAN, GM, GM_SECOND, GAD_MANAGER, SECRETARY, CLERK, ZHANG,
				  LI, WANG, GAD_DESK, CS_ONE, CS_TWO};
static const char *const numbers[] = {
	"8000", "8801", "8800", "8312", "8313", "8310", "8600", "8950", "8700", "0", "8811",
	"955501234", "901012345", "110", "9119", "*8", "*78801", "*78312", "*6", "7701", "7702",
	"*78", "*79", "*728801", "*728312", "*73", "8399", "9", "", "*", "8805", "8601",
};

#define PICK(a) (a)[rnd(sizeof(a) / sizeof((a)[0]))]

static leg_id some_leg(void)
{
	for (unsigned tries = 0; tries < 8 && w.leg_count; tries++) {
		unsigned i = rnd(w.leg_count);

		if (w.alive[i])
			return w.legs[i];
	}
	return w.leg_count && rnd(4) == 0 ? w.legs[rnd(w.leg_count)] : 0;
}

static void arrives(void)
{
	if (w.leg_count > WORLD_LEGS - 40 || w.calls > WORLD_CALLS - 4)
		return;
	if (rnd(8) == 0)
		world_replaces(&w, PICK(phones), some_leg(), rnd(2));
	else if (rnd(2))
		world_trunk_calls(&w, PICK(numbers), rnd(4) ? "139" : "");
	else
		world_phone_calls(&w, PICK(phones), PICK(numbers));
}

static void leg_does(void)
{
	static const uint16_t codes[] = {0, 404, 408, 480, 486, 487, 500, 503, 600, 603};
	static const enum event_kind kinds[] = {EV_RINGING, EV_EARLY, EV_ANSWERED, EV_ANSWERED,
						EV_FAILED, EV_ENDED, EV_HELD, EV_RETRIEVED,
						EV_SILENT, EV_BUSY_TONE};
	enum event_kind k = PICK(kinds);
	leg_id l = some_leg();

	if (k == EV_SILENT && rnd(4))
		return;
	world_code(&w, k, l, PICK(codes));
}

static void digits(void)
{
	static const char *const keys[] = {"1", "2", "3", "*", "#", "0", "8312", "8801", "8800",
					   "8310", "8950", "9", "43#", "99#", "94264#"};

	world_dial(&w, some_leg(), PICK(keys));
}

static void played(void)
{
	leg_id l = some_leg();

	if (l)
		world_played(&w, l);
}

static void sets(void)
{
	static const enum day_set all[] = {DAY_DND, DAY_FORWARD_ALWAYS, DAY_FORWARD_BUSY,
					   DAY_FORWARD_NO_ANSWER, DAY_AWAY, DAY_INSTRUCTION};

	world_set(&w, PICK(all), rnd(2), PICK(phones), rnd(24), rnd(3) ? PICK(numbers) : "139",
		  rnd(2) ? 0 : w.now.wall_ms + (int64_t)rnd(100000));
	if (rnd(3) == 0)
		world_reachable(&w, PICK(phones), rnd(3));
	if (rnd(4) == 0)
		world_trunk(&w, (uint16_t)(1 + rnd(2)), rnd(3));
	if (rnd(4) == 0)
		world_send(&w, EV_MEASURES, 0);
}

static void desk(void)
{
	static const uint32_t desk_phones[] = {CLERK, WANG, GAD_DESK, GM, 0};
	uint16_t position = (uint16_t)(1 + rnd(3));

	if (w.leg_count > WORLD_LEGS - 40)
		return;
	if (rnd(6) == 0)
		world_phone(&w, position, PICK(desk_phones), rnd(2));
	else if (rnd(3) == 0)
		world_duty(&w, position);
	else
		world_desk(&w, position, (enum desk_act)rnd(DESK_ACT_COUNT));
}

static void commands(void)
{
	struct world_order o = {0};
	static const enum desk_command often[] = {COMMAND_ANSWER, COMMAND_CONSULT,
						  COMMAND_PUT_THROUGH, COMMAND_SCREEN};
	enum desk_command what =
	    rnd(3) ? (enum desk_command)rnd(COMMAND_COUNT) : PICK(often);

	if (w.leg_count > WORLD_LEGS - 40 || w.calls > WORLD_CALLS - 4)
		return;
	if (rnd(2))
		o.call = rnd(3) ? w.calls - rnd(4) % (w.calls + 1) : rnd(WORLD_CALLS);
	if (what == COMMAND_DIAL)
		o.call = ++w.calls;
	if (what == COMMAND_OUTCOME)
		o.value = rnd(DESK_OUTCOME_COUNT + 1);
	else
		o.value = rnd(3) ? SCREEN_ALL : rnd(9);
	o.to = (uint16_t)rnd(4);
	if (rnd(4) == 0)
		o.rev = (uint16_t)rnd(20);
	switch (rnd(4)) {
	case 0:
		o.person = rnd(24);
		break;
	case 1:
		o.department = rnd(5);
		break;
	case 2:
		o.extension = PICK(phones);
		break;
	default:
		o.number = PICK(numbers);
		break;
	}
	world_command(&w, (uint16_t)(1 + rnd(3)), what, o);
	if (what == COMMAND_DIAL && w.refusal != REFUSAL_NONE)
		w.calls--;
}

static void anything(void)
{
	if (desks && rnd(3) == 0) {
		if (rnd(4) == 0)
			desk();
		else
			commands();
		return;
	}
	switch (rnd(12)) {
	case 0:
	case 1:
		arrives();
		break;
	case 2:
	case 3:
	case 4:
		leg_does();
		break;
	case 5:
	case 6:
		digits();
		break;
	case 7:
		played();
		break;
	case 8:
		world_recorded(&w, rnd(3) ? 4000 : 100);
		break;
	case 9:
		world_kept(&w, rnd(4));
		break;
	case 10:
		world_refer(&w, some_leg(), PICK(numbers), rnd(2) ? some_leg() : 0);
		break;
	default:
		if (rnd(4) == 0)
			sets();
		else
			world_wait(&w, rnd(3) ? rnd(3000) : rnd(40000));
		break;
	}
	if (strlen(w.text) > sizeof(w.text) - 8192)
		world_clear(&w);
}

static void lives(unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		if (getenv("SEED"))
			print_message("seed %u\n", i);
		seed = i * UINT64_C(0x9E3779B97F4A7C15);
		world_start_caps(&w, (struct exchange_caps){2 + rnd(8), 4 + rnd(30), 14, 3,
							   rnd(3)});
		world_clock(&w, rnd(7), rnd(24), 0);
		w.m.trunk_to_trunk = rnd(2);
		w.m.screen_inside = rnd(2);
		desks = rnd(3);
		w.m.answer_strategy = (uint8_t)rnd(3);
		w.m.wrap_up_ms = rnd(2) * 3000;
		if (desks)
			world_duty(&w, 1);
		for (unsigned n = 0; n < 200; n++)
			anything();
		if (rnd(4) == 0)
			world_send(&w, EV_CLOSING, 0);
		world_stop(&w);
	}
}

static void seeds(void **state)
{
	const char *from = getenv("SEED"), *count = getenv("LIVES");

	(void)state;
	lives(from ? (unsigned)atoi(from) : 0, count ? (unsigned)atoi(count) : 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(seeds)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
