/* Sip's reports into the exchange, the exchange's effects on sessions to sip. */
#include "app/desk.h"
#include "app/lamps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"

#define EXTENSION_MASK ((1u << APP_EXTENSION_BITS) - 1)

uint32_t app_extension_key(const struct app_org *o, uint32_t extension)
{
	return o->id << APP_EXTENSION_BITS | (extension & EXTENSION_MASK);
}

struct app_org *app_extension_org(struct app *a, uint32_t key, uint32_t *extension)
{
	*extension = key & EXTENSION_MASK;
	for (unsigned i = 0; i < a->org_count; i++)
		if (a->org[i].id == key >> APP_EXTENSION_BITS)
			return &a->org[i];
	return NULL;
}

struct app_org *app_did(struct app *a, uint16_t trunk, const char *dialled, char to[16])
{
	const struct node_config *n = &a->config->node;
	const char *id = n->trunks[trunk - 1].id;

	for (unsigned i = 0; i < n->organisation_count; i++) {
		const struct config_organisation *c = &n->organisations[i];

		for (unsigned k = 0; k < c->number_count; k++) {
			if (strcmp(c->numbers[k].number, dialled) != 0 ||
			    (c->numbers[k].trunk[0] && strcmp(c->numbers[k].trunk, id) != 0))
				continue;
			text_copy(to, 16, c->numbers[k].to);
			return &a->org[i];
		}
	}
	return NULL;
}

static void event_for(struct app_leg *l, enum event_kind kind, struct event *ev)
{
	memset(ev, 0, sizeof(*ev));
	ev->kind = kind;
	ev->leg = l->leg;
}

/* ---- reports ---- */

static struct app_org *whose(struct app *a, const struct sip_invite *inv, struct event *ev)
{
	char to[16];
	struct app_org *o;
	uint32_t held;

	if (inv->extension) {
		o = app_extension_org(a, inv->extension, &ev->invite.extension);
		TEXT_COPY(ev->invite.dialled, inv->dialled);
		return o;
	}
	ev->invite.trunk = inv->trunk;
	o = app_did(a, inv->trunk, inv->dialled, to);
	if (o)
		TEXT_COPY(ev->invite.dialled, to);
	else if (log_limit(&a->limiter, inv->source_ip, clock_mono_ms(), &held))
		log_warn("app", "trunk %s calls %s, which is nobody's number here (%u more)",
			 a->config->node.trunks[inv->trunk - 1].id, inv->dialled, held);
	return o;
}

/* Who calls from inside is what the directory says, not what a phone is set to. */
static void inside_caller(const struct app_org *o, struct event *ev)
{
	const struct directory *d = app_directory(o);
	const struct directory_extension *e = directory_extension(d, ev->invite.extension);
	const struct directory_person *p = e && e->person ? directory_person(d, e->person) : NULL;
	const struct directory_department *g =
		e && e->department ? directory_department(d, e->department) : NULL;

	TEXT_COPY(ev->invite.number, e ? e->number : "");
	TEXT_COPY(ev->invite.name, p ? p->name : g ? g->name : "");
}

static void outside_caller(const struct sip_invite *inv, struct event *ev)
{
	TEXT_COPY(ev->invite.number, inv->number); /* "" when withheld */
	TEXT_COPY(ev->invite.name, inv->name);
}

static void on_incoming(struct sip_session *s, const struct sip_invite *inv, void *arg)
{
	struct app *a = arg;
	struct app_org *o;
	struct app_leg *l, *replaced;
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	a->calls_offered++;
	o = whose(a, inv, &ev);
	if (!o) {
		sip_session_reject(s, 404, NULL);
		return;
	}
	l = app_leg_new(o);
	if (!l) {
		a->calls_refused++;
		sip_session_reject(s, 503, NULL);
		return;
	}
	l->session = s;
	l->trunk = inv->trunk;
	l->interface = inv->interface;
	l->secure = inv->secure;
	l->nat = inv->nat;
	sip_session_bind(s, l->key);
	ev.kind = EV_INVITE;
	ev.invite.channel = l->key;
	ev.invite.call_no = records_call_no(a->records);
	if (inv->extension)
		inside_caller(o, &ev);
	else
		outside_caller(inv, &ev);
	ev.invite.withheld = inv->withheld;
	ev.invite.hops = inv->diversions;
	if (inv->replaces) {
		replaced = app_leg_get(a, sip_session_key(inv->replaces));
		ev.invite.replaces = replaced && replaced->org == o ? replaced->leg : 0;
		ev.invite.replaces_early_only = inv->replaces_early_only;
	}
	app_event(o, &ev);
}

static void over(struct app_leg *l, enum event_kind kind, uint16_t code)
{
	struct event ev;

	l->session = NULL;
	event_for(l, kind, &ev);
	ev.code.code = code;
	if (l->leg)
		app_event(l->org, &ev);
	app_leg_free(l);
}

static void on_refer(struct app *a, struct app_leg *l, const struct sip_session_event *sev)
{
	struct app_leg *other;
	struct event ev;

	if (sev->refer.replaces_missing) {
		sip_session_refer_answer(l->session, 603);
		return;
	}
	event_for(l, EV_REFER, &ev);
	TEXT_COPY(ev.refer.number, sev->refer.number);
	if (sev->refer.replaces) {
		other = app_leg_get(a, sip_session_key(sev->refer.replaces));
		if (!other || other->org != l->org) {
			sip_session_refer_answer(l->session, 603);
			return;
		}
		ev.refer.replaces = other->leg;
	}
	app_event(l->org, &ev);
}

static void on_sound(struct app_leg *l, const struct sip_session_event *sev, enum event_kind kind)
{
	struct event ev;

	app_leg_stream(l, &sev->sound.stream);
	if (kind == EV_ANSWERED)
		app_leg_watch(l, false);
	event_for(l, kind, &ev);
	app_event(l->org, &ev);
}

static void on_session(struct sip_session *s, uint32_t key, const struct sip_session_event *sev,
		       void *arg)
{
	struct app *a = arg;
	struct app_leg *l = app_leg_get(a, key);
	struct event ev;

	if (!l)
		return;
	(void)s;
	switch (sev->kind) {
	case SIP_RINGING:
		event_for(l, EV_RINGING, &ev);
		app_event(l->org, &ev);
		break;
	case SIP_EARLY:
		on_sound(l, sev, EV_EARLY);
		break;
	case SIP_ANSWERED:
		on_sound(l, sev, EV_ANSWERED);
		break;
	case SIP_FAILED:
		over(l, EV_FAILED, sev->end.code);
		break;
	case SIP_ENDED:
		over(l, EV_ENDED, sev->end.code);
		break;
	case SIP_STREAM:
		app_leg_stream(l, &sev->sound.stream);
		if (l->held != sev->sound.held) {
			l->held = sev->sound.held;
			event_for(l, l->held ? EV_HELD : EV_RETRIEVED, &ev);
			app_event(l->org, &ev);
		}
		break;
	case SIP_DIGIT:
		event_for(l, EV_DIGIT, &ev);
		ev.digit.digit = sev->digit.digit;
		app_event(l->org, &ev);
		break;
	case SIP_REFER:
		on_refer(a, l, sev);
		break;
	}
}

static void on_reachable(uint32_t key, bool on, void *arg)
{
	struct event ev;
	struct app_org *o;

	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_REACHABLE;
	o = app_extension_org(arg, key, &ev.presence.id);
	ev.presence.on = on;
	if (!o)
		return;
	app_event(o, &ev);
	app_live_extension(o, ev.presence.id);
	if (on)
		app_lamps_reachable(o->app, key);
}

static void on_trunk(uint16_t trunk, enum sip_trunk_state state, enum sip_trunk_reason reason,
		     uint16_t code, void *arg)
{
	struct app *a = arg;
	struct event ev;

	log_info("app", "trunk %s is %s (%s, %u)", a->config->node.trunks[trunk - 1].id,
		 state == SIP_TRUNK_UP ? "usable" : "not usable", sip_trunk_reason_name(reason),
		 code);
	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_TRUNK;
	ev.presence.id = trunk;
	ev.presence.on = state == SIP_TRUNK_UP;
	for (unsigned i = 0; i < a->org_count; i++)
		app_event(&a->org[i], &ev);
	app_live_trunk(a, trunk);
}

static int on_lamp(uint32_t subscriber, const char *number, uint32_t *extension,
		   enum sip_lamp *state, void *arg)
{
	struct exchange_extension_view v;
	struct target t;
	uint32_t own;
	struct app_org *o = app_extension_org(arg, subscriber, &own);

	if (!o)
		return ENOENT;
	t = directory_number(app_directory(o), number);
	if (t.kind != TARGET_EXTENSION)
		return ENOENT;
	*extension = app_extension_key(o, t.id);
	*state = exchange_extension_view(o->exchange, t.id, &v) ? (enum sip_lamp)v.lamp
								: SIP_LAMP_IDLE;
	return 0;
}

void app_lamp(struct app_org *o, const struct effect *fx)
{
	sip_room_lamp(o->app->sip, app_extension_key(o, fx->dialog.extension),
		      (enum sip_lamp)fx->dialog.state);
	app_live_extension(o, fx->dialog.extension);
}

const struct sip_room_handlers app_sip_handlers = {
	.credential = app_credential,
	.reachable = on_reachable,
	.trunk_state = on_trunk,
	.lamp = on_lamp,
	.waiting = app_lamps_waiting,
	.incoming = on_incoming,
	.session = on_session,
};

/* ---- effects ---- */

/* The session refused to do it: the exchange hears that the leg is over, after this step. */
static void lost(struct app_leg *l, uint16_t code)
{
	l->session = NULL;
	over(l, EV_ENDED, code);
}

static void answer(struct app_leg *l, bool early)
{
	struct stream_local local;
	struct stream stream;
	int err = app_leg_sound(l, NULL, &local);

	if (err) {
		log_error("app", "no sound for a call: %s", strerror(err));
		sip_session_end(l->session, 503, NULL);
		lost(l, 503);
		return;
	}
	err = early ? sip_session_progress(l->session, &local, &stream)
		    : sip_session_answer(l->session, &local, &stream);
	if (err == 0)
		app_leg_stream(l, &stream);
	if (!early && (err == 0 || err == ENODATA))
		app_leg_watch(l, false);
	if (err == 0)
		return;
	if (err == ENOTSUP)
		lost(l, 488);
	else if (err != ENODATA)
		log_warn("app", "a call can't be answered: %s", strerror(err));
}

void app_session_effect(struct app_leg *l, const struct effect *fx)
{
	if (l->effect) {
		l->effect(l, fx);
		return;
	}
	if (!l->session)
		return;
	if (fx->kind == FX_RING) {
		sip_session_ring(l->session);
	} else if (fx->kind == FX_PROGRESS || fx->kind == FX_ANSWER) {
		answer(l, fx->kind == FX_PROGRESS);
	} else if (fx->kind == FX_END) {
		sip_session_end(l->session, fx->end.code,
				fx->end.why == END_NONE ? NULL : exchange_end_name(fx->end.why));
		app_leg_free(l);
	} else if (fx->kind == FX_SHOW) {
		sip_session_show(l->session, fx->show.number, fx->show.name);
	} else if (fx->kind == FX_REFER_ANSWER) {
		sip_session_refer_answer(l->session, fx->code.code);
	} else if (fx->kind == FX_REFER_NOTIFY) {
		sip_session_refer_notify(l->session, fx->code.code, fx->code.code >= 200);
	}
}

static uint16_t dial_code(int err)
{
	return err == EHOSTUNREACH ? 480 : err == ENOENT ? 404 : 503;
}

/* The far end of `l` can't be called: told as a refusal, after this step. */
static void dial_failed(struct app_leg *l, int err)
{
	over(l, EV_FAILED, dial_code(err));
}

void app_dial(struct app_org *o, const struct effect *fx)
{
	uint32_t key = fx->dial.extension ? app_extension_key(o, fx->dial.extension) : 0;
	struct stream_local local;
	struct sip_route route;
	struct sip_dial d;
	struct app_leg *l;
	int err;

	if (o->app->dial && o->app->dial(o, fx))
		return;
	l = app_leg_new(o);
	if (!l) {
		struct event ev;

		memset(&ev, 0, sizeof(ev));
		ev.kind = EV_FAILED;
		ev.leg = fx->leg;
		ev.code.code = 503;
		app_event(o, &ev);
		return;
	}
	app_leg_bind(l, fx->leg);
	l->trunk = fx->dial.trunk;
	err = sip_session_route(o->app->sip, key, fx->dial.trunk, &route);
	if (!err) {
		l->interface = route.interface;
		l->secure = route.secure;
		l->nat = route.nat;
		err = app_leg_sound(l, app_leg_of(o, fx->dial.media_like), &local);
	}
	memset(&d, 0, sizeof(d));
	d.extension = key;
	d.trunk = fx->dial.trunk;
	TEXT_COPY(d.number, fx->dial.number);
	TEXT_COPY(d.from_number, fx->dial.from_number);
	TEXT_COPY(d.from_name, fx->dial.from_name);
	d.withheld = fx->dial.withheld;
	d.first_response_ms = fx->dial.timeout_ms;
	d.auto_answer = key && app_desk_is_phone(o, fx->leg);
	if (!err)
		err = sip_session_dial(o->app->sip, &d, &local, l->key, &l->session);
	if (err)
		dial_failed(l, err);
}
