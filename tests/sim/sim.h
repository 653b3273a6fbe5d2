/*
 * Simulated calls from a seed: many callers at once, phones and trunks that misbehave, events that
 * are lost, clocks that jump; operators of any skill, whose consoles vanish and come back.
 * In episodes of some hundred calls, each from an empty exchange and a
 * seed of its own, so that a failure is replayed from a short beginning.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "invariants.h"

struct sim_options {
	uint64_t seed;
	uint64_t calls;    /* at least */
	unsigned check;    /* exchange_check after every n-th event */
	bool one;          /* the seed is an episode's, and only that one is run */
	bool quiet;        /* a wrong isn't printed as a trace */
	/* told of each step of a call; call numbers are an episode's own. NULL: nobody is */
	void (*told)(const struct effect *step, uint64_t episode, int64_t wall_ms, void *arg);
	void *arg;
};

struct sim_result {
	uint64_t calls, events, rejected, joined, kept, consents, ignored, episodes;
	uint64_t commands, refused, by_hand; /* by_hand: answered by an operator */
	const char *wrong;   /* NULL: nothing */
	uint64_t wrong_seed; /* of the episode */
};

/* Errors: ENOMEM, EINVAL. */
int sim_run(const struct sim_options *o, struct sim_result *out);

#endif
