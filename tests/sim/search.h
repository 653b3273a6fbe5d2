/*
 * Breadth-first exploration of one scene: every state that the exchange can come to, each once by
 * its canonical hash, time only as "the next due timer". The first wrong is found by a shortest
 * way.
 */
#ifndef SIM_SEARCH_H
#define SIM_SEARCH_H

#include "moves.h"

struct search_limits {
	uint32_t states;   /* at most, then the frontier isn't emptied; 0: SEARCH_STATES */
	uint64_t moves;    /* likewise; 0: no limit */
	uint32_t patience; /* every n-th state is left to its timers alone; 0 never */
	bool quiet;        /* a wrong isn't printed as a trace */
};
#define SEARCH_STATES 40000000u
#define SEARCH_BYTES  (UINT64_C(1900) << 20) /* all that is kept; then it isn't emptied, either */

struct search_result {
	uint32_t states, depth;
	uint64_t moves;      /* transitions looked at */
	uint64_t refused;    /* of them commands that were refused, and changed nothing */
	uint64_t peak_bytes; /* of what is kept */
	bool emptied;
	const char *wrong; /* NULL: nothing */
	unsigned wrong_depth;
};

/* Errors: ENOMEM, EINVAL (the scene's world is wrong). */
int search_run(const struct scene *sc, const struct search_limits *limits,
	       struct search_result *out);

/* The scenes, one for each kind of target and more; and those with operators. */
extern const struct scene scenes[], scenes_desk[];
extern const unsigned scene_count, scene_desk_count;

#endif
