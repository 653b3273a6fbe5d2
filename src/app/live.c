/*
 * What HTTP is shown of the moment: events as they happen, and whole pictures on request. The
 * workers ask, the call thread answers in its own time (`asks`), so nothing of the exchange is ever
 * read by another thread. With no stream open nothing is published, and nothing is spent.
 */
#include "app/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk.h"
#include "app/live.h"

#define LIVE_PUBLISH_MS 100
#define LIVE_AT_ONCE	4 /* times in LIVE_PUBLISH_MS that a change is told after its step */

struct ask {
	live_build *build;
	const struct api_query *query;
	json_t *out;
	int err;
	bool done, abandoned;
};

struct app_asks {
	struct ring *ring; /* of struct ask * */
	pthread_mutex_t lock;
	pthread_cond_t answered;
};

/* ---- JSON of one thing ---- */

struct app_org *live_org(struct app *a, uint32_t id)
{
	for (unsigned i = 0; i < a->org_count; i++)
		if (a->org[i].id == id)
			return &a->org[i];
	return NULL;
}

const char *live_name(const struct directory *d, uint32_t person, uint32_t department)
{
	const struct directory_person *p = person ? directory_person(d, person) : NULL;
	const struct directory_department *e =
		department ? directory_department(d, department) : NULL;

	return p ? p->name : e ? e->name : "";
}

static const char *extension_name(const struct directory *d, const struct directory_extension *e)
{
	return e ? live_name(d, e->person, e->department) : "";
}

const char *live_trunk_name(const struct app *a, uint16_t trunk)
{
	return trunk && trunk <= a->config->node.trunk_count
		       ? a->config->node.trunks[trunk - 1].name
		       : "";
}

json_t *live_path_json(const struct exchange_call_view *v)
{
	json_t *steps = json_array();

	for (unsigned i = 0; i < v->path_count; i++)
		json_array_append_new(
			steps,
			json_pack("{s:I,s:s,s:s}", "at_ms", (json_int_t)v->path[i].at_wall_ms,
				  "step", exchange_step_name((enum step_kind)v->path[i].step),
				  "clause",
				  exchange_clause_name((enum clause)v->path[i].clause)));
	return steps;
}

static json_t *call_json(struct app_org *o, const struct exchange_call_view *v)
{
	const struct directory *d = app_directory(o);
	const struct directory_extension *from =
		v->caller_extension ? directory_extension(d, v->caller_extension) : NULL;
	const struct directory_extension *to =
		v->extension ? directory_extension(d, v->extension) : NULL;
	const char *target = live_name(d, v->person, v->department);

	if (!target[0] && to)
		target = extension_name(d, to);
	return json_pack(
		"{s:I,s:i,s:{s:s,s:s,s:s,s:s},s:s,s:{s:s,s:s},s:s,s:I,s:I,s:b,s:b,s:o}", "no",
		(json_int_t)v->call_no, "org", (int)o->id, "caller", "number",
		from ? from->number : v->caller_number, "name",
		from ? extension_name(d, from) : v->caller_name, "extension",
		from ? from->number : "", "trunk", live_trunk_name(o->app, v->caller_trunk),
		"dialled", v->dialled, "target", "name", target, "number", to ? to->number : "",
		"state", v->state, "began_ms", (json_int_t)v->began_wall_ms, "since_ms",
		(json_int_t)v->since_wall_ms, "attendant",
		v->attendant && strcmp(v->state, "talk") != 0, "emergency", v->emergency,
		"steps", live_path_json(v));
}

json_t *live_extension_json(struct app_org *o, const struct directory_extension *e)
{
	static const char *const lamps[] = {"idle", "ringing", "busy"};
	const struct directory *d = app_directory(o);
	struct exchange_extension_view v;
	bool known = exchange_extension_view(o->exchange, e->id, &v);

	return json_pack("{s:i,s:s,s:s,s:s,s:b}", "id", (int)e->id, "number", e->number, "name",
			 extension_name(d, e), "state",
			 known && v.reachable ? lamps[v.lamp] : "unreachable", "dnd",
			 known && v.dnd);
}

static json_t *trunk_json(struct app *a, uint16_t trunk)
{
	const struct config_trunk *t = &a->config->node.trunks[trunk - 1];
	struct sip_trunk_status s;

	if (!t->enabled || sip_room_trunk_status(a->sip, trunk, &s))
		return NULL;
	return json_pack("{s:s,s:s,s:b,s:s,s:i,s:b,s:i,s:i,s:s}", "id", t->id, "name", t->name,
			 "usable", s.state == SIP_TRUNK_UP, "reason",
			 sip_trunk_reason_name(s.reason), "code", (int)s.code, "registered",
			 s.registered, "in_use", (int)s.calls, "limit", (int)s.channels, "address",
			 s.address);
}

/* ---- events ---- */

bool live_watched(const struct app *a)
{
	return a->http && http_room_watched(a->http);
}

void live_publish(struct app *a, uint32_t org, uint32_t roles, const char *name, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

	if (text)
		http_room_publish(a->http, org, roles, name, text);
	free(text);
	json_decref(value);
}

static void on_publish(void *arg);

void app_live_dirty(struct app_org *o, uint64_t call_no)
{
	struct app *a = o->app;

	if (!live_watched(a) || (o->dirty_count && o->dirty[o->dirty_count - 1] == call_no))
		return;
	if (o->dirty_count < APP_DIRTY)
		o->dirty[o->dirty_count++] = call_no;
	if (a->live.at_once < LIVE_AT_ONCE)
		tmr_start(&a->publish, 0, on_publish, a);
}

void app_live_ended(struct app_org *o, uint64_t call_no)
{
	if (live_watched(o->app))
		live_publish(o->app, o->id, APP_LIVE_ROLES, "call_ended",
			json_pack("{s:I,s:i}", "no", (json_int_t)call_no, "org", (int)o->id));
}

void app_live_extension(struct app_org *o, uint32_t extension)
{
	const struct directory_extension *e;

	if (!live_watched(o->app))
		return;
	e = directory_extension(app_directory(o), extension);
	if (e)
		live_publish(o->app, o->id, APP_LIVE_ROLES, "extension", live_extension_json(o, e));
}

void app_live_trunk(struct app *a, uint16_t trunk)
{
	if (live_watched(a))
		live_publish(a, 0, APP_LIVE_ROLES, "trunk", trunk_json(a, trunk));
}

void app_live_message(struct app_org *o, uint32_t serial)
{
	if (live_watched(o->app))
		live_publish(o->app, o->id, APP_LIVE_ROLES, "message",
			json_pack("{s:i}", "serial", (int)serial));
}

static bool is_dirty(const struct app_org *o, uint64_t call_no)
{
	for (unsigned i = 0; i < o->dirty_count; i++)
		if (o->dirty[i] == call_no)
			return true;
	return false;
}

static void publish_calls(struct app_org *o)
{
	uint32_t slots = o->dirty_count ? exchange_call_slots(o->exchange) : 0;
	struct exchange_call_view v;

	for (uint32_t i = 0; i < slots; i++)
		if (exchange_call_view(o->exchange, i, &v) && is_dirty(o, v.call_no))
			live_publish(o->app, o->id, APP_LIVE_ROLES, "call", call_json(o, &v));
	o->dirty_count = 0;
}

/* Channels in use change with calls, not with the trunk's state. */
static void publish_trunks(struct app *a)
{
	for (unsigned i = 0; i < a->config->node.trunk_count; i++) {
		struct sip_trunk_status s;

		if (sip_room_trunk_status(a->sip, (uint16_t)(i + 1), &s) ||
		    s.calls == a->live.in_use[i])
			continue;
		a->live.in_use[i] = s.calls;
		app_live_trunk(a, (uint16_t)(i + 1));
	}
}

static void on_publish(void *arg)
{
	struct app *a = arg;
	int64_t now = clock_mono_ms();

	if (now - a->live.since_ms >= LIVE_PUBLISH_MS) {
		a->live.since_ms = now;
		a->live.at_once = 0;
	} else {
		a->live.at_once++;
	}
	for (unsigned k = 0; k < a->org_count; k++) {
		if (live_watched(a))
			publish_calls(&a->org[k]);
		a->org[k].dirty_count = 0;
	}
	if (live_watched(a))
		publish_trunks(a);
	tmr_start(&a->publish, LIVE_PUBLISH_MS, on_publish, a);
}

/* ---- whole pictures ---- */

int live_calls(struct app *a, const struct api_query *q, json_t **out)
{
	struct app_org *o = live_org(a, q->who.org);
	json_t *items = json_array();
	uint32_t slots = o ? exchange_call_slots(o->exchange) : 0;
	struct exchange_call_view v;

	for (uint32_t i = 0; i < slots && json_array_size(items) < q->limit; i++)
		if (exchange_call_view(o->exchange, i, &v))
			json_array_append_new(items, call_json(o, &v));
	*out = json_pack("{s:o,s:n}", "items", items, "next");
	return 0;
}

int live_call(struct app *a, const struct api_query *q, json_t **out)
{
	struct app_org *o = live_org(a, q->who.org);
	uint32_t slots = o ? exchange_call_slots(o->exchange) : 0;
	struct exchange_call_view v;

	for (uint32_t i = 0; i < slots; i++) {
		if (!exchange_call_view(o->exchange, i, &v) || v.call_no != (uint64_t)q->id)
			continue;
		*out = call_json(o, &v);
		return 0;
	}
	return ENOENT;
}

int live_legs(struct app *a, const struct api_query *q, json_t **out)
{
	struct app_org *o = live_org(a, q->who.org);
	json_t *items = json_array();
	uint32_t slots = o ? exchange_leg_slots(o->exchange) : 0;
	struct exchange_leg_view v;

	for (uint32_t i = 0; i < slots && json_array_size(items) < q->limit; i++) {
		const struct directory_extension *e;

		if (!exchange_leg_view(o->exchange, i, &v))
			continue;
		e = v.extension ? directory_extension(app_directory(o), v.extension) : NULL;
		json_array_append_new(
			items, json_pack("{s:I,s:I,s:s,s:s,s:s,s:b,s:b,s:b}", "id",
					 (json_int_t)v.leg, "call", (json_int_t)v.call_no, "state",
					 v.state, "extension", e ? e->number : "", "trunk",
					 live_trunk_name(a, v.trunk), "incoming", v.incoming,
					 "held", v.held, "consultation", v.consultation));
	}
	*out = json_pack("{s:o,s:n}", "items", items, "next");
	return 0;
}

int live_registrations(struct app *a, const struct api_query *q, json_t **out)
{
	static const char *const transports[SIP_OVER_COUNT] = {"udp", "tcp", "tls"};
	unsigned max = API_LIMIT, n;
	struct sip_registration *r = calloc(max, sizeof(*r));
	json_t *items = json_array();

	if (!r)
		return ENOMEM;
	n = sip_room_registrations(a->sip, 0, r, max);
	for (unsigned i = 0; i < n && i < max; i++) {
		uint32_t extension;
		struct app_org *o = app_extension_org(a, r[i].extension, &extension);
		const struct directory_extension *e;

		if (!o || o->id != q->who.org)
			continue;
		e = directory_extension(app_directory(o), extension);
		json_array_append_new(
			items,
			json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:b,s:I}", "extension",
				  (int)extension, "number", e ? e->number : "", "user", r[i].user,
				  "contact", r[i].contact, "user_agent", r[i].user_agent,
				  "transport", transports[r[i].transport], "source",
				  r[i].source_ip, "port", (int)r[i].source_port, "nat",
				  r[i].nat, "expires_ms", (json_int_t)r[i].expires_wall_ms));
	}
	free(r);
	*out = json_pack("{s:o,s:n}", "items", items, "next");
	return 0;
}

static json_t *trunks_json(struct app *a)
{
	json_t *items = json_array();

	for (unsigned i = 0; i < a->config->node.trunk_count; i++) {
		json_t *t = trunk_json(a, (uint16_t)(i + 1));

		if (t)
			json_array_append_new(items, t);
	}
	return items;
}

int live_trunks(struct app *a, const struct api_query *q, json_t **out)
{
	(void)q;
	*out = json_pack("{s:o,s:n}", "items", trunks_json(a), "next");
	return 0;
}

/* SwitchboardState: why it is automatic is told in the live page's words. */
json_t *live_state_json(const struct app_org *o)
{
	const char *reason = app_desk_reason(o);

	if (strcmp(reason, "no_operator") != 0 && strcmp(reason, "on_duty") != 0)
		reason = "left";
	return json_pack("{s:s,s:s,s:i}", "state",
			 exchange_automatic(o->exchange) ? "automatic" : "manual", "reason", reason,
			 "operators", (int)app_desk_on_duty(o));
}

int live_switchboard(struct app *a, const struct api_query *q, json_t **out)
{
	struct app_org *o = live_org(a, q->who.org);
	const struct directory *d;
	struct api_query all = *q;
	json_t *extensions = json_array(), *calls = NULL;

	if (!o)
		return ENOENT;
	d = app_directory(o);
	for (uint32_t i = 0; i < d->extension_count; i++)
		json_array_append_new(extensions, live_extension_json(o, &d->extensions[i]));
	all.limit = API_LIMIT;
	live_calls(a, &all, &calls);
	*out = json_pack("{s:s,s:s,s:O,s:o,s:o}", "company", app_measures(o)->company,
			 "main_number", app_measures(o)->main_number, "calls",
			 json_object_get(calls, "items"), "extensions", extensions, "trunks",
			 trunks_json(a));
	json_object_update_new(*out, live_state_json(o));
	json_object_set_new(*out, "storage", app_storage_json(a));
	json_decref(calls);
	return *out ? 0 : ENOMEM;
}

/* ---- asking ---- */

static void on_ask(int flags, void *arg)
{
	struct app *a = arg;
	struct ask *k;

	(void)flags;
	ring_quiet(a->asks->ring);
	while (ring_take(a->asks->ring, &k)) {
		json_t *out = NULL;
		bool gone;
		int err;

		pthread_mutex_lock(&a->asks->lock);
		gone = k->abandoned;
		pthread_mutex_unlock(&a->asks->lock);
		err = gone ? ECANCELED : k->build(a, k->query, &out);
		pthread_mutex_lock(&a->asks->lock);
		k->out = out;
		k->err = err;
		k->done = true;
		pthread_cond_broadcast(&a->asks->answered);
		gone = k->abandoned;
		pthread_mutex_unlock(&a->asks->lock);
		if (gone) {
			json_decref(out);
			free(k);
		}
	}
}

int live_ask(struct app *a, live_build *build, const struct api_query *q, json_t **out)
{
	return live_ask_with(a, build, q, NULL, 0, out);
}

int live_ask_with(struct app *a, live_build *build, const struct api_query *q, const void *more,
		  size_t size, json_t **out)
{
	struct ask *k = calloc(1, sizeof(*k) + sizeof(*q) + size);
	struct api_query *copy = k ? (struct api_query *)(k + 1) : NULL;
	struct timespec until;
	int err = 0;

	if (!k)
		return ENOMEM;
	/* the question outlives an asker that has given up */
	memcpy(copy, q, sizeof(*q));
	if (size)
		memcpy(copy + 1, more, size);
	copy->more = size ? copy + 1 : NULL;
	k->build = build;
	k->query = copy;
	if (ring_push(a->asks->ring, &k)) {
		free(k);
		return EAGAIN;
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += APP_ASK_MS / 1000;
	pthread_mutex_lock(&a->asks->lock);
	while (!k->done && err == 0)
		err = pthread_cond_timedwait(&a->asks->answered, &a->asks->lock, &until);
	if (!k->done) {
		k->abandoned = true;
		k = NULL;
	}
	pthread_mutex_unlock(&a->asks->lock);
	if (!k)
		return EAGAIN;
	err = k->err;
	*out = k->out; /* a refusal has its reason in it */
	free(k);
	return err;
}

int app_live_open(struct app *a)
{
	struct app_asks *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->answered, NULL);
	a->asks = s;
	err = ring_alloc(&s->ring, sizeof(struct ask *), APP_ASKS);
	if (!err)
		err = fd_listen(ring_fd(s->ring), FD_READ, on_ask, a);
	if (!err)
		tmr_start(&a->publish, LIVE_PUBLISH_MS, on_publish, a);
	return err;
}

void app_live_close(struct app *a)
{
	struct ask *k;

	tmr_cancel(&a->publish);
	if (!a->asks)
		return;
	if (a->asks->ring) {
		fd_close(ring_fd(a->asks->ring));
		while (ring_take(a->asks->ring, &k))
			free(k); /* HTTP has ended: nobody waits */
	}
	ring_free(a->asks->ring);
	free(a->asks);
	a->asks = NULL;
}
