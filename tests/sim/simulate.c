/* Calls simulated from a seed. Usage: simulate CALLS [SEED] | simulate --episode SEED */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim.h"

#ifdef __SANITIZE_ADDRESS__
#define BUILT "with sanitizers"
#else
#define BUILT "optimised"
#endif

int main(int argc, char **argv)
{
	struct sim_options o = {.calls = 10000, .check = 16};
	struct sim_result r;
	struct timespec t0, t1;
	int err;

	clock_gettime(CLOCK_REALTIME, &t0);
	o.seed = (uint64_t)t0.tv_sec * 1000 + (uint64_t)t0.tv_nsec / 1000000;
	if (argc == 3 && strcmp(argv[1], "--episode") == 0) {
		o.one = true;
		o.check = 1;
		o.seed = strtoull(argv[2], NULL, 10);
	} else if (argc > 1) {
		o.calls = strtoull(argv[1], NULL, 10);
		o.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : o.seed;
	}
	err = sim_run(&o, &r);
	if (err) {
		printf("cannot simulate: %s\n", strerror(err));
		return 1;
	}
	clock_gettime(CLOCK_REALTIME, &t1);
	printf("simulated %s: seed %llu: %llu calls, %llu events, %llu joins, %llu consents, "
	       "%llu messages kept, %llu turned away, %llu events ignored, %llu answered by an "
	       "operator, %llu commands (%llu refused), %.1f s%s%s\n",
	       BUILT, (unsigned long long)o.seed, (unsigned long long)r.calls,
	       (unsigned long long)r.events, (unsigned long long)r.joined,
	       (unsigned long long)r.consents, (unsigned long long)r.kept,
	       (unsigned long long)r.rejected, (unsigned long long)r.ignored,
	       (unsigned long long)r.by_hand, (unsigned long long)r.commands,
	       (unsigned long long)r.refused,
	       (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9,
	       r.wrong ? "  FAILED: " : "", r.wrong ? r.wrong : "");
	if (r.wrong)
		printf("again: simulate --episode %llu\n", (unsigned long long)r.wrong_seed);
	return r.wrong != NULL;
}
