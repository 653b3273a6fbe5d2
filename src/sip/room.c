/*
 * The room itself: opening and closing its parts in order, trunks' resolver, figures.
 */
#include <sodium.h>

#include "sip/libre_log.h"
#include "sip/priv.h"
#include "sip/tmr_heap.h"

static void defaults(struct sip_room_config *c)
{
	c->expires_min_s = c->expires_min_s ? c->expires_min_s : 60;
	c->expires_default_s = c->expires_default_s ? c->expires_default_s : 300;
	c->expires_max_s = c->expires_max_s ? c->expires_max_s : 3600;
	c->contacts_max = c->contacts_max ? MIN(c->contacts_max, SIP_BINDINGS_MAX) : 5;
	c->bindings_capacity = c->bindings_capacity ? c->bindings_capacity : 4096;
	c->sessions_max = c->sessions_max ? c->sessions_max : 4096;
	c->nonce_s = c->nonce_s ? c->nonce_s : 300;
	c->lockout_failures = c->lockout_failures ? c->lockout_failures : 10;
	c->lockout_s = c->lockout_s ? c->lockout_s : 60;
}

static int check_config(const struct sip_room_config *c, const struct sip_room_handlers *h)
{
	if (!c->interface_count || c->interface_count > SIP_INTERFACES || !c->interfaces)
		return EINVAL;
	if (!c->realm[0] || strpbrk(c->realm, "\"\\\r\n"))
		return EINVAL;
	return h->credential ? 0 : EINVAL;
}

/* Trunks' host names only; without a name server those with an address still work. */
static int open_dns(struct sip_room *r)
{
	struct sa server[8];
	uint32_t n = ARRAY_SIZE(server);
	char domain[64];

	if (r->config.nameserver[0]) {
		n = 1;
		if (sa_set_str(&server[0], r->config.nameserver, DNS_PORT) &&
		    sa_decode(&server[0], r->config.nameserver, strlen(r->config.nameserver)))
			return EINVAL;
	} else if (dns_srv_get(domain, sizeof(domain), server, &n)) {
		n = 0;
	}
	return dnsc_alloc(&r->dns, NULL, server, n);
}

static void destructor(void *data)
{
	struct sip_room *r = data;

	r->closing = true;
	sip_sessions_close(r);
	sip_subs_close(r);
	sip_trunks_close(r);
	/* Uplinks first: they stand on interfaces. */
	while (r->iface_count)
		mem_deref(r->iface[--r->iface_count]);
	sip_bindings_close(r);
	sip_guard_close(r);
	mem_deref(r->dns);
}

static int open_parts(struct sip_room *r)
{
	int err;

	err = sip_guard_open(r);
	if (!err)
		err = open_dns(r);
	for (unsigned i = 0; !err && i < r->config.interface_count; i++)
		err = sip_iface_open(r, &r->interfaces[i]);
	if (!err)
		err = sip_bindings_open(r);
	if (!err)
		err = sip_subs_open(r);
	if (!err)
		err = sip_sessions_open(r);
	return err;
}

int sip_room_open(struct sip_room **rp, const struct sip_room_config *config,
		  const struct sip_room_handlers *handlers)
{
	struct sip_room *r;
	int err;

	err = check_config(config, handlers);
	if (err)
		return err;
	if (sodium_init() < 0)
		return ENOSYS;
	libre_log_take();
	r = mem_zalloc(sizeof(*r), destructor);
	if (!r)
		return ENOMEM;
	r->config = *config;
	r->h = *handlers;
	memcpy(r->interfaces, config->interfaces,
	       config->interface_count * sizeof(r->interfaces[0]));
	r->config.interfaces = r->interfaces;
	defaults(&r->config);
	randombytes_buf(r->tag_key, sizeof(r->tag_key));
	err = open_parts(r);
	if (err) {
		log_error("sip", "the room doesn't open: %s", strerror(err));
		mem_deref(r);
		return err;
	}
	*rp = r;
	return 0;
}

void sip_room_drain(struct sip_room *r)
{
	r->draining = true;
}

void sip_room_close(struct sip_room *r)
{
	if (r)
		sip_trunks_withdraw(r);
	mem_deref(r);
}

void sip_room_stats(const struct sip_room *r, struct sip_room_stats *out)
{
	struct sip_room_stats s = r->stats;

	sip_bindings_stats(r, &s);
	s.subscriptions = sip_subs_count(r);
	s.sessions = sip_sessions_count(r);
	s.timers = tmr_heap_count();
	*out = s;
}
