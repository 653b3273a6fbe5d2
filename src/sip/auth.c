/*
 * Digest, the server's side: RFC 7616, RFC 8760, RFC 3261, 22.4.
 *
 * Nothing is kept for a challenge: a nonce is its time, a serial and a MAC over these and the
 * source address. Two tables of fixed size are kept for what comes back: the highest nonce count
 * seen of recent nonces, and failures by user and address. Only answers that echo a nonce of ours
 * count as failures, since over UDP anybody can write any source.
 *
 * An unknown user is challenged, checked against an invented secret, and refused as one with a
 * wrong password is.
 */
#include <sodium.h>

#include "base/clock.h"
#include "base/hash.h"
#include "sip/priv.h"

#define NONCE_MAC   16
#define NONCE_LEN   (16 + 2 * NONCE_MAC) /* time, serial, MAC in hexadecimal */
#define COUNT_SLOTS 8192		 /* nonces whose count is remembered: power of two */
#define FAIL_SLOTS  4096		 /* users and addresses: power of two */
#define FAIL_WAYS   4			 /* slots a key may be in */

struct count_slot {
	uint32_t serial, nc;
	uint64_t answer; /* hash of the last response: one that is sent again is let through */
};

struct fail_slot {
	uint64_t key;
	uint32_t failures;
	int64_t since_ms, until_ms;
};

struct sip_guard {
	uint8_t key[32];
	uint32_t serial;
	struct count_slot counts[COUNT_SLOTS];
	struct fail_slot fails[FAIL_SLOTS];
};

enum verdict {
	VERDICT_GOOD,
	VERDICT_NONE, /* no answer, or to a nonce that isn't ours */
	VERDICT_STALE,
	VERDICT_WRONG,
	VERDICT_LOCKED,
};

int sip_guard_open(struct sip_room *r)
{
	struct sip_guard *g = mem_zalloc(sizeof(*g), NULL);

	if (!g)
		return ENOMEM;
	randombytes_buf(g->key, sizeof(g->key));
	r->guard = g;
	return 0;
}

void sip_guard_close(struct sip_room *r)
{
	if (r->guard)
		sodium_memzero(r->guard, sizeof(*r->guard));
	r->guard = mem_deref(r->guard);
}

/* ---- Nonces ---- */

static void nonce_mac(const struct sip_guard *g, const struct sa *src, uint32_t time_s,
		      uint32_t serial, uint8_t mac[NONCE_MAC])
{
	uint8_t text[8 + 16] = {0};

	memcpy(text, &time_s, 4);
	memcpy(text + 4, &serial, 4);
	if (sa_af(src) == AF_INET6)
		memcpy(text + 8, &src->u.in6.sin6_addr, 16);
	else
		memcpy(text + 8, &src->u.in.sin_addr, 4);
	crypto_generichash(mac, NONCE_MAC, text, sizeof(text), g->key, sizeof(g->key));
}

static void nonce_make(struct sip_guard *g, const struct sa *src, char out[NONCE_LEN + 1])
{
	uint32_t time_s = (uint32_t)(clock_mono_ms() / 1000);
	uint32_t serial = ++g->serial;
	uint8_t mac[NONCE_MAC];

	nonce_mac(g, src, time_s, serial, mac);
	re_snprintf(out, NONCE_LEN + 1, "%08x%08x", time_s, serial);
	sodium_bin2hex(out + 16, NONCE_LEN + 1 - 16, mac, sizeof(mac));
}

/* Whether it is ours, from this address; *age_s and *serial when so. */
static bool nonce_ours(const struct sip_guard *g, const struct sa *src, const struct pl *nonce,
		       uint32_t *age_s, uint32_t *serial)
{
	struct pl time = {nonce->p, 8}, number = {nonce->p + 8, 8};
	uint8_t mac[NONCE_MAC], given[NONCE_MAC];
	size_t len;
	uint32_t time_s;

	if (nonce->l != NONCE_LEN)
		return false;
	if (sodium_hex2bin(given, sizeof(given), nonce->p + 16, NONCE_LEN - 16, NULL, &len, NULL) ||
	    len != sizeof(given))
		return false;
	time_s = pl_x32(&time);
	nonce_mac(g, src, time_s, pl_x32(&number), mac);
	if (sodium_memcmp(mac, given, sizeof(mac)))
		return false;
	*age_s = (uint32_t)(clock_mono_ms() / 1000) - time_s;
	*serial = pl_x32(&number);
	return true;
}

/* A nonce count must rise; the very same answer may come twice, since UDP may bring it twice. */
static bool count_good(struct sip_guard *g, uint32_t serial, const struct sip_digest_params *d)
{
	struct count_slot *slot = &g->counts[serial % COUNT_SLOTS];
	uint64_t answer = hash_bytes(d->response.p, d->response.l);
	uint32_t nc = pl_x32(&d->nc);

	if (!pl_isset(&d->qop))
		return true;
	if (slot->serial == serial) {
		if (nc == slot->nc)
			return answer == slot->answer;
		if (nc < slot->nc)
			return false;
	}
	*slot = (struct count_slot){.serial = serial, .nc = nc, .answer = answer};
	return true;
}

/* ---- Failures ---- */

static uint64_t fail_key(const struct sip_guard *g, const struct sa *src, const char *user)
{
	uint8_t ip[16] = {0};
	uint64_t h, k;

	memcpy(&k, g->key, sizeof(k));
	if (sa_af(src) == AF_INET6)
		memcpy(ip, &src->u.in6.sin6_addr, 8); /* a /64 is one house */
	else
		memcpy(ip, &src->u.in.sin_addr, 4);
	h = hash_mix(hash_bytes(ip, sizeof(ip)) ^ hash_bytes(user, strlen(user)) ^ k);
	return h ? h : 1;
}

static struct fail_slot *fail_find(struct sip_guard *g, uint64_t key)
{
	for (unsigned i = 0; i < FAIL_WAYS; i++) {
		struct fail_slot *s = &g->fails[(key + i) % FAIL_SLOTS];

		if (s->key == key)
			return s;
	}
	return NULL;
}

/* Its slot, or the one that has been quiet for longest. */
static struct fail_slot *fail_place(struct sip_guard *g, uint64_t key)
{
	struct fail_slot *place = fail_find(g, key);

	if (place)
		return place;
	place = &g->fails[key % FAIL_SLOTS];
	for (unsigned i = 1; i < FAIL_WAYS; i++) {
		struct fail_slot *s = &g->fails[(key + i) % FAIL_SLOTS];

		if (s->since_ms < place->since_ms)
			place = s;
	}
	return place;
}

static bool is_locked(struct sip_room *r, uint64_t key)
{
	const struct fail_slot *s = fail_find(r->guard, key);

	return s && s->until_ms > clock_mono_ms();
}

static void failed(struct sip_room *r, const struct sip_msg *msg, uint64_t key, const char *user)
{
	struct fail_slot *s = fail_place(r->guard, key);
	int64_t now = clock_mono_ms();
	char line[SIP_USER + 64];

	r->stats.auth_failures++;
	if (s->key != key || now - s->since_ms > (int64_t)r->config.lockout_s * 1000)
		*s = (struct fail_slot){.key = key, .since_ms = now};
	if (++s->failures >= r->config.lockout_failures) {
		s->until_ms = now + (int64_t)r->config.lockout_s * 1000;
		s->failures = 0;
		r->stats.lockouts++;
		re_snprintf(line, sizeof(line), "user %s is locked out for %u s", user,
			    r->config.lockout_s);
		sip_in_complain(r, msg, line);
		return;
	}
	re_snprintf(line, sizeof(line), "wrong password for user %s", user);
	sip_in_complain(r, msg, line);
}

/* ---- Checking ---- */

struct search {
	const char *realm;
	struct sip_digest_params found;
	bool any;
};

static bool answer_handler(const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	struct search *s = arg;
	struct sip_digest_params d;
	(void)msg;

	if (sip_digest_params(&hdr->val, &d) || pl_strcmp(&d.realm, s->realm))
		return false;
	s->found = d;
	s->any = true;
	return true;
}

static bool find_answer(const struct sip_room *r, const struct sip_msg *msg,
			struct sip_digest_params *out)
{
	struct search s = {.realm = r->config.realm};

	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_AUTHORIZATION, answer_handler, &s);
	if (!s.any)
		(void)sip_msg_hdr_apply(msg, true, SIP_HDR_PROXY_AUTHORIZATION, answer_handler, &s);
	if (s.any)
		*out = s.found;
	return s.any;
}

/* A secret nobody has, the same each time. */
static void invent(const struct sip_guard *g, const char *user, struct sip_credential *out)
{
	*out = (struct sip_credential){.algorithm = SIP_MD5};
	crypto_generichash(out->ha1, sizeof(out->ha1), (const uint8_t *)user, strlen(user), g->key,
			   sizeof(g->key));
}

static bool lookup(struct sip_room *r, const char *user, struct sip_credential *out)
{
	if (user[0] && !r->h.credential(user, out, r->h.arg))
		return true;
	invent(r->guard, user, out);
	return false;
}

static bool algorithm_fits(const struct sip_digest_params *d, const struct sip_credential *c)
{
	if (!pl_isset(&d->algorithm))
		return c->algorithm == SIP_MD5;
	return !pl_strcasecmp(&d->algorithm, c->algorithm == SIP_SHA256 ? "SHA-256" : "MD5");
}

static bool response_right(const struct sip_msg *msg, const struct sip_digest_params *d,
			   const struct sip_credential *c)
{
	size_t len = sip_digest_size(c->algorithm) * 2;
	char hex[65];

	if (d->response.l != len || (pl_isset(&d->qop) && pl_strcasecmp(&d->qop, "auth")))
		return false;
	if (!pl_isset(&d->qop) && c->algorithm != SIP_MD5)
		return false; /* RFC 2069 style is for old MD5 phones only */
	if (sip_digest_response(c->algorithm, c->ha1, &msg->met, d, hex))
		return false;
	return sodium_memcmp(hex, d->response.p, len) == 0;
}

static enum verdict judge(struct sip_room *r, const struct sip_msg *msg,
			  const struct sip_digest_params *d, const char *user,
			  const struct sip_credential *c, bool known)
{
	uint32_t age_s, serial;
	uint64_t key;
	bool right;

	if (!nonce_ours(r->guard, &msg->src, &d->nonce, &age_s, &serial))
		return VERDICT_STALE;
	key = fail_key(r->guard, &msg->src, user);
	if (is_locked(r, key))
		return VERDICT_LOCKED;
	right = response_right(msg, d, c) && known && algorithm_fits(d, c);
	if (!right) {
		failed(r, msg, key, user);
		return VERDICT_WRONG;
	}
	if (age_s > r->config.nonce_s || !count_good(r->guard, serial, d))
		return VERDICT_STALE;
	return VERDICT_GOOD;
}

/* ---- Answering ---- */

static void challenge(struct sip_iface *f, const struct sip_msg *msg, enum sip_algorithm a,
		      bool stale)
{
	struct sip_room *r = f->room;
	char nonce[NONCE_LEN + 1];

	nonce_make(r->guard, &msg->src, nonce);
	r->stats.challenges++;
	(void)sip_in_replyf(f, msg, 401, "Unauthorized",
			    "WWW-Authenticate: Digest realm=\"%s\", nonce=\"%s\", algorithm=%s, "
			    "qop=\"auth\"%s\r\n",
			    r->config.realm, nonce, a == SIP_SHA256 ? "SHA-256" : "MD5",
			    stale ? ", stale=true" : "");
}

/* The user whom an unanswered request claims to be: of To in REGISTER, else of From. */
static void claimed_user(const struct sip_msg *msg, char *out, size_t cap)
{
	const struct uri *uri = pl_strcmp(&msg->met, "REGISTER") ? &msg->from.uri : &msg->to.uri;

	if (sip_in_user(uri, out, cap))
		out[0] = '\0';
}

int sip_in_authenticate(struct sip_iface *f, const struct sip_msg *msg, struct sip_caller *who)
{
	struct sip_room *r = f->room;
	struct sip_digest_params d;
	struct sip_credential c;
	enum verdict v = VERDICT_NONE;
	char user[SIP_USER] = "";
	bool known;

	if (find_answer(r, msg, &d)) {
		if (sip_in_copy(&d.username, user, sizeof(user)) || strchr(user, '\\'))
			user[0] = '\0';
		known = lookup(r, user, &c);
		v = judge(r, msg, &d, user, &c, known);
	} else {
		claimed_user(msg, user, sizeof(user));
		(void)lookup(r, user, &c);
	}
	switch (v) {
	case VERDICT_GOOD:
		*who = (struct sip_caller){.extension = c.extension};
		TEXT_COPY(who->user, user);
		return 0;
	case VERDICT_NONE:
	case VERDICT_WRONG:
		challenge(f, msg, c.algorithm, false);
		break;
	case VERDICT_STALE:
		challenge(f, msg, c.algorithm, true);
		break;
	case VERDICT_LOCKED:
		(void)sip_in_replyf(f, msg, 403, "Forbidden", "");
		break;
	}
	return EACCES;
}

int sip_in_identify(struct sip_iface *f, const struct sip_msg *msg, struct sip_caller *who)
{
	struct sip_digest_params d;
	struct sip_credential c;
	char user[SIP_USER];
	uint16_t trunk;

	if (find_answer(f->room, msg, &d))
		return sip_in_authenticate(f, msg, who);
	trunk = sip_trunk_of_source(f, msg);
	if (trunk) {
		/* A phone may stand where a trunk may be: in the sample both are on loopback. */
		claimed_user(msg, user, sizeof(user));
		if (!user[0] || f->room->h.credential(user, &c, f->room->h.arg)) {
			*who = (struct sip_caller){.trunk = trunk};
			return 0;
		}
	}
	return sip_in_authenticate(f, msg, who);
}
