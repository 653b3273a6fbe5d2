/* What the records tests share: a fresh database on either engine, a vocabulary, steps. */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pg.h"
#include "records/query.h"
#include "records/records.h"

enum step {
#define STEP(id, name) id,
#include "exchange/steps.def"
#undef STEP
	STEP_COUNT
};

struct world {
	enum store_engine engine;
	struct pg server;
	char dir[64], where[320], sounds[96], fresh[96], why[STORE_WHY];
	struct store_hooks hooks;
	uint32_t max_pages;
	unsigned queue;
	const char *node;
	struct records *r;
	struct records_db *db;
};
extern struct world w;

int world_fresh(void **state); /* a new empty database; nothing open */
int world_open(void **state);  /* the same, with records open and a connection lent */
int world_close(void **state);
void world_start(void); /* records_open on the database as it stands */
void world_stop(uint32_t wait_ms);
struct records_options world_options(void);
const struct records_vocabulary *world_vocabulary(void);

void step_push(uint64_t call_no, enum step kind, int64_t at_ms);
/* One usual call: arrives from trunk 1, attendant, dials, target rings, connected, ended. */
void call_push(uint64_t call_no, int64_t at_ms);
void steps_wait(uint64_t count); /* until health says that many are durable */
bool event_wait(struct records_event *e, int ms);

/* Runs the tests on SQLite and on PostgreSQL. */
int world_main(const struct CMUnitTest *tests, size_t count);

#endif
