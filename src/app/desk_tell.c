/*
 * What consoles are told, as it happens: a call's row, the positions with today's figures, and the
 * heartbeat that pages answer. A change is told after its step; when there are many, every
 * DESK_PUBLISH_MS. With nobody watching nothing is made.
 */
#include <string.h>

#include "app/desk_priv.h"

static void on_flush(void *arg);

static void arm(struct app_desk *d)
{
	int64_t now = clock_mono_ms();

	if (now - d->at_once_ms >= 100) {
		d->at_once_ms = now;
		d->at_once = 0;
	}
	if (!tmr_isrunning(&d->flush))
		tmr_start(&d->flush, d->at_once < DESK_AT_ONCE ? 0 : DESK_PUBLISH_MS, on_flush, d);
}

void desk_dirty(struct app_org *o, uint64_t no)
{
	struct desk_org *d = desk_org(o);

	if (!no || (d->dirty_count && d->dirty[d->dirty_count - 1] == no))
		return;
	if (d->dirty_count < APP_DIRTY)
		d->dirty[d->dirty_count++] = no;
	else
		d->all_dirty = true;
	arm(o->app->desk);
}

void desk_changed(struct app_org *o)
{
	desk_org(o)->changed = true;
	arm(o->app->desk);
}

static void tell_call(struct app_org *o, const struct exchange_call_view *v, uint32_t slot)
{
	if (desk_bay_set(o, v, slot))
		live_publish(o->app, o->id, DESK_ROLES, "desk_call", desk_call_json(o, v));
}

/* Those whose place isn't known are looked for together, in one pass. */
static void tell_calls(struct app_org *o)
{
	struct desk_org *d = desk_org(o);
	uint32_t slots = exchange_call_slots(o->exchange);
	struct exchange_call_view v;
	unsigned left = 0;

	for (unsigned i = 0; i < d->dirty_count && !d->all_dirty; i++) {
		const struct desk_mark *m = desk_mark(o, d->dirty[i], false);

		if (m && exchange_call_view(o->exchange, m->slot, &v) && v.call_no == m->no)
			tell_call(o, &v, m->slot);
		else
			d->dirty[left++] = d->dirty[i];
	}
	for (uint32_t s = 0; s < slots && (left || d->all_dirty); s++) {
		bool wanted = d->all_dirty;

		if (!exchange_call_view(o->exchange, s, &v))
			continue;
		for (unsigned i = 0; i < left && !wanted; i++) {
			wanted = d->dirty[i] == v.call_no;
			if (wanted)
				d->dirty[i] = d->dirty[--left];
		}
		if (wanted)
			tell_call(o, &v, s);
	}
	d->dirty_count = 0;
	d->all_dirty = false;
}

/* The live page's line: manual or automatic, and how many are on duty. */
static void tell_switchboard(struct app_org *o)
{
	struct desk_org *d = desk_org(o);
	bool manual = !exchange_automatic(o->exchange);
	unsigned on_duty = app_desk_on_duty(o);

	if (manual == d->manual && on_duty == d->on_duty)
		return;
	d->manual = manual;
	d->on_duty = on_duty;
	live_publish(o->app, o->id, APP_LIVE_ROLES, "switchboard", live_state_json(o));
}

static void on_flush(void *arg)
{
	struct app_desk *d = arg;

	d->at_once++;
	for (unsigned k = 0; k < d->app->org_count; k++) {
		struct app_org *o = &d->app->org[k];
		struct desk_org *t = &d->org[k];

		if (!live_watched(d->app)) {
			t->dirty_count = 0;
			t->all_dirty = t->changed = t->bays_known = false;
			continue;
		}
		if (!t->bays_known)
			desk_bays_count(o);
		tell_calls(o);
		if (!t->changed)
			continue;
		t->changed = false;
		live_publish(d->app, o->id, DESK_ROLES, "desk", desk_state_json(o));
		tell_switchboard(o);
	}
}

/* ---- heartbeats ---- */

static void beat(struct app_org *o)
{
	const struct desk_org *d = desk_org(o);

	if (d->positions)
		live_publish(o->app, o->id, API_OPERATOR, "beat_desk",
			     json_pack("{s:I}", "n", (json_int_t)o->app->desk->beat));
}

static void look_for_lost(struct app_org *o)
{
	struct desk_org *d = desk_org(o);
	int64_t now = clock_mono_ms();

	for (unsigned i = 1; i <= d->positions; i++) {
		struct desk_position *p = &d->position[i];

		if (!p->page || now - p->heard_ms < DESK_PAGE_LOST_MS)
			continue;
		p->page = false;
		log_info("app", "position %u (%s): its page is lost", i, p->name);
		app_desk_act(o, (uint16_t)i, DESK_PAGE_LOST, 0);
	}
}

static void on_tick(void *arg)
{
	struct app_desk *d = arg;
	bool due = d->ticks++ % (DESK_BEAT_MS / DESK_TICK_MS) == 0;

	d->beat += due;
	for (unsigned k = 0; k < d->app->org_count; k++) {
		if (due)
			beat(&d->app->org[k]);
		look_for_lost(&d->app->org[k]);
	}
	tmr_start(&d->tick, DESK_TICK_MS, on_tick, d);
}

void desk_tell_open(struct app *a)
{
	tmr_init(&a->desk->flush);
	tmr_init(&a->desk->tick);
	tmr_start(&a->desk->tick, DESK_TICK_MS, on_tick, a->desk);
}

void desk_tell_close(struct app *a)
{
	tmr_cancel(&a->desk->flush);
	tmr_cancel(&a->desk->tick);
}
