/*
 * Keeping the way to phones open: a NAT forgets a UDP mapping after half a minute, and libre closes
 * a connection that has been quiet for 15 minutes. So each binding behind NAT, and each on a
 * stream, gets an OPTIONS at intervals, without a transaction: the answer alone does the work (RFC
 * 5626, 4.4 leaves it to the phone, and many don't).
 */
#include "sip/priv.h"

static int write_headers(struct mbuf *mb, const struct sip_iface *f, const struct sip_binding *b)
{
	enum sip_transport over = sip_transp_over(b->hop.tp);
	char tag[17];
	int err;

	sip_token(tag, sizeof(tag));
	err = mbuf_printf(mb,
			  "From: <sip:%J>;tag=%s\r\nTo: <%s>\r\nCall-ID: %s@ping\r\n"
			  "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
			  &f->advertised[over], tag, b->uri, tag);
	mb->pos = 0;
	return err;
}

void sip_nat_ping(struct sip_room *r, const struct sip_binding *b)
{
	struct sip_iface *f = sip_iface_at(r, b->iface);
	struct sip_out out = {.iface = f,
			      .method = "OPTIONS",
			      .uri = b->uri,
			      .hop = &b->hop,
			      .contact_user = "",
			      .stateless = true};

	if (!f || sip_transp_over(b->hop.tp) == SIP_OVER_COUNT)
		return;
	out.mb = mbuf_alloc(512);
	if (out.mb && !write_headers(out.mb, f, b))
		(void)sip_out_send(NULL, &out, NULL, NULL);
	mem_deref(out.mb);
}
