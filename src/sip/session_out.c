/*
 * Our INVITE: to every binding of an extension, or over a trunk; its answers, its ACK, its
 * CANCEL, and the 2xx that nobody waits for any more. RFC 3261, 9.1, 13.2, 17.1.1; RFC 3326; RFC
 * 6026.
 */
#include <errno.h>
#include <string.h>

#include "sip/session_priv.h"

static void invite_response(int err, const struct sip_msg *msg, void *arg);

/* ---- Sending ---- */

static int invite_body(const struct usage *u, struct mbuf *mb, const char *sdp)
{
	const struct sip_trunk *t = u->d.trunk ? sip_trunk_find(u->room, u->d.trunk) : NULL;
	bool rel100 = !t || sip_trunk_config(t)->rel100;
	char extra[SESSION_HEADERS] = "";
	int err;

	stimer_request(u, false, extra, sizeof(extra));
	if (u->expires_s)
		(void)text_append(extra, sizeof(extra), "Expires: %u\r\n", u->expires_s);
	err = dialog_write(mb, &u->d, "INVITE", u->cseq_out);
	err |= mbuf_printf(mb, "Allow: %s\r\nSupported: %stimer, replaces, norefersub\r\n",
			   sip_allow, rel100 ? "100rel, " : "");
	err |= mbuf_write_str(mb, extra);
	err |= mbuf_write_str(mb, u->invite_headers ? u->invite_headers : "");
	err |= mbuf_printf(mb, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
			   strlen(sdp), sdp);
	mb->pos = 0;
	return err ? ENOMEM : 0;
}

static void went_to(struct usage *u, const struct sip_hop *hop)
{
	(void)sa_ntop(&hop->addr, u->d.hop_ip, sizeof(u->d.hop_ip));
	u->d.hop_port = sa_port(&hop->addr);
	u->d.hop_transport = (uint8_t)hop->tp;
}

static int invite_send(struct usage *u)
{
	struct mbuf *mb = mbuf_alloc(2048);
	char sdp[OFFER_SDP] = "";
	struct sip_hop used;
	struct sip_out out = {
		.iface = u->iface, .method = "INVITE", .uri = u->d.invite_uri,
		.routes = u->invite_routes, .hop = &u->hop, .contact_user = u->contact_user,
		.digest = u->digest, .mb = mb, .branch = u->d.branch, .used = &used,
	};
	int err;

	if (!mb)
		return ENOMEM;
	u->cseq_out = u->d.cseq_invite = ++u->d.cseq_local;
	u->d.state = DIALOG_TRYING;
	memset(u->d.remote_tag, 0, sizeof(u->d.remote_tag));
	err = sound_offer(u, &u->local, sdp, sizeof(sdp));
	if (!err)
		err = invite_body(u, mb, sdp);
	if (!err)
		err = sip_out_send(&u->req, &out, invite_response, u);
	if (!err) {
		went_to(u, &used);
		usage_note(u);
	}
	mem_deref(mb);
	return err;
}

int out_ack(struct usage *u)
{
	struct mbuf *mb = mbuf_alloc(512);
	struct sip_hop hop;
	struct sip_out out = {
		.iface = u->iface, .method = "ACK", .uri = u->d.target, .routes = u->d.routes,
		.fallback = &u->fallback, .contact_user = u->contact_user, .digest = u->digest,
		.mb = mb, .stateless = true,
	};
	int err;

	if (!mb)
		return ENOMEM;
	if (u->d.hop_ip[0] && !u->d.routes[0] &&
	    !sa_set_str(&hop.addr, u->d.hop_ip, u->d.hop_port)) {
		hop.tp = (enum sip_transp)u->d.hop_transport;
		out.hop = &hop;
	}
	err = dialog_write(mb, &u->d, "ACK", u->cseq_out);
	err |= mbuf_write_str(mb, "Content-Length: 0\r\n\r\n");
	mb->pos = 0;
	if (!err)
		err = sip_out_send(NULL, &out, NULL, NULL);
	mem_deref(mb);
	if (err)
		log_warn("sip", "ACK of %s: %s", u->d.call_id, strerror(err));
	return err;
}

/* CANCEL, and the ACK of a refusal that no transaction sends: Via and CSeq of the INVITE.
 * libre's own CANCEL can't say why (RFC 3326: a phone that hears "elsewhere" counts no missed
 * call). */
static int raw_send(struct usage *u, const char *method, const char *to_tag, const char *reason)
{
	struct dialog d = u->d;
	struct sip_hop hop = {.tp = (enum sip_transp)u->d.hop_transport};
	enum sip_transport over = sip_transp_over(hop.tp);
	struct mbuf *mb;
	int err;

	if (over == SIP_OVER_COUNT || sa_set_str(&hop.addr, u->d.hop_ip, u->d.hop_port))
		return EINVAL;
	mb = mbuf_alloc(768);
	if (!mb)
		return ENOMEM;
	(void)TEXT_COPY(d.remote_tag, to_tag);
	err = mbuf_printf(mb, "%s %s SIP/2.0\r\nVia: SIP/2.0/%s %J;branch=%s;rport\r\n"
			  "Max-Forwards: 70\r\n", method, d.invite_uri, sip_transp_name(hop.tp),
			  &u->iface->advertised[over], d.branch);
	if (u->invite_routes)
		err |= mbuf_printf(mb, "Route: %s\r\n", u->invite_routes);
	err |= dialog_write(mb, &d, method, d.cseq_invite);
	err |= mbuf_printf(mb, "%sContent-Length: 0\r\n\r\n", reason);
	mb->pos = 0;
	if (!err)
		err = sip_out_raw(u->iface, &hop, mb);
	mem_deref(mb);
	return err;
}

/* ---- CANCEL ---- */

static void cancel_timer(void *arg);

static void cancel_send(struct usage *u)
{
	char reason[SIP_REASON + 64] = "";
	int err;

	reason_write(reason, sizeof(reason), u->end_code, u->end_reason, false);
	err = raw_send(u, "CANCEL", "", reason);
	if (err)
		log_warn("sip", "CANCEL of %s: %s", u->d.call_id, strerror(err));
	if (!u->cancel_sent) {
		u->cancel_sent = true;
		u->cancel_interval_ms = SIP_T1;
		u->cancel_waited_ms = 0;
	}
	tmr_start(&u->tmr, u->cancel_interval_ms, cancel_timer, u);
}

static void cancel_timer(void *arg)
{
	struct usage *u = arg;

	u->cancel_waited_ms += u->cancel_interval_ms;
	if (u->cancel_waited_ms >= SESSION_GIVE_UP_MS - SIP_T1) {
		usage_gone(u);
		return;
	}
	u->cancel_interval_ms = u->cancel_interval_ms >= SIP_T2 / 2 ? SIP_T2 :
								      2 * u->cancel_interval_ms;
	if (u->d.hop_transport == SIP_TRANSP_UDP)
		cancel_send(u);
	else
		tmr_start(&u->tmr, u->cancel_interval_ms, cancel_timer, u);
}

void out_cancel(struct usage *u)
{
	usage_state_set(u, USAGE_OUT_CANCELLING);
	tmr_cancel(&u->tmr);
	/* before a provisional response it would be answered 481 (RFC 3261, 9.1); with no
	 * response at all the INVITE's transaction gives up by itself */
	if (u->provisional && !u->cancel_sent)
		cancel_send(u);
}

/* A dialog found written down: the process that sent its INVITE is dead. */
void out_recovered(struct usage *u)
{
	u->provisional = true;
	u->end_code = 503;
	u->cseq_out = u->d.cseq_invite;
	out_cancel(u);
}

/* ---- Answers ---- */

static void out_fail(struct usage *u, uint16_t code, enum sip_end_cause cause, const char *reason)
{
	struct sip_session *s = u->session;

	usage_detach(u);
	usage_gone(u);
	fork_failed(s, code, cause, reason);
}

static void early_sound(struct usage *u, const struct sip_msg *msg, bool reliable)
{
	const char *sdp;
	size_t len;

	if (in_sdp(msg, &sdp, &len) || sound_conclude(u, sdp, len, &u->local, NULL))
		return;
	if (reliable)
		u->offer = OFFER_NONE;
	fork_early(u);
}

/* True when the message belongs to the early dialog that the usage follows, or has just become
 * it. */
static bool early_dialog(struct usage *u, const struct sip_msg *msg)
{
	if (!pl_isset(&msg->to.tag))
		return false;
	if (u->d.remote_tag[0] && pl_strcmp(&msg->to.tag, u->d.remote_tag))
		return false;
	if (dialog_from_response(&u->d, msg))
		return false;
	usage_note(u);
	return true;
}

static void out_provisional(struct usage *u, const struct sip_msg *msg)
{
	char tag[DIALOG_TAG] = "";
	bool reliable;
	uint32_t rseq;

	u->provisional = true;
	if (u->state == USAGE_OUT_CANCELLING) {
		if (!u->cancel_sent)
			cancel_send(u);
		return;
	}
	if (msg->scode == 100)
		return;
	usage_state_set(u, USAGE_OUT_EARLY);
	(void)early_dialog(u, msg);
	(void)text_copy_n(tag, sizeof(tag), msg->to.tag.p, msg->to.tag.l);
	reliable = sip_in_token(msg, SIP_HDR_REQUIRE, "100rel");
	if (reliable) {
		if (!prack_wanted(u, msg, &rseq))
			return; /* sent again, or out of order */
		prack_send(u, msg, rseq, tag);
	}
	if (msg->scode == 180)
		fork_ringing(u);
	early_sound(u, msg, reliable);
}

/* Where requests in the dialog go, now that its route set is known. */
static void hop_settle(struct usage *u)
{
	if (u->hop_stays && !u->d.routes[0])
		return;
	memset(u->d.hop_ip, 0, sizeof(u->d.hop_ip));
	u->d.hop_port = 0;
	u->d.hop_transport = 0;
}

static int accepted_sound(struct usage *u, const struct sip_msg *msg)
{
	const char *sdp;
	size_t len;

	if (in_sdp(msg, &sdp, &len))
		return u->has_stream ? 0 : ENOENT;
	return sound_conclude(u, sdp, len, &u->local, NULL);
}

static void out_accepted(struct usage *u, const struct sip_msg *msg)
{
	struct sip_session *s = u->session;
	int err = dialog_from_response(&u->d, msg);

	if (err) { /* without a tag or a target nothing can be said to it */
		sip_in_complain(u->room, msg, "2xx without a usable To tag or Contact");
		out_fail(u, 500, SIP_CAUSE_UNREACHABLE, NULL);
		return;
	}
	tmr_cancel(&u->tmr);
	hop_settle(u);
	(void)out_ack(u);
	u->acked = true;
	u->invite_headers = mem_deref(u->invite_headers);
	if (u->state == USAGE_OUT_CANCELLING) { /* it crossed our CANCEL */
		usage_bye(u);
		return;
	}
	usage_state_set(u, USAGE_UP);
	usage_note(u);
	err = accepted_sound(u, msg);
	u->offer = OFFER_NONE;
	if (err) {
		u->end_code = 488;
		usage_bye(u);
		fork_failed(s, 488, SIP_CAUSE_MEDIA, NULL);
		return;
	}
	stimer_concluded(u, msg);
	fork_answered(u);
}

/* Whether what a refusal complains of could be mended. */
static bool invite_mend(struct usage *u, const struct sip_msg *msg)
{
	const struct sip_hdr *h;
	uint32_t v;

	switch (msg->scode) {
	case 401:
	case 407:
		return usage_challenged(u, msg);
	case 422:
		h = sip_msg_hdr(msg, SIP_HDR_MIN_SE);
		if (!h || sip_in_number(&h->val, 86400, &v) || v <= u->d.min_se_s)
			return false;
		u->d.min_se_s = v;
		return true;
	case 415:
	case 488:
	case 606:
		if (!u->self.srtp || u->local.srtp_required || u->self.plain)
			return false;
		u->self.plain = true;
		return true;
	default:
		return false;
	}
}

/* Sent once more: true when it has been. */
static bool invite_again(struct usage *u, const struct sip_msg *msg)
{
	if (u->tries >= SESSION_RETRIES || u->state == USAGE_OUT_CANCELLING || !invite_mend(u, msg))
		return false;
	u->tries++;
	u->state = USAGE_OUT_TRYING; /* a new INVITE from the start; not a transition of this one */
	u->provisional = false;
	u->early_count = 0;
	u->d.rseq = 0;
	return !invite_send(u);
}

static void out_refused(struct usage *u, const struct sip_msg *msg)
{
	char reason[SIP_REASON];

	if (u->state == USAGE_OUT_CANCELLING) {
		usage_gone(u);
		return;
	}
	if (invite_again(u, msg))
		return;
	(void)text_copy_n(reason, sizeof(reason), msg->reason.p, msg->reason.l);
	if (!text_utf8_valid(reason, strlen(reason)))
		memset(reason, 0, sizeof(reason));
	out_fail(u, msg->scode, msg->scode < 400 ? SIP_CAUSE_REDIRECT : SIP_CAUSE_NORMAL, reason);
}

static void out_lost(struct usage *u, int err)
{
	if (u->state == USAGE_OUT_CANCELLING) {
		usage_gone(u);
		return;
	}
	if (u->d.trunk && !u->provisional)
		sip_trunk_heard(u->room, u->d.trunk, false);
	out_fail(u, 408, err == ETIMEDOUT ? SIP_CAUSE_SILENT : SIP_CAUSE_UNREACHABLE, NULL);
}

static void invite_response(int err, const struct sip_msg *msg, void *arg)
{
	struct usage *u = arg;

	mem_ref(u);
	if (!err && u->d.trunk && !u->provisional) {
		sip_trunk_heard(u->room, u->d.trunk, true);
		if (u->state == USAGE_OUT_TRYING)
			tmr_cancel(&u->tmr);
	}
	if (err)
		out_lost(u, err);
	else if (msg->scode < 200)
		out_provisional(u, msg);
	else if (msg->scode < 300)
		out_accepted(u, msg);
	else
		out_refused(u, msg);
	mem_deref(u);
}

static void silent(void *arg)
{
	struct usage *u = arg;
	struct sip_session *s = u->session;

	sip_trunk_heard(u->room, u->d.trunk, false);
	usage_detach(u);
	out_cancel(u);
	fork_failed(s, 408, SIP_CAUSE_SILENT, NULL);
}

/* ---- 2xx that no transaction took ---- */

static bool match_ours(const struct usage *u, const void *arg)
{
	const struct sip_msg *msg = arg;

	return !pl_strcmp(&msg->from.tag, u->d.local_tag);
}

/* A dialog of which nothing is known, or that lost to another answer: ACK and BYE. */
static void stray_end(struct sip_sessions *ss, struct sip_iface *f, const struct sip_msg *msg)
{
	struct usage *u;

	if (usage_alloc(&u, ss, NULL, f))
		return;
	if (dialog_from_stray(&u->d, msg)) {
		usage_gone(u);
		return;
	}
	u->fallback.addr = msg->src;
	u->fallback.tp = msg->tp;
	u->cseq_out = msg->cseq.num;
	(void)TEXT_COPY(u->contact_user, "zongji");
	usage_hash(u);
	usage_state_set(u, USAGE_UP);
	(void)out_ack(u);
	usage_bye(u);
}

void out_cancel_answered(struct sip_sessions *ss, const struct sip_msg *msg)
{
	struct usage *u = session_find(ss, &msg->callid, match_ours, msg);

	/* refused, and no INVITE of this process is open: there is nothing left to cancel */
	if (u && u->state == USAGE_OUT_CANCELLING && !u->req && msg->scode >= 300)
		usage_gone(u);
}

/* To a dialog that was found written down: no transaction acknowledges it. */
static void refusal_ack(struct usage *u, const struct sip_msg *msg)
{
	char to_tag[DIALOG_TAG];

	(void)text_copy_n(to_tag, sizeof(to_tag), msg->to.tag.p, msg->to.tag.l);
	(void)raw_send(u, "ACK", to_tag, "");
	usage_gone(u);
}

/* A 2xx of a usage that we have: true when that was all there is to say to it. */
static bool known_accepted(struct usage *u, const struct sip_msg *msg)
{
	if (u->state == USAGE_OUT_CANCELLING && !u->req) {
		mem_ref(u);
		out_accepted(u, msg);
		mem_deref(u);
		return true;
	}
	if ((u->state != USAGE_UP && u->state != USAGE_ENDING) ||
	    pl_strcmp(&msg->to.tag, u->d.remote_tag))
		return false;
	if (msg->cseq.num == u->cseq_out)
		(void)out_ack(u);
	return true;
}

bool out_stray(struct sip_sessions *ss, struct sip_iface *f, const struct sip_msg *msg)
{
	struct usage *u = session_find(ss, &msg->callid, match_ours, msg);
	char call_id[DIALOG_CALL_ID], tag[17];

	if (msg->scode < 200)
		return true;
	if (msg->scode >= 300) {
		if (u && u->state == USAGE_OUT_CANCELLING && !u->req)
			refusal_ack(u, msg);
		return true;
	}
	if (u && known_accepted(u, msg))
		return true;
	if (text_copy_n(call_id, sizeof(call_id), msg->callid.p, msg->callid.l))
		return true;
	tag_make(ss, call_id, tag);
	if (!pl_strcmp(&msg->from.tag, tag))
		stray_end(ss, f, msg);
	return true;
}

/* ---- Placing a call ---- */

struct way {
	struct sip_iface *iface;
	struct sip_hop hop;
	const char *uri, *routes, *contact_user;
	const struct sip_trunk_way *trunk;
	bool nat, stays;
};

/* No standard has it: what most phones' makers look for, one or the other. */
static const char auto_answer[] =
	"Call-Info: <sip:localhost>;answer-after=0\r\n"
	"Alert-Info: <http://localhost>;info=alert-autoanswer;delay=0\r\n";

static int place(struct sip_session *s, const struct way *w, const struct sip_dial *dial,
		 const struct stream_local *local)
{
	struct sip_sessions *ss = s->room->sessions;
	char headers[SESSION_HEADERS] = "";
	struct usage *u;
	int err = usage_alloc(&u, ss, s, w->iface);

	if (err)
		return err;
	u->d.uac = 1;
	u->d.trunk = dial->trunk;
	u->d.extension = dial->trunk ? 0 : dial->extension;
	u->d.min_se_s = SESSION_MIN_SE_S;
	u->d.cseq_local = rand_u16();
	u->hop = u->fallback = w->hop;
	u->hop_stays = w->stays;
	u->nat = w->nat;
	u->secure = w->hop.tp == SIP_TRANSP_TLS;
	u->expires_s = (dial->ring_ms + 999) / 1000;
	(void)sa_ntop(&w->hop.addr, u->source_ip, sizeof(u->source_ip));
	(void)TEXT_COPY(u->contact_user, w->contact_user);
	sip_token(u->d.call_id, 25);
	tag_make(ss, u->d.call_id, u->d.local_tag);
	(void)TEXT_COPY(u->d.invite_uri, w->uri);
	(void)TEXT_COPY(u->d.target, w->uri);
	sound_local(u, local);
	err = identity_outgoing(u, dial, w->trunk, &u->d, headers, sizeof(headers));
	if (!err && dial->auto_answer && !dial->trunk)
		err = text_append(headers, sizeof(headers), "%s", auto_answer);
	if (!err && headers[0])
		err = str_dup(&u->invite_headers, headers);
	if (!err && w->routes[0]) {
		(void)TEXT_COPY(u->d.routes, w->routes);
		err = str_dup(&u->invite_routes, w->routes);
	}
	if (err)
		goto out;
	usage_hash(u);
	usage_state_set(u, USAGE_OUT_TRYING);
	err = invite_send(u);
out:
	if (err) {
		usage_detach(u);
		usage_gone(u);
		return err;
	}
	if (dial->trunk)
		tmr_start(&u->tmr, dial->first_response_ms, silent, u);
	return 0;
}

static int place_bindings(struct sip_session *s, const struct sip_dial *dial,
			  const struct stream_local *local)
{
	struct sip_binding b[SESSION_FORKS];
	unsigned n = sip_bindings_of(s->room, dial->extension, b, SESSION_FORKS), placed = 0;
	int err = EHOSTUNREACH;

	for (unsigned i = 0; i < n; i++) {
		struct way w = {
		    .iface = sip_iface_at(s->room, b[i].iface),
		    .hop = b[i].hop,
		    .uri = b[i].uri,
		    .routes = b[i].routes,
		    .contact_user = "zongji",
		    .nat = b[i].nat,
		    .stays = b[i].nat || b[i].hop.tp != SIP_TRANSP_UDP,
		};
		int e = w.iface ? place(s, &w, dial, local) : EHOSTUNREACH;

		if (e)
			err = e;
		else
			placed++;
	}
	return placed ? 0 : err == ENOMEM ? ENOMEM : EHOSTUNREACH;
}

static int place_trunk(struct sip_session *s, const struct sip_dial *dial,
		       const struct stream_local *local)
{
	const struct sip_trunk *t = sip_trunk_find(s->room, dial->trunk);
	const struct sip_trunk_config *c;
	char number[SIP_NUMBER], uri[DIALOG_TARGET];
	struct sip_dial d = *dial;
	struct sip_trunk_way way;
	struct way w;
	int err;

	if (!t)
		return ENOENT;
	c = sip_trunk_config(t);
	err = sip_trunk_way(s->room, dial->trunk, &way);
	if (!err)
		err = identity_number(c->out, c->out_count, dial->number, number);
	if (err)
		return err == ENOENT ? ENOENT : EHOSTUNREACH;
	if (re_snprintf(uri, sizeof(uri), "sip:%s@%s", number, way.domain) < 0)
		return EHOSTUNREACH;
	if (!d.first_response_ms)
		d.first_response_ms = c->first_response_ms ? c->first_response_ms : 4000;
	err = sip_trunk_channel_take(s->room, dial->trunk);
	if (err)
		return err;
	s->trunk = dial->trunk; /* session_free gives the channel back */
	w = (struct way){.iface = way.iface, .hop = way.hop, .uri = uri, .routes = way.routes,
			 .contact_user = way.contact_user, .trunk = &way};
	return place(s, &w, &d, local);
}

int sip_session_dial(struct sip_room *room, const struct sip_dial *dial,
		     const struct stream_local *local, uint32_t key, struct sip_session **sp)
{
	struct sip_session *s;
	int err;

	if (!room->sessions || room->closing)
		return EHOSTUNREACH;
	err = session_alloc(&s, room->sessions);
	if (err)
		return err;
	s->key = key;
	s->extension = dial->trunk ? 0 : dial->extension;
	err = dial->trunk ? place_trunk(s, dial, local) : place_bindings(s, dial, local);
	if (err) {
		session_free(s);
		return err;
	}
	*sp = s;
	return 0;
}

int sip_session_route(struct sip_room *room, uint32_t extension, uint16_t trunk,
		      struct sip_route *out)
{
	struct sip_binding b[SESSION_FORKS];
	const struct sip_trunk *t = trunk ? sip_trunk_find(room, trunk) : NULL;
	struct sip_route r = {.dtmf = DTMF_RFC4733, .secure = true};
	struct sip_trunk_way way;
	struct sip_iface *f;
	unsigned n;
	int err;

	if (trunk) {
		err = t ? sip_trunk_way(room, trunk, &way) : ENOENT;
		if (err)
			return err;
		r.interface = way.iface->parent;
		r.secure = way.hop.tp == SIP_TRANSP_TLS && sip_trunk_config(t)->srtp;
		r.dtmf = sip_trunk_config(t)->dtmf;
		*out = r;
		return 0;
	}
	n = sip_bindings_of(room, extension, b, SESSION_FORKS);
	if (!n)
		return EHOSTUNREACH;
	f = sip_iface_at(room, b[0].iface);
	r.interface = f ? f->parent : 0;
	for (unsigned i = 0; i < n; i++) {
		r.secure &= b[i].hop.tp == SIP_TRANSP_TLS;
		r.nat |= b[i].nat;
	}
	*out = r;
	return 0;
}
