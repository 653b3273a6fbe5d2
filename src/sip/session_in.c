/*
 * Their INVITE: provisional and final answers, sent again until PRACK or ACK; CANCEL, BYE, INFO.
 * RFC 3261, 9.2, 13.3, 15.1.2; RFC 3262, 3.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "sip/session_priv.h"

/* ---- Bodies ---- */

int in_sdp(const struct sip_msg *msg, const char **sdp, size_t *len)
{
	const char *body = (const char *)mbuf_buf(msg->mb);
	size_t n = mbuf_get_left(msg->mb);
	struct pl boundary;

	if (!n)
		return ENOENT;
	if (msg_ctype_cmp(&msg->ctyp, "application", "sdp"))
		return offer_body_part(body, n, NULL, 0, sdp, len);
	if (pl_strcasecmp(&msg->ctyp.type, "multipart") ||
	    msg_param_decode(&msg->ctyp.params, "boundary", &boundary))
		return EPROTONOSUPPORT;
	if (boundary.l > 2 && boundary.p[0] == '"') {
		boundary.p++;
		boundary.l -= 2;
	}
	return offer_body_part(body, n, boundary.p, boundary.l, sdp, len);
}

/* ---- Sending answers to the INVITE ---- */

static void in_timer(void *arg);

static void repeat_start(struct usage *u, struct mbuf *reply)
{
	mem_deref(u->in.reply);
	u->in.reply = reply;
	u->in.interval_ms = SIP_T1;
	u->in.waited_ms = 0;
	tmr_start(&u->in.tmr, SIP_T1, in_timer, u);
}

static void repeat_send(struct usage *u)
{
	if (!u->in.reply || !u->in.msg)
		return;
	u->in.reply->pos = 0;
	(void)sip_send(u->iface->sip, u->in.msg->sock, u->in.msg->tp, &u->in.reply_to, u->in.reply);
	u->room->stats.responses_out++;
}

void in_forget(struct usage *u)
{
	tmr_cancel(&u->in.tmr);
	u->in.reply = mem_deref(u->in.reply);
	u->in.msg = mem_deref(u->in.msg);
	u->in.reliable = false;
	u->in.offer_in_reply = u->in.answered_early = false;
	u->in.next = 0;
}

static void in_expired(struct usage *u)
{
	struct sip_session *s = u->session;

	if (u->in.reliable) { /* RFC 3262, 3: the INVITE is refused */
		usage_detach(u);
		in_reject(u, 504, NULL);
	} else if (u->state == USAGE_IN_ACCEPTED || u->state == USAGE_UP) {
		in_forget(u);
		u->end_code = 408;
		usage_bye(u);
	}
	if (s)
		session_over(s, SIP_ENDED, 408, SIP_CAUSE_NO_ACK, NULL);
}

static void in_timer(void *arg)
{
	struct usage *u = arg;

	u->in.waited_ms += u->in.interval_ms;
	if (u->in.waited_ms >= SESSION_GIVE_UP_MS - SIP_T1) {
		in_expired(u);
		return;
	}
	repeat_send(u);
	u->in.interval_ms *= 2;
	if (!u->in.reliable && u->in.interval_ms > SIP_T2)
		u->in.interval_ms = SIP_T2;
	tmr_start(&u->in.tmr, u->in.interval_ms, in_timer, u);
}

static int invite_reply(struct usage *u, uint16_t code, const char *extra, const char *sdp,
			struct mbuf **mbp)
{
	char contact[SIP_URI] = "";
	size_t len = sdp ? strlen(sdp) : 0;

	if (sip_iface_contact(u->iface, u->in.msg->tp, u->contact_user, contact, sizeof(contact)))
		contact[0] = '\0';
	u->room->stats.responses_out++;
	sip_reply_addr(&u->in.reply_to, u->in.msg, true);
	return sip_treplyf(&u->in.st, mbp, u->iface->sip, u->in.msg, true, code, code_phrase(code),
			   "Contact: <%s>\r\nAllow: %s\r\nSupported: %s\r\n%s%sContent-Length: %zu"
			   "\r\n\r\n%s",
			   contact, sip_allow, sip_supported, extra,
			   len ? "Content-Type: application/sdp\r\n" : "", len, sdp ? sdp : "");
}

int in_sound(struct usage *u, char *sdp, size_t cap)
{
	const char *offer;
	size_t len;
	int err;

	if (!in_sdp(u->in.msg, &offer, &len))
		return sound_answer(u, offer, len, sdp, cap, NULL);
	err = sound_offer(u, &u->local, sdp, cap);
	return err ? err : ENODATA;
}

/* libre keeps the transaction of a 2xx, with the INVITE, for 32 s; but INVITEs sent again and
 * the 2xx until its ACK are our business (RFC 3261, 13.3.1.4), so it can go at once. */
static int accept_reply(struct usage *u, const char *extra, const char *sdp, struct mbuf **mbp)
{
	struct sip_strans *st = mem_ref(u->in.st);
	int err = invite_reply(u, 200, extra, sdp, mbp);

	if (!err && mem_nrefs(st) > 1)
		mem_deref(st);
	mem_deref(st);
	return err;
}

static bool requires_reliable(const struct usage *u)
{
	return sip_in_token(u->in.msg, SIP_HDR_REQUIRE, "100rel");
}

int in_reply(struct usage *u, uint16_t code, bool reliable, const char *sdp)
{
	bool has_sdp = sdp && sdp[0];
	char extra[SESSION_HEADERS] = "";
	struct mbuf *mb = NULL;
	const char *offer;
	size_t len;
	int err;

	if (u->in.reliable) { /* one at a time: it follows when the PRACK has come */
		if (code > u->in.next)
			u->in.next = code;
		return 0;
	}
	if (requires_reliable(u)) {
		/* without an offer in the INVITE the first reliable answer would have to make
		 * one */
		if (!has_sdp && in_sdp(u->in.msg, &offer, &len))
			return 0;
		reliable = true;
	}
	if (reliable) {
		u->d.rseq = u->d.rseq ? u->d.rseq + 1 : 1 + (rand_u32() & 0xffffff);
		(void)text_append(extra, sizeof(extra), "Require: 100rel\r\nRSeq: %u\r\n",
				  u->d.rseq);
	}
	identity_connected(u, extra, sizeof(extra));
	err = invite_reply(u, code, extra, sdp, &mb);
	if (err)
		goto out;
	if (u->state == USAGE_IN_TRYING)
		usage_state_set(u, USAGE_IN_EARLY);
	if (reliable) {
		u->in.reliable = true;
		u->in.answered_early |= has_sdp;
		repeat_start(u, mem_ref(mb));
	}
out:
	mem_deref(mb);
	return err;
}

int in_answer(struct usage *u, const char *sdp)
{
	char extra[SESSION_HEADERS] = "";
	struct mbuf *mb = NULL;
	const char *offer;
	size_t len;
	int err;

	if (u->in.reliable) {
		u->in.next = 200;
		return 0;
	}
	u->in.offer_in_reply = in_sdp(u->in.msg, &offer, &len) != 0;
	stimer_response(u, extra, sizeof(extra));
	identity_connected(u, extra, sizeof(extra));
	err = accept_reply(u, extra, u->in.answered_early ? NULL : sdp, &mb);
	if (err)
		return err;
	u->d.state = DIALOG_CONFIRMED;
	if (u->state != USAGE_UP)
		usage_state_set(u, USAGE_IN_ACCEPTED);
	usage_note(u);
	stimer_start(u);
	repeat_start(u, mb);
	return 0;
}

/* A phrase of app's goes into the status line: no controls in it. */
static void phrase_clean(char *dst, size_t cap, uint16_t code, const char *reason)
{
	(void)text_copy(dst, cap, reason && reason[0] ? reason : code_phrase(code));
	for (char *p = dst; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = ' ';
}

void in_reject(struct usage *u, uint16_t code, const char *reason)
{
	char phrase[SIP_REASON];

	tmr_cancel(&u->in.tmr);
	phrase_clean(phrase, sizeof(phrase), code, reason);
	if (u->in.st && u->in.msg) {
		(void)sip_treplyf(&u->in.st, NULL, u->iface->sip, u->in.msg, false, code, phrase,
				  "Allow: %s\r\n%sContent-Length: 0\r\n\r\n", sip_allow,
				  code == 503 ? "Retry-After: 10\r\n" : "");
		u->room->stats.responses_out++;
	}
	usage_gone(u);
}

/* ---- A new INVITE ---- */

static void cancelled(void *arg)
{
	struct usage *u = arg;
	struct sip_session *s = u->session;

	mem_ref(u);
	usage_detach(u);
	in_reject(u, 487, NULL);
	mem_deref(u);
	if (s)
		session_over(s, SIP_ENDED, 487, SIP_CAUSE_CANCELLED, NULL);
}

static bool match_same(const struct usage *u, const void *arg)
{
	const struct sip_msg *msg = arg;

	return !u->d.uac && u->d.cseq_invite == msg->cseq.num &&
	       !pl_strcmp(&msg->from.tag, u->d.remote_tag);
}

bool in_again(struct usage *u, const struct sip_msg *msg)
{
	if (pl_strcmp(&msg->met, "INVITE") || !u->in.msg || u->in.msg->cseq.num != msg->cseq.num ||
	    pl_cmp(&msg->via.branch, &u->in.msg->via.branch))
		return false;
	if (u->in.reply && !u->in.reliable)
		repeat_send(u);
	return true;
}

/* libre's transactions end with the 2xx: an INVITE sent again after that comes here (RFC 6026), and
 * one that has come by two ways is merged (RFC 3261, 8.2.2.2). */
static bool invite_again(struct sip_sessions *ss, struct sip_iface *f, const struct sip_msg *msg)
{
	struct usage *u = session_find(ss, &msg->callid, match_same, msg);

	if (!u)
		return false;
	if (u->in.msg && pl_cmp(&msg->via.branch, &u->in.msg->via.branch))
		(void)sip_in_reply(f, msg, 482, code_phrase(482));
	else
		(void)in_again(u, msg);
	return true;
}

/* What can be said of the body without knowing what app will answer: 0, or the code to refuse
 * with. */
static uint16_t body_refusal(const struct sip_msg *msg, bool secure)
{
	struct offer_remote remote;
	const char *sdp;
	size_t len;

	switch (in_sdp(msg, &sdp, &len)) {
	case 0:
		break;
	case ENOENT:
		return 0;
	default:
		return 415;
	}
	switch (offer_parse(sdp, len, secure ? OFFER_EITHER : OFFER_PLAIN, &remote)) {
	case 0:
		return 0;
	case EBADMSG:
		return 400;
	default:
		return 488;
	}
}

static uint16_t dialog_refusal(int err)
{
	return err == ENOSPC || err == EOVERFLOW ? 513 :
	       err == ENOMEM || err == ENOBUFS ? 503 : 400;
}

static void origin_set(struct usage *u, const struct sip_msg *msg, const struct sip_caller *who,
		       const struct sip_invite *inv)
{
	struct sip_trunk_way way;

	u->d.trunk = who->trunk;
	u->d.extension = who->extension;
	u->secure = msg->tp == SIP_TRANSP_TLS;
	u->nat = sip_in_nat(msg);
	(void)sa_ntop(&msg->src, u->source_ip, sizeof(u->source_ip));
	u->fallback.addr = msg->src;
	u->fallback.tp = msg->tp;
	(void)TEXT_COPY(u->contact_user, text_is_dialable(inv->dialled, SIP_LABEL) ?
						 inv->dialled : "zongji");
	if (who->trunk && !sip_trunk_way(u->room, who->trunk, &way)) {
		u->fallback = way.hop;
		(void)TEXT_COPY(u->contact_user, way.contact_user);
	}
	/* a phone behind NAT, or on a connection that it opened, is reached where it came from */
	if (u->d.routes[0] || (who->trunk && !(u->nat && msg->tp == SIP_TRANSP_UDP)))
		return;
	if (!u->nat && msg->tp == SIP_TRANSP_UDP)
		return;
	(void)sa_ntop(&msg->src, u->d.hop_ip, sizeof(u->d.hop_ip));
	u->d.hop_port = sa_port(&msg->src);
	u->d.hop_transport = (uint8_t)msg->tp;
}

static int usage_of_invite(struct usage **up, struct sip_sessions *ss, struct sip_session *s,
			   struct sip_iface *f, const struct sip_msg *msg)
{
	struct usage *u;
	char tag[17];
	int err = usage_alloc(&u, ss, s, f);

	if (err)
		return err;
	(void)re_snprintf(tag, sizeof(tag), "%016llx", (unsigned long long)msg->tag);
	err = dialog_from_request(&u->d, msg, tag);
	if (!err)
		err = sip_strans_alloc(&u->in.st, f->sip, msg, cancelled, u);
	if (err) {
		list_unlink(&u->le);
		mem_deref(u);
		return err;
	}
	u->in.msg = mem_ref((void *)msg);
	usage_hash(u);
	usage_state_set(u, USAGE_IN_TRYING);
	*up = u;
	return 0;
}

/* Whether the INVITE may have a session at all; else it has been answered. */
static bool invite_admitted(struct sip_sessions *ss, struct sip_iface *f, const struct sip_msg *msg,
			    struct sip_caller *who, struct sip_invite *inv)
{
	uint16_t code;

	if (ss->room->draining || ss->room->closing || ss->count >= ss->max) {
		(void)sip_in_replyf(f, msg, 503, code_phrase(503), "Retry-After: 10\r\n");
		return false;
	}
	if (sip_in_identify(f, msg, who))
		return false;
	code = body_refusal(msg, msg->tp == SIP_TRANSP_TLS);
	if (code == 415) {
		(void)sip_in_replyf(f, msg, code, code_phrase(code), "Accept: application/sdp\r\n");
		return false;
	}
	if (!code)
		code = replaces_invite(ss, msg, who->trunk != 0, inv);
	if (!code && who->trunk && sip_trunk_channel_take(ss->room, who->trunk))
		code = 486;
	if (!code)
		return true;
	sip_in_complain(ss->room, msg, code_phrase(code));
	(void)sip_in_reply(f, msg, code, code_phrase(code));
	return false;
}

static void invite_fill(struct sip_invite *inv, struct sip_iface *f, const struct sip_msg *msg,
			const struct sip_caller *who)
{
	const char *sdp;
	size_t len;

	inv->extension = who->extension;
	inv->trunk = who->trunk;
	inv->interface = f->parent;
	inv->secure = msg->tp == SIP_TRANSP_TLS;
	inv->nat = sip_in_nat(msg);
	inv->offer = !in_sdp(msg, &sdp, &len);
	(void)sa_ntop(&msg->src, inv->source_ip, sizeof(inv->source_ip));
	identity_incoming(f->room, msg, who, inv);
}

void in_invite(struct sip_sessions *ss, struct sip_iface *f, const struct sip_msg *msg)
{
	struct sip_invite inv;
	struct sip_caller who;
	struct sip_session *s = NULL;
	struct usage *u = NULL;
	char min_se[32];
	int err;

	memset(&inv, 0, sizeof(inv));
	if (invite_again(ss, f, msg) || !invite_admitted(ss, f, msg, &who, &inv))
		return;
	invite_fill(&inv, f, msg, &who);
	err = session_alloc(&s, ss);
	if (!err) {
		s->incoming = true;
		s->extension = who.extension;
		s->trunk = who.trunk;
		err = usage_of_invite(&u, ss, s, f, msg);
	} else if (who.trunk) {
		sip_trunk_channel_give(ss->room, who.trunk);
	}
	if (err) {
		sip_in_complain(ss->room, msg, code_phrase(dialog_refusal(err)));
		(void)sip_in_reply(f, msg, dialog_refusal(err), code_phrase(dialog_refusal(err)));
		if (s)
			session_free(s);
		return;
	}
	origin_set(u, msg, &who, &inv);
	if (stimer_received(u, msg)) {
		(void)re_snprintf(min_se, sizeof(min_se), "Min-SE: %u\r\n", SESSION_MIN_SE_S);
		(void)sip_treplyf(&u->in.st, NULL, f->sip, msg, false, 422, code_phrase(422),
				  "%sContent-Length: 0\r\n\r\n", min_se);
		usage_gone(u);
		session_free(s);
		return;
	}
	mem_ref(u);
	ss->room->h.incoming(s, &inv, ss->room->h.arg);
	if (u->state == USAGE_IN_TRYING && u->in.st) /* app takes its time: RFC 3261, 8.2.6.1 */
		(void)sip_treply(&u->in.st, f->sip, msg, 100, code_phrase(100));
	mem_deref(u);
}

/* ---- What comes after it ---- */

/* A CANCEL that libre found no open INVITE for: answered, without effect, when there was one. */
bool in_cancel(struct sip_sessions *ss, struct sip_iface *f, const struct sip_msg *msg)
{
	if (!session_find(ss, &msg->callid, match_same, msg))
		return false;
	(void)sip_in_reply(f, msg, 200, code_phrase(200));
	return true;
}

static void ack_sound(struct usage *u, const struct sip_msg *msg, bool first)
{
	struct sip_session *s = u->session;
	bool changed = false;
	const char *sdp;
	size_t len;
	int err = 0;

	if (u->in.offer_in_reply) {
		err = in_sdp(msg, &sdp, &len);
		if (!err)
			err = sound_conclude(u, sdp, len, &u->local, &changed);
		u->offer = OFFER_NONE;
	}
	in_forget(u);
	if (err) {
		u->end_code = 488;
		usage_bye(u);
		if (s)
			session_over(s, SIP_ENDED, 488, SIP_CAUSE_MEDIA, NULL);
		return;
	}
	if (s && (first || changed))
		session_sound(s, first ? SIP_ANSWERED : SIP_STREAM, u);
}

bool in_ack(struct usage *u, const struct sip_msg *msg)
{
	bool first = u->state == USAGE_IN_ACCEPTED;

	if (!u->in.msg || u->in.msg->cseq.num != msg->cseq.num || u->in.st)
		return true; /* sent again, or for a refusal */
	mem_ref(u);
	if (first)
		usage_state_set(u, USAGE_UP);
	if (u->session) {
		ack_sound(u, msg, first);
	} else { /* app hung up before the ACK: now it may be said */
		in_forget(u);
		if (u->state == USAGE_UP)
			usage_bye(u);
	}
	mem_deref(u);
	return true;
}

static uint64_t bye_key(const struct sip_msg *msg)
{
	uint64_t branch = hash_bytes(msg->via.branch.p, msg->via.branch.l);

	return hash_mix(branch ^ hash_bytes(msg->callid.p, msg->callid.l)) | 1;
}

static void bye_remember(struct sip_sessions *ss, const struct sip_msg *msg)
{
	uint64_t key = bye_key(msg);

	ss->byes[key >> 1 & (SESSION_BYES - 1)].key = key;
	ss->byes[key >> 1 & (SESSION_BYES - 1)].until_ms = clock_mono_ms() + SESSION_GIVE_UP_MS;
}

bool in_bye_again(struct sip_sessions *ss, struct sip_iface *f, const struct sip_msg *msg)
{
	uint64_t key = bye_key(msg);
	size_t i = key >> 1 & (SESSION_BYES - 1);

	if (pl_strcmp(&msg->met, "BYE") || ss->byes[i].key != key ||
	    ss->byes[i].until_ms < clock_mono_ms())
		return false;
	(void)sip_in_replyf(f, msg, 200, code_phrase(200), "");
	return true;
}

void in_bye(struct usage *u, const struct sip_msg *msg)
{
	struct sip_session_event ev = {.kind = SIP_ENDED, .end = {.cause = SIP_CAUSE_NORMAL}};
	struct sip_session *s = u->session;
	bool early_out = u->state == USAGE_OUT_TRYING || u->state == USAGE_OUT_EARLY;

	bye_remember(u->room->sessions, msg);
	(void)sip_in_replyf(u->iface, msg, 200, code_phrase(200), "");
	reason_read(msg, &ev);
	usage_detach(u);
	if (early_out) /* not allowed to them (RFC 3261, 15), but what it means is clear */
		out_cancel(u);
	else if (u->in.st)
		in_reject(u, 487, NULL);
	else if (u->state != USAGE_OUT_CANCELLING)
		usage_gone(u);
	if (!s)
		return;
	if (early_out)
		session_over(s, SIP_FAILED, 487, SIP_CAUSE_NORMAL, NULL);
	else
		session_over(s, SIP_ENDED, ev.end.code, SIP_CAUSE_NORMAL, ev.end.reason);
}

/* application/dtmf-relay "Signal=5\r\nDuration=160", or application/dtmf "5". */
static bool digit_read(const struct sip_msg *msg, struct sip_session_event *ev)
{
	const char *body = (const char *)mbuf_buf(msg->mb);
	size_t n = mbuf_get_left(msg->mb);
	struct pl digit = PL_INIT, duration = PL_INIT, b1, b2;
	uint32_t ms = 0;

	if (msg_ctype_cmp(&msg->ctyp, "application", "dtmf-relay")) {
		if (re_regex(body, n, "Signal[ \t]*=[ \t]*[^ \t\r\n]+", &b1, &b2, &digit))
			return false;
		if (!re_regex(body, n, "Duration[ \t]*=[ \t]*[0-9]+", &b1, &b2, &duration))
			(void)sip_in_number(&duration, 60000, &ms);
	} else if (re_regex(body, n, "[0-9A-Da-d*#]+", &digit)) {
		return false;
	}
	if (digit.l == 2 && !pl_strcmp(&digit, "10"))
		ev->digit.digit = '*';
	else if (digit.l == 2 && !pl_strcmp(&digit, "11"))
		ev->digit.digit = '#';
	else if (digit.l == 1 && strchr("0123456789*#ABCD", digit.p[0]))
		ev->digit.digit = digit.p[0];
	else if (digit.l == 1 && digit.p[0] >= 'a' && digit.p[0] <= 'd')
		ev->digit.digit = (char)(digit.p[0] - 'a' + 'A');
	else
		return false;
	ev->digit.duration_ms = (uint16_t)ms;
	return true;
}

void in_info(struct usage *u, const struct sip_msg *msg)
{
	struct sip_session_event ev = {.kind = SIP_DIGIT};

	if (!mbuf_get_left(msg->mb)) {
		usage_reply(u, msg, 200, NULL, NULL);
		return;
	}
	if (!msg_ctype_cmp(&msg->ctyp, "application", "dtmf-relay") &&
	    !msg_ctype_cmp(&msg->ctyp, "application", "dtmf")) {
		usage_reply(u, msg, 415, "Accept: application/dtmf-relay, application/dtmf\r\n",
			    NULL);
		return;
	}
	if (!digit_read(msg, &ev)) {
		usage_reply(u, msg, 400, NULL, NULL);
		return;
	}
	usage_reply(u, msg, 200, NULL, NULL);
	if (u->session && (u->state == USAGE_UP || u->state == USAGE_IN_ACCEPTED))
		session_event(u->session, &ev);
}
