/*
 * Requests of ours: the next hop, the headers that every request has, and the Via with the address
 * that the far side can reach (libre writes the local one). RFC 3261, 8.1 and 12.2.1; RFC 3581.
 *
 * libre asks its send handler synchronously, since the next hop is always a literal address; so
 * what is being sent can be handed over in `sending`.
 */
#include <sodium.h>

#include "sip/priv.h"

static _Thread_local const struct sip_out *sending;

static const struct pl via_mark = PL("\r\nVia: SIP/2.0/");

/* Position of the Via value's sent-by in what libre has written so far; 0 when it isn't there. */
static size_t find_sent_by(const struct mbuf *mb)
{
	const char *p = memmem(mb->buf, mb->end, via_mark.p, via_mark.l);
	const char *space;

	if (!p)
		return 0;
	p += via_mark.l;
	space = memchr(p, ' ', mb->end - (size_t)(p - (const char *)mb->buf));
	return space ? (size_t)(space + 1 - (const char *)mb->buf) : 0;
}

static int send_handler(enum sip_transp tp, const struct sa *src, const struct sa *dst,
			struct mbuf *mb, void *arg)
{
	const struct sip_out *out = sending;
	enum sip_transport over = sip_transp_over(tp);
	struct pl line, branch;
	char value[SIP_BRANCH];
	size_t pos;
	(void)src;
	(void)dst;
	(void)arg;

	pos = find_sent_by(mb);
	if (!out || !pos || over == SIP_OVER_COUNT)
		return EBADMSG;
	line.p = (const char *)mb->buf + pos;
	line.l = mb->end - pos;
	if (msg_param_decode(&line, "branch", &branch) || branch.l >= sizeof(value))
		return EBADMSG;
	(void)pl_strcpy(&branch, value, sizeof(value));
	if (out->branch)
		text_copy(out->branch, SIP_BRANCH, value);
	mb->pos = mb->end = pos;
	return mbuf_printf(mb, "%J;branch=%s;rport\r\n", &out->iface->advertised[over], value);
}

static enum sip_transp transport_of(const struct uri *uri)
{
	struct pl v;

	if (!pl_strcasecmp(&uri->scheme, "sips"))
		return SIP_TRANSP_TLS;
	if (msg_param_decode(&uri->params, "transport", &v))
		return SIP_TRANSP_UDP;
	if (!pl_strcasecmp(&v, "tcp"))
		return SIP_TRANSP_TCP;
	if (!pl_strcasecmp(&v, "tls"))
		return SIP_TRANSP_TLS;
	return !pl_strcasecmp(&v, "udp") ? SIP_TRANSP_UDP : SIP_TRANSP_NONE;
}

int sip_hop_of_uri(const struct pl *pl, struct sip_hop *out)
{
	struct sip_hop hop;
	struct uri uri;

	if (uri_decode(&uri, pl))
		return EINVAL;
	hop.tp = transport_of(&uri);
	if (hop.tp == SIP_TRANSP_NONE)
		return EPROTONOSUPPORT;
	if (sa_set(&hop.addr, &uri.host, sip_transp_port(hop.tp, uri.port)))
		return EHOSTUNREACH;
	*out = hop;
	return 0;
}

/* The first route of a route set: its URI, and what follows it. ENOENT when there is none. */
static int first_route(const char *routes, struct pl *uri, const char **rest)
{
	const char *lt, *gt;

	if (!str_isset(routes))
		return ENOENT;
	lt = strchr(routes, '<');
	gt = lt ? strchr(lt, '>') : NULL;
	if (!gt)
		return EINVAL;
	uri->p = lt + 1;
	uri->l = (size_t)(gt - lt - 1);
	gt++;
	gt += strcspn(gt, ",");
	if (*gt == ',')
		gt++;
	*rest = gt + strspn(gt, " \t");
	return 0;
}

struct plan {
	struct pl uri;	    /* of the request line */
	struct pl strict;   /* the remote target, to be the last Route; not set for loose routing */
	const char *routes; /* what Route says before that */
	struct sip_hop hop;
};

static int make_plan(const struct sip_out *out, struct plan *plan)
{
	struct pl first, next, end;
	const char *rest = NULL;
	struct uri uri;
	int err;

	*plan = (struct plan){.routes = out->routes};
	pl_set_str(&plan->uri, out->uri);
	next = plan->uri;
	err = first_route(out->routes, &first, &rest);
	if (err && err != ENOENT)
		return err;
	if (!err) {
		if (uri_decode(&uri, &first))
			return EINVAL;
		next = first;
		if (msg_param_exists(&uri.params, "lr", &end)) {
			/* RFC 3261, 12.2.1.1: a strict router takes the request line. */
			plan->strict = plan->uri;
			plan->uri = first;
			plan->routes = rest;
		}
	}
	if (out->hop && sa_isset(&out->hop->addr, SA_ALL)) {
		plan->hop = *out->hop;
		return 0;
	}
	err = sip_hop_of_uri(&next, &plan->hop);
	if (err && out->fallback && sa_isset(&out->fallback->addr, SA_ALL)) {
		plan->hop = *out->fallback;
		return 0;
	}
	return err;
}

static int write_routes(struct mbuf *mb, const struct plan *plan)
{
	bool some = str_isset(plan->routes), strict = pl_isset(&plan->strict);

	if (!some && !strict)
		return 0;
	if (!strict)
		return mbuf_printf(mb, "Route: %s\r\n", plan->routes);
	return mbuf_printf(mb, "Route: %s%s<%r>\r\n", some ? plan->routes : "", some ? ", " : "",
			   &plan->strict);
}

static int write_headers(struct mbuf *mb, const struct sip_out *out, const struct plan *plan)
{
	struct sip_room *r = out->iface->room;
	char contact[SIP_URI], uri[SIP_URI];
	int err;

	err = mbuf_printf(mb, "Max-Forwards: %u\r\n", out->max_forwards ? out->max_forwards : 70);
	err |= write_routes(mb, plan);
	if (out->contact_user) {
		err |= sip_iface_contact(out->iface, plan->hop.tp, out->contact_user, contact,
					 sizeof(contact));
		err |= mbuf_printf(mb, "Contact: <%s>%s\r\n", contact,
				   out->contact_params ? out->contact_params : "");
	}
	if (out->digest) {
		err |= pl_strcpy(&plan->uri, uri, sizeof(uri));
		err |= sip_digest_write(out->digest, mb, out->method, uri);
	}
	if (str_isset(r->config.user_agent))
		err |= mbuf_printf(mb, "User-Agent: %s\r\n", r->config.user_agent);
	err |= mbuf_write_mem(mb, mbuf_buf(out->mb), mbuf_get_left(out->mb));
	mb->pos = 0;
	return err ? ENOMEM : 0;
}

static void route_to_hop(const struct sip_hop *hop, char *host, size_t cap, struct uri *route)
{
	static const char *const transport[SIP_OVER_COUNT] = {";transport=udp", ";transport=tcp",
							      ";transport=tls"};

	*route = (struct uri){.scheme = PL("sip"), .port = sa_port(&hop->addr)};
	(void)sa_ntop(&hop->addr, host, (int)cap);
	pl_set_str(&route->host, host);
	pl_set_str(&route->params, transport[sip_transp_over(hop->tp)]);
}

int sip_out_send(struct sip_request **reqp, const struct sip_out *out, sip_resp_h *resph, void *arg)
{
	struct sip_room *r = out->iface->room;
	struct mbuf *mb = NULL;
	struct plan plan;
	struct uri route;
	char host[64];
	int err;

	err = make_plan(out, &plan);
	if (err)
		return err;
	if (sip_transp_over(plan.hop.tp) == SIP_OVER_COUNT ||
	    !out->iface->on[sip_transp_over(plan.hop.tp)])
		return EPROTONOSUPPORT;
	mb = mbuf_alloc(1536);
	if (!mb)
		return ENOMEM;
	err = write_headers(mb, out, &plan);
	if (err)
		goto out;
	route_to_hop(&plan.hop, host, sizeof(host), &route);
	sending = out;
	err = sip_request(reqp, out->iface->sip, !out->stateless, out->method, -1, plan.uri.p,
			  (int)plan.uri.l, &route, mb, 0, send_handler, resph, arg);
	sending = NULL;
	if (err)
		goto out;
	r->stats.requests_out++;
	if (out->used)
		*out->used = plan.hop;
out:
	mem_deref(mb);
	return err;
}

int sip_out_raw(struct sip_iface *f, const struct sip_hop *hop, struct mbuf *mb)
{
	enum sip_transport over = sip_transp_over(hop->tp);

	if (over == SIP_OVER_COUNT || !f->on[over])
		return EPROTONOSUPPORT;
	f->room->stats.requests_out++;
	return sip_send(f->sip, NULL, hop->tp, &hop->addr, mb);
}

void sip_token(char *out, size_t len)
{
	uint8_t random[32];

	if (!len)
		return;
	randombytes_buf(random, sizeof(random));
	for (size_t i = 0; i + 1 < len; i++)
		out[i] = "0123456789abcdef"[(random[(i / 2) % 32] >> (i % 2 * 4)) & 15];
	out[len - 1] = '\0';
}
