/*
 * The exchange with its planted faults (exchange/faults.def): each one switched on has to be found,
 * by exploration or by simulation; with none switched on nothing may be found.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "search.h"
#include "sim.h"

enum { STATES = 25000, MOVES = 300000, CLEAN_MOVES = 100000, CALLS = 20000, SEED = 20261124,
	FIRST_OF_DESK = FAULT_DESK_CONSENT_UNANSWERED };

struct finding {
	const char *wrong;
	const char *where; /* the scene, or the simulation */
	unsigned depth;
	uint64_t looked;   /* moves, or events */
};

/* Scene by scene from the `first`, each up to STATES: a fault shows early. */
static bool explore(bool all, unsigned first, struct finding *f)
{
	const struct search_limits limits = {
		.states = STATES, .moves = all ? CLEAN_MOVES : MOVES, .patience = 31,
		.quiet = !all};
	unsigned count = scene_count + scene_desk_count;
	struct search_result r;

	for (unsigned n = 0; n < count; n++) {
		unsigned i = (first + n) % count;
		const struct scene *sc =
			i < scene_count ? &scenes[i] : &scenes_desk[i - scene_count];

		if (search_run(sc, &limits, &r)) {
			f->wrong = "a scene cannot be explored";
			return false;
		}
		f->looked += r.moves;
		f->where = sc->name;
		f->depth = r.wrong_depth;
		f->wrong = r.wrong;
		if (r.wrong)
			break;
	}
	return true;
}

static bool simulate(struct finding *f, bool quiet)
{
	const struct sim_options o = {.seed = SEED, .calls = CALLS, .check = 1, .quiet = quiet};
	struct sim_result r;

	if (sim_run(&o, &r))
		return false;
	f->looked += r.events;
	f->where = "simulation";
	f->depth = 0;
	f->wrong = r.wrong;
	return true;
}

/* The scene from which on a fault shows soonest. */
static unsigned first_scene(enum exchange_fault_kind k)
{
	static const char *const names[FAULT_COUNT] = {
	    [FAULT_CONSENT_PICKUP] = "pick-up",
	    [FAULT_CONSENT_FORWARD] = "forward to general manager",
	    [FAULT_LONG_OUTSIDE] = "long calls",
	    [FAULT_BOX_ANY_PIN] = "mailbox",
	    [FAULT_BOX_UNASKED] = "called for a message",
	};
	unsigned i = 0;

	if ((int)k >= FIRST_OF_DESK)
		return scene_count;
	while (names[k] && i < scene_count && strcmp(scenes[i].name, names[k]) != 0)
		i++;
	return i;
}

/* The exploration first: it tells a shortest way. */
static bool caught(enum exchange_fault_kind k)
{
	unsigned first = first_scene(k);
	struct finding f = {NULL, "", 0, 0};

	exchange_fault = k;
	if (!explore(false, first, &f) || (!f.wrong && !simulate(&f, true)))
		return false;
	if (f.wrong && f.depth)
		printf("caught  %-58s %s: %s, after %u events\n", exchange_fault_name(k), f.where,
		       f.wrong, f.depth);
	else if (f.wrong)
		printf("caught  %-58s %s: %s\n", exchange_fault_name(k), f.where, f.wrong);
	else
		printf("MISSED  %-58s after %llu moves\n", exchange_fault_name(k),
		       (unsigned long long)f.looked);
	fflush(stdout);
	return f.wrong;
}

static bool clean(void)
{
	struct finding f = {NULL, "", 0, 0};
	bool ok;

	exchange_fault = FAULT_NONE;
	ok = explore(true, 0, &f) && !f.wrong && simulate(&f, false) && !f.wrong;
	printf("%s  no fault: %llu moves and events%s%s\n", ok ? "clean " : "FAILED",
	       (unsigned long long)f.looked, f.wrong ? ", " : "", f.wrong ? f.wrong : "");
	return ok;
}

int main(void)
{
	unsigned passed = 0, failed = 0;

	for (int k = FAULT_NONE; k < FAULT_COUNT; k++) {
		bool ok = k == FAULT_NONE ? clean() : caught((enum exchange_fault_kind)k);

		passed += ok;
		failed += !ok;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
