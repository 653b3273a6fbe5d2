/* Events into an exchange, its effects out to the rooms: the one place where both meet. */
#include "app/desk.h"
#include "app/boxcall.h"
#include "app/mailbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void arm(struct app_org *o);

static void on_timer(void *arg)
{
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_TIMER;
	app_event(arg, &ev);
}

static void arm(struct app_org *o)
{
	int64_t due = exchange_next_due_ms(o->exchange), now = clock_mono_ms();

	if (due == INT64_MAX)
		tmr_cancel(&o->timer);
	else
		tmr_start(&o->timer, due > now ? (uint64_t)(due - now) : 0, on_timer, o);
}

static void bind_leg(struct app_org *o, const struct effect *fx)
{
	struct app_leg *l = app_leg_get(o->app, fx->bind.channel);

	if (l)
		app_leg_bind(l, fx->leg);
}

static void reject(struct app_org *o, const struct effect *fx)
{
	struct app_leg *l = app_leg_get(o->app, fx->bind.channel);

	if (!l)
		return;
	o->app->calls_refused++;
	if (l->effect) {
		l->effect(l, fx);
		return;
	}
	if (l->session)
		sip_session_reject(l->session, fx->bind.code, NULL);
	app_leg_free(l);
}

/* Which room an effect is for. */
enum room { ROOM_APP, ROOM_SIP, ROOM_MEDIA, ROOM_RECORDS };
static const uint8_t room_of[FX_COUNT] = {
    [FX_RING] = ROOM_SIP,     [FX_PROGRESS] = ROOM_SIP,	    [FX_ANSWER] = ROOM_SIP,
    [FX_END] = ROOM_SIP,      [FX_REFER_ANSWER] = ROOM_SIP, [FX_REFER_NOTIFY] = ROOM_SIP,
    [FX_SHOW] = ROOM_SIP,     [FX_JOIN] = ROOM_MEDIA,	    [FX_PART] = ROOM_MEDIA,
    [FX_PLAY] = ROOM_MEDIA,   [FX_TONE] = ROOM_MEDIA,	    [FX_MUSIC] = ROOM_MEDIA,
    [FX_QUIET] = ROOM_MEDIA,  [FX_RECORD] = ROOM_MEDIA,	    [FX_RECORD_STOP] = ROOM_MEDIA,
    [FX_KEEP] = ROOM_RECORDS, [FX_FORGET] = ROOM_RECORDS,   [FX_STEP] = ROOM_RECORDS,
    [FX_DAY] = ROOM_RECORDS,  [FX_CONFER] = ROOM_MEDIA,	    [FX_LISTEN] = ROOM_MEDIA,
    [FX_TAPE] = ROOM_MEDIA,   [FX_TAPE_STOP] = ROOM_MEDIA,
};

static void carry_out(struct app_org *o, const struct effect *fx)
{
	struct app_leg *l;

	if (fx->kind == FX_STEP || fx->kind == FX_COMMAND || fx->kind == FX_POSITION ||
	    fx->kind == FX_CALL)
		app_desk_effect(o, fx);
	switch (room_of[fx->kind]) {
	case ROOM_RECORDS:
		app_records_effect(o, fx);
		return;
	case ROOM_SIP:
	case ROOM_MEDIA:
		l = app_leg_of(o, fx->leg);
		if (l && room_of[fx->kind] == ROOM_SIP)
			app_session_effect(l, fx);
		else if (l)
			app_media_effect(l, fx);
		return;
	}
	if (fx->kind == FX_BIND)
		bind_leg(o, fx);
	else if (fx->kind == FX_REJECT)
		reject(o, fx);
	else if (fx->kind == FX_DIAL)
		app_dial(o, fx);
	else if (fx->kind == FX_DIALOG)
		app_lamp(o, fx);
}

/* A play of the same step waits for its recordings' effects, so effects are done in their order. */
static void step(struct app_org *o, const struct event *ev)
{
	static struct effects fx; /* the call thread's; large */
	struct now now;

	clock_now(&now);
	exchange_step(o->exchange, &o->rules, ev, &now, &fx);
	for (unsigned i = 0; i < fx.count; i++) {
		if (fx.v[i].kind == FX_BOX)
			app_mailbox_effect(o, &fx.v[i]); /* and wipes what is secret in it */
		else if (fx.v[i].kind == FX_BOX_CALLED)
			app_boxcall_effect(o, &fx.v[i]);
		else
			carry_out(o, &fx.v[i]);
	}
}

void app_event(struct app_org *o, const struct event *ev)
{
	if (o->stepping) {
		if (o->waiting.count == APP_EVENTS) {
			o->app->events_lost++;
			log_error("app", "an event of kind %d is lost: %u wait", ev->kind,
				  APP_EVENTS);
			return;
		}
		o->waiting.ev[(o->waiting.head + o->waiting.count++) % APP_EVENTS] = *ev;
		return;
	}
	o->stepping = true;
	step(o, ev);
	while (o->waiting.count) {
		struct event next = o->waiting.ev[o->waiting.head];

		o->waiting.head = (o->waiting.head + 1) % APP_EVENTS;
		o->waiting.count--;
		step(o, &next);
	}
	o->stepping = false;
	arm(o);
}
