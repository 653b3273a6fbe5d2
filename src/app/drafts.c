/*
 * The desk's questions that touch the database or files: half-written forms (durable before the
 * page is told so), the summary of a duty. All of it in HTTP's workers.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/desk_priv.h"
#include "records/desk.h"

#define DRAFT_WAIT_MS 3000
#define DB_WAIT_MS    2000

/* ---- drafts ---- */

static int on_draft(const struct records_draft *d, void *arg)
{
	json_t *drafts = arg, *j = d->json ? json_loads(d->json, 0, NULL) : NULL;
	char no[24];

	snprintf(no, sizeof(no), "%llu", (unsigned long long)d->call_no);
	if (j)
		json_object_set_new(drafts, no, j);
	return 0;
}

static json_t *drafts_json(struct app *a, uint32_t org)
{
	json_t *drafts = json_object();
	struct records_db *db = NULL;
	int err = records_borrow(a->records, DB_WAIT_MS, &db);

	if (!err)
		err = records_drafts_load(db, org, clock_wall_ms(), on_draft, drafts);
	records_return(a->records, db);
	if (err)
		log_warn("app", "half-written forms can't be read: %s", strerror(err));
	return drafts;
}

static int on_row(const struct records_call_row *r, void *arg)
{
	(void)r;
	(void)arg;
	return 0;
}

/* A form belongs to a call that is going on, or was. */
static int find_call(struct app *a, const struct api_query *q)
{
	struct records_db *db = NULL;
	json_t *out = NULL;
	int err = live_ask(a, live_call, q, &out);

	json_decref(out);
	if (err != ENOENT)
		return err;
	err = records_borrow(a->records, DB_WAIT_MS, &db);
	if (!err)
		err = records_call_get(db, q->who.org, (uint64_t)q->id, on_row, NULL);
	records_return(a->records, db);
	return err;
}

static int draft_set(void *arg, const struct api_query *q, const json_t *draft)
{
	struct app *a = arg;
	char *text = draft ? json_dumps(draft, JSON_COMPACT) : NULL;
	struct records_draft d = {.org = q->who.org,
				  .account = q->who.user,
				  .call_no = (uint64_t)q->id,
				  .at_ms = clock_wall_ms(),
				  .json = text};
	int err = app_desk_appointed(a, &q->who);

	if (!err)
		err = find_call(a, q);
	if (!err && draft && !text)
		err = ENOMEM;
	if (!err)
		err = records_draft_keep(a->records, &d, DRAFT_WAIT_MS);
	free(text);
	if (err)
		return err == ENOBUFS || err == EIO ? EAGAIN : err;
	if (http_room_watched(a->http))
		live_publish(a, q->who.org, API_OPERATOR, "draft",
			     json_pack("{s:I,s:O}", "call", (json_int_t)q->id, "draft",
				       draft ? (json_t *)(uintptr_t)draft : json_null()));
	return 0;
}

/* ---- the picture with its drafts ---- */

/* Forms hold what callers said: they are the operators' (A1). */
static int with_drafts(struct app *a, const struct api_query *q, int err, json_t *out)
{
	if (!err && (q->who.roles & API_OPERATOR))
		json_object_set_new(out, "drafts", drafts_json(a, q->who.org));
	return err;
}

static int desk(void *arg, const struct api_query *q, json_t **out)
{
	int err = desk_ask_picture(arg, q, out);

	return with_drafts(arg, q, err, *out);
}

static int duty(void *arg, const struct api_query *q, const struct api_duty *y, json_t **out)
{
	int err = desk_ask_duty(arg, q, y, out);

	return with_drafts(arg, q, err, *out);
}

/* ---- summary ---- */

static int build_summary(struct app *a, const struct api_query *q, json_t **out)
{
	const struct app_org *o = live_org(a, q->who.org);

	if (!o)
		return ENOENT;
	*out = desk_summary_json(o, desk_position_of(o, q->who.user));
	return *out ? 0 : ENOMEM;
}

static int summary(void *arg, const struct api_query *q, json_t **out)
{
	struct records_message_filter f = {.org = q->who.org, .unheard_only = true};
	struct app *a = arg;
	struct records_db *db = NULL;
	uint64_t unheard = 0;
	int err = live_ask(a, build_summary, q, out);

	if (err)
		return err;
	err = records_borrow(a->records, DB_WAIT_MS, &db);
	if (!err)
		err = records_messages_count(db, &f, &unheard);
	records_return(a->records, db);
	if (err) {
		json_decref(*out);
		*out = NULL;
		return EAGAIN;
	}
	json_object_set_new(*out, "messages_unheard", json_integer((json_int_t)unheard));
	return 0;
}

void app_desk_source_fill(struct app *a, struct api_source *s)
{
	(void)a;
	desk_source_fill(s);
	s->desk = desk;
	s->desk_duty = duty;
	s->desk_summary = summary;
	s->draft_set = draft_set;
	desk_greetings_source_fill(s);
}
