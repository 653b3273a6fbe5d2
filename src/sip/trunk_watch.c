/*
 * The watch on a trunk: OPTIONS at intervals. Any answer but 408 and 503 means that somebody is
 * there; two misses in a row, or no answer to an INVITE in time and then a miss, mean that nobody
 * is.
 */
#include "sip/trunk.h"

#define WATCH_DEFAULT_S 30
#define WATCH_DOWN_S	10   /* while it is down: back as soon as it is back */
#define ANSWER_MS	4000 /* libre's 32 s are too long for a spare trunk to wait */
#define MISSES_MAX	2

static void ask(struct sip_trunk *t);

static void again(void *arg)
{
	ask(arg);
}

static void plan(struct sip_trunk *t)
{
	uint32_t s = t->config.watch_s ? t->config.watch_s : WATCH_DEFAULT_S;

	tmr_start(&t->watch.tmr, (uint64_t)(t->watch.alive ? s : MIN(s, WATCH_DOWN_S)) * 1000,
		  again, t);
}

static void alive(struct sip_trunk *t)
{
	t->watch.alive = t->watch.known = true;
	t->watch.misses = 0;
	t->watch.reason = SIP_TRUNK_OK;
	t->watch.code = 0;
	plan(t);
	sip_trunk_settle(t);
}

static void missed(struct sip_trunk *t, enum sip_trunk_reason reason, uint16_t code)
{
	t->watch.misses++;
	sip_trunk_next_peer(t);
	if (t->watch.misses >= MISSES_MAX || !t->watch.known) {
		t->watch.alive = false;
		t->watch.known = true;
		t->watch.reason = reason;
		t->watch.code = code;
	}
	plan(t);
	/* The first miss of one that was there is made sure of at once. */
	if (t->watch.alive)
		tmr_start(&t->watch.tmr, 1000, again, t);
	sip_trunk_settle(t);
}

static void timeout(void *arg)
{
	struct sip_trunk *t = arg;

	t->watch.req = mem_deref(t->watch.req);
	missed(t, SIP_TRUNK_SILENT, 0);
}

static void response_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct sip_trunk *t = arg;

	if (t->room->closing || (msg && msg->scode < 200))
		return;
	if (err)
		missed(t, err == ETIMEDOUT ? SIP_TRUNK_SILENT : SIP_TRUNK_TRANSPORT, 0);
	else if (msg->scode == 408 || msg->scode == 503)
		missed(t, SIP_TRUNK_REFUSED, msg->scode);
	else
		alive(t);
}

static void ask(struct sip_trunk *t)
{
	struct sip_trunk_way way;
	struct sip_out out;
	struct mbuf *mb;
	char uri[SIP_URI];
	int err;

	mem_deref(t->watch.req);
	tmr_start(&t->watch.tmr, ANSWER_MS, timeout, t);
	mb = mbuf_alloc(512);
	if (!mb || sip_trunk_way(t->room, t->config.id, &way))
		goto out;
	re_snprintf(uri, sizeof(uri), "sip:%s", way.domain);
	err = mbuf_printf(mb,
			  "From: <sip:%s@%s>;tag=%s\r\nTo: <sip:%s>\r\nCall-ID: %s\r\n"
			  "CSeq: %u OPTIONS\r\nAccept: application/sdp\r\n"
			  "Content-Length: 0\r\n\r\n",
			  way.contact_user, way.domain, t->watch.tag, way.domain, t->watch.call_id,
			  ++t->watch.cseq);
	mb->pos = 0;
	out = (struct sip_out){.iface = t->iface,
			       .method = "OPTIONS",
			       .uri = uri,
			       .hop = &way.hop,
			       .contact_user = way.contact_user,
			       .mb = mb};
	if (!err && sip_out_send(&t->watch.req, &out, response_handler, t))
		missed(t, SIP_TRUNK_TRANSPORT, 0);
out:
	mem_deref(mb);
}

void sip_trunk_watch(struct sip_trunk *t)
{
	if (!tmr_isrunning(&t->watch.tmr))
		ask(t);
}

void sip_trunk_heard(struct sip_room *r, uint16_t id, bool heard)
{
	struct sip_trunk *t = sip_trunk_find(r, id);

	if (!t || t->config.source_only)
		return;
	if (heard) {
		if (t->config.watch && !t->watch.alive)
			alive(t);
		return;
	}
	if (!t->config.watch)
		sip_trunk_next_peer(t);
	else if (t->watch.alive && !t->watch.req)
		tmr_start(&t->watch.tmr, 0, again, t);
}
