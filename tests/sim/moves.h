/*
 * The exchange's surroundings, all that may happen next: what the contract of exchange.h permits
 * for each leg in each state, the recordings and keeps that are awaited, the next due timer, and
 * the callers of a scene.
 */
#ifndef SIM_MOVES_H
#define SIM_MOVES_H

#include "invariants.h"

enum { MOVES_MAX = 160, SCENE_INVITES = 5, SCENE_NUMBERS = 6, SCENE_DAY = 4 };

enum scene_flag {
	SCENE_HOLD = 1,
	SCENE_LINES = 2,   /* silent lines, busy tones */
	SCENE_CLOSING = 4, /* the switchboard may close at any moment */
	SCENE_ATTENDED = 8, /* transfers of one call to another */
	SCENE_REPLACES = 16, /* INVITE with Replaces by the last of the invites */
	SCENE_ALL_CODES = 32, /* each final code, else one for each outcome */
	SCENE_NO_EARLY = 64,
};

struct scene_invite {
	uint32_t extension; /* or trunk 1 */
	const char *dialled;
	const char *number; /* of an outside caller; NULL is an ordinary one */
};

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
};

struct moves {
	unsigned count;
	bool cut; /* more than MOVES_MAX: the run isn't complete */
	struct event v[MOVES_MAX];
};

/* All that may happen next. An EV_TIMER stands for the next due time, whenever that is. */
void moves_all(const struct scene *sc, const struct exchange *x, struct watch *w, struct moves *m);

/* The same for one leg alone. */
void moves_leg(const struct scene *sc, const struct exchange *x, struct watch *w,
	       const struct watch_leg *l, struct moves *m);

/* The recordings and keeps that are awaited. */
void moves_made(const struct exchange *x, const struct watch *w, struct moves *m);

#endif
