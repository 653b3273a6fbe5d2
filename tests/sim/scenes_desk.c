/*
 * Scenes with operators: every feature with two positions and two calls, and each group of features
 * alone with two and with three. Outside callers, who press no key: what keys do, the other scenes
 * see. Those that are too many for ./test have a bound there, and a wider one in ./test --full; a
 * frontier that empties before is printed so.
 */
#include "search.h"

#define OUTSIDE(to)     {0, to, NULL}
#define INSIDE(ext, to) {ext, to, NULL}
#define C(name)         SCENE_COMMAND(name)
#define A(name)         SCENE_ACT(name)
#define TWO             .calls = 2, .legs = 6
#define THREE           .calls = 3, .legs = 9
#define CALLERS         .invites = {OUTSIDE("80")}

enum {
	WIDE = 3000000,
	LEAN = SCENE_NO_EARLY | SCENE_TWO_CODES | SCENE_NO_KEYS,
	COMES = A(ON) | A(OFF) | A(AWAY),
	VANISHES = A(PAGE_LOST) | A(PAGE_BACK) | A(SOUND_LOST) | A(SOUND_BACK) | A(HEADSET),
	ALL_COMMANDS = (1u << COMMAND_COUNT) - 1,
	THROUGH = C(ANSWER) | C(PUT_THROUGH) | C(LET_GO) | C(PULL_BACK) | C(WAIT_FREE),
	SCREENS = C(ANSWER) | C(SCREEN) | C(CONSULT) | C(OUTCOME) | C(PUT_THROUGH) |
		  C(CONSENT_BY_NAME),
	HOLDS = C(ANSWER) | C(HOLD) | C(RETRIEVE) | C(PARK) | C(HAND_OVER),
	CONFERS = C(ANSWER) | C(CONSULT) | C(CONFERENCE) | C(LEAVE) | C(HOLD) | C(RETRIEVE),
};

const struct scene scenes_desk[] = {
	/* ---- everything at once ---- */
	{.name = "desk: everything, 1 x 1", .calls = 1, .legs = 4, .flags = LEAN | SCENE_STRANGE,
	 CALLERS, .states = {60000, WIDE},
	 .desk = {.positions = 1, .commands = ALL_COMMANDS, .acts = COMES | VANISHES,
		  .targets = {{.person = PERSON_GM}, {.extension = EXT_STAFF}}}},
	{.name = "desk: every command, 1 x 1", .calls = 1, .legs = 4,
	 .flags = LEAN | SCENE_STRANGE, CALLERS, .states = {60000, WIDE},
	 .desk = {.positions = 1, .commands = ALL_COMMANDS & ~C(CALL_BACK),
		  .targets = {{.person = PERSON_GM}}}},
	{.name = "desk: every act, 1 x 1", .calls = 1, .legs = 4, .flags = LEAN | SCENE_STRANGE,
	 CALLERS, .states = {60000, WIDE},
	 .desk = {.positions = 1, .commands = THROUGH | HOLDS | C(HANG_UP),
		  .acts = COMES | VANISHES, .targets = {{.extension = EXT_STAFF}}}},
	{.name = "desk: everything, 2 x 2", TWO, .flags = LEAN | SCENE_STRANGE, CALLERS,
	 .states = {60000, WIDE * 2},
	 .desk = {.positions = 2, .commands = ALL_COMMANDS, .acts = COMES | VANISHES,
		  .targets = {{.person = PERSON_GM}, {.extension = EXT_STAFF}}}},
	{.name = "desk: everything, many targets", TWO, .flags = LEAN | SCENE_STRANGE,
	 .states = {20000, WIDE}, .invites = {OUTSIDE("80"), INSIDE(EXT_GM, "80")},
	 .desk = {.positions = 2, .commands = ALL_COMMANDS, .acts = COMES | VANISHES,
		  .targets = {{.person = PERSON_GM}, {.extension = EXT_STAFF},
			      {.person = PERSON_CHAIRMAN}, {.department = DEPT_SERVICE},
			      {.number = "95550"}, {.person = PERSON_GAD_MANAGER}}}},
	{.name = "desk: a phone for each call", TWO, .flags = LEAN, CALLERS,
	 .states = {60000, WIDE},
	 .desk = {.positions = 2, .commands = THROUGH | HOLDS, .acts = A(ON) | A(OFF) | A(PHONE),
		  .phone = EXT_GAD_DESK, .targets = {{.extension = EXT_STAFF}}}},

	/* ---- answering ---- */
	{.name = "desk: answering, 2 x 2", TWO, .flags = LEAN | SCENE_STRANGE, CALLERS,
	 .states = {60000, WIDE},
	 .desk = {.positions = 2, .commands = C(ANSWER) | C(HANG_UP), .acts = COMES | VANISHES}},
	{.name = "desk: answering, 3 x 3", THREE, .flags = LEAN, CALLERS, .states = {60000, WIDE},
	 .desk = {.positions = 3, .commands = C(ANSWER) | C(HANG_UP), .acts = A(ON) | A(OFF)}},
	{.name = "desk: 0 asks for the operator", TWO, .flags = LEAN, CALLERS, .digits = "0",
	 .states = {60000, WIDE},
	 .desk = {.positions = 2, .commands = C(ANSWER), .acts = A(ON) | A(OFF)}},
	{.name = "desk: wrapping up, all ring", TWO,
	 .flags = LEAN, CALLERS, .states = {60000, WIDE},
	 .changes = WORLD_WRAP_UP | WORLD_RING_ALL,
	 .desk = {.positions = 2, .commands = C(ANSWER) | C(HANG_UP), .acts = COMES}},

	/* ---- putting through, and coming back ---- */
	{.name = "desk: putting through, 2 x 2", TWO,
	 .flags = LEAN, CALLERS, .states = {WIDE, WIDE},
	 .desk = {.positions = 2, .commands = THROUGH, .targets = {{.extension = EXT_STAFF}}}},
	{.name = "desk: putting through, 3 x 3", THREE, .flags = LEAN, CALLERS,
	 .states = {60000, WIDE},
	 .desk = {.positions = 3, .commands = THROUGH, .targets = {{.extension = EXT_STAFF}}}},
	{.name = "desk: long calls", TWO, .flags = LEAN, CALLERS, .states = {60000, WIDE},
	 .changes = WORLD_LONG_CALLS,
	 .desk = {.positions = 2, .commands = THROUGH | C(REMIND_LATER), .acts = A(ON) | A(OFF),
		  .targets = {{.extension = EXT_STAFF}, {.person = PERSON_GAD_MANAGER}}}},
	{.name = "desk: call back when free", TWO, .flags = LEAN, CALLERS,
	 .states = {40000, WIDE},
	 .desk = {.positions = 2, .commands = THROUGH | C(CALL_BACK) | C(HANG_UP),
		  .acts = A(ON) | A(OFF), .targets = {{.extension = EXT_STAFF}}}},

	/* ---- screening, consent, complaints ---- */
	{.name = "desk: screening, 2 x 2", TWO, .flags = LEAN, CALLERS, .states = {60000, WIDE},
	 .desk = {.positions = 2, .commands = SCREENS, .targets = {{.person = PERSON_GM}}}},
	{.name = "desk: screening, 3 x 3", THREE, .flags = LEAN, CALLERS, .states = {60000, WIDE},
	 .desk = {.positions = 3, .commands = SCREENS, .targets = {{.person = PERSON_GM}}}},
	{.name = "desk: consent and hands", TWO, .flags = LEAN | SCENE_STRANGE, CALLERS,
	 .states = {40000, WIDE},
	 .desk = {.positions = 2, .commands = SCREENS | HOLDS | C(CONFERENCE) | C(LET_GO),
		  .outcomes = SCENE_OUTCOME(AGREED) | SCENE_OUTCOME(OTHER),
		  .targets = {{.person = PERSON_GM}, {.extension = EXT_COLLEAGUE}}}},
	{.name = "desk: consent, other hands", .calls = 1, .legs = 5, .flags = LEAN, CALLERS,
	 .states = {60000, WIDE},
	 .desk = {.positions = 2, .commands = C(ANSWER) | C(CONSENT_BY_NAME) | C(PUT_THROUGH) |
					      C(LET_GO) | C(HOLD),
		  .targets = {{.person = PERSON_GM}, {.extension = EXT_STAFF}}}},
	{.name = "desk: complaints", TWO, .flags = LEAN, CALLERS, .states = {40000, WIDE},
	 .desk = {.positions = 1, .commands = C(ANSWER) | C(COMPLAINT) | C(PUT_THROUGH) |
					      C(CONSULT) | C(OUTCOME),
		  .targets = {{.extension = EXT_STAFF}, {.department = DEPT_SERVICE}}}},
	{.name = "desk: complaints, post vacant", .calls = 1, .legs = 4, .flags = LEAN, CALLERS,
	 .changes = WORLD_NO_GM, .states = {40000, WIDE},
	 .desk = {.positions = 1, .commands = SCREENS | C(COMPLAINT),
		  .targets = {{.person = PERSON_GM}}}},

	{.name = "desk: recorded", TWO, .flags = LEAN | SCENE_LINES, CALLERS,
	 .changes = WORLD_RECORDED, .states = {40000, WIDE},
	 .desk = {.positions = 1, .commands = C(ANSWER) | C(COMPLAINT) | C(PUT_THROUGH) |
					      C(PULL_BACK) | C(HANG_UP),
		  .targets = {{.extension = EXT_STAFF}, {.department = DEPT_SERVICE}}}},

	/* ---- hold, park, conference, hand-over ---- */
	{.name = "desk: hold, park, hand-over, 2 x 2", TWO, .flags = LEAN, CALLERS,
	 .states = {60000, WIDE}, .desk = {.positions = 2, .commands = HOLDS}},
	{.name = "desk: hold, park, hand-over, 3 x 3", THREE, .flags = LEAN, CALLERS,
	 .states = {60000, WIDE}, .desk = {.positions = 3, .commands = HOLDS}},
	{.name = "desk: conference, 2 x 2", TWO, .flags = LEAN, CALLERS, .states = {60000, WIDE},
	 .desk = {.positions = 2, .commands = CONFERS, .targets = {{.extension = EXT_STAFF}}}},
	{.name = "desk: conference, 3 x 3", THREE, .flags = LEAN, CALLERS, .states = {60000, WIDE},
	 .desk = {.positions = 3, .commands = CONFERS, .targets = {{.extension = EXT_STAFF}}}},
	{.name = "desk: parked, and fetched by a phone", TWO, .flags = LEAN,
	 .invites = {OUTSIDE("80"), INSIDE(EXT_GM, "75")}, .states = {60000, WIDE},
	 .desk = {.positions = 1, .commands = HOLDS | C(GREET) | C(VOICE_MESSAGE)}},
};
const unsigned scene_desk_count = sizeof(scenes_desk) / sizeof(scenes_desk[0]);
