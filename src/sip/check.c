/*
 * What every message must be before anything else sees it (RFC 3261, 8.2 and 16.3; RFC 4475), and
 * who then gets it. libre's transactions have taken retransmissions, ACKs to refusals and CANCELs
 * that belong to one; everything else comes here and goes no further: libre would print a line.
 */
#include <ctype.h>
#include <sodium.h>

#include "sip/priv.h"

const char sip_allow[] = "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, "
			 "REGISTER, SUBSCRIBE";
const char sip_supported[] = "100rel, timer, replaces, norefersub, path";

#define TAG_PART 128u /* bytes of Call-ID, tag and branch that count for our To tag */

/* What Require may name. */
static const char *const extensions[] = {"100rel", "timer", "replaces", "norefersub", "path"};

/* The methods that something is decided by; the table at the end names who gets each. */
enum method {
	METHOD_OTHER,
	METHOD_ACK,
	METHOD_BYE,
	METHOD_CANCEL,
	METHOD_INVITE,
	METHOD_OPTIONS,
	METHOD_REGISTER,
	METHOD_SUBSCRIBE
};

/* ---- Answers ---- */

int sip_in_replyf(struct sip_iface *f, const struct sip_msg *msg, uint16_t code, const char *reason,
		  const char *fmt, ...)
{
	char extra[1024] = "";
	va_list ap;

	va_start(ap, fmt);
	(void)re_vsnprintf(extra, sizeof(extra), fmt, ap);
	va_end(ap);
	f->room->stats.responses_out++;
	return sip_replyf(f->sip, msg, code, reason, "%sContent-Length: 0\r\n\r\n", extra);
}

int sip_in_reply(struct sip_iface *f, const struct sip_msg *msg, uint16_t code, const char *reason)
{
	return sip_in_replyf(f, msg, code, reason, "Allow: %s\r\nSupported: %s\r\n", sip_allow,
			     sip_supported);
}

/* ---- Checks ---- */

/* Without these no answer can be made. */
static bool answerable(const struct sip_msg *msg)
{
	return pl_isset(&msg->via.sentby) && pl_isset(&msg->from.auri) && pl_isset(&msg->to.auri) &&
	       pl_isset(&msg->callid) && pl_isset(&msg->cseq.met);
}

static const char *check_single(const struct sip_msg *msg)
{
	static const enum sip_hdrid single[] = {SIP_HDR_FROM,	      SIP_HDR_TO,
						SIP_HDR_CALL_ID,      SIP_HDR_CSEQ,
						SIP_HDR_MAX_FORWARDS, SIP_HDR_CONTENT_LENGTH,
						SIP_HDR_CONTENT_TYPE, SIP_HDR_EXPIRES};

	for (size_t i = 0; i < ARRAY_SIZE(single); i++)
		if (sip_msg_hdr_count(msg, single[i]) > 1)
			return "a header that may be there once is there more often";
	return NULL;
}

static const char *check_cseq(const struct sip_msg *msg)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_CSEQ);
	struct pl num;
	uint32_t v;

	if (!h || re_regex(h->val.p, h->val.l, "[0-9]+", &num) || num.p != h->val.p)
		return "CSeq isn't a number";
	if (sip_in_number(&num, INT32_MAX, &v))
		return "CSeq is too large";
	if (msg->req && pl_cmp(&msg->cseq.met, &msg->met))
		return "CSeq names another method";
	return NULL;
}

/* A datagram's body ends where Content-Length says; what follows doesn't belong to it. */
static const char *check_length(const struct sip_msg *msg)
{
	uint32_t len;

	if (!pl_isset(&msg->clen))
		return msg->tp == SIP_TRANSP_UDP ? NULL : "no Content-Length on a stream";
	if (sip_in_number(&msg->clen, SIP_MSG_MAX, &len))
		return "Content-Length isn't a fitting number";
	if (len > mbuf_get_left(msg->mb))
		return "Content-Length is beyond the end";
	msg->mb->end = msg->mb->pos + len;
	return NULL;
}

static const char *check_form(const struct sip_msg *msg)
{
	const char *what = check_single(msg);
	uint32_t v;

	if (!what)
		what = check_cseq(msg);
	if (!what)
		what = check_length(msg);
	if (!what && pl_isset(&msg->maxfwd) && sip_in_number(&msg->maxfwd, 255, &v))
		what = "Max-Forwards isn't a fitting number";
	if (!what && msg->callid.l > SIP_CALL_ID)
		what = "Call-ID is too long";
	if (!what && msg->ruri.l >= SIP_URI)
		what = "the request URI is too long";
	return what;
}

struct requires
{
	char unknown[256];
};

static bool require_handler(const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	struct requires *q = arg;
	(void)msg;

	for (size_t i = 0; i < ARRAY_SIZE(extensions); i++)
		if (!pl_strcasecmp(&hdr->val, extensions[i]))
			return false;
	if (hdr->val.l < 64 && strlen(q->unknown) + hdr->val.l + 3 < sizeof(q->unknown))
		re_snprintf(q->unknown + strlen(q->unknown),
			    sizeof(q->unknown) - strlen(q->unknown), "%s%r",
			    q->unknown[0] ? ", " : "", &hdr->val);
	return false;
}

static bool scheme_known(const struct uri *uri)
{
	return !pl_strcasecmp(&uri->scheme, "sip") || !pl_strcasecmp(&uri->scheme, "sips") ||
	       !pl_strcasecmp(&uri->scheme, "tel");
}

/* True when the request has been answered, or needs no answer, and is done with. */
static bool refuse(struct sip_iface *f, const struct sip_msg *msg, enum method m)
{
	struct requires q = {""};
	uint32_t hops = 70;
	const char *what = check_form(msg);

	if (what) {
		f->room->stats.malformed++;
		sip_in_complain(f->room, msg, what);
		(void)sip_in_replyf(f, msg, 400, "Bad Request", "");
		return true;
	}
	if (m == METHOD_ACK || m == METHOD_CANCEL)
		return false;
	if (!scheme_known(&msg->uri)) {
		(void)sip_in_replyf(f, msg, 416, "Unsupported URI Scheme", "");
		return true;
	}
	(void)sip_in_number(&msg->maxfwd, 255, &hops);
	if (!hops && m != METHOD_OPTIONS && m != METHOD_REGISTER && m != METHOD_BYE) {
		(void)sip_in_replyf(f, msg, 483, "Too Many Hops", "");
		return true;
	}
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_REQUIRE, require_handler, &q);
	if (q.unknown[0]) {
		(void)sip_in_replyf(f, msg, 420, "Bad Extension", "Unsupported: %s\r\n", q.unknown);
		return true;
	}
	return false;
}

/* ---- Who gets it ---- */

/* The To tag of our answers: the same for a request that is sent again, and not to be guessed
 * (RFC 3261, 8.2.7 and 19.3). */
static void set_tag(struct sip_room *r, const struct sip_msg *msg)
{
	const struct pl *part[] = {&msg->callid, &msg->from.tag, &msg->via.branch};
	uint8_t text[sizeof(msg->cseq.num) + ARRAY_SIZE(part) * TAG_PART];
	size_t n = sizeof(msg->cseq.num);
	uint64_t tag;

	memcpy(text, &msg->cseq.num, n);
	for (size_t i = 0; i < ARRAY_SIZE(part); i++) {
		size_t l = MIN(part[i]->l, TAG_PART);

		if (l)
			memcpy(text + n, part[i]->p, l);
		n += l;
	}
	crypto_shorthash((uint8_t *)&tag, text, n, r->tag_key);
	((struct sip_msg *)msg)->tag = tag;
}

static void to_session(struct sip_iface *f, const struct sip_msg *msg)
{
	if (sip_session_request(f->room, f, msg) || !pl_strcmp(&msg->met, "ACK"))
		return;
	(void)sip_in_reply(f, msg, 481, "Call/Transaction Does Not Exist");
}

static void to_options(struct sip_iface *f, const struct sip_msg *msg)
{
	if (!pl_isset(&msg->to.tag) || !sip_session_request(f->room, f, msg))
		sip_options_request(f, msg);
}

static void not_allowed(struct sip_iface *f, const struct sip_msg *msg)
{
	(void)sip_in_reply(f, msg, 405, "Method Not Allowed");
}

static void not_implemented(struct sip_iface *f, const struct sip_msg *msg)
{
	(void)sip_in_reply(f, msg, 501, "Not Implemented");
}

struct handling {
	const char *name;
	enum method method;
	void (*handle)(struct sip_iface *f, const struct sip_msg *msg);
};

static const struct handling *handling_of(const struct pl *met)
{
	static const struct handling table[] = {
	    {"INVITE", METHOD_INVITE, to_session},
	    {"ACK", METHOD_ACK, to_session},
	    {"BYE", METHOD_BYE, to_session},
	    {"CANCEL", METHOD_CANCEL, to_session},
	    {"PRACK", METHOD_OTHER, to_session},
	    {"UPDATE", METHOD_OTHER, to_session},
	    {"INFO", METHOD_OTHER, to_session},
	    {"REFER", METHOD_OTHER, to_session},
	    {"NOTIFY", METHOD_OTHER, to_session},
	    {"OPTIONS", METHOD_OPTIONS, to_options},
	    {"REGISTER", METHOD_REGISTER, sip_registrar_request},
	    {"SUBSCRIBE", METHOD_SUBSCRIBE, sip_subs_request},
	    {"MESSAGE", METHOD_OTHER, not_allowed},
	    {"PUBLISH", METHOD_OTHER, not_allowed},
	};
	static const struct handling other = {"", METHOD_OTHER, not_implemented};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!pl_strcmp(met, table[i].name))
			return &table[i];
	return &other;
}

/* While closing, what would begin anew goes elsewhere. */
static bool drained(struct sip_iface *f, const struct sip_msg *msg, enum method m)
{
	if (!f->room->draining || pl_isset(&msg->to.tag) ||
	    (m != METHOD_INVITE && m != METHOD_REGISTER && m != METHOD_SUBSCRIBE))
		return false;
	(void)sip_in_replyf(f, msg, 503, "Service Unavailable", "Retry-After: 10\r\n");
	return true;
}

bool sip_check_request(const struct sip_msg *msg, void *arg)
{
	struct sip_iface *f = arg;
	struct sip_room *r = f->room;
	const struct handling *h;

	r->stats.requests_in++;
	if (r->closing)
		return true;
	if (!answerable(msg)) {
		r->stats.malformed++;
		sip_in_complain(r, msg, "a mandatory header is missing");
		return true;
	}
	h = handling_of(&msg->met);
	if (!pl_isset(&msg->to.tag))
		set_tag(r, msg);
	if (!refuse(f, msg, h->method) && !drained(f, msg, h->method))
		h->handle(f, msg);
	return true;
}

bool sip_check_response(const struct sip_msg *msg, void *arg)
{
	struct sip_iface *f = arg;
	struct sip_room *r = f->room;

	r->stats.responses_in++;
	if (r->closing || !answerable(msg) || check_cseq(msg) ||
	    sip_msg_hdr_count(msg, SIP_HDR_VIA) != 1)
		return true;
	(void)sip_session_response(r, f, msg);
	return true;
}

/* ---- OPTIONS ---- */

void sip_options_request(struct sip_iface *f, const struct sip_msg *msg)
{
	f->room->stats.options++;
	(void)sip_in_replyf(f, msg, 200, "OK",
			    "Allow: %s\r\nAccept: application/sdp\r\nAccept-Encoding: identity\r\n"
			    "Accept-Language: zh, en\r\nSupported: %s\r\nAllow-Events: dialog, "
			    "message-summary\r\n",
			    sip_allow, sip_supported);
}
