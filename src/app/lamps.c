/*
 * The delivery thread counts what waits for whom, the call thread takes the whole count and tells
 * the phones where it differs from the last: so nothing is told twice, and nothing forgotten.
 */
#include "app/lamps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/source.h"
#include "base/hash.h"

#define COUNTS 4 /* on their way to the call thread */

struct mailbox {
	uint32_t key; /* of the extension, 0 free */
	uint32_t epoch;
	struct sip_waiting waiting;
};

struct count {
	struct mailbox *v; /* of malloc */
	unsigned count, cap;
};

struct app_lamps {
	struct ring *counts; /* of struct count */
	uint32_t epoch;
	struct mailbox box[APP_MAILBOXES];
};

/* ---- counting: the delivery thread ---- */

struct counting {
	const struct app_org *org;
	const struct directory *d;
	struct count *out;
};

static int on_box(uint32_t person, uint32_t messages, uint32_t urgent, void *arg)
{
	struct counting *c = arg;
	const struct directory_person *p = directory_person(c->d, person);
	struct mailbox *more;

	if (!p || !p->extension)
		return 0;
	if (c->out->count == c->out->cap) {
		unsigned cap = c->out->cap ? c->out->cap * 2 : 256;

		more = cap > APP_MAILBOXES ? NULL : realloc(c->out->v, cap * sizeof(*more));
		if (!more)
			return ENOMEM;
		c->out->v = more;
		c->out->cap = cap;
	}
	c->out->v[c->out->count++] =
		(struct mailbox){.key = app_extension_key(c->org, p->extension),
				 .waiting = {.messages = messages, .urgent = urgent}};
	return 0;
}

int app_lamps_count(struct app *a, struct records_db *db)
{
	struct count count = {0};
	int err = 0;

	for (unsigned i = 0; i < a->org_count && !err; i++) {
		struct counting c = {&a->org[i], NULL, &count};

		err = source_lock(a, db, a->org[i].id, &c.d);
		if (!err)
			err = records_mailboxes(db, a->org[i].id, on_box, &c);
		source_unlock();
	}
	if (!err)
		err = ring_push(a->lamps->counts, &count);
	if (err)
		free(count.v);
	return err;
}

/* ---- telling: the call thread ---- */

static struct mailbox *box_of(struct app_lamps *l, uint32_t key)
{
	uint32_t at = (uint32_t)hash_mix(key);

	for (unsigned i = 0; i < APP_MAILBOXES; i++) {
		struct mailbox *b = &l->box[(at + i) & (APP_MAILBOXES - 1)];

		if (!b->key || b->key == key)
			return b;
	}
	return NULL;
}

static void set(struct app *a, struct mailbox *b, const struct sip_waiting *now)
{
	if (memcmp(&b->waiting, now, sizeof(*now)) == 0)
		return;
	b->waiting = *now;
	if (a->sip)
		sip_room_waiting(a->sip, b->key, now);
}

static void take(struct app *a, const struct count *c)
{
	static const struct sip_waiting nothing;
	struct app_lamps *l = a->lamps;

	l->epoch++;
	for (unsigned i = 0; i < c->count; i++) {
		struct mailbox *b = box_of(l, c->v[i].key);

		if (!b)
			continue; /* as many as there can be: this one has no lamp */
		b->key = c->v[i].key;
		b->epoch = l->epoch;
		set(a, b, &c->v[i].waiting);
	}
	for (unsigned i = 0; i < APP_MAILBOXES; i++)
		if (l->box[i].key && l->box[i].epoch != l->epoch)
			set(a, &l->box[i], &nothing);
}

static void on_counts(int flags, void *arg)
{
	struct app *a = arg;
	struct count c;

	(void)flags;
	ring_quiet(a->lamps->counts);
	while (ring_take(a->lamps->counts, &c)) {
		take(a, &c);
		free(c.v);
	}
}

int app_lamps_waiting(uint32_t subscriber, const char *number, struct sip_waiting *out, void *arg)
{
	struct app *a = arg;
	struct mailbox *b;
	struct target t;
	uint32_t own;
	struct app_org *o = app_extension_org(a, subscriber, &own);

	if (!o || !a->lamps)
		return ENOENT;
	/* A phone asks by its number or by its SIP user name; only its own is told. */
	t = directory_number(app_directory(o), number);
	if (t.kind == TARGET_DEPARTMENT || (t.kind == TARGET_EXTENSION && t.id != own))
		return EPERM;
	b = box_of(a->lamps, subscriber);
	*out = b && b->key ? b->waiting : (struct sip_waiting){0, 0};
	return 0;
}

void app_lamps_reachable(struct app *a, uint32_t key)
{
	struct mailbox *b = a->lamps && a->sip ? box_of(a->lamps, key) : NULL;

	if (b && b->key && b->waiting.messages)
		sip_room_waiting(a->sip, key, &b->waiting);
}

int app_lamps_open(struct app *a)
{
	int err;

	a->lamps = calloc(1, sizeof(*a->lamps));
	if (!a->lamps)
		return ENOMEM;
	err = ring_alloc(&a->lamps->counts, sizeof(struct count), COUNTS);
	return err ? err : fd_listen(ring_fd(a->lamps->counts), FD_READ, on_counts, a);
}

void app_lamps_close(struct app *a)
{
	struct count c;

	if (!a->lamps)
		return;
	if (a->lamps->counts) {
		fd_close(ring_fd(a->lamps->counts));
		while (ring_take(a->lamps->counts, &c))
			free(c.v);
	}
	ring_free(a->lamps->counts);
	free(a->lamps);
	a->lamps = NULL;
}
