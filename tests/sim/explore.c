/* The shipped exchange, explored scene by scene. Usage: explore [NAME] */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "search.h"

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool explore(const struct scene *sc)
{
	struct search_limits limits = {.patience = 31};
	struct search_result r;
	double began = seconds();
	int err = search_run(sc, &limits, &r);

	if (err) {
		printf("%-34s cannot be explored: %s\n", sc->name, strerror(err));
		return false;
	}
	printf("%-34s %8u states %9llu moves  depth %3u  frontier %s  %5.1f s %4llu MB%s%s\n",
	       sc->name, r.states, (unsigned long long)r.moves, r.depth,
	       r.emptied ? "empty" : "NOT EMPTY", seconds() - began,
	       (unsigned long long)(r.peak_bytes >> 20), r.wrong ? "  FAILED: " : "",
	       r.wrong ? r.wrong : "");
	fflush(stdout);
	return r.emptied && !r.wrong;
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	for (unsigned i = 0; i < scene_count; i++) {
		if (argc > 1 && !strstr(scenes[i].name, argv[1]))
			continue;
		if (explore(&scenes[i]))
			passed++;
		else
			failed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
