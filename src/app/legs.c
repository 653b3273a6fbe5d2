/* The table of legs: what ties a leg of an exchange to its session of sip and its leg of media. */
#include "app/app.h"

#include <string.h>

#define SLOT(key) ((key) & 0xFFFFu)

struct app_leg *app_leg_new(struct app_org *o)
{
	struct app *a = o->app;
	struct app_leg *l;
	uint16_t slot = a->free_leg;
	uint16_t generation;

	if (a->leg_count == APP_LEGS - 1) /* slot 0 is never given out */
		return NULL;
	if (slot) {
		a->free_leg = a->leg[slot].next_free;
		if (!a->free_leg)
			a->free_last = 0;
	} else {
		slot = (uint16_t)(a->leg_count + 1);
	}
	l = &a->leg[slot];
	/* kept there while the slot is free */
	generation = (uint16_t)((l->local.port % 0x7FFF) + 1);
	memset(l, 0, sizeof(*l));
	l->key = (uint32_t)generation << 16 | slot;
	l->org = o;
	a->leg_count++;
	return l;
}

struct app_leg *app_leg_get(struct app *a, uint32_t key)
{
	struct app_leg *l = SLOT(key) < APP_LEGS ? &a->leg[SLOT(key)] : NULL;

	return l && key && l->key == key ? l : NULL;
}

struct app_org *app_leg_org(struct app *a, uint32_t key)
{
	return SLOT(key) < APP_LEGS ? a->leg[SLOT(key)].org : NULL;
}

struct app_leg *app_leg_of(struct app_org *o, leg_id leg)
{
	struct app_leg *l;

	if (!leg || SLOT(leg) >= APP_LEGS)
		return NULL;
	l = app_leg_get(o->app, o->leg_key[SLOT(leg)]);
	return l && l->leg == leg ? l : NULL;
}

void app_leg_bind(struct app_leg *l, leg_id leg)
{
	l->leg = leg;
	if (SLOT(leg) < APP_LEGS)
		l->org->leg_key[SLOT(leg)] = l->key;
}

void app_leg_free(struct app_leg *l)
{
	struct app_org *o = l->org;
	struct app *a = o->app;
	uint16_t slot = (uint16_t)SLOT(l->key), generation = (uint16_t)(l->key >> 16);

	if (l->media)
		media_leg_close(a->media, l->key);
	if (l->leg && o->leg_key[SLOT(l->leg)] == l->key)
		o->leg_key[SLOT(l->leg)] = 0;
	memset(l, 0, sizeof(*l));
	l->org = o;
	l->local.port = generation;
	/* the longest free is used next, so that a late message finds no new leg in its slot */
	if (a->free_last)
		a->leg[a->free_last].next_free = slot;
	else
		a->free_leg = slot;
	a->free_last = slot;
	a->leg_count--;
}

static bool has_codec(const struct stream_local *s, enum codec c)
{
	for (unsigned i = 0; i < s->codec_count; i++)
		if (s->codecs[i] == c)
			return true;
	return false;
}

static void add_codec(struct stream_local *s, enum codec c)
{
	if (c != CODEC_NONE && s->codec_count < CODEC_COUNT && !has_codec(s, c))
		s->codecs[s->codec_count++] = c;
}

/* Codecs in our order, but the other leg's first, so that nothing need be transcoded. */
static void order_codecs(const struct app_leg *l, const struct app_leg *like,
			 struct stream_local *local)
{
	const struct node_config *n = &l->org->app->config->node;
	struct stream_local may = {0};

	if (l->trunk) {
		const struct config_trunk *t = &n->trunks[l->trunk - 1];

		for (unsigned i = 0; i < t->codec_count; i++)
			add_codec(&may, t->codecs[i]);
	}
	if (may.codec_count == 0) {
		add_codec(&may, CODEC_PCMA);
		add_codec(&may, CODEC_PCMU);
		if (n->media.g722 && !l->trunk)
			add_codec(&may, CODEC_G722);
		if (n->media.opus && !l->trunk)
			add_codec(&may, CODEC_OPUS);
	}
	local->codec_count = 0;
	if (like && has_codec(&may, like->stream.codec))
		add_codec(local, like->stream.codec);
	for (unsigned i = 0; i < may.codec_count; i++)
		add_codec(local, may.codecs[i]);
}

int app_leg_sound(struct app_leg *l, const struct app_leg *like, struct stream_local *local)
{
	const struct node_config *n = &l->org->app->config->node;
	enum config_srtp srtp = l->trunk ? n->trunks[l->trunk - 1].srtp : n->media.phone_srtp;

	if (!l->media) {
		int err = media_leg_open(l->org->app->media, l->key, l->interface, !l->nat,
					 &l->local);
		if (err)
			return err;
		l->media = true;
	}
	memset(local, 0, sizeof(*local));
	local->local = l->local;
	order_codecs(l, like, local);
	local->srtp_allowed = l->secure && srtp != CONFIG_SRTP_OFF;
	local->srtp_required = srtp == CONFIG_SRTP_REQUIRED;
	local->dtmf = l->trunk ? n->trunks[l->trunk - 1].dtmf : DTMF_RFC4733;
	local->direction = STREAM_BOTH;
	return 0;
}

void app_leg_stream(struct app_leg *l, const struct stream *s)
{
	l->stream = *s;
	if (l->media)
		media_leg_set(l->org->app->media, l->key, s);
}

void app_leg_watch(struct app_leg *l, bool voice)
{
	struct media_watch watch = {0};

	if (!l->media)
		return;
	watch.busy_tone = l->trunk && l->org->app->config->node.trunks[l->trunk - 1].busy_tone;
	watch.silence_ms = l->effect ? 0 : app_measures(l->org)->silent_line_ms;
	watch.voice = voice;
	media_watch(l->org->app->media, l->key, &watch);
}
