/*
 * The shipped exchange, explored scene by scene. Usage: explore [NAME [STATES]]. A
 * scene with operators whose
 * states are too many is explored up to a bound; ZONGJI_TIER=full sets a wider one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "search.h"

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool explore(const struct scene *sc, uint32_t states)
{
	const char *tier = getenv("ZONGJI_TIER");
	bool full = tier && strcmp(tier, "full") == 0;
	struct search_limits limits = {.patience = 31};
	struct search_result r;
	double began = seconds();
	int err;

	limits.states = states ? states : sc->states[full];
	err = search_run(sc, &limits, &r);
	if (err) {
		printf("%-34s cannot be explored: %s\n", sc->name, strerror(err));
		return false;
	}
	printf("%-38s %8u states %9llu moves", sc->name, r.states, (unsigned long long)r.moves);
	if (sc->desk.positions)
		printf(" (%llu refused, %.1f %% new)", (unsigned long long)r.refused,
		       100.0 * r.states / (double)(r.moves ? r.moves : 1));
	printf("  depth %3u  frontier %s  %5.1f s %4llu MB%s%s\n", r.depth,
	       r.emptied ? "empty" : "not empty", seconds() - began,
	       (unsigned long long)(r.peak_bytes >> 20), r.wrong ? "  FAILED: " : "",
	       r.wrong ? r.wrong : "");
	fflush(stdout);
	return !r.wrong && (r.emptied || limits.states);
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	for (unsigned i = 0; i < scene_count + scene_desk_count; i++) {
		const struct scene *sc =
			i < scene_count ? &scenes[i] : &scenes_desk[i - scene_count];

		if (argc > 1 && !strstr(sc->name, argv[1]))
			continue;
		if (explore(sc, argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0))
			passed++;
		else
			failed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
