/*
 * The registrar: REGISTER to bindings. RFC 3261, 10.3; RFC 3327 (Path, from named proxies only);
 * RFC 5626 (instances). User names are opaque: the user of To is the user that has authenticated.
 */

#include "base/hash.h"
#include "sip/priv.h"

#define CONTACTS_IN_ONE 8 /* of one REGISTER */

struct registering {
	struct sip_iface *f;
	const struct sip_msg *msg;
	const struct sip_caller *who;
	struct sip_contact_in common; /* what all contacts of the message share */
	struct sip_contact_in contact[CONTACTS_IN_ONE];
	unsigned count;
	bool star;
	uint16_t code; /* refusal, 0 none */
	const char *reason;
};

static void refuse(struct registering *g, uint16_t code, const char *reason)
{
	if (g->code)
		return;
	g->code = code;
	g->reason = reason;
}

/* ---- What the message says of all its contacts ---- */

static bool from_named_proxy(const struct sip_room *r, const struct sip_msg *msg)
{
	struct sa proxy;

	for (unsigned i = 0; i < SIP_PROXIES; i++)
		if (r->config.proxies[i][0] && !sa_set_str(&proxy, r->config.proxies[i], 1) &&
		    sa_cmp(&proxy, &msg->src, SA_ADDR))
			return true;
	return false;
}

static bool path_handler(const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	struct registering *g = arg;
	char *path = g->common.path;
	(void)msg;

	if (strlen(path) + hdr->val.l + 3 >= sizeof(g->common.path)) {
		refuse(g, 400, "Path Too Long");
		return true;
	}
	re_snprintf(path + strlen(path), sizeof(g->common.path) - strlen(path), "%s%r",
		    path[0] ? ", " : "", &hdr->val);
	return false;
}

/* Kamailio and others put the phone's own source into the Path URI: received=sip:ip:port */
static void read_received(struct sip_contact_in *c, const struct sip_addr *path)
{
	struct pl v, plain;
	struct sip_hop hop;
	char text[96];
	size_t n = 0;

	if (msg_param_decode(&path->uri.params, "received", &v) &&
	    msg_param_decode(&path->params, "received", &v))
		return;
	for (size_t i = 0; i < v.l && n + 1 < sizeof(text); i++) {
		if (v.p[i] == '"')
			continue;
		if (v.p[i] == '%' && i + 2 < v.l && v.p[i + 1] == '3' && (v.p[i + 2] | 32) == 'a') {
			text[n++] = ':';
			i += 2;
			continue;
		}
		text[n++] = v.p[i];
	}
	text[n] = '\0';
	n = strcspn(text, "~;");
	plain = (struct pl){text, n};
	if (sip_hop_of_uri(&plain, &hop))
		return;
	(void)sa_ntop(&hop.addr, c->report_ip, sizeof(c->report_ip));
	c->report_port = sa_port(&hop.addr);
}

static void read_path(struct registering *g)
{
	const struct sip_hdr *first = sip_msg_hdr(g->msg, SIP_HDR_PATH);
	struct sip_addr path;

	if (!first || !from_named_proxy(g->f->room, g->msg))
		return;
	(void)sip_msg_hdr_apply(g->msg, true, SIP_HDR_PATH, path_handler, g);
	if (sip_addr_decode(&path, &first->val)) {
		refuse(g, 400, "Bad Path");
		return;
	}
	/* By name or without its transport: back to where the request came from. */
	(void)sip_hop_of_uri(&path.auri, &g->common.hop);
	read_received(&g->common, &path);
	g->common.nat = false;
}

static void read_common(struct registering *g)
{
	const struct sip_msg *msg = g->msg;
	const struct sip_hdr *agent = sip_msg_hdr(msg, SIP_HDR_USER_AGENT);
	struct sip_contact_in *c = &g->common;

	c->source = (struct sip_hop){.addr = msg->src, .tp = msg->tp};
	c->hop = c->source;
	c->iface = g->f->parent;
	c->cseq = msg->cseq.num;
	c->call_id = hash_bytes(msg->callid.p, msg->callid.l);
	c->nat = sip_in_nat(msg);
	(void)sa_ntop(&msg->src, c->report_ip, sizeof(c->report_ip));
	c->report_port = sa_port(&msg->src);
	TEXT_COPY(c->user, g->who->user);
	if (agent)
		(void)text_copy_n(c->agent, sizeof(c->agent), agent->val.p, agent->val.l);
	read_path(g);
}

/* ---- Contacts ---- */

static uint32_t expires_of(const struct registering *g, const struct sip_addr *addr)
{
	const struct sip_room_config *c = &g->f->room->config;
	uint32_t v = c->expires_default_s;
	struct pl pl;

	/* RFC 3261, 10.2.1.1: what can't be read counts as not said. */
	if (!msg_param_decode(&addr->params, "expires", &pl)) {
		if (sip_in_number(&pl, UINT32_MAX, &v) == ERANGE)
			v = c->expires_max_s;
	} else if (pl_isset(&g->msg->expires)) {
		if (sip_in_number(&g->msg->expires, UINT32_MAX, &v) == ERANGE)
			v = c->expires_max_s;
	}
	return MIN(v, c->expires_max_s);
}

/* Without NAT a phone may listen on another port than it sends from. */
static void place_hop(struct sip_contact_in *c, const struct sip_addr *addr)
{
	struct sip_hop hop;

	if (c->path[0] || c->nat || c->source.tp != SIP_TRANSP_UDP)
		return;
	if (!sip_hop_of_uri(&addr->auri, &hop) && hop.tp == SIP_TRANSP_UDP &&
	    sa_cmp(&hop.addr, &c->source.addr, SA_ADDR))
		c->hop = hop;
}

static void read_instance(struct sip_contact_in *c, const struct sip_addr *addr)
{
	struct pl v;

	if (!msg_param_decode(&addr->params, "+sip.instance", &v)) {
		if (v.l >= 2 && v.p[0] == '"')
			v = (struct pl){v.p + 1, v.l - 2};
		(void)sip_in_copy(&v, c->instance, sizeof(c->instance));
	}
	if (!msg_param_decode(&addr->params, "reg-id", &v))
		(void)sip_in_number(&v, INT32_MAX, &c->reg_id);
}

static bool contact_handler(const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	struct registering *g = arg;
	struct sip_contact_in *c;
	struct sip_addr addr;
	(void)msg;

	if (!pl_strcmp(&hdr->val, "*")) {
		g->star = true;
		return false;
	}
	if (g->count >= CONTACTS_IN_ONE) {
		refuse(g, 403, "Too Many Contacts");
		return true;
	}
	if (sip_addr_decode(&addr, &hdr->val) ||
	    (pl_strcasecmp(&addr.uri.scheme, "sip") && pl_strcasecmp(&addr.uri.scheme, "sips"))) {
		refuse(g, 400, "Bad Contact");
		return true;
	}
	c = &g->contact[g->count++];
	*c = g->common;
	if (sip_in_copy(&addr.auri, c->uri, sizeof(c->uri)) || strpbrk(c->uri, "<>\"\r\n")) {
		refuse(g, 400, "Bad Contact");
		return true;
	}
	c->expires_s = expires_of(g, &addr);
	place_hop(c, &addr);
	read_instance(c, &addr);
	return false;
}

static void check_contacts(struct registering *g)
{
	struct sip_room *r = g->f->room;
	uint32_t expires = 1;

	if (g->star) {
		(void)sip_in_number(&g->msg->expires, UINT32_MAX, &expires);
		if (g->count || expires)
			refuse(g, 400, "Bad Contact");
		return;
	}
	for (unsigned i = 0; i < g->count; i++) {
		const struct sip_contact_in *c = &g->contact[i];

		if (c->expires_s && c->expires_s < r->config.expires_min_s)
			refuse(g, 423, "Interval Too Brief");
		else if (sip_binding_check(r, g->who->extension, c))
			refuse(g, 400, "CSeq Out of Order");
	}
}

static void apply(struct registering *g)
{
	struct sip_room *r = g->f->room;

	if (g->star)
		sip_binding_clear(r, g->who->extension);
	for (unsigned i = 0; i < g->count; i++)
		if (sip_binding_put(r, g->who->extension, &g->contact[i]))
			refuse(g, 500, "Server Internal Error");
}

/* ---- The answer ---- */

static void answer(struct registering *g)
{
	struct sip_room *r = g->f->room;
	struct mbuf *mb;
	int err;

	if (g->code) {
		r->stats.registers_refused++;
		if (g->code == 423)
			(void)sip_in_replyf(g->f, g->msg, 423, g->reason, "Min-Expires: %u\r\n",
					    r->config.expires_min_s);
		else
			(void)sip_in_replyf(g->f, g->msg, g->code, g->reason, "");
		return;
	}
	r->stats.registers_ok++;
	r->stats.responses_out++;
	mb = mbuf_alloc(512);
	if (!mb)
		return;
	err = sip_bindings_print(mb, r, g->who->extension);
	if (g->common.path[0])
		err |= mbuf_printf(mb, "Path: %s\r\n", g->common.path);
	if (!err)
		(void)sip_replyf(g->f->sip, g->msg, 200, "OK", "%bContent-Length: 0\r\n\r\n",
				 mb->buf, mb->end);
	mem_deref(mb);
}

void sip_registrar_request(struct sip_iface *f, const struct sip_msg *msg)
{
	struct sip_caller who;
	struct registering g = {.f = f, .msg = msg, .who = &who};
	char user[SIP_USER];

	if (sip_in_authenticate(f, msg, &who))
		return;
	if (sip_in_user(&msg->to.uri, user, sizeof(user)) || !text_eq(user, who.user)) {
		sip_in_complain(f->room, msg, "REGISTER for another user than has authenticated");
		refuse(&g, 403, "Forbidden");
		answer(&g);
		return;
	}
	read_common(&g);
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_CONTACT, contact_handler, &g);
	if (!g.code)
		check_contacts(&g);
	if (!g.code)
		apply(&g);
	answer(&g);
}
