/*
 * A usage: one INVITE and the dialog that came of it. Its states:
 *
 *             their INVITE                              our INVITE
 *                  │                                         │
 *             IN_TRYING ──180/183──► IN_EARLY           OUT_TRYING ──18x──► OUT_EARLY
 *              │   └──────200───┐       │200              │   │ └──2xx──┐      │2xx  │
 *    refused,  │                ▼       ▼         failed, │   │         ▼      ▼     │ not wanted
 *    CANCEL    │            IN_ACCEPTED           refused │   │        UP ◄──ACK     ▼
 *              │              │ACK    │no ACK             │   └────────────► OUT_CANCELLING
 *              │              ▼       │                   │                     │487   │2xx crossed
 *              │              UP ─────┴─► ENDING ◄────────┼─────────────────────┼──────┘
 *              ▼              │BYE          │200 to BYE   ▼                     ▼
 *             GONE ◄──────────┴─────────────┴────────────GONE ◄─────────────────┘
 */
#include <errno.h>
#include <string.h>

#include "sip/session_priv.h"

#define BIT(s) (1u << USAGE_##s)

static const struct {
	const char *name;
	uint16_t next;
} states[USAGE_STATES] = {
    [USAGE_IDLE] = {"idle",
		    BIT(IN_TRYING) | BIT(OUT_TRYING) | BIT(UP) | BIT(OUT_CANCELLING) | BIT(GONE)},
    [USAGE_IN_TRYING] = {"trying", BIT(IN_EARLY) | BIT(IN_ACCEPTED) | BIT(GONE)},
    [USAGE_IN_EARLY] = {"early", BIT(IN_ACCEPTED) | BIT(GONE)},
    [USAGE_IN_ACCEPTED] = {"accepted", BIT(UP) | BIT(ENDING) | BIT(GONE)},
    [USAGE_OUT_TRYING] = {"calling", BIT(OUT_EARLY) | BIT(UP) | BIT(OUT_CANCELLING) | BIT(GONE)},
    [USAGE_OUT_EARLY] = {"proceeding", BIT(UP) | BIT(OUT_CANCELLING) | BIT(GONE)},
    [USAGE_OUT_CANCELLING] = {"cancelling", BIT(ENDING) | BIT(GONE)},
    [USAGE_UP] = {"up", BIT(ENDING) | BIT(GONE)},
    [USAGE_ENDING] = {"ending", BIT(GONE)},
    [USAGE_GONE] = {"gone", 0},
};

const char *usage_state_name(enum usage_state s)
{
	return states[s].name;
}

void usage_state_set(struct usage *u, enum usage_state next)
{
	if (u->state == next)
		return;
	if (!(states[u->state].next & (1u << next)))
		log_error("sip", "usage %s: %s to %s isn't foreseen", u->d.call_id,
			  states[u->state].name, states[next].name);
	u->state = next;
}

static void usage_destroy(void *data)
{
	struct usage *u = data;

	if (u->room->sessions)
		u->room->sessions->usages--;
	list_unlink(&u->le);
	hash_unlink(&u->he);
	tmr_cancel(&u->tmr);
	tmr_cancel(&u->in.tmr);
	tmr_cancel(&u->refresh);
	tmr_cancel(&u->again);
	mem_deref(u->in.st);
	mem_deref(u->in.msg);
	mem_deref(u->in.reply);
	mem_deref(u->refer.st);
	mem_deref(u->refer.msg);
	mem_deref(u->digest);
	mem_deref(u->early);
	mem_deref(u->invite_headers);
	mem_deref(u->invite_routes);
	/* zeroes *req by itself; the transaction cancels on its own */
	mem_deref(u->req);
}

int usage_alloc(struct usage **up, struct sip_sessions *ss, struct sip_session *s,
		struct sip_iface *f)
{
	struct usage *u;

	if (ss->usages >= SESSION_USAGES * ss->max)
		return ENOBUFS;
	u = mem_zalloc(sizeof(*u), usage_destroy);
	if (!u)
		return ENOMEM;
	ss->usages++;
	u->room = ss->room;
	u->session = s;
	u->iface = f;
	u->slot = JOURNAL_NONE;
	u->d.iface = f->index;
	tmr_init(&u->tmr);
	tmr_init(&u->in.tmr);
	tmr_init(&u->refresh);
	tmr_init(&u->again);
	u->self.id = rand_u64() >> 2; /* some read it as a signed number */
	list_append(s ? &s->usages : &ss->leaving, &u->le, u);
	*up = u;
	return 0;
}

void usage_hash(struct usage *u)
{
	hash_append(u->room->sessions->by_call_id, hash_joaat_str(u->d.call_id), &u->he, u);
}

/* What needs no BYE or CANCEL after a restart isn't written: their INVITE before our 2xx. */
void usage_note(struct usage *u)
{
	struct sip_sessions *ss = u->room->sessions;

	if (!ss || u->state == USAGE_GONE || (u->d.state != DIALOG_CONFIRMED && !u->d.uac))
		return;
	u->d.sdp_id = u->self.id;
	u->d.sdp_version = u->self.version;
	if (u->slot == JOURNAL_NONE)
		u->slot = journal_slot(ss->journal);
	journal_write(ss->journal, u->slot, &u->d);
}

void usage_gone(struct usage *u)
{
	if (u->state == USAGE_GONE)
		return;
	usage_state_set(u, USAGE_GONE);
	journal_clear(u->room->sessions->journal, u->slot);
	u->slot = JOURNAL_NONE;
	refer_close(u);
	hash_unlink(&u->he);
	list_unlink(&u->le);
	tmr_cancel(&u->tmr);
	tmr_cancel(&u->in.tmr);
	stimer_stop(u);
	update_cancel(u);
	u->session = NULL;
	u->req = mem_deref(u->req); /* no answer of it may find the usage any more */
	mem_deref(u);
}

void usage_detach(struct usage *u)
{
	if (!u->session)
		return;
	u->session = NULL;
	list_unlink(&u->le);
	list_append(&u->room->sessions->leaving, &u->le, u);
	stimer_stop(u);
	update_cancel(u);
}

struct usage *usage_first(const struct sip_session *s)
{
	return list_ledata(list_head(&s->usages));
}

/* ---- Requests inside the dialog ---- */

struct request {
	struct usage *u; /* a reference */
	const char *method;
	struct mbuf *extra;
	usage_done_h *done;
	uint8_t tries;
};

static void request_destroy(void *data)
{
	struct request *q = data;

	mem_deref(q->u);
	mem_deref(q->extra);
}

static void request_response(int err, const struct sip_msg *msg, void *arg);

static int request_send(struct request *q)
{
	struct usage *u = q->u;
	struct mbuf *mb = mbuf_alloc(1024);
	struct sip_hop hop;
	struct sip_out out = {
		.iface = u->iface, .method = q->method, .uri = u->d.target, .routes = u->d.routes,
		.fallback = &u->fallback, .contact_user = u->contact_user, .digest = u->digest,
		.mb = mb,
	};
	int err;

	if (!mb)
		return ENOMEM;
	if (u->d.hop_ip[0] && !u->d.routes[0]) {
		err = sa_set_str(&hop.addr, u->d.hop_ip, u->d.hop_port);
		hop.tp = (enum sip_transp)u->d.hop_transport;
		if (!err)
			out.hop = &hop;
	}
	u->d.cseq_local++;
	err = dialog_write(mb, &u->d, q->method, u->d.cseq_local);
	if (!err)
		err = mbuf_write_mem(mb, q->extra->buf, q->extra->end);
	mb->pos = 0;
	if (!err)
		err = sip_out_send(NULL, &out, request_response, q);
	mem_deref(mb);
	usage_note(u);
	return err;
}

/* The credentials of a trunk answer its challenges; phones don't challenge us. */
bool usage_challenged(struct usage *u, const struct sip_msg *msg)
{
	const struct sip_trunk *t = u->d.trunk ? sip_trunk_find(u->room, u->d.trunk) : NULL;

	if (!t || (msg->scode != 401 && msg->scode != 407))
		return false;
	if (!u->digest) {
		u->digest = mem_zalloc(sizeof(*u->digest), NULL);
		if (!u->digest)
			return false;
		sip_trunk_digest(t, u->digest);
	}
	return !sip_digest_take(u->digest, msg);
}

static void request_response(int err, const struct sip_msg *msg, void *arg)
{
	struct request *q = arg;

	if (!err && msg->scode < 200)
		return;
	if (!err && q->tries++ < SESSION_RETRIES && usage_challenged(q->u, msg)) {
		err = request_send(q);
		if (!err)
			return;
		msg = NULL;
	}
	if (q->done)
		q->done(q->u, err, err ? NULL : msg);
	mem_deref(q);
}

int usage_request(struct usage *u, const char *method, const char *extra, usage_done_h *done)
{
	struct request *q = mem_zalloc(sizeof(*q), request_destroy);
	int err = ENOMEM;

	if (!q)
		return ENOMEM;
	q->u = mem_ref(u);
	q->method = method;
	q->done = done;
	q->extra = mbuf_alloc(256);
	if (!q->extra)
		goto out;
	err = mbuf_write_str(q->extra, extra ? extra : "Content-Length: 0\r\n\r\n");
	if (!err)
		err = request_send(q);
out:
	if (err)
		mem_deref(q);
	return err;
}

int headers_end(char *dst, size_t cap, const char *type, const char *body)
{
	if (!body || !body[0])
		return text_append(dst, cap, "Content-Length: 0\r\n\r\n");
	return text_append(dst, cap, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", type,
			   strlen(body), body);
}

/* ---- Replies to requests inside the dialog, but for INVITE ---- */

void usage_reply(struct usage *u, const struct sip_msg *msg, uint16_t code, const char *extra,
		 const char *sdp)
{
	char contact[SIP_URI] = "";
	size_t len = sdp ? strlen(sdp) : 0;
	int err;

	if (sip_iface_contact(u->iface, msg->tp, u->contact_user, contact, sizeof(contact)))
		contact[0] = '\0';
	err =
	    sip_treplyf(NULL, NULL, u->iface->sip, msg, false, code, code_phrase(code),
			"Contact: <%s>\r\nAllow: %s\r\nSupported: %s\r\n%s%sContent-Length: %zu\r\n"
			"\r\n%s",
			contact, sip_allow, sip_supported, extra ? extra : "",
			len ? "Content-Type: application/sdp\r\n" : "", len, sdp ? sdp : "");
	if (err)
		log_warn("sip", "reply %u to %s: %s", code, u->d.call_id, strerror(err));
	u->room->stats.responses_out++;
}

/* ---- The end ---- */

static void bye_done(struct usage *u, int err, const struct sip_msg *msg)
{
	usage_gone(u);
}

static void bye_expired(void *arg)
{
	usage_gone(arg);
}

void usage_bye(struct usage *u)
{
	char extra[SIP_REASON + 96] = "";
	int err;

	usage_detach(u);
	tmr_cancel(&u->in.tmr);
	usage_state_set(u, USAGE_ENDING);
	reason_write(extra, sizeof(extra), u->end_code, u->end_reason, true);
	(void)headers_end(extra, sizeof(extra), NULL, NULL);
	err = usage_request(u, "BYE", extra, bye_done);
	if (err) {
		log_warn("sip", "BYE of %s: %s", u->d.call_id, strerror(err));
		usage_gone(u);
		return;
	}
	/* the transaction ends in 64*T1 at the latest; this is only the belt to its braces */
	tmr_start(&u->tmr, 2 * SESSION_GIVE_UP_MS, bye_expired, u);
}

void usage_release(struct usage *u, uint16_t code, const char *reason)
{
	u->end_code = code;
	(void)TEXT_COPY(u->end_reason, reason);
	switch (u->state) {
	case USAGE_IN_TRYING:
	case USAGE_IN_EARLY:
		usage_detach(u);
		in_reject(u, code >= 300 ? code : 480, reason);
		break;
	case USAGE_IN_ACCEPTED: /* RFC 3261, 15: no BYE before the ACK or its time-out */
		usage_detach(u);
		break;
	case USAGE_OUT_TRYING:
	case USAGE_OUT_EARLY:
	case USAGE_OUT_CANCELLING:
		usage_detach(u);
		out_cancel(u);
		break;
	case USAGE_UP:
		usage_bye(u);
		break;
	case USAGE_IDLE:
		usage_gone(u);
		break;
	case USAGE_ENDING:
	case USAGE_GONE:
		break;
	}
}

/* ---- Small things that several files need ---- */

const char *code_phrase(uint16_t code)
{
	static const struct {
		uint16_t code;
		const char *phrase;
	} table[] = {
		{100, "Trying"}, {180, "Ringing"}, {183, "Session Progress"}, {200, "OK"},
		{202, "Accepted"}, {400, "Bad Request"}, {403, "Forbidden"}, {404, "Not Found"},
		{408, "Request Timeout"}, {410, "Gone"}, {415, "Unsupported Media Type"},
		{422, "Session Interval Too Small"}, {480, "Temporarily Unavailable"},
		{481, "Call/Transaction Does Not Exist"}, {482, "Loop Detected"},
		{484, "Address Incomplete"}, {486, "Busy Here"}, {487, "Request Terminated"},
		{488, "Not Acceptable Here"}, {491, "Request Pending"},
		{500, "Server Internal Error"}, {501, "Not Implemented"},
		{503, "Service Unavailable"}, {504, "Server Time-out"},
		{513, "Message Too Large"}, {600, "Busy Everywhere"}, {603, "Decline"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].code == code)
			return table[i].phrase;
	return code < 200 ? "Progress" : code < 300 ? "OK" : code < 400 ? "Redirect" :
	       code < 500 ? "Request Failure" : code < 600 ? "Server Failure" : "Global Failure";
}

/* RFC 3326. The text is ours or app's; quotes and controls in it would end the string early. */
void reason_write(char *dst, size_t cap, uint16_t code, const char *reason, bool bye)
{
	char text[SIP_REASON];

	if (!code)
		return;
	(void)text_copy(text, sizeof(text), reason && reason[0] ? reason : code_phrase(code));
	for (char *p = text; *p; p++)
		if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ' || *p == 127)
			*p = ' ';
	(void)text_append(dst, cap, "Reason: SIP;cause=%u;text=\"%s\"\r\n", code, text);
}

void reason_read(const struct sip_msg *msg, struct sip_session_event *ev)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_REASON);
	struct pl proto, cause, text;
	uint32_t code;

	if (!h || re_regex(h->val.p, h->val.l, "[^; \t]+", &proto))
		return;
	if (!pl_strcasecmp(&proto, "SIP") && !msg_param_decode(&h->val, "cause", &cause) &&
	    !sip_in_number(&cause, 699, &code))
		ev->end.code = (uint16_t)code;
	if (msg_param_decode(&h->val, "text", &text))
		return;
	if (text.l >= 2 && text.p[0] == '"') {
		text.p++;
		text.l -= 2;
	}
	(void)text_copy_n(ev->end.reason, sizeof(ev->end.reason), text.p, text.l);
	if (!text_utf8_valid(ev->end.reason, strlen(ev->end.reason)))
		memset(ev->end.reason, 0, sizeof(ev->end.reason));
}

/* The tag of our From is made from the Call-ID and a secret, so that a 2xx that comes when
 * nothing is known of its call any more can be told from a forged one. */
void tag_make(const struct sip_sessions *ss, const char *call_id, char tag[17])
{
	uint8_t mac[20];

	hmac_sha1(journal_secret(ss->journal), JOURNAL_SECRET, (const uint8_t *)call_id,
		  strlen(call_id), mac, sizeof(mac));
	for (unsigned i = 0; i < 8; i++)
		(void)re_snprintf(tag + 2 * i, 3, "%02x", mac[i]);
}
