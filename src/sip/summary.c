/*
 * The lamp for messages (RFC 3842): the body, and a NOTIFY outside of any subscription to phones
 * that light their lamp by it without ever having asked.
 */
#include "sip/priv.h"

int sip_summary_print(struct mbuf *mb, const char *account, const struct sip_waiting *w)
{
	return mbuf_printf(mb,
			   "Messages-Waiting: %s\r\nMessage-Account: %s\r\n"
			   "Voice-Message: %u/0 (%u/0)\r\n",
			   w->messages ? "yes" : "no", account, w->messages, w->urgent);
}

static int write_notify(struct mbuf *mb, const struct sip_binding *b, const struct sip_waiting *w)
{
	struct mbuf *body = mbuf_alloc(256);
	char tag[17], call_id[33];
	int err = body ? sip_summary_print(body, b->uri, w) : ENOMEM;

	sip_token(tag, sizeof(tag));
	sip_token(call_id, sizeof(call_id));
	if (!err)
		err = mbuf_printf(mb,
				  "From: <%s>;tag=%s\r\nTo: <%s>\r\nCall-ID: %s\r\n"
				  "CSeq: 1 NOTIFY\r\nEvent: message-summary\r\n"
				  "Subscription-State: terminated\r\n"
				  "Content-Type: " SIP_SUMMARY_TYPE "\r\n"
				  "Content-Length: %zu\r\n\r\n%b",
				  b->uri, tag, b->uri, call_id, body->end, body->buf, body->end);
	mb->pos = 0;
	mem_deref(body);
	return err;
}

static void on_response(int err, const struct sip_msg *msg, void *arg)
{
	(void)err; /* a phone that doesn't know it says so, and that is all */
	(void)msg;
	(void)arg;
}

static void tell(struct sip_room *r, const struct sip_binding *b, const struct sip_waiting *w)
{
	struct sip_out out = {.iface = sip_iface_at(r, b->iface),
			      .method = "NOTIFY",
			      .uri = b->uri,
			      .routes = b->routes,
			      .hop = &b->hop,
			      .contact_user = ""};

	if (!out.iface || sip_transp_over(b->hop.tp) == SIP_OVER_COUNT)
		return;
	out.mb = mbuf_alloc(1024);
	if (out.mb && !write_notify(out.mb, b, w)) {
		r->stats.notifies++;
		(void)sip_out_send(NULL, &out, on_response, NULL);
	}
	mem_deref(out.mb);
}

void sip_room_waiting(struct sip_room *r, uint32_t extension, const struct sip_waiting *now)
{
	struct sip_binding b[SIP_BINDINGS_MAX];
	unsigned n;

	if (sip_subs_waiting(r, extension, now) || !r->config.waiting_unasked)
		return;
	n = sip_bindings_of(r, extension, b, SIP_BINDINGS_MAX);
	for (unsigned i = 0; i < n; i++)
		tell(r, &b[i], now);
}
