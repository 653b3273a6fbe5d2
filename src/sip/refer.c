/*
 * REFER (RFC 3515, 3892, 4488): a phone asks us to transfer. From inside only; app grants or
 * refuses, and what comes of it is reported by NOTIFY with message/sipfrag.
 */
#include <errno.h>
#include <string.h>

#include "sip/session_priv.h"

static int user_of(const struct pl *value, char *out, size_t cap)
{
	struct sip_addr addr;

	if (sip_addr_decode(&addr, value))
		return EBADMSG;
	return sip_in_user(&addr.uri, out, cap);
}

/* Replaces among the header parameters of Refer-To. */
static int refer_replaces(struct usage *u, const struct uri *uri, struct sip_session_event *ev)
{
	static const struct pl name = PL("Replaces");
	char text[DIALOG_CALL_ID + 2 * DIALOG_TAG + 64];
	struct replaces r;
	struct usage *found;
	struct pl value;
	int n;

	if (uri_header_get(&uri->headers, &name, &value))
		return 0;
	n = re_snprintf(text, sizeof(text), "%H", uri_header_unescape, &value);
	if (n < 0)
		return EBADMSG;
	pl_set_str(&value, text);
	if (replaces_parse(&value, &r))
		return EBADMSG;
	found = replaces_find(u->room->sessions, &r);
	ev->refer.replaces = found ? found->session : NULL;
	ev->refer.replaces_missing = !ev->refer.replaces;
	return 0;
}

/* 0, or the code to refuse with. */
static uint16_t refer_read(struct usage *u, const struct sip_msg *msg, struct sip_session_event *ev)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_REFER_TO);
	struct sip_addr addr;
	struct pl method;

	if (!h || sip_msg_hdr_count(msg, SIP_HDR_REFER_TO) != 1 || sip_addr_decode(&addr, &h->val))
		return 400;
	if (!msg_param_decode(&addr.uri.params, "method", &method) &&
	    pl_strcasecmp(&method, "INVITE"))
		return 501;
	if (sip_in_user(&addr.uri, ev->refer.number, sizeof(ev->refer.number)))
		return 404;
	if (refer_replaces(u, &addr.uri, ev))
		return 400;
	h = sip_msg_hdr(msg, SIP_HDR_REFERRED_BY);
	if (h && user_of(&h->val, ev->refer.referred_by, sizeof(ev->refer.referred_by)))
		memset(ev->refer.referred_by, 0, sizeof(ev->refer.referred_by));
	return 0;
}

void refer_receive(struct usage *u, const struct sip_msg *msg)
{
	struct sip_session_event ev = {.kind = SIP_REFER};
	uint16_t code = 0;

	if (u->d.trunk)
		code = 403;
	else if (u->state != USAGE_UP || !u->session)
		code = 481;
	else if (u->refer.active || u->refer.st)
		code = 491;
	if (!code)
		code = refer_read(u, msg, &ev);
	if (!code && sip_strans_alloc(&u->refer.st, u->iface->sip, msg, NULL, NULL))
		code = 500;
	if (code) {
		usage_reply(u, msg, code, NULL, NULL);
		return;
	}
	u->refer.msg = mem_ref((void *)msg);
	u->refer.cseq = msg->cseq.num;
	u->refer.quiet = sip_msg_hdr_has_value(msg, SIP_HDR_REFER_SUB, "false");
	session_event(u->session, &ev);
}

void refer_close(struct usage *u)
{
	if (u->refer.st && u->refer.msg)
		(void)sip_treply(&u->refer.st, u->iface->sip, u->refer.msg, 603, code_phrase(603));
	u->refer.st = mem_deref(u->refer.st);
	u->refer.msg = mem_deref(u->refer.msg);
	u->refer.active = false;
}

static void notify_send(struct usage *u, uint16_t code, bool final);

static void notify_done(struct usage *u, int err, const struct sip_msg *msg)
{
	uint16_t next = u->refer.next_code;

	u->refer.notify_open = false;
	if (u->state == USAGE_GONE)
		return;
	if (err || msg->scode == 481) { /* it wants to hear no more; the call goes on */
		u->refer.active = false;
		return;
	}
	u->refer.next_code = 0;
	if (next)
		notify_send(u, next, u->refer.next_final);
}

/* One at a time, so that they arrive in order; only the newest waits. */
static void notify_send(struct usage *u, uint16_t code, bool final)
{
	char extra[256] = "", body[96] = "", id[24] = "";
	int err;

	if (u->refer.notify_open) {
		u->refer.next_code = code;
		u->refer.next_final = final;
		return;
	}
	/* RFC 3515, 2.4.6: the first needs no id, and some phones don't know theirs */
	if (u->refer.again)
		(void)re_snprintf(id, sizeof(id), ";id=%u", u->refer.cseq);
	(void)text_append(body, sizeof(body), "SIP/2.0 %u %s\r\n", code, code_phrase(code));
	(void)text_append(extra, sizeof(extra), "Event: refer%s\r\nSubscription-State: %s\r\n", id,
			  final ? "terminated;reason=noresource" : "active;expires=60");
	err = headers_end(extra, sizeof(extra), "message/sipfrag;version=2.0", body);
	if (!err)
		err = usage_request(u, "NOTIFY", extra, notify_done);
	if (err) {
		log_warn("sip", "NOTIFY of %s: %s", u->d.call_id, strerror(err));
		final = true;
	} else {
		u->refer.notify_open = true;
	}
	if (final) {
		u->refer.active = false;
		u->refer.again = true;
	}
}

int sip_session_refer_answer(struct sip_session *s, uint16_t code)
{
	struct usage *u = usage_first(s);
	bool accepted = code >= 200 && code < 300;
	int err;

	if (!u || !u->refer.st)
		return EPROTO;
	err = sip_treplyf(&u->refer.st, NULL, u->iface->sip, u->refer.msg, false, code,
			  code_phrase(code), "%sContent-Length: 0\r\n\r\n",
			  accepted && u->refer.quiet ? "Refer-Sub: false\r\n" : "");
	u->refer.msg = mem_deref(u->refer.msg);
	if (err || !accepted)
		return err;
	u->refer.active = true;
	if (!u->refer.quiet)
		notify_send(u, 100, false);
	return 0;
}

int sip_session_refer_notify(struct sip_session *s, uint16_t code, bool final)
{
	struct usage *u = usage_first(s);

	if (!u || !u->refer.active)
		return EPROTO;
	if (!u->refer.quiet)
		notify_send(u, code, final);
	else if (final)
		u->refer.active = false;
	return 0;
}
