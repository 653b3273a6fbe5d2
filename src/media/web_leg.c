/*
 * A browser's leg in the engine: who speaks to its port, and what it is (RFC 7983: the first byte
 * tells). States: web.h.
 */
#include <stdlib.h>
#include <string.h>

#include "media/web.h"

#define LOST_US	     2000000
#define CONSENT_US   15000000 /* RFC 7675 has 30 s, a caller doesn't */
#define NEVER_US     15000000
#define STUN_LAST    3
#define DTLS_FIRST   20
#define DTLS_LAST    63
#define RTP_FIRST    128
#define RTP_LAST     191

void web_free(struct web *w)
{
	if (!w)
		return;
	web_dtls_free(w->dtls);
	explicit_bzero(w, sizeof(*w));
	free(w);
}

static void gone(struct engine *e, struct leg *l, enum media_web_gone why)
{
	const struct media_event ev = {.kind = MEDIA_EV_GONE, .key = l->key, .gone = why};

	if (l->web->state == WEB_GONE)
		return;
	l->web->state = WEB_GONE;
	l->addressed = false;
	engine_event(e, &ev);
}

void web_start(struct engine *e, struct leg *l, struct web *w)
{
	l->web = w;
	w->opened_us = e->now_us;
	l->codec = w->codec;
	l->dtmf = DTMF_RFC4733;
	l->type_tx = l->type_rx = w->type;
	l->dtmf_tx = l->dtmf_rx = w->event_type;
	l->tx.ssrc = w->ssrc;
	l->direction = STREAM_BOTH;
	l->rtcp_mux = true;
	l->agreed = true;
	if (web_dtls_make(w->key, &w->dtls)) {
		log_error("media", "leg %u: no DTLS", l->key);
		gone(e, l, MEDIA_GONE_DTLS);
	}
}

void web_restart(struct leg *l, struct web *w)
{
	if (l->web)
		l->web->next = w->next;
	web_free(w);
}

void web_end(struct engine *e, struct leg *l)
{
	if (l->web && l->web->state == WEB_UP)
		web_dtls_close(e, l);
}

/* ---- ICE ---- */

static void move(struct leg *l, const union address *to)
{
	struct web *w = l->web;

	w->peer = *to;
	if (w->state == WEB_UP) {
		l->remote = l->told = l->allowed = l->source = *to;
		l->source_known = true;
	}
}

static bool replayed(const struct web *w, const struct web_check *check)
{
	for (unsigned i = 0; i < WEB_TIDS; i++)
		if (memcmp(w->tid[i], check->tid, WEB_TID) == 0)
			return true;
	return false;
}

/* The first good check chooses the peer, so that DTLS needn't wait for a nomination. */
static void choose(struct leg *l, const struct web_check *check, const union address *from)
{
	struct web *w = l->web;

	if (w->state == WEB_CHECKING)
		w->state = WEB_SHAKING;
	else if (!check->nominates || address_same(&w->peer, from))
		return;
	move(l, from);
}

static void take_stun(struct engine *e, struct leg *l, const uint8_t *data, size_t len,
		      const union address *from)
{
	struct web *w = l->web;
	struct web_check check;
	size_t n;

	if (web_stun_read(w, data, len, &check) || replayed(w, &check)) {
		engine_count(e, COUNT_STRANGER, 1);
		engine_complain(e, from, "sends ICE checks that aren't the browser's");
		return;
	}
	if (check.next) {
		w->ice = w->next;
		w->next.ufrag[0] = '\0';
	}
	memcpy(w->tid[w->tid_at++ % WEB_TIDS], check.tid, WEB_TID);
	w->checked_us = e->now_us;
	n = web_stun_answer(&w->ice, &check, from, batch_next(e), PACKET_MAX);
	if (n > 0)
		batch_add(e, l->port->fd, from, n);
	choose(l, &check, from);
}

/* ---- DTLS ---- */

static void up(struct engine *e, struct leg *l)
{
	const struct media_event ev = {.kind = MEDIA_EV_WEB_UP, .key = l->key};
	struct web *w = l->web;
	uint8_t fingerprint[WEB_FINGERPRINT];
	struct stream_srtp keys;
	bool ok;

	if (!web_dtls_fingerprint(w->dtls, fingerprint) ||
	    memcmp(fingerprint, w->fingerprint, WEB_FINGERPRINT) != 0) {
		engine_complain(e, &w->peer, "has another certificate than its offer said");
		gone(e, l, MEDIA_GONE_FINGERPRINT);
		return;
	}
	ok = web_dtls_keys(w->dtls, &keys) && !srtp_pair_set(&l->srtp, &keys);
	explicit_bzero(&keys, sizeof(keys));
	if (!ok) {
		gone(e, l, MEDIA_GONE_DTLS);
		return;
	}
	w->state = WEB_UP;
	w->up_us = e->now_us;
	move(l, &w->peer);
	l->addressed = true;
	engine_event(e, &ev);
}

static void take_dtls(struct engine *e, struct leg *l, const uint8_t *data, size_t len)
{
	switch (web_dtls_take(e, l, data, len)) {
	case WEB_DTLS_ON:
		break;
	case WEB_DTLS_DONE:
		up(e, l);
		break;
	case WEB_DTLS_CLOSED:
		gone(e, l, MEDIA_GONE_CLOSED);
		break;
	case WEB_DTLS_FAILED:
		engine_complain(e, &l->web->peer, "fails in DTLS");
		gone(e, l, MEDIA_GONE_DTLS);
		break;
	}
}

static void drop(struct engine *e, struct leg *l, const union address *from, enum counter why,
		 const char *what)
{
	engine_count(e, why, 1);
	l->rx.dropped++;
	engine_complain(e, from, what);
}

bool web_receive(struct engine *e, struct leg *l, uint8_t *data, size_t len,
		 const union address *from)
{
	const struct web *w = l->web;
	const uint8_t first = len > 0 ? data[0] : UINT8_MAX;
	const bool peer = w->state != WEB_CHECKING && address_same(&w->peer, from);

	if (w->state == WEB_GONE)
		return false;
	if (first <= STUN_LAST) {
		take_stun(e, l, data, len, from);
		return false;
	}
	if (!peer) {
		drop(e, l, from, COUNT_STRANGER, "isn't the browser of the leg that it sends to");
		return false;
	}
	if (first >= DTLS_FIRST && first <= DTLS_LAST) {
		take_dtls(e, l, data, len);
		return false;
	}
	if (first < RTP_FIRST || first > RTP_LAST) {
		drop(e, l, from, COUNT_GARBAGE, "sends what is neither STUN, DTLS nor RTP");
		return false;
	}
	return w->state == WEB_UP; /* RTP may overtake the end of the handshake */
}

/* ---- time ---- */

void web_heard(struct engine *e, struct leg *l)
{
	const struct media_event ev = {.kind = MEDIA_EV_BACK, .key = l->key};

	if (!l->web->lost_told)
		return;
	l->web->lost_told = false;
	engine_event(e, &ev);
}

static void sweep_sound(struct engine *e, struct leg *l)
{
	const struct media_event ev = {.kind = MEDIA_EV_LOST, .key = l->key};
	struct web *w = l->web;
	const int64_t since = l->rx.last_us > w->up_us ? l->rx.last_us : w->up_us;

	if (w->lost_told || e->now_us - since < LOST_US)
		return;
	w->lost_told = true;
	engine_event(e, &ev);
}

void web_sweep(struct engine *e, struct leg *l)
{
	struct web *w = l->web;

	if (w->state == WEB_GONE)
		return;
	if (w->state != WEB_UP && e->now_us - w->opened_us >= NEVER_US) {
		gone(e, l, MEDIA_GONE_NEVER);
		return;
	}
	if (w->state == WEB_CHECKING)
		return;
	web_dtls_timer(e, l);
	if (w->state != WEB_UP)
		return;
	sweep_sound(e, l);
	if (e->now_us - w->checked_us >= CONSENT_US)
		gone(e, l, MEDIA_GONE_SILENT);
}
