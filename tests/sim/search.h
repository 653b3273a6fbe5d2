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
	uint32_t patience; /* every n-th state is left to its timers alone; 0 never */
	bool quiet;        /* a wrong isn't printed as a trace */
};
#define SEARCH_STATES 6000000u
#define SEARCH_FRONTIER_BYTES (UINT64_C(1400) << 20)

struct search_result {
	uint32_t states, depth;
	uint64_t moves;      /* transitions looked at */
	uint64_t peak_bytes; /* of the frontier */
	bool emptied;
	const char *wrong; /* NULL: nothing */
	unsigned wrong_depth;
};

/* Errors: ENOMEM, EINVAL (the scene's world is wrong). */
int search_run(const struct scene *sc, const struct search_limits *limits,
	       struct search_result *out);

/* The scenes, one for each kind of target and more. */
extern const struct scene scenes[];
extern const unsigned scene_count;

#endif
