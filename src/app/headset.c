/*
 * Operators' headsets: an offer becomes a leg of its own; once its sound is up it is the
 * position's, in the place of an earlier one (EV_DESK, DESK_HEADSET). Its loss and return are told,
 * its end ends the leg. An id that nobody can guess names it to HTTP, and only its own account may
 * use it.
 */
#include "app/headset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "app/desk.h"

struct headset {
	uint32_t key; /* of the leg, 0 free */
	uint32_t user;
	uint16_t position;
	bool up;
	char id[33];
};
static struct headset headsets[APP_HEADSETS];

static struct headset *of_leg(const struct app_leg *l)
{
	for (unsigned i = 0; i < APP_HEADSETS; i++)
		if (headsets[i].key == l->key)
			return &headsets[i];
	return NULL;
}

static void end(struct app_leg *l)
{
	struct headset *h = of_leg(l);

	if (h)
		memset(h, 0, sizeof(*h));
	app_leg_free(l);
}

/* The browser's side has ended: told to the exchange when the leg is its own by now. */
static void gone(struct app_leg *l)
{
	struct event ev;

	memset(&ev, 0, sizeof(ev));
	ev.kind = EV_ENDED;
	ev.leg = l->leg;
	if (l->leg)
		app_event(l->org, &ev);
	end(l);
}

static void on_effect(struct app_leg *l, const struct effect *fx)
{
	if (fx->kind == FX_END || fx->kind == FX_REJECT)
		end(l);
}

static void on_sound(struct app_leg *l, const struct media_event *m)
{
	struct headset *h = of_leg(l);

	if (!h)
		return;
	if (m->kind == MEDIA_EV_WEB_UP) {
		h->up = true;
		app_desk_act(l->org, h->position, DESK_HEADSET, l->key);
	} else if (m->kind == MEDIA_EV_LOST && l->leg) {
		app_desk_act(l->org, h->position, DESK_SOUND_LOST, 0);
	} else if (m->kind == MEDIA_EV_BACK && l->leg) {
		app_desk_act(l->org, h->position, DESK_SOUND_BACK, 0);
	} else if (m->kind == MEDIA_EV_GONE) {
		log_info("app", "position %u: the headset is gone (%d)", h->position, m->gone);
		gone(l);
	}
}

/* ---- offers ---- */

/* Where the browser finds us: the address that it found the console at, else the first. */
static uint8_t interface_of(const struct app *a)
{
	const struct node_config *n = &a->config->node;

	for (unsigned i = 0; i < n->interface_count; i++)
		if (strcmp(n->interfaces[i].address, n->http.address) == 0)
			return (uint8_t)i;
	return 0;
}

int app_headset_answer(struct app_leg *l, const char *text, size_t len, json_t **out)
{
	struct media_web_answer *answer = calloc(1, sizeof(*answer));
	int err;

	if (!answer)
		return ENOMEM;
	l->interface = interface_of(l->org->app);
	err = media_web_open(l->org->app->media, l->key, l->interface, text, len, answer);
	if (err == EBADMSG)
		*out = json_pack("{s:s}", "refusal", media_web_refusal_name(answer->refusal));
	if (!err) {
		l->media = true;
		l->stream.codec = answer->codec;
		*out = json_pack("{s:s}", "sdp", answer->text);
	}
	free(answer);
	return err;
}

/* One that isn't up yet makes room for the account's next try. */
static struct headset *new_headset(struct app *a, uint32_t user)
{
	struct headset *free_one = NULL;

	for (unsigned i = 0; i < APP_HEADSETS; i++) {
		struct headset *h = &headsets[i];
		struct app_leg *l = app_leg_get(a, h->key);

		if (h->key && (!l || (h->user == user && !h->up)) && l)
			app_leg_free(l);
		if (!h->key || !l || (h->user == user && !h->up)) {
			memset(h, 0, sizeof(*h));
			free_one = h;
		}
	}
	return free_one;
}

static int open_headset(struct app_org *o, const struct api_query *q, uint16_t position,
			json_t **out)
{
	const struct headset_ask *k = q->more;
	struct headset *h = new_headset(o->app, q->who.user);
	struct app_leg *l = h ? app_leg_new(o) : NULL;
	unsigned char noise[16];
	int err;

	if (!l)
		return ENOBUFS;
	l->effect = on_effect;
	l->sound = on_sound;
	err = app_headset_answer(l, k->text, k->s.len, out);
	if (err) {
		app_leg_free(l);
		return err;
	}
	l->answered = true;
	h->key = l->key;
	h->user = q->who.user;
	h->position = position;
	randombytes_buf(noise, sizeof(noise));
	sodium_bin2hex(h->id, sizeof(h->id), noise, sizeof(noise));
	json_object_set_new(*out, "id", json_string(h->id));
	return 0;
}

static int build_open(struct app *a, const struct api_query *q, json_t **out)
{
	struct app_org *o = live_org(a, q->who.org);
	uint16_t position;

	if (!o || !app_desk_may(o, &q->who, q->standin))
		return EACCES;
	position = app_desk_position(o, &q->who);
	return position ? open_headset(o, q, position, out) : ENOBUFS;
}

static struct app_leg *named(struct app *a, const struct api_query *q)
{
	const struct headset_ask *k = q->more;

	for (unsigned i = 0; i < APP_HEADSETS; i++)
		if (headsets[i].key && headsets[i].user == q->who.user &&
		    strcmp(headsets[i].id, k->s.id) == 0)
			return app_leg_get(a, headsets[i].key);
	return NULL;
}

static int build_restart(struct app *a, const struct api_query *q, json_t **out)
{
	const struct headset_ask *k = q->more;
	struct app_leg *l = named(a, q);
	struct media_web_answer *answer = l ? calloc(1, sizeof(*answer)) : NULL;
	int err;

	if (!answer)
		return ENOENT;
	err = media_web_restart(a->media, l->key, k->text, k->s.len, answer);
	if (err == EBADMSG)
		*out = json_pack("{s:s}", "refusal", media_web_refusal_name(answer->refusal));
	if (!err)
		*out = json_pack("{s:s}", "sdp", answer->text);
	free(answer);
	return err;
}

static int build_close(struct app *a, const struct api_query *q, json_t **out)
{
	struct app_leg *l = named(a, q);

	(void)out;
	if (!l)
		return ENOENT;
	gone(l);
	return 0;
}

/* ---- worker ---- */

static live_build *build_of(enum api_sound_what what)
{
	switch (what) {
	case API_HEADSET_OPEN:
		return build_open;
	case API_HEADSET_RESTART:
		return build_restart;
	case API_HEADSET_CLOSE:
		return build_close;
	case API_PHONE_OPEN:
	case API_PHONE_SOUND:
	case API_PHONE_SHOW:
	case API_PHONE_ACT:
	case API_PHONE_CLOSE:
		break;
	}
	return app_webphone_build;
}

static int source_sound(void *arg, const struct api_query *q, const struct api_sound *s,
			json_t **out)
{
	const size_t size = sizeof(struct headset_ask) + s->len + 1;
	struct headset_ask *k = calloc(1, size);
	struct api_query with = *q;
	struct app *a = arg;
	int err;

	if (!k)
		return ENOMEM;
	k->s = *s;
	k->s.text = NULL;
	if (s->len)
		memcpy(k->text, s->text, s->len);
	err = live_ask_with(a, build_of(s->what), &with, k, size, out);
	/* the post isn't theirs: a stand-in's account may still be (A5.9) */
	if (err == EACCES && s->what == API_HEADSET_OPEN && app_desk_appointed(a, &q->who) == 0) {
		with.standin = true;
		err = live_ask_with(a, build_open, &with, k, size, out);
	}
	free(k);
	return err;
}

void app_headset_source_fill(struct api_source *s)
{
	s->sound = source_sound;
}
