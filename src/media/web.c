/*
 * A browser's offer, answered in the call thread: nothing is waited for. The certificate is made
 * with the first offer and kept; it names the switchboard for as long as it runs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/text.h"
#include "media/web.h"

static const char ice_char[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define UFRAG_LEN 8  /* 48 bits; RFC 8445, 5.3 asks for 24 */
#define PWD_LEN	  24 /* 144 bits; 128 */

/* What a later restart needs, by the leg's slot. */
struct web_call {
	char ufrag[WEB_UFRAG_MAX + 1]; /* the browser's, newest */
	char mid[WEB_TOKEN];
	enum codec codec;
	struct stream_address local;
	unsigned interface;
};

struct web_desk {
	struct web_key *key;
	struct web_call *call[]; /* legs_max */
};

static const char *const refusal_name[MEDIA_WEB_REFUSALS] = {
	[MEDIA_WEB_OK] = "ok",
	[MEDIA_WEB_TOO_BIG] = "too_big",
	[MEDIA_WEB_NOT_SDP] = "not_sdp",
	[MEDIA_WEB_TOO_MANY_SECTIONS] = "too_many_sections",
	[MEDIA_WEB_TOO_MANY_CANDIDATES] = "too_many_candidates",
	[MEDIA_WEB_NO_AUDIO] = "no_audio",
	[MEDIA_WEB_NOT_BOTH_WAYS] = "not_both_ways",
	[MEDIA_WEB_NO_CODEC] = "no_codec",
	[MEDIA_WEB_NO_ICE] = "no_ice",
	[MEDIA_WEB_NO_FINGERPRINT] = "no_fingerprint",
	[MEDIA_WEB_UNKNOWN_FINGERPRINT] = "unknown_fingerprint",
	[MEDIA_WEB_NOT_ACTIVE] = "not_active",
	[MEDIA_WEB_NO_MUX] = "no_mux",
};

const char *media_web_refusal_name(enum media_web_refusal r)
{
	return (unsigned)r < MEDIA_WEB_REFUSALS ? refusal_name[r] : "";
}

static int open_desk(struct media *m)
{
	struct web_desk *d;
	int err;

	if (m->web)
		return 0;
	d = calloc(1, sizeof(*d) + m->cfg.legs_max * sizeof(d->call[0]));
	if (!d)
		return ENOMEM;
	err = web_key_make(&d->key);
	if (err) {
		free(d);
		return err;
	}
	m->web = d;
	return 0;
}

void web_desk_free(struct media *m)
{
	if (!m->web)
		return;
	for (uint32_t i = 0; i < m->cfg.legs_max; i++)
		free(m->web->call[i]);
	web_key_free(m->web->key);
	free(m->web);
	m->web = NULL;
}

void web_desk_forget(struct media *m, uint32_t slot)
{
	if (!m->web)
		return;
	free(m->web->call[slot]);
	m->web->call[slot] = NULL;
}

static int make_secret(char *out, size_t len)
{
	uint8_t noise[WEB_TOKEN];

	if (getrandom(noise, len, 0) != (ssize_t)len)
		return EAGAIN;
	for (size_t i = 0; i < len; i++)
		out[i] = ice_char[noise[i] & 63];
	out[len] = '\0';
	explicit_bzero(noise, sizeof(noise));
	return 0;
}

static int make_ours(const struct media *m, unsigned interface, const struct stream_address *local,
		     struct web_ours *ours)
{
	int err;

	memset(ours, 0, sizeof(*ours));
	ours->local = *local;
	memcpy(ours->local_ip, m->cfg.interface[interface].local_ip, sizeof(ours->local_ip));
	memcpy(ours->fingerprint, web_key_fingerprint(m->web->key), WEB_FINGERPRINT);
	if (getrandom(&ours->ssrc, sizeof(ours->ssrc), 0) != sizeof(ours->ssrc) ||
	    getrandom(&ours->session, sizeof(ours->session), 0) != sizeof(ours->session))
		return EAGAIN;
	err = make_secret(ours->ufrag, UFRAG_LEN);
	return err ? err : make_secret(ours->pwd, PWD_LEN);
}

static void fill_ice(struct web_ice *ice, const struct web_ours *ours, const char *remote_ufrag)
{
	memcpy(ice->ufrag, ours->ufrag, sizeof(ice->ufrag));
	memcpy(ice->pwd, ours->pwd, sizeof(ice->pwd));
	text_copy(ice->remote_ufrag, sizeof(ice->remote_ufrag), remote_ufrag);
}

static struct web *make_web(const struct media *m, const struct web_offer *o,
			    const struct web_ours *ours)
{
	struct web *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	fill_ice(&w->ice, ours, o->ufrag);
	memcpy(w->fingerprint, o->fingerprint, sizeof(w->fingerprint));
	w->key = m->web->key;
	w->codec = o->codec;
	w->type = o->type;
	w->event_type = o->event_type;
	w->ssrc = ours->ssrc;
	return w;
}

/* Hands the leg over; what is made here is the engine's or the desk's when it is 0. */
static int start(struct media *m, uint32_t key, const struct web_offer *o,
		 const struct web_ours *ours, unsigned interface)
{
	struct leg *l = idmap_get(&m->keys, key);
	struct command c = {.kind = COMMAND_WEB, .slot = l->slot};
	struct web_call *call = calloc(1, sizeof(*call));
	int err = ENOMEM;

	c.web = make_web(m, o, ours);
	if (call && c.web)
		err = media_tell(m, &c);
	if (err) {
		web_free(c.web);
		free(call);
		return err;
	}
	text_copy(call->ufrag, sizeof(call->ufrag), o->ufrag);
	memcpy(call->mid, o->section[o->audio].mid, sizeof(call->mid));
	call->codec = o->codec;
	call->local = ours->local;
	call->interface = interface;
	m->web->call[l->slot] = call;
	return 0;
}

static int refuse(struct media_web_answer *out, enum media_web_refusal why)
{
	memset(out, 0, sizeof(*out));
	out->refusal = why;
	return EBADMSG;
}

int media_web_open(struct media *m, uint32_t key, unsigned interface, const char *offer,
		   size_t len, struct media_web_answer *out)
{
	struct stream_address local;
	struct web_ours ours;
	struct web_offer o;
	enum media_web_refusal why = web_offer_read(offer, len, m->cfg.no_opus, &o);
	int err;

	if (why != MEDIA_WEB_OK)
		return refuse(out, why);
	err = open_desk(m);
	if (!err)
		err = media_leg_open(m, key, interface, false, &local);
	if (err)
		return err;
	err = make_ours(m, interface, &local, &ours);
	if (!err)
		err = web_answer_write(&o, &ours, out->text, sizeof(out->text));
	if (!err)
		err = start(m, key, &o, &ours, interface);
	explicit_bzero(&ours, sizeof(ours));
	if (err) {
		media_leg_close(m, key);
		return err == EOVERFLOW ? refuse(out, MEDIA_WEB_TOO_BIG) : err;
	}
	out->refusal = MEDIA_WEB_OK;
	out->codec = o.codec;
	return 0;
}

static int restart(struct media *m, const struct leg *l, struct web_call *call, const char *ufrag,
		   struct media_web_answer *out)
{
	struct command c = {.kind = COMMAND_WEB_RESTART, .slot = l->slot};
	struct web_ours ours;
	int err = make_ours(m, call->interface, &call->local, &ours);

	if (!err)
		err = web_fragment_write(call->mid, &ours, out->text, sizeof(out->text));
	c.web = err ? NULL : calloc(1, sizeof(*c.web));
	if (!err && !c.web)
		err = ENOMEM;
	if (!err) {
		fill_ice(&c.web->next, &ours, ufrag);
		err = media_tell(m, &c);
	}
	explicit_bzero(&ours, sizeof(ours));
	if (err) {
		web_free(c.web);
		return err == EOVERFLOW ? refuse(out, MEDIA_WEB_TOO_BIG) : err;
	}
	text_copy(call->ufrag, sizeof(call->ufrag), ufrag);
	return 0;
}

int media_web_restart(struct media *m, uint32_t key, const char *fragment, size_t len,
		      struct media_web_answer *out)
{
	struct leg *l = idmap_get(&m->keys, key);
	struct web_call *call = l && m->web ? m->web->call[l->slot] : NULL;
	struct web_offer o;
	enum media_web_refusal why;

	if (!l)
		return ENOENT;
	if (!call)
		return EINVAL;
	why = web_fragment_read(fragment, len, &o);
	if (why != MEDIA_WEB_OK)
		return refuse(out, why);
	memset(out, 0, sizeof(*out));
	out->codec = call->codec;
	if (!o.ufrag[0] || strcmp(o.ufrag, call->ufrag) == 0)
		return 0;
	return restart(m, l, call, o.ufrag, out);
}
