/*
 * Calls that have no end yet, folded so far. It is only a cache: what isn't in it is folded anew
 * from the log, so it may be full, and after a rollback everything that the transaction touched is
 * simply forgotten.
 */
#include "records/priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define BUCKETS (RECORDS_OPEN_CALLS * 2)

int records_calls_open(struct calls *c)
{
	memset(c, 0, sizeof(*c));
	c->v = calloc(RECORDS_OPEN_CALLS, sizeof(c->v[0]));
	c->bucket = calloc(BUCKETS, sizeof(c->bucket[0]));
	if (!c->v || !c->bucket)
		return ENOMEM;
	/* Entries that were never used follow one another: no list has to be built. */
	return 0;
}

void records_calls_close(struct calls *c)
{
	free(c->v);
	free(c->bucket);
	memset(c, 0, sizeof(*c));
}

static uint32_t *bucket_of(struct calls *c, uint64_t call_no)
{
	return &c->bucket[hash_bytes(&call_no, sizeof(call_no)) % BUCKETS];
}

static struct call_entry *find(struct calls *c, uint64_t call_no)
{
	uint32_t i = *bucket_of(c, call_no);

	while (i && c->v[i - 1].call.call_no != call_no)
		i = c->v[i - 1].next;
	return i ? &c->v[i - 1] : NULL;
}

static void forget(struct calls *c, struct call_entry *e)
{
	uint32_t *link = bucket_of(c, e->call.call_no);
	uint32_t self = (uint32_t)(e - c->v) + 1;

	while (*link != self)
		link = &c->v[*link - 1].next;
	*link = e->next;
	memset(e, 0, sizeof(*e));
	e->next = c->free;
	c->free = self;
}

/* A transaction touches fewer calls than there are entries, so one that it hasn't touched is
 * always found. */
static void evict(struct calls *c)
{
	while (c->v[c->hand].dirty || !c->v[c->hand].used)
		c->hand = (c->hand + 1) % RECORDS_OPEN_CALLS;
	forget(c, &c->v[c->hand]);
}

static struct call_entry *add(struct calls *c, const struct records_call *call, uint64_t call_no)
{
	struct call_entry *e;
	uint32_t *bucket = bucket_of(c, call_no);

	if (!c->free && c->count == RECORDS_OPEN_CALLS)
		evict(c);
	if (c->free) {
		e = &c->v[c->free - 1];
		c->free = e->next;
	} else {
		e = &c->v[c->count++];
	}
	e->call = *call;
	e->call.call_no = call_no;
	e->used = true;
	e->next = *bucket;
	*bucket = (uint32_t)(e - c->v) + 1;
	return e;
}

int records_calls_get(struct calls *c, struct store *s, const struct records_vocabulary *v,
		      const struct records_step *step, struct call_entry **out)
{
	struct call_entry *e = find(c, step->call_no);
	struct records_call call = {0};
	int err = 0;

	if (!e) {
		if (!records_step_begins(v, step->kind))
			err = records_read_call(s, v, step->call_no, &call);
		if (err && err != ENOENT)
			return err;
		e = add(c, &call, step->call_no);
	}
	if (!e->dirty) {
		e->dirty = true;
		c->dirty[c->dirty_count++] = (uint32_t)(e - c->v);
	}
	*out = e;
	return 0;
}

void records_calls_settle(struct calls *c, bool committed)
{
	for (unsigned i = 0; i < c->dirty_count; i++) {
		struct call_entry *e = &c->v[c->dirty[i]];

		e->dirty = e->write = e->began = e->over = false;
		if (!committed || e->call.ended_ms)
			forget(c, e);
	}
	c->dirty_count = 0;
	c->sums.sum_count = c->sums.use_count = 0;
	if (!committed)
		memset(&c->seen, 0, sizeof(c->seen));
}
