/* Delivery as HTTP sees it: what was tried, what was confirmed, and links. In workers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/delivery.h"
#include "app/link_page.h"
#include "app/source.h"
#include "records/delivery.h"

#define FIGURES_MS (31ll * 86400000) /* when the asker doesn't say since when */

/* ---- what was tried ---- */

struct telling {
	const struct directory *d;
	json_t *ways, *receipts;
	struct {
		int64_t id;
		json_t *attempts;
	} way[64];
	unsigned count;
};

static int on_way(const struct records_way *w, void *arg)
{
	struct telling *t = arg;
	json_t *attempts = json_array();

	json_array_append_new(
		t->ways, json_pack("{s:s,s:s,s:s,s:s,s:I,s:o}", "channel", w->channel, "address",
				   w->address, "name", live_name(t->d, w->person, w->department),
				   "state", records_way_state_name(w->state), "due_ms",
				   (json_int_t)w->due_ms, "attempts", attempts));
	if (t->count < 64) {
		t->way[t->count].id = w->id;
		t->way[t->count++].attempts = attempts; /* borrowed */
	}
	return 0;
}

static int on_try(const struct records_try *a, void *arg)
{
	struct telling *t = arg;

	for (unsigned i = 0; i < t->count; i++)
		if (t->way[i].id == a->id)
			json_array_append_new(t->way[i].attempts,
					      json_pack("{s:I,s:s,s:s}", "at_ms",
							(json_int_t)a->at_ms, "outcome",
							a->outcome, "detail", a->detail));
	return 0;
}

static int on_receipt(const struct records_receipt *r, void *arg)
{
	struct telling *t = arg;

	json_array_append_new(t->receipts,
			      json_pack("{s:I,s:s,s:s,s:s,s:s}", "at_ms", (json_int_t)r->at_ms,
					"kind", r->kind, "channel", r->channel, "by", r->by,
					"note", r->note));
	return 0;
}

static int delivery(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	struct telling t = {.ways = json_array(), .receipts = json_array()};
	struct records_message m;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err) {
		err = source_lock(a, db, q->who.org, &t.d);
		if (!err)
			err = records_message_get(db, q->who.org, q->id, &m);
		if (!err)
			err = records_outbox_of(db, q->who.org, q->id, on_way, &t);
		if (!err)
			err = records_attempts(db, q->who.org, q->id, on_try, &t);
		if (!err)
			err = records_receipts(db, q->who.org, q->id, on_receipt, &t);
		source_unlock();
	}
	records_return(a->records, db);
	if (!err)
		*out = json_pack("{s:O,s:O}", "ways", t.ways, "receipts", t.receipts);
	json_decref(t.ways);
	json_decref(t.receipts);
	return err;
}

static int delivery_again(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	(void)out;
	if (!err)
		err = source_appointed(a, db, &q->who);
	if (!err)
		err = records_delivery_again(db, q->who.org, q->id, q->who.name, clock_wall_ms());
	if (!err)
		source_message_published(a, db, q->who.org, q->id);
	records_return(a->records, db);
	return err;
}

/* ---- receipts ---- */

/* Received and acted on is the recipient's to say; told by word of mouth the desk's. */
static int may_say(struct app *a, struct records_db *db, const struct api_query *q, bool told)
{
	const struct directory *d = NULL;
	struct records_message m;
	int err = source_lock(a, db, q->who.org, &d);
	const uint32_t department = err ? 0 : source_own_department(d, q);

	source_unlock();
	if (!err)
		err = records_message_get(db, q->who.org, q->id, &m);
	if (err)
		return err;
	if (told)
		return q->own ? EPERM : source_appointed(a, db, &q->who);
	return (q->who.person && q->who.person == m.for_person) ||
			       (department && department == m.for_department)
		       ? 0
		       : EPERM;
}

static int receipt(void *arg, const struct api_query *q, const struct api_receipt *r, json_t **out)
{
	static const char *const kinds[] = {"received", "acted", "told"};
	struct app *a = arg;
	struct records_receipt kept = {
		.org = q->who.org, .message = q->id, .at_ms = clock_wall_ms()};
	struct records_db *db = NULL;
	const bool told = r->kind == 2;
	int err = source_borrow(a, &db);

	(void)out;
	TEXT_COPY(kept.kind, kinds[r->kind]);
	TEXT_COPY(kept.channel, told ? "phone" : "console");
	TEXT_COPY(kept.by, q->who.name);
	TEXT_COPY(kept.note, r->note);
	if (!err)
		err = may_say(a, db, q, told);
	if (!err)
		err = records_receipt_add(db, &kept);
	if (!err)
		source_message_published(a, db, q->who.org, q->id);
	records_return(a->records, db);
	return err;
}

static int delivery_figures(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	struct records_delivery_figures f;
	const int64_t now_ms = clock_wall_ms();
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err)
		err = records_delivery_figures(db, q->who.org, now_ms,
					       q->from_ms ? q->from_ms : now_ms - FIGURES_MS, &f);
	records_return(a->records, db);
	if (!err)
		*out = json_pack("{s:I,s:I,s:I,s:I,s:I}", "waiting", (json_int_t)f.waiting,
				 "returned", (json_int_t)f.returned, "late", (json_int_t)f.late,
				 "late_in", (json_int_t)f.late_in, "kept", (json_int_t)f.kept);
	return err;
}

/* ---- links ---- */

struct opened {
	struct records_way way;
	struct records_message message;
	char to[DIRECTORY_NAME];
};

static int link_find(struct app *a, struct records_db *db, const char *token, struct opened *o)
{
	const struct directory *d = NULL;
	const int64_t id = app_delivery_way(a, token);
	int err = id ? records_outbox_get(db, id, &o->way) : ENOENT;

	if (!err)
		err = records_message_get(db, o->way.org, o->way.message, &o->message);
	if (!err && clock_wall_ms() - o->message.kept_at_ms > DELIVERY_LINK_MS)
		err = ENOENT;
	if (err)
		return err;
	err = source_lock(a, db, o->way.org, &d);
	if (!err)
		TEXT_COPY(o->to, live_name(d, o->way.person, o->way.department));
	source_unlock();
	return err;
}

/* The opening is kept before anything is shown. */
static int link_confirm(struct app *a, struct records_db *db, const struct api_link *l,
			struct opened *o)
{
	struct records_receipt r = {
		.org = o->way.org, .message = o->message.id, .at_ms = clock_wall_ms()};
	int err = records_message_opened(db, r.org, r.message, o->to, false, o->way.channel,
					 r.at_ms);

	TEXT_COPY(r.kind, l->act == API_LINK_ACTED ? "acted" : "received");
	TEXT_COPY(r.channel, o->way.channel);
	TEXT_COPY(r.by, o->to);
	if (!err)
		err = records_receipt_add(db, &r);
	if (!err)
		err = records_message_get(db, r.org, r.message, &o->message);
	if (!err)
		source_message_published(a, db, r.org, r.message);
	return err;
}

static int link_sound(const struct app *a, const struct opened *o, char **out)
{
	if (!o->message.heard_at_ms || !o->message.recording[0])
		return ENOENT;
	return asprintf(out, "%s/sounds/%s", a->data, o->message.recording) < 0 ? ENOMEM : 0;
}

static int link_open(void *arg, const struct api_query *q, const struct api_link *l, char **out)
{
	struct app *a = arg;
	struct opened o;
	struct link_page p = {.message = &o.message, .to = o.to, .token = l->token};
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	memset(&o, 0, sizeof(o));
	if (!err)
		err = link_find(a, db, l->token, &o);
	if (!err && l->act == API_LINK_SOUND)
		err = link_sound(a, &o, out);
	else if (!err && l->act != API_LINK_SHOW)
		err = link_confirm(a, db, l, &o);
	records_return(a->records, db);
	if (l->act == API_LINK_SOUND || (err && err != ENOENT))
		return err;
	p.found = !err;
	p.open = l->act != API_LINK_SHOW;
	p.acted = l->act == API_LINK_ACTED;
	*out = link_page_make(a, q->lang, &p);
	return *out ? err : ENOMEM;
}

void source_delivery_fill(struct api_keep_source *k)
{
	k->delivery = delivery;
	k->delivery_again = delivery_again;
	k->receipt = receipt;
	k->delivery_figures = delivery_figures;
	k->link = link_open;
}
