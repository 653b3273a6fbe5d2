/*
 * Trunks: their configuration, whether they can be used, and whose an incoming request is.
 */
#include <sodium.h>

#include "sip/trunk.h"

const char *sip_trunk_reason_name(enum sip_trunk_reason r)
{
	switch (r) {
	case SIP_TRUNK_OK:
		return "ok";
	case SIP_TRUNK_STARTING:
		return "starting";
	case SIP_TRUNK_UNRESOLVED:
		return "unresolved";
	case SIP_TRUNK_SILENT:
		return "silent";
	case SIP_TRUNK_TRANSPORT:
		return "transport";
	case SIP_TRUNK_CREDENTIALS:
		return "credentials";
	case SIP_TRUNK_REFUSED:
		return "refused";
	case SIP_TRUNK_MISCONFIGURED:
		return "misconfigured";
	}
	return "unknown";
}

/* ---- State ---- */

static enum sip_trunk_reason work_out(const struct sip_trunk *t, uint16_t *code)
{
	*code = 0;
	if (!t->iface)
		return SIP_TRUNK_MISCONFIGURED;
	if (t->config.source_only)
		return SIP_TRUNK_OK;
	if (!t->addr.count)
		return t->addr.query ? SIP_TRUNK_STARTING : SIP_TRUNK_UNRESOLVED;
	if (t->config.registers && !t->reg.ok) {
		*code = t->reg.code;
		return t->reg.reason;
	}
	if (t->config.watch && !t->watch.alive) {
		*code = t->watch.code;
		return t->watch.reason;
	}
	return SIP_TRUNK_OK;
}

void sip_trunk_settle(struct sip_trunk *t)
{
	struct sip_room *r = t->room;
	uint16_t code;
	enum sip_trunk_reason reason = work_out(t, &code);
	enum sip_trunk_state state = reason == SIP_TRUNK_OK ? SIP_TRUNK_UP : SIP_TRUNK_DOWN;

	if (t->reported && state == t->state && reason == t->reason && code == t->code)
		return;
	t->state = state;
	t->reason = reason;
	t->code = code;
	t->reported = true;
	log_info("sip", "trunk %s: %s (%s, %u)", t->config.name,
		 state == SIP_TRUNK_UP ? "up" : "down", sip_trunk_reason_name(reason), code);
	if (r->h.trunk_state && !r->closing)
		r->h.trunk_state(t->config.id, state, reason, code, r->h.arg);
}

const char *sip_trunk_domain(const struct sip_trunk *t)
{
	return t->config.domain[0] ? t->config.domain : t->config.proxy;
}

void sip_trunk_next_peer(struct sip_trunk *t)
{
	if (t->addr.count)
		t->addr.current = (t->addr.current + 1) % t->addr.count;
}

/* ---- Coming and going ---- */

static void start(void *arg)
{
	struct sip_trunk *t = arg;

	t->reg.reason = t->watch.reason = SIP_TRUNK_STARTING;
	if (t->iface && !t->config.source_only)
		sip_trunk_resolve(t);
	sip_trunk_settle(t);
}

void sip_trunk_addressed(struct sip_trunk *t)
{
	if (t->addr.count && t->config.registers && !t->reg.ok)
		sip_trunk_register(t);
	if (t->addr.count && t->config.watch && !t->watch.known)
		sip_trunk_watch(t);
	sip_trunk_settle(t);
}

static void destructor(void *data)
{
	struct sip_trunk *t = data;

	tmr_cancel(&t->start);
	tmr_cancel(&t->addr.again);
	tmr_cancel(&t->reg.tmr);
	tmr_cancel(&t->watch.tmr);
	mem_deref(t->addr.query);
	mem_deref(t->reg.req);
	mem_deref(t->watch.req);
	sodium_memzero(&t->config.password, sizeof(t->config.password));
}

static struct sip_iface *find_iface(struct sip_room *r, const struct sip_trunk_config *c)
{
	struct sip_iface *base = sip_iface_named(r, c->interface), *f = base;
	char name[SIP_HOST];
	uint16_t port;

	if (!base || c->transport != SIP_OVER_TLS || c->source_only)
		return base;
	if (sip_host_split(c->tls_name[0] ? c->tls_name
			   : c->domain[0] ? c->domain
					  : c->proxy,
			   name, sizeof(name), &port))
		return NULL;
	if (sip_iface_uplink(base, name, c->tls_ca[0] ? c->tls_ca : r->config.tls_ca, c->tls_verify,
			     &f))
		return NULL;
	return f;
}

static struct sip_trunk *trunk_new(struct sip_room *r, const struct sip_trunk_config *c)
{
	struct sip_trunk *t = mem_zalloc(sizeof(*t), destructor);

	if (!t)
		return NULL;
	t->room = r;
	t->config = *c;
	t->reason = SIP_TRUNK_STARTING;
	t->iface = find_iface(r, c);
	sip_token(t->reg.call_id, 33);
	sip_token(t->reg.tag, 17);
	sip_token(t->watch.call_id, 33);
	sip_token(t->watch.tag, 17);
	if (!t->iface)
		log_error("sip", "trunk %s: interface %s can't serve it", c->name, c->interface);
	tmr_start(&t->start, 0, start, t);
	return t;
}

static bool same_way(const struct sip_trunk_config *a, const struct sip_trunk_config *b)
{
	return text_eq(a->interface, b->interface) && a->transport == b->transport &&
	       text_eq(a->domain, b->domain) && text_eq(a->proxy, b->proxy) &&
	       a->source_only == b->source_only && a->tls_verify == b->tls_verify &&
	       text_eq(a->tls_name, b->tls_name) && text_eq(a->tls_ca, b->tls_ca);
}

static bool same_registration(const struct sip_trunk_config *a, const struct sip_trunk_config *b)
{
	return a->registers == b->registers && text_eq(a->user, b->user) &&
	       text_eq(a->auth_user, b->auth_user) && text_eq(a->password, b->password) &&
	       text_eq(a->auth_realm, b->auth_realm) &&
	       a->authorization_first == b->authorization_first && a->expires_s == b->expires_s &&
	       a->watch == b->watch && a->watch_s == b->watch_s;
}

static int check_trunks(const struct sip_trunk_config *c, unsigned count)
{
	if (count > SIP_TRUNKS)
		return EINVAL;
	for (unsigned i = 0; i < count; i++) {
		if (!c[i].id)
			return EINVAL;
		for (unsigned k = 0; k < i; k++)
			if (c[k].id == c[i].id)
				return EINVAL;
	}
	return 0;
}

int sip_room_trunks_set(struct sip_room *r, const struct sip_trunk_config *trunks, unsigned count)
{
	struct sip_trunk *next[SIP_TRUNKS] = {0};
	int err = check_trunks(trunks, count);

	for (unsigned i = 0; !err && i < count; i++) {
		struct sip_trunk *old = sip_trunk_find(r, trunks[i].id);

		/* What the registration and the watch stand on. */
		if (old && same_way(&old->config, &trunks[i]) &&
		    same_registration(&old->config, &trunks[i])) {
			next[i] = mem_ref(old);
			continue;
		}
		next[i] = trunk_new(r, &trunks[i]);
		if (!next[i])
			err = ENOMEM;
		else if (old)
			next[i]->calls = old->calls;
	}
	if (err) {
		for (unsigned i = 0; i < count && i < SIP_TRUNKS; i++)
			mem_deref(next[i]);
		return err;
	}
	for (unsigned i = 0; i < r->trunk_count; i++) {
		if (mem_nrefs(r->trunk[i]) == 1)
			sip_trunk_unregister(r->trunk[i]);
		mem_deref(r->trunk[i]);
	}
	for (unsigned i = 0; i < count; i++) {
		next[i]->config = trunks[i];
		r->trunk[i] = next[i];
	}
	r->trunk_count = count;
	return 0;
}

void sip_trunks_withdraw(struct sip_room *r)
{
	for (unsigned i = 0; i < r->trunk_count; i++)
		sip_trunk_unregister(r->trunk[i]);
}

void sip_trunks_close(struct sip_room *r)
{
	while (r->trunk_count)
		mem_deref(r->trunk[--r->trunk_count]);
}

/* ---- Look-ups ---- */

struct sip_trunk *sip_trunk_find(struct sip_room *r, uint16_t id)
{
	for (unsigned i = 0; id && i < r->trunk_count; i++)
		if (r->trunk[i]->config.id == id)
			return r->trunk[i];
	return NULL;
}

const struct sip_trunk_config *sip_trunk_config(const struct sip_trunk *t)
{
	return &t->config;
}

int sip_trunk_way(struct sip_room *r, uint16_t id, struct sip_trunk_way *out)
{
	const struct sip_trunk *t = sip_trunk_find(r, id);
	char host[SIP_HOST];
	uint16_t port;

	if (!t)
		return ENOENT;
	if (!t->iface || t->config.source_only || !t->addr.count)
		return EHOSTUNREACH;
	*out = (struct sip_trunk_way){.iface = t->iface, .hop = t->addr.peer[t->addr.current]};
	TEXT_COPY(out->routes, t->reg.service_route);
	if (t->config.domain[0])
		TEXT_COPY(out->domain, t->config.domain);
	else if (!sip_host_split(t->config.proxy, host, sizeof(host), &port))
		re_snprintf(out->domain, sizeof(out->domain), strchr(host, ':') ? "[%s]" : "%s",
			    host);
	if (t->config.user[0])
		TEXT_COPY(out->contact_user, t->config.user);
	else if (t->config.shown_number[0])
		TEXT_COPY(out->contact_user, t->config.shown_number);
	else
		re_snprintf(out->contact_user, sizeof(out->contact_user), "trunk%u", id);
	return 0;
}

void sip_trunk_digest(const struct sip_trunk *t, struct sip_digest *out)
{
	memset(out, 0, sizeof(*out));
	TEXT_COPY(out->user, t->config.auth_user[0] ? t->config.auth_user : t->config.user);
	TEXT_COPY(out->password, t->config.password);
}

int sip_trunk_channel_take(struct sip_room *r, uint16_t id)
{
	struct sip_trunk *t = sip_trunk_find(r, id);

	if (!t)
		return ENOENT;
	if (t->config.channels && t->calls >= t->config.channels)
		return ENOBUFS;
	t->calls++;
	return 0;
}

void sip_trunk_channel_give(struct sip_room *r, uint16_t id)
{
	struct sip_trunk *t = sip_trunk_find(r, id);

	if (t && t->calls)
		t->calls--;
}

/* ---- Whose a request is ---- */

static bool net_holds(const struct sa *net, unsigned bits, const struct sa *sa)
{
	bool v6 = sa_af(net) == AF_INET6;
	const uint8_t *a = v6 ? net->u.in6.sin6_addr.s6_addr : (const uint8_t *)&net->u.in.sin_addr;
	const uint8_t *b = v6 ? sa->u.in6.sin6_addr.s6_addr : (const uint8_t *)&sa->u.in.sin_addr;
	uint8_t mask = (uint8_t)(0xff00 >> (bits % 8));

	if (sa_af(net) != sa_af(sa) || bits > (v6 ? 128u : 32u))
		return false;
	if (memcmp(a, b, bits / 8))
		return false;
	return !(bits % 8) || !((a[bits / 8] ^ b[bits / 8]) & mask);
}

/* 0 no, 1 network, 2 address, 3 address and port: the closest wins. */
static int source_fits(const char *pattern, const struct sip_msg *msg)
{
	char text[64], *slash;
	struct sa sa;
	uint16_t port;
	uint32_t bits;
	struct pl pl;

	if (!pattern[0])
		return 0;
	TEXT_COPY(text, pattern);
	slash = strchr(text, '/');
	if (slash) {
		*slash++ = '\0';
		pl_set_str(&pl, slash);
		if (sip_in_number(&pl, 128, &bits) || sa_set_str(&sa, text, 1))
			return 0;
		return net_holds(&sa, bits, &msg->src) ? 1 : 0;
	}
	if (sip_host_split(pattern, text, sizeof(text), &port) || sa_set_str(&sa, text, port) ||
	    !sa_cmp(&sa, &msg->src, SA_ADDR))
		return 0;
	if (!port)
		return 2;
	return msg->tp != SIP_TRANSP_UDP || port == sa_port(&msg->src) ? 3 : 0;
}

static int trunk_fits(const struct sip_trunk *t, const struct sip_msg *msg)
{
	int best = 0;

	for (unsigned i = 0; i < SIP_TRUNK_SOURCES; i++)
		best = MAX(best, source_fits(t->config.sources[i], msg));
	for (unsigned i = 0; best < 2 && i < t->addr.count; i++)
		if (sa_cmp(&t->addr.peer[i].addr, &msg->src, SA_ADDR))
			best = 2;
	return best;
}

uint16_t sip_trunk_of_source(struct sip_iface *f, const struct sip_msg *msg)
{
	struct sip_room *r = f->room;
	char user[SIP_USER] = "";
	uint16_t id = 0;
	int best = 0;

	(void)sip_in_user(&msg->uri, user, sizeof(user));
	for (unsigned i = 0; i < r->trunk_count; i++) {
		const struct sip_trunk *t = r->trunk[i];
		int fit;

		if (!t->iface || t->iface->parent != f->parent)
			continue;
		/* Several trunks at one border controller are told apart by our Contact. */
		fit = trunk_fits(t, msg) * 2;
		if (fit && t->config.user[0] && text_eq(t->config.user, user))
			fit++;
		if (fit > best) {
			best = fit;
			id = t->config.id;
		}
	}
	return id;
}

/* ---- Status ---- */

static void status_of(const struct sip_trunk *t, struct sip_trunk_status *out)
{
	*out = (struct sip_trunk_status){
	    .id = t->config.id,
	    .state = t->state,
	    .reason = t->reason,
	    .code = t->code,
	    .registered = t->reg.ok,
	    .expires_mono_ms = t->reg.until_ms,
	    .calls = t->calls,
	    .channels = t->config.channels,
	};
	TEXT_COPY(out->name, t->config.name);
	if (t->addr.count)
		re_snprintf(out->address, sizeof(out->address), "%J",
			    &t->addr.peer[t->addr.current].addr);
}

int sip_room_trunk_status(const struct sip_room *r, uint16_t trunk, struct sip_trunk_status *out)
{
	for (unsigned i = 0; i < r->trunk_count; i++) {
		if (r->trunk[i]->config.id == trunk) {
			status_of(r->trunk[i], out);
			return 0;
		}
	}
	return ENOENT;
}

unsigned sip_room_trunks(const struct sip_room *r, struct sip_trunk_status *out, unsigned max)
{
	for (unsigned i = 0; i < r->trunk_count && i < max; i++)
		status_of(r->trunk[i], &out[i]);
	return r->trunk_count;
}
