/*
 * The exchange's surroundings, all that may happen next: what the contract of exchange.h permits
 * for each leg in each state, the recordings and keeps that are awaited, the next due timer, and
 * the callers of a scene.
 */
#ifndef SIM_MOVES_H
#define SIM_MOVES_H

#include "invariants.h"

enum { MOVES_MAX = 1024, MOVES_CALLS = 16, SCENE_INVITES = 5, SCENE_NUMBERS = 6, SCENE_DAY = 4,
	SCENE_TARGETS = 6 };

enum scene_flag {
	SCENE_HOLD = 1,
	SCENE_LINES = 2,   /* silent lines, busy tones */
	SCENE_CLOSING = 4, /* the switchboard may close at any moment */
	SCENE_ATTENDED = 8, /* transfers of one call to another */
	SCENE_REPLACES = 16, /* INVITE with Replaces by the last of the invites */
	SCENE_ALL_CODES = 32, /* each final code, else one for each outcome */
	SCENE_NO_EARLY = 64,
	SCENE_OFF = 128,   /* the positions aren't on duty yet */
	SCENE_STRANGE = 256, /* commands for calls that are another's or gone, by a stale page, by a
			      * position that nobody knows, without a target, with a wrong value */
	SCENE_TWO_CODES = 512, /* refused or busy only */
	SCENE_NO_KEYS = 1024, /* callers press none but `digits` */
	SCENE_BOX_CALL = 2048, /* phones are called for messages */
};

struct scene_invite {
	uint32_t extension; /* or trunk 1 */
	const char *dialled;
	const char *number; /* of an outside caller; NULL is an ordinary one */
};

/* Whom a command may mean: one of them. */
struct scene_target {
	uint32_t person, department, extension;
	const char *number;
};

/* Operators: each position with a headset, and on duty, from the beginning. */
struct scene_desk {
	unsigned positions;
	uint32_t commands; /* bit a enum desk_command */
	uint32_t acts;	   /* bit a enum desk_act; HEADSET: its far end goes, too */
	uint32_t outcomes; /* bit a enum desk_outcome; 0: all */
	struct scene_target targets[SCENE_TARGETS];
	uint32_t phone; /* extension that is the first position's sound, 0 a headset */
	bool nailed;
};
#define SCENE_COMMAND(c)  (1u << COMMAND_##c)
#define SCENE_ACT(a)      (1u << DESK_##a)
#define SCENE_OUTCOME(o)  (1u << DESK_##o)

/* A run of the exploration: a company's day, who may call, and what may happen to them. */
struct scene {
	const char *name;
	unsigned changes;    /* enum world_change */
	unsigned flags;      /* enum scene_flag */
	unsigned calls;      /* at a time */
	unsigned legs;       /* that the exchange has room for */
	struct scene_invite invites[SCENE_INVITES];
	const char *digits;  /* while a number is awaited */
	const char *keypad;  /* while a name is awaited; NULL: digits */
	const char *refer[SCENE_NUMBERS];
	uint32_t away[SCENE_DAY];    /* people away from the beginning */
	uint32_t gone[SCENE_DAY];    /* extensions without a phone */
	struct scene_desk desk;
	uint32_t states[2];  /* at most, in ./test and in ./test --full; 0: it has to be emptied */
};

struct moves {
	unsigned count;
	bool cut; /* more than MOVES_MAX: the run isn't complete */
	unsigned calls;
	struct exchange_call_view call[MOVES_CALLS]; /* looked at by moves_look */
	struct event v[MOVES_MAX];
};

/* All that may happen next. An EV_TIMER stands for the next due time, whenever that is. */
void moves_all(const struct scene *sc, const struct exchange *x, struct watch *w, struct moves *m);

/* The calls as they are now, for moves_leg and moves_order. */
void moves_look(const struct exchange *x, struct moves *m);

/* The same for one leg alone. */
void moves_leg(const struct scene *sc, const struct exchange *x, struct watch *w,
	       const struct watch_leg *l, struct moves *m);

/* The recordings and keeps that are awaited. */
void moves_made(const struct exchange *x, const struct watch *w, struct moves *m);

struct event *moves_add(struct moves *m, enum event_kind k, leg_id leg);

/* ---- the desk's (moves_desk.c) ---- */
void moves_desk(const struct scene *sc, struct watch *w, struct moves *m);
/* All forms of one command to one call; NULL: to none that is named. */
void moves_order(const struct scene *sc, struct watch *w, uint16_t position,
		 enum desk_command what, const struct exchange_call_view *v, struct moves *m);
void moves_act(const struct scene *sc, uint16_t position, enum desk_act act, struct moves *m);

#endif
