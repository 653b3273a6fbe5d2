/*
 * A tiny scripted world around one exchange: events in, effects out as text, with the invariants
 * that hold for every step looked at after each.
 */
#ifndef TESTS_EXCHANGE_WORLD_H
#define TESTS_EXCHANGE_WORLD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "exchange/exchange.h"

/* People and phones of the world; the numbers are the extensions' ids. */
enum {
	CHAIRMAN = 800,  /* person 1, 8800, secretary person 8 */
	GM = 801,        /* person 4, 8801 */
	GM_SECOND = 811, /* person 4 too, 8811 */
	GAD_MANAGER = 601, /* person 5, 8601 */
	SECRETARY = 805, /* person 8, 8805 */
	CLERK = 604,     /* person 11, 8604, pick-up group 1 */
	ZHANG = 312,     /* person 20, 8312, pick-up group 3, deputy 21 */
	LI = 313,        /* person 21, 8313, pick-up group 3 */
	WANG = 314,      /* person 22, 8314, city calls only, pick-up group 4 */
	GAD_DESK = 609,  /* department 1's phone, 8609 */
	CS_ONE = 951, CS_TWO = 952, /* customer service */
};
enum { DEPT_GAD = 1, DEPT_CUSTOMER = 2, DEPT_WORKS = 3, DEPT_SALES = 4 };

#define WORLD_LEGS  600
#define WORLD_CALLS 300

struct world {
	struct measures m;
	struct directory d;
	struct exchange_rules rules;
	struct exchange_caps caps;
	struct exchange *x;
	void *before; /* the state before a command */
	size_t bytes;
	void *index;
	struct now now;
	struct effects fx;
	char text[65536]; /* effects since the last world_clear */
	leg_id legs[WORLD_LEGS]; /* a, b, c ... by order of appearance */
	unsigned leg_count;
	bool alive[WORLD_LEGS];
	uint32_t leg_extension[WORLD_LEGS];
	uint16_t leg_trunk[WORLD_LEGS];
	uint32_t played[WORLD_LEGS], recording[WORLD_LEGS]; /* last serials */
	uint32_t keep, record;
	uint32_t box; /* serial of the last FX_BOX that waits for an answer */
	uint64_t calls;
	uint8_t ended[WORLD_CALLS], arrived[WORLD_CALLS];
	uint32_t consent[WORLD_CALLS]; /* for whom a call holds a consent fact */
	uint32_t commands;
	enum refusal refusal; /* of the last command */
	uint16_t other;
};

void world_start(struct world *w);
void world_start_caps(struct world *w, struct exchange_caps caps);
void world_stop(struct world *w); /* all calls must have ended by then */

leg_id world_trunk_calls(struct world *w, const char *dialled, const char *number);
leg_id world_phone_calls(struct world *w, uint32_t extension, const char *dialled);
leg_id world_replaces(struct world *w, uint32_t extension, leg_id leg, bool early_only);
void world_send(struct world *w, enum event_kind k, leg_id leg);
void world_code(struct world *w, enum event_kind k, leg_id leg, uint16_t code);
void world_dial(struct world *w, leg_id leg, const char *digits);
void world_played(struct world *w, leg_id leg);
void world_recorded(struct world *w, uint32_t ms);
void world_kept(struct world *w, bool ok);
/* The desk: position 1 up, whose operator is WORLD_OPERATOR. */
#define WORLD_OPERATOR 11
struct world_order {
	uint64_t call;
	uint16_t rev, to;
	uint32_t person, department, extension, value;
	const char *number, *text;
};
void world_desk(struct world *w, uint16_t position, enum desk_act act);
void world_phone(struct world *w, uint16_t position, uint32_t extension, bool nailed);
leg_id world_duty(struct world *w, uint16_t position); /* on duty, with a headset */
enum refusal world_command(struct world *w, uint16_t position, enum desk_command what,
			   struct world_order o);
#define command(w, position, what, ...)                                                            \
	world_command(w, position, COMMAND_##what, (struct world_order){__VA_ARGS__})
struct exchange_call_view world_call(struct world *w, uint64_t call_no);
void world_refer(struct world *w, leg_id leg, const char *number, leg_id replaces);
void world_set(struct world *w, enum day_set set, bool on, uint32_t extension, uint32_t person,
	       const char *number, int64_t until_wall_ms);
void world_reachable(struct world *w, uint32_t extension, bool on);
void world_trunk(struct world *w, uint16_t trunk, bool on);
void world_wait(struct world *w, int64_t ms);
void world_clock(struct world *w, unsigned weekday, unsigned hour, unsigned minute);

leg_id world_leg(const struct world *w, char letter);
void world_clear(struct world *w);
/* Each text must occur in what happened since world_clear, in that order. Ends with NULL. */
void world_expect_v(struct world *w, const char *file, int line, ...);
#define expect(w, ...) world_expect_v(w, __FILE__, __LINE__, __VA_ARGS__, NULL)
void world_expect_not(struct world *w, const char *text, const char *file, int line);
#define expect_not(w, text) world_expect_not(w, text, __FILE__, __LINE__)

#endif
