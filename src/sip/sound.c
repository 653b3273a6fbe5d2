/*
 * Offer and answer of a usage: what app allows, what the trunk wants, and what came of it.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "sip/session_priv.h"

/* A trunk's own list of codecs goes before app's: those of it that app can do. */
static void trunk_codecs(struct stream_local *l, const struct sip_trunk_config *c)
{
	enum codec list[CODEC_COUNT];
	unsigned n = 0;

	for (unsigned i = 0; i < c->codec_count && i < CODEC_COUNT; i++)
		for (unsigned k = 0; k < l->codec_count && n < CODEC_COUNT; k++)
			if (l->codecs[k] == c->codecs[i])
				list[n++] = l->codecs[k];
	if (!n)
		return;
	memcpy(l->codecs, list, n * sizeof(list[0]));
	l->codec_count = n;
}

void sound_local(struct usage *u, const struct stream_local *local)
{
	const struct sip_trunk *t = u->d.trunk ? sip_trunk_find(u->room, u->d.trunk) : NULL;

	u->local = *local;
	u->has_local = true;
	if (u->local.codec_count > CODEC_COUNT)
		u->local.codec_count = CODEC_COUNT;
	if (t) {
		const struct sip_trunk_config *c = sip_trunk_config(t);

		trunk_codecs(&u->local, c);
		u->local.dtmf = c->dtmf;
		u->local.srtp_allowed &= c->srtp;
		u->local.srtp_required &= c->srtp;
	}
	if (u->secure && sodium_is_zero(u->self.key, sizeof(u->self.key)))
		randombytes_buf(u->self.key, sizeof(u->self.key));
}

static void stream_take(struct usage *u, struct stream *s, bool held, bool *changed)
{
	bool differs;

	s->nat = u->nat;
	(void)TEXT_COPY(s->latch_ip, u->source_ip);
	differs = !u->has_stream || held != u->held || memcmp(s, &u->stream, sizeof(*s)) != 0;
	memcpy(&u->stream, s, sizeof(*s));
	u->has_stream = true;
	u->held = held;
	if (changed)
		*changed = differs;
}

static int parse(const struct usage *u, const char *sdp, size_t len, struct offer_remote *out)
{
	int err = offer_parse(sdp, len, offer_want(&u->self, &u->local, u->secure), out);

	return err == 0 || err == EBADMSG ? err : ENOTSUP;
}

int sound_answer(struct usage *u, const char *offer, size_t len, char *sdp, size_t cap,
		 bool *changed)
{
	struct offer_remote remote;
	struct stream s;
	int err;

	if (!u->has_local)
		return ENOTSUP;
	memset(&s, 0, sizeof(s));
	err = parse(u, offer, len, &remote);
	if (!err)
		err = offer_answer(&u->self, &remote, &u->local, u->secure, sdp, cap, &s);
	if (err)
		return err;
	stream_take(u, &s, offer_is_hold(&remote), changed);
	u->offer = OFFER_NONE;
	return 0;
}

int sound_offer(struct usage *u, const struct stream_local *local, char *sdp, size_t cap)
{
	int err = offer_make(&u->self, local, u->secure, sdp, cap);

	if (!err)
		u->offer = OFFER_SENT;
	return err;
}

int sound_conclude(struct usage *u, const char *answer, size_t len,
		   const struct stream_local *local, bool *changed)
{
	struct offer_remote remote;
	struct stream s;
	int err;

	memset(&s, 0, sizeof(s));
	err = parse(u, answer, len, &remote);
	if (!err)
		err = offer_conclude(&u->self, &remote, local, &s);
	if (!err)
		stream_take(u, &s, offer_is_hold(&remote), changed);
	return err;
}
