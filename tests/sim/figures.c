/*
 * Simulated calls through the real storage thread, then every record and figure against the log:
 * `sim_figures CALLS SEED`. What the exchange may do in any order the figures have to bear, and the
 * SQL that recomputes them as well. Closes with `N passed, N failed`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "records/figures.h"
#include "sim.h"

#define EPISODE_BITS 24 /* an episode's call numbers are below it */
#define HALF_FULL    (RECORDS_QUEUE / 2)

static struct records_vocabulary vocabulary(void)
{
	static const char *steps[STEP_COUNT], *clauses[CLAUSE_COUNT], *ends[END_COUNT];

	for (int i = 0; i < STEP_COUNT; i++)
		steps[i] = exchange_step_name((enum step_kind)i);
	for (int i = 0; i < CLAUSE_COUNT; i++)
		clauses[i] = exchange_clause_name((enum clause)i);
	for (int i = 0; i < END_COUNT; i++)
		ends[i] = exchange_end_name((enum exchange_end)i);
	return (struct records_vocabulary){.steps = steps,
					   .clauses = clauses,
					   .ends = ends,
					   .step_count = STEP_COUNT,
					   .clause_count = CLAUSE_COUNT,
					   .end_count = END_COUNT};
}

/* As app/wire_records.c makes a step of it. */
static void told(const struct effect *fx, uint64_t episode, int64_t wall_ms, void *arg)
{
	struct records *r = arg;
	struct records_health h;
	struct records_step s = {
	    .call_no = (episode + 1) << EPISODE_BITS | fx->step.call_no,
	    .at_ms = wall_ms,
	    .org = 1,
	    .person = fx->step.person,
	    .department = fx->step.department,
	    .extension = fx->step.extension,
	    .value = fx->step.value,
	    .trunk = fx->step.trunk,
	    .kind = (uint16_t)fx->step.step,
	    .clause = (uint16_t)fx->step.clause,
	};
	static unsigned since;

	TEXT_COPY(s.text, fx->step.text);
	TEXT_COPY(s.name, fx->step.name);
	TEXT_COPY(s.caller, fx->step.number);
	if (++since % 1024 == 0) {
		for (records_health(r, &h); h.queued > HALF_FULL; records_health(r, &h))
			usleep(1000);
	}
	if (records_step_push(r, &s))
		abort();
}

static int differs(const struct records_figure_difference *d, void *arg)
{
	uint64_t *n = arg;

	if ((*n)++ < 10)
		printf("kind %d hour %lld item %lld %s: %lld stands, the log says %lld\n",
		       (int)d->kind, (long long)d->hour, (long long)d->item,
		       records_figure_name(d->figure), (long long)d->stands, (long long)d->should);
	return 0;
}

static int compare(const struct store_options *o, const struct records_vocabulary *v)
{
	struct records_db *db = NULL;
	uint64_t calls = 0, different = 0, compared = 0, figures = 0;
	int err = records_db_open(&db, o, NULL, 0);

	if (!err)
		err = records_reconcile(db, v, 1, &calls, &different);
	if (!err)
		err = records_reconcile_figures(db, 1, 0, 0, differs, &figures, &compared);
	printf("%llu records, %llu differ; %llu figures, %llu differ%s%s\n",
	       (unsigned long long)calls, (unsigned long long)different,
	       (unsigned long long)compared, (unsigned long long)figures, err ? ": " : "",
	       err ? strerror(err) : "");
	records_db_close(db);
	return err || different || figures || !calls || !compared;
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/zongji-sim-XXXXXX", path[64], rm[64], why[STORE_WHY] = "";
	struct records_options o = {.vocabulary = vocabulary()};
	struct sim_options so = {.check = 64, .told = told};
	struct sim_result result = {0};
	struct records *r = NULL;
	int bad = 1;

	if (argc != 3 || !mkdtemp(dir))
		return 2;
	snprintf(path, sizeof(path), "%s/db", dir);
	o.store.where = path;
	so.calls = strtoull(argv[1], NULL, 10);
	so.seed = strtoull(argv[2], NULL, 10);
	if (records_open(&r, &o, why, sizeof(why)) == 0) {
		so.arg = r;
		bad = sim_run(&so, &result) || result.wrong;
		records_close(r, 600000);
		printf("%llu calls simulated, seed %s\n", (unsigned long long)result.calls,
		       argv[2]);
		bad = bad || compare(&o.store, &o.vocabulary);
	}
	snprintf(rm, sizeof(rm), "rm -r %s", dir);
	bad = system(rm) || bad;
	printf("%d passed, %d failed\n", !bad, bad);
	return bad;
}
