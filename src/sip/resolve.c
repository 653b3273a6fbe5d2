/*
 * The addresses of a trunk's name: RFC 3263, 4.2 without NAPTR (the transport is configured): SRV
 * when no port is said, then A or AAAA by the family of the interface. Asked again when the records
 * are due; what was found before stays until something else is found.
 */
#include "sip/trunk.h"

#define TTL_MIN_S 30
#define TTL_MAX_S 900
#define RETRY_S	  15

static void search_servers(struct sip_trunk *t);

int sip_host_split(const char *text, char *host, size_t cap, uint16_t *port)
{
	const char *end = strchr(text, ']'), *colon = strrchr(text, ':');
	struct pl pl;
	uint32_t v = 0;

	if (text[0] == '[') {
		if (!end)
			return EINVAL;
		colon = end[1] == ':' ? end + 1 : NULL;
		pl = (struct pl){text + 1, (size_t)(end - text - 1)};
	} else if (colon && strchr(text, ':') != colon) {
		pl_set_str(&pl, text); /* a bare IPv6 address */
		colon = NULL;
	} else {
		pl = (struct pl){text, colon ? (size_t)(colon - text) : strlen(text)};
	}
	if (colon) {
		struct pl number;

		pl_set_str(&number, colon + 1);
		if (sip_in_number(&number, 65535, &v))
			return EINVAL;
	}
	if (!pl.l || sip_in_copy(&pl, host, cap))
		return EINVAL;
	*port = (uint16_t)v;
	return 0;
}

static void again(void *arg)
{
	sip_trunk_resolve(arg);
}

static void add_found(struct sip_trunk *t, const struct sa *sa)
{
	if (t->addr.found_count >= SIP_PEERS)
		return;
	t->addr.found[t->addr.found_count++] =
	    (struct sip_hop){.addr = *sa, .tp = sip_over_transp(t->config.transport)};
}

static void finish(struct sip_trunk *t)
{
	uint32_t wait_s = RETRY_S;

	if (t->addr.found_count) {
		wait_s = MIN(MAX(t->addr.ttl_s, TTL_MIN_S), TTL_MAX_S);
		if (t->addr.count != t->addr.found_count ||
		    memcmp(t->addr.peer, t->addr.found, sizeof(t->addr.peer))) {
			memcpy(t->addr.peer, t->addr.found, sizeof(t->addr.peer));
			t->addr.count = t->addr.found_count;
			t->addr.current = 0;
		}
	}
	tmr_start(&t->addr.again, (uint64_t)wait_s * 1000, again, t);
	sip_trunk_addressed(t);
}

static bool address_handler(struct dnsrr *rr, void *arg)
{
	struct sip_trunk *t = arg;
	uint16_t port = t->addr.server[t->addr.server_at].port;
	struct sa sa;

	if (rr->type == DNS_TYPE_A)
		sa_set_in(&sa, rr->rdata.a.addr, port);
	else if (rr->type == DNS_TYPE_AAAA)
		sa_set_in6(&sa, rr->rdata.aaaa.addr, port);
	else
		return false;
	t->addr.ttl_s = MIN(t->addr.ttl_s, (uint32_t)MAX(rr->ttl, 0));
	add_found(t, &sa);
	return false;
}

static void address_answer(int err, const struct dnshdr *hdr, struct list *ansl, struct list *authl,
			   struct list *addl, void *arg)
{
	struct sip_trunk *t = arg;
	(void)hdr;
	(void)authl;
	(void)addl;

	if (!err)
		(void)dns_rrlist_apply2(ansl, NULL, DNS_TYPE_A, DNS_TYPE_AAAA, DNS_CLASS_IN, false,
					address_handler, t);
	t->addr.server_at++;
	search_servers(t);
}

static void search_servers(struct sip_trunk *t)
{
	uint16_t type =
	    sa_af(&t->iface->local[t->config.transport]) == AF_INET6 ? DNS_TYPE_AAAA : DNS_TYPE_A;

	while (t->addr.server_at < t->addr.server_count) {
		const char *name = t->addr.server[t->addr.server_at].name;
		struct sa sa;

		if (!sa_set_str(&sa, name, t->addr.server[t->addr.server_at].port))
			add_found(t, &sa);
		else if (!dnsc_query(&t->addr.query, t->room->dns, name, type, DNS_CLASS_IN, true,
				     address_answer, t))
			return;
		t->addr.server_at++;
	}
	finish(t);
}

static bool server_handler(struct dnsrr *rr, void *arg)
{
	struct sip_trunk *t = arg;
	unsigned n = t->addr.server_count;

	if (n >= SIP_PEERS || rr->type != DNS_TYPE_SRV)
		return n >= SIP_PEERS;
	t->addr.ttl_s = MIN(t->addr.ttl_s, (uint32_t)MAX(rr->ttl, 0));
	TEXT_COPY(t->addr.server[n].name, rr->rdata.srv.target);
	t->addr.server[n].port = rr->rdata.srv.port;
	t->addr.server_count++;
	return false;
}

static void name_itself(struct sip_trunk *t, const char *host, uint16_t port)
{
	t->addr.server_count = 1;
	TEXT_COPY(t->addr.server[0].name, host);
	t->addr.server[0].port = sip_transp_port(sip_over_transp(t->config.transport), port);
}

static const char *target(const struct sip_trunk *t)
{
	return t->config.proxy[0] ? t->config.proxy : t->config.domain;
}

static void servers_answer(int err, const struct dnshdr *hdr, struct list *ansl, struct list *authl,
			   struct list *addl, void *arg)
{
	struct sip_trunk *t = arg;
	char host[SIP_HOST];
	uint16_t port;
	(void)hdr;
	(void)authl;
	(void)addl;

	if (!err) {
		dns_rrlist_sort(ansl, DNS_TYPE_SRV, (size_t)t->config.id);
		(void)dns_rrlist_apply(ansl, NULL, DNS_TYPE_SRV, DNS_CLASS_IN, false,
				       server_handler, t);
	}
	if (!t->addr.server_count && !sip_host_split(target(t), host, sizeof(host), &port))
		name_itself(t, host, 0);
	search_servers(t);
}

void sip_trunk_resolve(struct sip_trunk *t)
{
	static const char *const service[SIP_OVER_COUNT] = {"_sip._udp.", "_sip._tcp.",
							    "_sips._tcp."};
	char host[SIP_HOST], name[SIP_HOST + 16];
	uint16_t port;
	struct sa sa;

	t->addr.query = mem_deref(t->addr.query);
	t->addr.server_count = t->addr.server_at = t->addr.found_count = 0;
	memset(t->addr.found, 0, sizeof(t->addr.found));
	t->addr.ttl_s = TTL_MAX_S;
	if (sip_host_split(target(t), host, sizeof(host), &port)) {
		sip_trunk_addressed(t);
		return;
	}
	name_itself(t, host, port);
	if (port || !sa_set_str(&sa, host, 1)) {
		search_servers(t);
		return;
	}
	t->addr.server_count = 0;
	re_snprintf(name, sizeof(name), "%s%s", service[t->config.transport], host);
	if (dnsc_query(&t->addr.query, t->room->dns, name, DNS_TYPE_SRV, DNS_CLASS_IN, true,
		       servers_answer, t)) {
		name_itself(t, host, port);
		search_servers(t);
	}
}
