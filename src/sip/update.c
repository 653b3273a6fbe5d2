/*
 * What changes inside a confirmed or early dialog: re-INVITE (RFC 3261, 14) and UPDATE (RFC
 * 3311), both ways; glare; refresh of the session; the identity of the connected party (RFC
 * 4916).
 */
#include <errno.h>
#include <string.h>

#include "sip/session_priv.h"

static void reinvite_response(int err, const struct sip_msg *msg, void *arg);

void update_lost(struct usage *u, uint16_t code, enum sip_end_cause cause)
{
	struct sip_session *s = u->session;

	mem_ref(u);
	u->end_code = code;
	if (code == 481) { /* it has nothing that a BYE could end */
		usage_detach(u);
		usage_gone(u);
	} else if (u->state == USAGE_UP) {
		usage_bye(u);
	}
	mem_deref(u);
	if (s)
		session_over(s, SIP_ENDED, code, cause, NULL);
}

void update_cancel(struct usage *u)
{
	tmr_cancel(&u->again);
	u->again_offer = false;
}

/* ---- Theirs ---- */

static void retry_after(struct usage *u, const struct sip_msg *msg)
{
	char extra[32];

	(void)re_snprintf(extra, sizeof(extra), "Retry-After: %u\r\n", rand_u16() % 11);
	usage_reply(u, msg, 500, extra, NULL);
}

bool update_in_order(struct usage *u, const struct sip_msg *msg)
{
	if (!dialog_count_request(&u->d, msg))
		return true;
	if (!in_again(u, msg))
		retry_after(u, msg);
	return false;
}

static void source_note(struct usage *u, const struct sip_msg *msg)
{
	(void)sa_ntop(&msg->src, u->source_ip, sizeof(u->source_ip));
}

static void reinvite_refuse(struct usage *u, uint16_t code, const char *extra)
{
	(void)sip_treplyf(&u->in.st, NULL, u->iface->sip, u->in.msg, false, code, code_phrase(code),
			  "%sContent-Length: 0\r\n\r\n", extra);
	u->room->stats.responses_out++;
	in_forget(u);
}

/* The SDP of the 200: 0, or the code to refuse with. */
static uint16_t reinvite_sound(struct usage *u, const struct sip_msg *msg, char *sdp, size_t cap,
			       bool *changed)
{
	const char *offer;
	size_t len;
	int err = in_sdp(msg, &offer, &len);

	if (err == ENOENT)
		err = sound_offer(u, &u->local, sdp, cap);
	else if (err)
		return 415;
	else
		err = sound_answer(u, offer, len, sdp, cap, changed);
	return !err ? 0 : err == EBADMSG ? 400 : 488;
}

/* One at a time, and none while an offer of ours is out: false when it has been answered. */
static bool reinvite_admitted(struct usage *u, const struct sip_msg *msg)
{
	if (u->in.st && u->in.msg)
		retry_after(u, msg);
	else if (u->state != USAGE_UP || u->req || u->in.msg || u->offer != OFFER_NONE)
		usage_reply(u, msg, 491, NULL, NULL);
	else if (sip_strans_alloc(&u->in.st, u->iface->sip, msg, NULL, NULL))
		usage_reply(u, msg, 500, NULL, NULL);
	else
		return true;
	return false;
}

void reinvite_receive(struct usage *u, const struct sip_msg *msg)
{
	char sdp[OFFER_SDP] = "", min_se[32] = "";
	bool changed = false;
	uint16_t code;

	if (!reinvite_admitted(u, msg))
		return;
	u->in.msg = mem_ref((void *)msg);
	source_note(u, msg);
	code = stimer_received(u, msg) ? 422 : 0;
	if (code)
		(void)re_snprintf(min_se, sizeof(min_se), "Min-SE: %u\r\n", SESSION_MIN_SE_S);
	if (!code && dialog_refresh(&u->d, msg))
		code = 400;
	if (!code)
		code = reinvite_sound(u, msg, sdp, sizeof(sdp), &changed);
	if (code) {
		reinvite_refuse(u, code, min_se);
		return;
	}
	if (in_answer(u, sdp)) {
		in_forget(u);
		u->in.st = mem_deref(u->in.st);
		return;
	}
	if (changed && u->session)
		session_sound(u->session, SIP_STREAM, u);
}

/* RFC 3311, 5.2: 0, or the code an UPDATE with an offer is refused with for now. */
static uint16_t offer_blocked(const struct usage *u)
{
	const char *sdp;
	size_t len;

	if (u->offer == OFFER_SENT || u->req)
		return u->state == USAGE_OUT_EARLY && u->offer == OFFER_NONE ? 0 : 491;
	if (u->in.msg && u->state != USAGE_UP && !u->in.answered_early &&
	    u->state != USAGE_IN_ACCEPTED)
		return in_sdp(u->in.msg, &sdp, &len) ? 491 : 500;
	return u->in.offer_in_reply ? 491 : 0;
}

/* Timer, target and offer in turn: 0, or the code to refuse with. */
static uint16_t update_take(struct usage *u, const struct sip_msg *msg, char *sdp, size_t cap,
			    bool *changed)
{
	const char *offer;
	size_t len;
	int err = in_sdp(msg, &offer, &len);
	uint16_t code = err ? 0 : offer_blocked(u);

	if (err == EPROTONOSUPPORT)
		return 415;
	if (code)
		return code;
	if (stimer_received(u, msg))
		return 422;
	if (dialog_refresh(&u->d, msg))
		return 400;
	if (err)
		return 0;
	err = sound_answer(u, offer, len, sdp, cap, changed);
	return !err ? 0 : err == EBADMSG ? 400 : 488;
}

void update_receive(struct usage *u, const struct sip_msg *msg)
{
	char sdp[OFFER_SDP] = "", extra[128] = "";
	bool changed = false;
	uint16_t code = update_take(u, msg, sdp, sizeof(sdp), &changed);

	if (code == 500) {
		retry_after(u, msg);
		return;
	}
	source_note(u, msg);
	if (code == 422)
		(void)text_append(extra, sizeof(extra), "Min-SE: %u\r\n", SESSION_MIN_SE_S);
	if (!code && (u->state == USAGE_UP || u->state == USAGE_IN_ACCEPTED)) {
		stimer_response(u, extra, sizeof(extra));
		stimer_start(u);
	}
	usage_reply(u, msg, code ? code : 200, extra, sdp);
	usage_note(u);
	if (!code && changed && u->session)
		session_sound(u->session, SIP_STREAM, u);
}

/* ---- Ours ---- */

static int reinvite_send(struct usage *u)
{
	struct mbuf *mb = mbuf_alloc(2048);
	char sdp[OFFER_SDP] = "", extra[SESSION_HEADERS] = "";
	struct sip_hop hop;
	struct sip_out out = {
		.iface = u->iface, .method = "INVITE", .uri = u->d.target, .routes = u->d.routes,
		.fallback = &u->fallback, .contact_user = u->contact_user, .digest = u->digest,
		.mb = mb,
	};
	int err;

	if (!mb)
		return ENOMEM;
	if (u->d.hop_ip[0] && !u->d.routes[0] &&
	    !sa_set_str(&hop.addr, u->d.hop_ip, u->d.hop_port)) {
		hop.tp = (enum sip_transp)u->d.hop_transport;
		out.hop = &hop;
	}
	err = sound_offer(u, &u->local_next, sdp, sizeof(sdp));
	if (err)
		goto out;
	u->cseq_out = ++u->d.cseq_local;
	stimer_request(u, true, extra, sizeof(extra));
	identity_connected(u, extra, sizeof(extra));
	err = dialog_write(mb, &u->d, "INVITE", u->cseq_out);
	err |= mbuf_printf(mb, "Allow: %s\r\nSupported: timer, replaces, norefersub\r\n%s"
			   "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
			   sip_allow, extra, strlen(sdp), sdp);
	mb->pos = 0;
	if (!err)
		err = sip_out_send(&u->req, &out, reinvite_response, u);
	if (err)
		u->offer = OFFER_NONE;
	usage_note(u);
out:
	mem_deref(mb);
	return err;
}

static void again_due(void *arg)
{
	struct usage *u = arg;

	if (u->state != USAGE_UP)
		return;
	if (u->req || u->in.msg || u->offer != OFFER_NONE) {
		tmr_start(&u->again, 500, again_due, u);
		return;
	}
	if (u->again_offer)
		(void)reinvite_send(u);
	else
		(void)update_refresh(u);
}

/* RFC 3261, 14.1: who made the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in steps of 10 ms. */
static void back_off(struct usage *u, bool offer)
{
	uint32_t ms = u->d.uac ? 2100 + 10 * (rand_u16() % 191) : 10 * (rand_u16() % 201);

	u->again_offer = offer;
	tmr_start(&u->again, ms, again_due, u);
}

static bool min_se_raise(struct usage *u, const struct sip_msg *msg)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_MIN_SE);
	uint32_t v;

	if (msg->scode != 422 || !h || sip_in_number(&h->val, 86400, &v) || v <= u->d.min_se_s)
		return false;
	u->d.min_se_s = v;
	if (u->d.session_expires_s && u->d.session_expires_s < v)
		u->d.session_expires_s = v;
	return true;
}

static void reinvite_accepted(struct usage *u, const struct sip_msg *msg)
{
	bool changed = false;
	const char *sdp;
	size_t len;
	int err;

	(void)dialog_refresh(&u->d, msg);
	(void)out_ack(u);
	u->offer = OFFER_NONE;
	if (u->state != USAGE_UP)
		return;
	err = in_sdp(msg, &sdp, &len);
	if (!err)
		err = sound_conclude(u, sdp, len, &u->local_next, &changed);
	if (err) { /* the sound is in doubt: better no call than a deaf one */
		update_lost(u, 488, SIP_CAUSE_MEDIA);
		return;
	}
	if (u->reoffering)
		u->local = u->local_next;
	u->reoffering = false;
	u->tries = 0;
	stimer_concluded(u, msg);
	usage_note(u);
	if (changed && u->session)
		session_sound(u->session, SIP_STREAM, u);
}

static void reinvite_refused(struct usage *u, const struct sip_msg *msg)
{
	u->offer = OFFER_NONE;
	if (u->state != USAGE_UP)
		return;
	if (msg->scode == 491) {
		back_off(u, true);
		return;
	}
	if (u->tries < SESSION_RETRIES && (usage_challenged(u, msg) || min_se_raise(u, msg))) {
		u->tries++;
		if (!reinvite_send(u))
			return;
	}
	if (msg->scode == 481 || msg->scode == 408)
		update_lost(u, msg->scode, SIP_CAUSE_UNREACHABLE);
}

static void reinvite_response(int err, const struct sip_msg *msg, void *arg)
{
	struct usage *u = arg;

	if (!err && msg->scode < 200)
		return;
	mem_ref(u);
	if (err) {
		u->offer = OFFER_NONE;
		if (u->state == USAGE_UP)
			update_lost(u, 408, SIP_CAUSE_UNREACHABLE);
	} else if (msg->scode < 300) {
		reinvite_accepted(u, msg);
	} else {
		reinvite_refused(u, msg);
	}
	mem_deref(u);
}

int update_offer(struct usage *u, const struct stream_local *local)
{
	struct stream_local kept = u->local;

	if (u->req || u->in.msg || u->updating || u->offer != OFFER_NONE ||
	    tmr_isrunning(&u->again))
		return EBUSY;
	sound_local(u, local); /* with what the trunk makes of it */
	u->local_next = u->local;
	u->local = kept;
	u->reoffering = true;
	u->tries = 0;
	return reinvite_send(u);
}

static void update_done(struct usage *u, int err, const struct sip_msg *msg)
{
	u->updating = false;
	if (u->state != USAGE_UP)
		return;
	if (err || msg->scode == 481 || msg->scode == 408) {
		update_lost(u, err ? 408 : msg->scode, SIP_CAUSE_UNREACHABLE);
		return;
	}
	if (msg->scode == 491 || min_se_raise(u, msg)) {
		back_off(u, false);
		return;
	}
	if (msg->scode >= 300) { /* by re-INVITE from now on */
		u->d.can &= (uint8_t)~DIALOG_CAN_UPDATE;
		if (u->d.refresher == DIALOG_REFRESHER_US && u->d.session_expires_s)
			back_off(u, false);
		return;
	}
	(void)dialog_refresh(&u->d, msg);
	if (sip_msg_hdr(msg, SIP_HDR_SESSION_EXPIRES))
		stimer_concluded(u, msg);
	if (u->session && u->session->show_waits) {
		u->session->show_waits = false;
		(void)update_identity(u);
	}
}

static int update_send(struct usage *u)
{
	char extra[SESSION_HEADERS] = "";
	int err;

	(void)text_append(extra, sizeof(extra), "Allow: %s\r\nSupported: timer, replaces\r\n",
			  sip_allow);
	stimer_request(u, true, extra, sizeof(extra));
	identity_connected(u, extra, sizeof(extra));
	err = headers_end(extra, sizeof(extra), NULL, NULL);
	if (!err)
		err = usage_request(u, "UPDATE", extra, update_done);
	if (!err)
		u->updating = true;
	return err;
}

int update_refresh(struct usage *u)
{
	if (u->req || u->in.msg || u->updating || u->offer != OFFER_NONE)
		return EBUSY;
	if (u->d.can & DIALOG_CAN_UPDATE)
		return update_send(u);
	u->local_next = offer_same(&u->self, &u->local, &u->stream);
	u->reoffering = false;
	u->tries = 0;
	return reinvite_send(u);
}

int update_identity(struct usage *u)
{
	char headers[SESSION_HEADERS] = "";

	identity_connected(u, headers, sizeof(headers));
	if (!headers[0] || !(u->d.can & DIALOG_CAN_UPDATE))
		return ENOTSUP;
	if (u->updating) {
		u->session->show_waits = true;
		return 0;
	}
	return update_send(u);
}
