#include "sip/dialog.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

/* From or To as the far end wrote it, the tag parameter cut out. */
static int address_copy(char *dst, size_t cap, const struct sip_taddr *a)
{
	const char *end = a->val.p + a->val.l, *cut = end, *after = end;
	size_t n;

	if (pl_isset(&a->tag) && a->tag.p > a->val.p && a->tag.p + a->tag.l <= end) {
		after = a->tag.p + a->tag.l;
		for (cut = a->tag.p; cut > a->val.p && *cut != ';'; cut--)
			;
	}
	n = (size_t)(cut - a->val.p);
	if (n + (size_t)(end - after) >= cap)
		return ENOSPC;
	memset(dst, 0, cap);
	memcpy(dst, a->val.p, n);
	memcpy(dst + n, after, (size_t)(end - after));
	return 0;
}

struct route_collector {
	char *dst;
	size_t cap;
	bool reverse;
	int err;
};

/* One Record-Route header field may hold several values: reversed they are turned one by one. */
static void route_add(struct route_collector *c, const struct pl *v)
{
	size_t have = strlen(c->dst);
	size_t need = v->l + (have ? 1 : 0);

	if (have + need + 1 > c->cap) {
		c->err = ENOSPC;
		return;
	}
	if (c->reverse) {
		memmove(c->dst + need, c->dst, have);
		memcpy(c->dst, v->p, v->l);
		if (have)
			c->dst[v->l] = ',';
	} else {
		if (have)
			c->dst[have++] = ',';
		memcpy(c->dst + have, v->p, v->l);
	}
}

static void value_trim(struct pl *v)
{
	while (v->l && strchr(" \t\r\n", v->p[0]))
		pl_advance(v, 1);
	while (v->l && strchr(" \t\r\n", v->p[v->l - 1]))
		v->l--;
}

/* The comma that ends the value at p, or the end: commas in quotes and brackets are part of it. */
static const char *value_end(const char *p, const char *end)
{
	bool quoted = false, bracket = false;

	for (; p < end; p++) {
		if (quoted && *p == '\\' && p + 1 < end)
			p++;
		else if (*p == '"' && !bracket)
			quoted = !quoted;
		else if (!quoted && (*p == '<' || *p == '>'))
			bracket = *p == '<';
		else if (*p == ',' && !quoted && !bracket)
			return p;
	}
	return end;
}

static bool route_handler(const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	struct route_collector *c = arg;
	const char *p = hdr->val.p, *end = p + hdr->val.l;

	while (p < end && !c->err) {
		const char *stop = value_end(p, end);
		struct pl v = {p, (size_t)(stop - p)};

		value_trim(&v);
		if (v.l)
			route_add(c, &v);
		p = stop + 1;
	}
	return c->err != 0;
}

static int routes_copy(char dst[DIALOG_ROUTES], const struct sip_msg *msg, bool reverse)
{
	char routes[DIALOG_ROUTES] = "";
	struct route_collector c = {.dst = routes, .cap = sizeof(routes), .reverse = reverse};

	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_RECORD_ROUTE, route_handler, &c);
	if (c.err)
		return c.err;
	memcpy(dst, routes, sizeof(routes));
	return 0;
}

static int target_copy(char dst[DIALOG_TARGET], const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_hdr(msg, SIP_HDR_CONTACT);
	struct sip_addr addr;

	if (!hdr)
		return ENOENT;
	if (sip_addr_decode(&addr, &hdr->val) || !pl_isset(&addr.uri.host))
		return EBADMSG;
	if (addr.auri.l >= DIALOG_TARGET)
		return ENOSPC;
	return text_copy_n(dst, DIALOG_TARGET, addr.auri.p, addr.auri.l);
}

static void abilities(struct dialog *d, const struct sip_msg *msg)
{
	static const struct {
		enum sip_hdrid id;
		const char *token;
		uint8_t bit;
	} table[] = {
		{SIP_HDR_ALLOW, "UPDATE", DIALOG_CAN_UPDATE},
		{SIP_HDR_SUPPORTED, "timer", DIALOG_CAN_TIMER},
		{SIP_HDR_SUPPORTED, "100rel", DIALOG_CAN_REL100},
		{SIP_HDR_SUPPORTED, "replaces", DIALOG_CAN_REPLACES},
		{SIP_HDR_SUPPORTED, "from-change", DIALOG_CAN_FROM_CHANGE},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (!sip_msg_hdr(msg, table[i].id))
			continue;
		if (sip_msg_hdr_has_value(msg, table[i].id, table[i].token))
			d->can |= table[i].bit;
		else
			d->can &= (uint8_t)~table[i].bit;
	}
}

static int copy_all(char *dst, size_t cap, const struct pl *src)
{
	return src->l >= cap ? ENOSPC : text_copy_n(dst, cap, src->p, src->l);
}

int dialog_from_request(struct dialog *d, const struct sip_msg *msg, const char *local_tag)
{
	struct dialog n = *d;
	int err;

	n.state = DIALOG_EARLY;
	n.uac = 0;
	err = copy_all(n.call_id, sizeof(n.call_id), &msg->callid);
	if (!err)
		err = copy_all(n.remote_tag, sizeof(n.remote_tag), &msg->from.tag);
	if (!err)
		err = text_copy(n.local_tag, sizeof(n.local_tag), local_tag);
	if (!err)
		err = address_copy(n.remote, sizeof(n.remote), &msg->from);
	if (!err)
		err = address_copy(n.local, sizeof(n.local), &msg->to);
	if (!err)
		err = target_copy(n.target, msg);
	if (!err)
		err = routes_copy(n.routes, msg, false);
	if (err)
		return err == ENOENT ? EBADMSG : err;
	n.cseq_remote = n.cseq_invite = msg->cseq.num;
	n.remote_seen = 1;
	abilities(&n, msg);
	*d = n;
	return 0;
}

int dialog_from_response(struct dialog *d, const struct sip_msg *msg)
{
	struct dialog n = *d;
	int err;

	err = copy_all(n.remote_tag, sizeof(n.remote_tag), &msg->to.tag);
	if (!err)
		err = routes_copy(n.routes, msg, true);
	if (err)
		return err;
	err = target_copy(n.target, msg);
	if (err == ENOENT) /* some answer without one: what we called serves */
		err = text_copy(n.target, sizeof(n.target), n.invite_uri);
	if (err)
		return err;
	abilities(&n, msg);
	n.state = msg->scode >= 200 ? DIALOG_CONFIRMED : DIALOG_EARLY;
	*d = n;
	return 0;
}

int dialog_from_stray(struct dialog *d, const struct sip_msg *msg)
{
	struct dialog n;
	int err;

	memset(&n, 0, sizeof(n));
	n.uac = 1;
	n.cseq_local = n.cseq_invite = msg->cseq.num;
	err = copy_all(n.call_id, sizeof(n.call_id), &msg->callid);
	if (!err)
		err = copy_all(n.local_tag, sizeof(n.local_tag), &msg->from.tag);
	if (!err)
		err = address_copy(n.local, sizeof(n.local), &msg->from);
	if (!err)
		err = address_copy(n.remote, sizeof(n.remote), &msg->to);
	if (!err)
		err = dialog_from_response(&n, msg);
	if (!err)
		*d = n;
	return err;
}

int dialog_refresh(struct dialog *d, const struct sip_msg *msg)
{
	struct dialog n = *d;
	int err = target_copy(n.target, msg);

	if (err && err != ENOENT)
		return err;
	abilities(&n, msg);
	*d = n;
	return 0;
}

bool dialog_matches(const struct dialog *d, const struct sip_msg *msg)
{
	return !pl_strcmp(&msg->callid, d->call_id) && !pl_strcmp(&msg->to.tag, d->local_tag) &&
	       (pl_isset(&msg->from.tag) ? !pl_strcmp(&msg->from.tag, d->remote_tag) :
					   !d->remote_tag[0]);
}

int dialog_count_request(struct dialog *d, const struct sip_msg *msg)
{
	if (!pl_strcmp(&msg->met, "ACK") || !pl_strcmp(&msg->met, "CANCEL"))
		return 0;
	if (d->remote_seen && msg->cseq.num <= d->cseq_remote)
		return EPROTO;
	d->cseq_remote = msg->cseq.num;
	d->remote_seen = 1;
	return 0;
}

int dialog_write(struct mbuf *mb, const struct dialog *d, const char *method, uint32_t cseq)
{
	return mbuf_printf(mb, "From: %s;tag=%s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n",
			   d->local, d->local_tag, d->remote, d->remote_tag[0] ? ";tag=" : "",
			   d->remote_tag, d->call_id, cseq, method);
}

bool dialog_target_is_source(const struct dialog *d, const struct sa *source)
{
	struct uri uri;
	struct pl pl;
	struct sa host;

	pl_set_str(&pl, d->target);
	if (uri_decode(&uri, &pl) || sa_set(&host, &uri.host, uri.port))
		return false;
	return sa_cmp(&host, source, SA_ADDR) &&
	       (!uri.port || uri.port == sa_port(source));
}
