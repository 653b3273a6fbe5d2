/*
 * Scenes with operators.
 */
#include "search.h"

#define OUTSIDE(to)     {0, to, NULL}
#define INSIDE(ext, to) {ext, to, NULL}
#define C SCENE_COMMAND
#define A SCENE_ACT

enum {
	LEAN = SCENE_NO_EARLY | SCENE_TWO_CODES,
	COMES = A(ON) | A(OFF) | A(AWAY) | A(BACK),
	VANISHES = A(PAGE_LOST) | A(PAGE_BACK) | A(SOUND_LOST) | A(SOUND_BACK) | A(HEADSET),
	ALL_COMMANDS = (1u << COMMAND_COUNT) - 1,
};

const struct scene scenes_desk[] = {
	{.name = "t1 answer 2x2", .calls = 2, .legs = 6, .flags = LEAN,
	 .invites = {OUTSIDE("80")},
	 .desk = {.positions = 2, .commands = C(ANSWER) | C(HANG_UP), .acts = COMES | VANISHES},
	 .states = {100000, 0}},
	{.name = "t2 answer 3x3", .calls = 3, .legs = 8, .flags = LEAN,
	 .invites = {OUTSIDE("80")},
	 .desk = {.positions = 3, .commands = C(ANSWER) | C(HANG_UP), .acts = A(OFF) | A(ON)},
	 .states = {100000, 0}},
	{.name = "t3 through 2x2", .calls = 2, .legs = 6, .flags = LEAN,
	 .invites = {OUTSIDE("80")},
	 .desk = {.positions = 2, .commands = C(ANSWER) | C(PUT_THROUGH) | C(LET_GO) |
	  C(PULL_BACK) | C(WAIT_FREE) | C(CALL_BACK), .acts = 0, .targets = {{.extension=EXT_STAFF}}},
	 .states = {100000, 0}},
	{.name = "t4 screening 2x2", .calls = 2, .legs = 6, .flags = LEAN,
	 .invites = {OUTSIDE("80")},
	 .desk = {.positions = 2, .commands = C(ANSWER) | C(PUT_THROUGH) | C(SCREEN) |
	  C(CONSULT) | C(OUTCOME) | C(CONSENT_BY_NAME), .acts = 0, .targets = {{.person=PERSON_GM}}},
	 .states = {100000, 0}},
	{.name = "t5 hold 2x2", .calls = 2, .legs = 6, .flags = LEAN,
	 .invites = {OUTSIDE("80")},
	 .desk = {.positions = 2, .commands = C(ANSWER) | C(HOLD) | C(RETRIEVE) |
	  C(PARK) | C(HAND_OVER) | C(CONSULT)|C(CONFERENCE)|C(LEAVE), .acts = 0, .targets = {{.extension=EXT_STAFF}}},
	 .states = {100000, 0}},
	{.name = "t6 all 2x2", .calls = 2, .legs = 6, .flags = LEAN|SCENE_STRANGE,
	 .invites = {OUTSIDE("80")},
	 .desk = {.positions = 2, .commands = ALL_COMMANDS, .acts = COMES|VANISHES, .targets = {{.extension=EXT_STAFF},{.person=PERSON_GM}}},
	 .states = {20000, 0}},
	{.name = "t7 all 1x1", .calls = 1, .legs = 4, .flags = LEAN|SCENE_STRANGE,
	 .invites = {OUTSIDE("80")},
	 .desk = {.positions = 1, .commands = ALL_COMMANDS, .acts = COMES|VANISHES, .targets = {{.extension=EXT_STAFF},{.person=PERSON_GM}}},
	 .states = {100000, 0}},
};
const unsigned scene_desk_count = sizeof(scenes_desk) / sizeof(scenes_desk[0]);
