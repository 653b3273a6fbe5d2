/*
 * Our registration at a trunk: RFC 3261, 10.2; RFC 3608 (Service-Route); RFC 5626, 4.5 (back-off).
 *
 *   idle --addressed--> asking --2xx--> held --refresh--> asking …
 *                          | 401/407: answered at once; 423: asked for longer at once
 *                          '--refused, silent--> waiting (30 s doubling to 30 min, with chance)
 *
 * While refreshing, what was granted before still counts until it runs out.
 */
#include "base/clock.h"
#include "sip/trunk.h"

#define WAIT_FIRST_S	   30
#define WAIT_MAX_S	   1800
#define WAIT_CREDENTIALS_S 300 /* not to be locked out for ever */
#define EXPIRES_DEFAULT_S  3600
#define BRIEF_MAX	   3 /* 423s in a row */

static void ask(struct sip_trunk *t);

static void again(void *arg)
{
	struct sip_trunk *t = arg;

	if (t->reg.ok && t->reg.until_ms <= clock_mono_ms())
		t->reg.ok = false;
	ask(t);
}

static void wait_for(struct sip_trunk *t, uint32_t s)
{
	uint64_t ms = (uint64_t)s * 1000;

	/* Half of it by chance: many switchboards come back at once after a carrier's fault. */
	ms = ms / 2 + rand_u32() % (ms / 2 + 1);
	tmr_start(&t->reg.tmr, ms, again, t);
}

static void failed(struct sip_trunk *t, enum sip_trunk_reason reason, uint16_t code,
		   uint32_t wait_s)
{
	uint32_t s = WAIT_FIRST_S;

	for (uint32_t i = 0; i < t->reg.failures && s < WAIT_MAX_S; i++)
		s *= 2;
	t->reg.failures++;
	if (t->reg.until_ms <= clock_mono_ms() || reason == SIP_TRUNK_CREDENTIALS)
		t->reg.ok = false;
	t->reg.reason = reason;
	t->reg.code = code;
	wait_for(t, wait_s ? wait_s : MIN(s, WAIT_MAX_S));
	sip_trunk_settle(t);
}

/* ---- What was granted ---- */

struct granted {
	const char *uri; /* our Contact */
	uint32_t expires_s;
	bool found;
};

static bool contact_handler(const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	struct granted *g = arg;
	struct sip_addr addr;
	struct pl v;
	struct uri ours;
	(void)msg;

	pl_set_str(&v, g->uri);
	if (sip_addr_decode(&addr, &hdr->val) || uri_decode(&ours, &v) ||
	    pl_cmp(&addr.uri.user, &ours.user) || pl_casecmp(&addr.uri.host, &ours.host))
		return false;
	g->found = true;
	if (!msg_param_decode(&addr.params, "expires", &v))
		(void)sip_in_number(&v, INT32_MAX, &g->expires_s);
	return true;
}

static bool service_route_handler(const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	struct sip_trunk *t = arg;
	char *s = t->reg.service_route;
	(void)msg;

	if (strlen(s) + hdr->val.l + 3 < sizeof(t->reg.service_route))
		re_snprintf(s + strlen(s), sizeof(t->reg.service_route) - strlen(s), "%s%r",
			    s[0] ? ", " : "", &hdr->val);
	return false;
}

static void granted(struct sip_trunk *t, const struct sip_msg *msg)
{
	struct granted g = {.expires_s = t->reg.expires_s};
	struct sip_trunk_way way;
	char uri[SIP_URI] = "";
	uint32_t refresh_s;

	if (!sip_trunk_way(t->room, t->config.id, &way))
		(void)sip_iface_contact(t->iface, way.hop.tp, way.contact_user, uri, sizeof(uri));
	g.uri = uri;
	(void)sip_in_number(&msg->expires, INT32_MAX, &g.expires_s);
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_CONTACT, contact_handler, &g);
	if (!g.expires_s) {
		failed(t, SIP_TRUNK_REFUSED, msg->scode, 0);
		return;
	}
	t->reg.service_route[0] = '\0';
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_SERVICE_ROUTE, service_route_handler, t);
	t->reg.ok = true;
	t->reg.failures = t->reg.brief = 0;
	t->reg.reason = SIP_TRUNK_OK;
	t->reg.code = 0;
	t->reg.until_ms = clock_mono_ms() + (int64_t)g.expires_s * 1000;
	refresh_s = g.expires_s > 1200 ? g.expires_s - 600 : g.expires_s / 2;
	tmr_start(&t->reg.tmr, (uint64_t)MAX(refresh_s, 1) * 1000, again, t);
	sip_trunk_settle(t);
}

/* ---- Answers ---- */

static uint32_t header_seconds(const struct sip_msg *msg, enum sip_hdrid id)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, id);
	struct pl number;
	uint32_t v = 0;

	if (!h || re_regex(h->val.p, h->val.l, "[0-9]+", &number) || number.p != h->val.p)
		return 0;
	(void)sip_in_number(&number, INT32_MAX, &v);
	return v;
}

static void challenged(struct sip_trunk *t, const struct sip_msg *msg)
{
	switch (sip_digest_take(&t->reg.digest, msg)) {
	case 0:
		ask(t);
		break;
	default:
		memset(t->reg.digest.challenge, 0, sizeof(t->reg.digest.challenge));
		failed(t, SIP_TRUNK_CREDENTIALS, msg->scode, WAIT_CREDENTIALS_S);
		break;
	}
}

static void response_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct sip_trunk *t = arg;
	uint32_t v;

	if (t->room->closing)
		return;
	if (err) {
		sip_trunk_next_peer(t);
		failed(t, err == ETIMEDOUT ? SIP_TRUNK_SILENT : SIP_TRUNK_TRANSPORT, 0, 0);
		return;
	}
	if (msg->scode < 200)
		return;
	if (msg->scode < 300) {
		granted(t, msg);
		return;
	}
	switch (msg->scode) {
	case 401:
	case 407:
		challenged(t, msg);
		return;
	case 423:
		v = header_seconds(msg, SIP_HDR_MIN_EXPIRES);
		if (v > t->reg.expires_s && ++t->reg.brief <= BRIEF_MAX) {
			t->reg.expires_s = v;
			ask(t);
			return;
		}
		break;
	default:
		break;
	}
	if (msg->scode == 503)
		sip_trunk_next_peer(t);
	failed(t, SIP_TRUNK_REFUSED, msg->scode, header_seconds(msg, SIP_HDR_RETRY_AFTER));
}

/* ---- Asking ---- */

static int send_register(struct sip_trunk *t, uint32_t expires_s, bool stateless)
{
	struct sip_trunk_way way;
	struct sip_out out;
	struct mbuf *mb;
	char uri[SIP_URI], params[32];
	int err;

	err = sip_trunk_way(t->room, t->config.id, &way);
	if (err)
		return err;
	mb = mbuf_alloc(512);
	if (!mb)
		return ENOMEM;
	re_snprintf(uri, sizeof(uri), "sip:%s", way.domain);
	re_snprintf(params, sizeof(params), ";expires=%u", expires_s);
	err = mbuf_printf(mb,
			  "From: <sip:%s@%s>;tag=%s\r\nTo: <sip:%s@%s>\r\nCall-ID: %s\r\n"
			  "CSeq: %u REGISTER\r\nExpires: %u\r\nSupported: path\r\nAllow: %s\r\n"
			  "Content-Length: 0\r\n\r\n",
			  t->config.user, way.domain, t->reg.tag, t->config.user, way.domain,
			  t->reg.call_id, ++t->reg.cseq, expires_s, sip_allow);
	mb->pos = 0;
	out = (struct sip_out){.iface = t->iface,
			       .method = "REGISTER",
			       .uri = uri,
			       .hop = &way.hop,
			       .contact_user = way.contact_user,
			       .contact_params = params,
			       .digest = &t->reg.digest,
			       .mb = mb,
			       .stateless = stateless};
	if (!err)
		err = sip_out_send(stateless ? NULL : &t->reg.req, &out, response_handler, t);
	mem_deref(mb);
	return err;
}

static void ask(struct sip_trunk *t)
{
	int err;

	if (t->reg.req)
		return;
	tmr_cancel(&t->reg.tmr);
	err = send_register(t, t->reg.expires_s, false);
	if (err)
		failed(t, err == EHOSTUNREACH ? SIP_TRUNK_UNRESOLVED : SIP_TRUNK_TRANSPORT, 0, 0);
}

void sip_trunk_register(struct sip_trunk *t)
{
	if (t->reg.req || tmr_isrunning(&t->reg.tmr))
		return;
	t->reg.expires_s = t->config.expires_s ? t->config.expires_s : EXPIRES_DEFAULT_S;
	sip_trunk_digest(t, &t->reg.digest);
	if (t->config.authorization_first)
		sip_digest_empty(&t->reg.digest, t->config.auth_realm[0] ? t->config.auth_realm
									 : sip_trunk_domain(t));
	ask(t);
}

/* Once, without waiting: the answer would find nobody. */
void sip_trunk_unregister(struct sip_trunk *t)
{
	if (!t->config.registers || !t->reg.ok)
		return;
	t->reg.req = mem_deref(t->reg.req);
	tmr_cancel(&t->reg.tmr);
	(void)send_register(t, 0, true);
	t->reg.ok = false;
}
