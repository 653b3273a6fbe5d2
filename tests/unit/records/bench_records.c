/*
 * Steps logged and synced a second: pushes whole calls as fast as the queue takes them and prints
 * rate, commits and the storage thread's CPU. `bench_records sqlite PATH SECONDS`, or
 * `bench_records postgres CONNINFO SECONDS`, or `bench_records postgres "" SECONDS` for a server
 * of its own.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"

static double cpu_s(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6 +
	       (double)u.ru_stime.tv_sec + (double)u.ru_stime.tv_usec / 1e6;
}

static void run(int seconds)
{
	int64_t from = clock_mono_ms(), until = from + seconds * 1000;
	struct records_health h = {0};
	double all = cpu_s(RUSAGE_SELF), mine = cpu_s(RUSAGE_THREAD);
	uint64_t pushed = 0;
	double s;

	while (clock_mono_ms() < until) {
		call_push(records_call_no(w.r), clock_wall_ms());
		pushed += 7;
		if (pushed % 700 != 0)
			continue;
		do {
			usleep(1000);
			records_health(w.r, &h);
		} while (h.queued > RECORDS_QUEUE / 2);
	}
	steps_wait(pushed);
	s = (double)(clock_mono_ms() - from) / 1000;
	all = cpu_s(RUSAGE_SELF) - all;
	mine = cpu_s(RUSAGE_THREAD) - mine;
	records_health(w.r, &h);
	printf("%.0f steps/s, %.0f calls/s, %.0f commits/s, longest commit %u ms, storage thread "
	       "%.0f %% of a core (%.1f us a step)\n",
	       (double)pushed / s, (double)pushed / 7 / s, (double)h.commits / s, h.commit_max_ms,
	       (all - mine) / s * 100, (all - mine) * 1e6 / (double)pushed);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	w.engine = strcmp(argv[1], "sqlite") == 0 ? STORE_SQLITE : STORE_POSTGRES;
	snprintf(w.where, sizeof(w.where), "%s", argv[2]);
	if (w.engine == STORE_POSTGRES && !argv[2][0]) {
		if (pg_make(&w.server, true) || pg_database(&w.server, "bench"))
			return 1;
		snprintf(w.where, sizeof(w.where), "%s", w.server.conninfo);
	}
	world_start();
	run(atoi(argv[3]));
	world_stop(60000);
	pg_remove(&w.server);
	return 0;
}
