/*
 * The sample company's telephones in the browser: an outside caller over the trunk `sample`, or one
 * of its extensions. A phone has one leg for as long as it is there, which is lent to one call of
 * the exchange after another, and its sound, once the page has offered it. A page that isn't heard
 * of for WEBPHONE_GONE_MS hangs up.
 *
 *   IDLE ──call──▶ CALLING ──▶ TALKING ──▶ ENDED ─▶ (as IDLE, with a reason)
 *   IDLE ──dialled─▶ RINGING ──answer─▶ TALKING
 */
#include "app/headset.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

enum phone_state { PHONE_IDLE, PHONE_CALLING, PHONE_RINGING, PHONE_TALKING, PHONE_ENDED };
static const char *const state_name[] = {
	[PHONE_IDLE] = "idle",	     [PHONE_CALLING] = "calling", [PHONE_RINGING] = "ringing",
	[PHONE_TALKING] = "talking", [PHONE_ENDED] = "ended",
};

enum behaviour { BEHAVE_ANSWER, BEHAVE_BUSY, BEHAVE_AWAY, BEHAVIOURS };
static const char *const behaviour_name[] = {
	[BEHAVE_ANSWER] = "answer", [BEHAVE_BUSY] = "busy", [BEHAVE_AWAY] = "away"};

struct webphone {
	uint32_t key; /* of the leg, 0 free */
	uint32_t extension;
	uint16_t trunk;
	enum phone_state state;
	enum behaviour behaviour;
	bool held, up, tone;
	int64_t asked_ms;
	char token[33];
	char number[EVENT_NUMBER]; /* its own */
	char peer_number[EVENT_NUMBER], peer_name[EVENT_NAME];
	char reason[32];
};
static struct webphone phones[APP_WEBPHONES];
static struct tmr timer;

static struct webphone *of_leg(const struct app_leg *l)
{
	for (unsigned i = 0; i < APP_WEBPHONES; i++)
		if (phones[i].key == l->key)
			return &phones[i];
	return NULL;
}

static struct webphone *of_extension(const struct app_org *o, uint32_t extension)
{
	for (unsigned i = 0; i < APP_WEBPHONES; i++) {
		const struct app_leg *l = app_leg_get(o->app, phones[i].key);

		if (l && extension && phones[i].extension == extension && l->org == o)
			return &phones[i];
	}
	return NULL;
}

static void tell(struct app_leg *l, enum event_kind kind, uint16_t code)
{
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	ev.kind = kind;
	ev.leg = l->leg;
	if (kind == EV_FAILED || kind == EV_ENDED)
		ev.code.code = code;
	if (l->leg)
		app_event(l->org, &ev);
}

/* The leg is free for the next call; what it heard is over. */
static void let_go(struct app_leg *l, struct webphone *p, const char *reason)
{
	const uint16_t slot = l->leg & 0xFFFF;

	if (l->leg && l->org->leg_key[slot] == l->key)
		l->org->leg_key[slot] = 0;
	l->leg = 0;
	p->state = PHONE_ENDED;
	p->held = p->tone = false;
	text_copy(p->reason, sizeof(p->reason), reason);
	if (l->media) {
		media_part(l->org->app->media, l->key);
		media_record_stop(l->org->app->media, l->key, MEDIA_WHY_HANGUP);
		media_quiet(l->org->app->media, l->key);
	}
}

static void answered(struct app_leg *l, struct webphone *p)
{
	if (p->tone)
		media_quiet(l->org->app->media, l->key);
	p->tone = false;
	p->state = PHONE_TALKING;
}

static void on_effect(struct app_leg *l, const struct effect *fx)
{
	struct webphone *p = of_leg(l);

	if (!p)
		return;
	if (fx->kind == FX_RING) {
		p->tone = true; /* a telephone makes its own */
		media_tone(l->org->app->media, l->key, MEDIA_TONE_RINGBACK);
	} else if (fx->kind == FX_ANSWER || fx->kind == FX_PROGRESS) {
		answered(l, p);
	} else if (fx->kind == FX_END) {
		let_go(l, p, exchange_end_name(fx->end.why));
	} else if (fx->kind == FX_REJECT) {
		let_go(l, p, exchange_end_name(fx->bind.why));
	} else if (fx->kind == FX_SHOW) {
		TEXT_COPY(p->peer_number, fx->show.number);
		TEXT_COPY(p->peer_name, fx->show.name);
	}
}

static void on_sound(struct app_leg *l, const struct media_event *m)
{
	struct webphone *p = of_leg(l);

	if (p && (m->kind == MEDIA_EV_WEB_UP || m->kind == MEDIA_EV_GONE))
		p->up = m->kind == MEDIA_EV_WEB_UP;
}

static void hang_up(struct app_leg *l, struct webphone *p)
{
	const leg_id leg = l->leg;

	if (!leg)
		return;
	tell(l, p->state == PHONE_RINGING ? EV_FAILED : EV_ENDED,
	     p->state == PHONE_RINGING ? 603 : 0);
	/* unless the exchange has let it go by itself */
	if (l->leg == leg)
		let_go(l, p, "self");
}

/* ---- being there ---- */

static void reachable(struct app_org *o, uint32_t extension, bool on)
{
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_REACHABLE;
	ev.presence.id = extension;
	ev.presence.on = on;
	app_event(o, &ev);
	app_live_extension(o, extension);
}

static void leave(struct app *a, struct webphone *p)
{
	struct app_leg *l = app_leg_get(a, p->key);
	struct sip_route route;
	uint32_t extension = p->extension;
	struct app_org *o = l ? l->org : NULL;

	if (l) {
		hang_up(l, p);
		app_leg_free(l);
	}
	memset(p, 0, sizeof(*p));
	if (o && extension &&
	    sip_session_route(a->sip, app_extension_key(o, extension), 0, &route) != 0)
		reachable(o, extension, false);
}

static void on_timer(void *arg)
{
	struct app *a = arg;
	const int64_t now = clock_mono_ms();
	unsigned n = 0;

	for (unsigned i = 0; i < APP_WEBPHONES; i++) {
		struct webphone *p = &phones[i];
		struct app_leg *l = app_leg_get(a, p->key);
		struct exchange_extension_view v;

		if (!p->key)
			continue;
		if (!l || now - p->asked_ms > WEBPHONE_GONE_MS) {
			leave(a, p);
			continue;
		}
		n++;
		/* a phone of sip's for the same extension may have signed off */
		if (p->extension &&
		    (!exchange_extension_view(l->org->exchange, p->extension, &v) || !v.reachable))
			reachable(l->org, p->extension, true);
	}
	if (n)
		tmr_start(&timer, 1000, on_timer, a);
}

/* FX_DIAL of an extension that is a browser's: here, and not at its phones of sip. */
static bool dial(struct app_org *o, const struct effect *fx)
{
	struct webphone *p = of_extension(o, fx->dial.extension);
	struct app_leg *l = p ? app_leg_get(o->app, p->key) : NULL;
	struct event ev;

	if (!l)
		return false;
	memset(&ev, 0, sizeof(ev));
	ev.leg = fx->leg;
	if (l->leg || p->behaviour == BEHAVE_BUSY) {
		ev.kind = EV_FAILED;
		ev.code.code = 486;
	} else {
		ev.kind = EV_RINGING;
		app_leg_bind(l, fx->leg);
		p->state = PHONE_RINGING;
		p->reason[0] = '\0';
		TEXT_COPY(p->peer_number, fx->dial.from_number);
		TEXT_COPY(p->peer_name, fx->dial.from_name);
	}
	app_event(o, &ev);
	return true;
}

/* ---- what the page wants ---- */

static int wrong(json_t **out, const char *field)
{
	*out = json_pack("{s:s}", "field", field);
	return EINVAL;
}

static int show(const struct webphone *p, bool token, json_t **out)
{
	json_t *j = json_pack("{s:s,s:s,s:{s:s,s:s},s:s,s:s,s:b,s:b}", "number", p->number, "state",
			      state_name[p->state], "peer", "number", p->peer_number, "name",
			      p->peer_name, "behaviour", behaviour_name[p->behaviour], "reason",
			      p->reason, "held", p->held, "sound", p->up);

	if (j && token)
		json_object_set_new(j, "token", json_string(p->token));
	*out = j;
	return j ? 0 : ENOMEM;
}

static uint16_t sample_trunk(const struct app *a)
{
	const struct node_config *n = &a->config->node;

	for (unsigned i = 0; i < n->trunk_count; i++)
		if (strcmp(n->trunks[i].id, "sample") == 0)
			return (uint16_t)(i + 1);
	return 0;
}

static struct app_org *org_of(struct app *a, const char *number, uint32_t *extension)
{
	for (unsigned i = 0; i < a->org_count; i++) {
		struct target t = directory_number(app_directory(&a->org[i]), number);

		if (t.kind == TARGET_EXTENSION) {
			*extension = t.id;
			return &a->org[i];
		}
	}
	return NULL;
}

static struct webphone *new_phone(struct app_org *o)
{
	struct webphone *p = NULL;
	struct app_leg *l;
	unsigned char noise[16];

	for (unsigned i = 0; i < APP_WEBPHONES && !p; i++)
		p = phones[i].key ? NULL : &phones[i];
	l = p ? app_leg_new(o) : NULL;
	if (!l)
		return NULL;
	l->effect = on_effect;
	l->sound = on_sound;
	p->key = l->key;
	p->asked_ms = clock_mono_ms();
	randombytes_buf(noise, sizeof(noise));
	sodium_bin2hex(p->token, sizeof(p->token), noise, sizeof(noise));
	return p;
}

static int open_phone(struct app *a, const struct api_sound *s, json_t **out)
{
	const bool outside = strcmp(s->as, "outside") == 0;
	const uint16_t trunk = outside ? sample_trunk(a) : 0;
	uint32_t extension = 0;
	struct app_org *o = outside ? &a->org[0] : org_of(a, s->as, &extension);
	struct webphone *p;

	if (!o || (outside && !trunk))
		return wrong(out, "as");
	if (s->number[0] && !text_is_dialable(s->number, 20))
		return wrong(out, "number");
	if (of_extension(o, extension))
		return EBUSY;
	p = new_phone(o);
	if (!p)
		return ENOBUFS;
	p->extension = extension;
	p->trunk = trunk;
	TEXT_COPY(p->number, outside ? s->number : s->as);
	a->dial = dial;
	if (extension)
		reachable(o, extension, true);
	if (!tmr_isrunning(&timer))
		tmr_start(&timer, 1000, on_timer, a);
	return show(p, true, out);
}

/* A later offer takes a new leg: the old one's events may still be on their way. */
static int set_sound(struct app_leg *l, struct webphone *p, const struct headset_ask *k,
		     json_t **out)
{
	struct app_leg *fresh;
	int err;

	if (!l->media)
		return app_headset_answer(l, k->text, k->s.len, out);
	if (l->leg)
		return EBUSY;
	fresh = app_leg_new(l->org);
	if (!fresh)
		return ENOBUFS;
	fresh->effect = on_effect;
	fresh->sound = on_sound;
	err = app_headset_answer(fresh, k->text, k->s.len, out);
	if (err) {
		app_leg_free(fresh);
		return err;
	}
	p->key = fresh->key;
	p->up = false;
	app_leg_free(l);
	return 0;
}

static void invite_outside(struct app *a, struct app_leg *l, const struct webphone *p,
			   const char *number, struct event *ev)
{
	char to[16];
	uint32_t extension;
	struct app_org *o = app_did(a, p->trunk, number, to);

	/* for trying things out, every extension has a number outside */
	if (!o && org_of(a, number, &extension)) {
		o = org_of(a, number, &extension);
		text_copy(to, sizeof(to), number);
	}
	ev->invite.trunk = p->trunk;
	TEXT_COPY(ev->invite.number, p->number);
	if (!o)
		return;
	l->org = o;
	TEXT_COPY(ev->invite.dialled, to);
}

static void invite_inside(const struct app_leg *l, const struct webphone *p, const char *number,
			  struct event *ev)
{
	const struct directory *d = app_directory(l->org);
	const struct directory_extension *e = directory_extension(d, p->extension);

	ev->invite.extension = p->extension;
	TEXT_COPY(ev->invite.number, p->number);
	TEXT_COPY(ev->invite.name, e ? live_name(d, e->person, e->department) : "");
	TEXT_COPY(ev->invite.dialled, number);
}

static int call(struct app *a, struct app_leg *l, struct webphone *p, const char *number,
		json_t **out)
{
	struct event ev;

	if (l->leg)
		return wrong(out, "act");
	if (!text_is_dialable(number, 20))
		return wrong(out, "number");
	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_INVITE;
	ev.invite.channel = l->key;
	p->state = PHONE_CALLING;
	p->reason[0] = p->peer_name[0] = '\0';
	TEXT_COPY(p->peer_number, number);
	if (p->extension)
		invite_inside(l, p, number, &ev);
	else
		invite_outside(a, l, p, number, &ev);
	if (!ev.invite.dialled[0]) {
		let_go(l, p, exchange_end_name(END_VACANT_NUMBER));
		return 0;
	}
	a->calls_offered++;
	ev.invite.call_no = records_call_no(a->records);
	app_event(l->org, &ev);
	return 0;
}

static int answer(struct app_leg *l, struct webphone *p, json_t **out)
{
	if (p->state != PHONE_RINGING)
		return wrong(out, "act");
	p->state = PHONE_TALKING;
	tell(l, EV_ANSWERED, 0);
	return 0;
}

static int digit(struct app_leg *l, const struct webphone *p, char which, json_t **out)
{
	struct event ev;

	if (p->state != PHONE_TALKING || !which || !strchr("0123456789*#", which))
		return wrong(out, "digit");
	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_DIGIT;
	ev.leg = l->leg;
	ev.digit.digit = which;
	app_event(l->org, &ev);
	return 0;
}

static int hold(struct app_leg *l, struct webphone *p, bool on, json_t **out)
{
	if (p->state != PHONE_TALKING || p->held == on)
		return wrong(out, "act");
	p->held = on;
	tell(l, on ? EV_HELD : EV_RETRIEVED, 0);
	return 0;
}

static int behave(struct webphone *p, const char *how, json_t **out)
{
	for (int i = 0; i < BEHAVIOURS; i++) {
		if (strcmp(behaviour_name[i], how) != 0)
			continue;
		p->behaviour = (enum behaviour)i;
		return 0;
	}
	return wrong(out, "behaviour");
}

static int act(struct app *a, struct app_leg *l, struct webphone *p, const struct api_sound *s,
	       json_t **out)
{
	if (strcmp(s->act, "call") == 0)
		return call(a, l, p, s->number, out);
	if (strcmp(s->act, "answer") == 0)
		return answer(l, p, out);
	if (strcmp(s->act, "digit") == 0)
		return digit(l, p, s->digit, out);
	if (strcmp(s->act, "hold") == 0 || strcmp(s->act, "retrieve") == 0)
		return hold(l, p, s->act[0] == 'h', out);
	if (strcmp(s->act, "behave") == 0)
		return behave(p, s->behaviour, out);
	if (strcmp(s->act, "hang_up") != 0 && strcmp(s->act, "refuse") != 0)
		return wrong(out, "act");
	hang_up(l, p);
	return 0;
}

static struct webphone *named(const char *token)
{
	for (unsigned i = 0; i < APP_WEBPHONES; i++)
		if (phones[i].key && strcmp(phones[i].token, token) == 0)
			return &phones[i];
	return NULL;
}

int app_webphone_build(struct app *a, const struct api_query *q, json_t **out)
{
	const struct headset_ask *k = q->more;
	struct webphone *p;
	struct app_leg *l;
	int err = 0;

	if (!a->sample)
		return ENOENT;
	if (k->s.what == API_PHONE_OPEN)
		return open_phone(a, &k->s, out);
	p = named(k->s.id);
	l = p ? app_leg_get(a, p->key) : NULL;
	if (!l)
		return ENOENT;
	p->asked_ms = clock_mono_ms();
	if (k->s.what == API_PHONE_SOUND)
		return set_sound(l, p, k, out);
	if (k->s.what == API_PHONE_CLOSE) {
		leave(a, p);
		return 0;
	}
	if (k->s.what == API_PHONE_ACT)
		err = act(a, l, p, &k->s, out);
	return err ? err : show(p, false, out);
}

void app_webphone_close(struct app *a)
{
	(void)a;
	tmr_cancel(&timer);
}
