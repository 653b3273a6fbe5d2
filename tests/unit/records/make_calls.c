/*
 * Fills an empty database with calls: `make_calls sqlite PATH COUNT [SEED [MONTHS]]`, or `postgres
 * CONNINFO …`. `zongji reconcile` then finds every figure equal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "made.h"
#include "world.h"

int main(int argc, char **argv)
{
	struct made_options o = {.seed = 1, .months = 13, .org = 1};
	struct store_options so = {0};
	struct records_db *db = NULL;
	char why[STORE_WHY] = "";
	uint64_t steps = 0;
	int64_t from_ms = clock_mono_ms();
	int err;

	if (argc < 4)
		return 2;
	so.engine = strcmp(argv[1], "sqlite") == 0 ? STORE_SQLITE : STORE_POSTGRES;
	so.where = argv[2];
	o.count = strtoull(argv[3], NULL, 10);
	if (argc > 4)
		o.seed = strtoull(argv[4], NULL, 10);
	if (argc > 5)
		o.months = (unsigned)strtoul(argv[5], NULL, 10);
	err = records_db_open(&db, &so, why, sizeof(why));
	if (!err)
		err = made_calls(db->s, &o, &steps);
	if (err)
		fprintf(stderr, "%s: %s %s\n", argv[2], strerror(err),
			db ? records_db_error(db) : why);
	else
		printf("%llu calls, %llu steps in %.1f s\n", (unsigned long long)o.count,
		       (unsigned long long)steps, (double)(clock_mono_ms() - from_ms) / 1000);
	records_db_close(db);
	return err != 0;
}
