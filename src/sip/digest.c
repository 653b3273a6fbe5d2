/*
 * Digest, the parts that both sides need, and the client: RFC 7616, RFC 8760, RFC 3261, 22. libre's
 * own knows MD5 only.
 */
#include <openssl/evp.h>
#include <sodium.h>
#include <threads.h>

#include "sip/priv.h"

#define STALE_MAX 3 /* challenges in a row that only say "too old" */

/* ---- Parameters ---- */

static const char *skip(const char *s, const char *end, const char *set)
{
	while (s < end && *s && strchr(set, *s))
		s++;
	return s;
}

static const char *find(const char *s, const char *end, const char *set)
{
	while (s < end && !(*s && strchr(set, *s)))
		s++;
	return s;
}

static const char *quoted(const char *s, const char *end, struct pl *value)
{
	value->p = s;
	while (s < end && *s != '"')
		s += *s == '\\' && s + 1 < end ? 2 : 1;
	value->l = (size_t)(s - value->p);
	return s < end ? s + 1 : end;
}

/* One "name=value" or name="value" from *p on; false at the end of the list. */
static bool next_param(const char **p, const char *end, struct pl *name, struct pl *value)
{
	const char *s = skip(*p, end, " \t\r\n,");

	name->p = s;
	s = find(s, end, "=, \t");
	name->l = (size_t)(s - name->p);
	s = skip(s, end, " \t");
	if (s >= end || *s != '=' || !name->l)
		return false;
	s = skip(s + 1, end, " \t");
	if (s < end && *s == '"') {
		*p = quoted(s + 1, end, value);
		return true;
	}
	value->p = s;
	s = find(s, end, ", \t");
	value->l = (size_t)(s - value->p);
	*p = s;
	return true;
}

int sip_digest_params(const struct pl *header, struct sip_digest_params *out)
{
	static const char *const names[] = {"username", "realm",     "nonce",  "uri",
					    "response", "algorithm", "cnonce", "qop",
					    "nc",	"opaque",    "stale"};
	struct sip_digest_params d = {0};
	struct pl *const place[] = {&d.username, &d.realm,     &d.nonce,  &d.uri,
				    &d.response, &d.algorithm, &d.cnonce, &d.qop,
				    &d.nc,	 &d.opaque,    &d.stale};
	const char *p = header->p, *end = header->p + header->l;
	struct pl scheme = {header->p, 6}, name, value;

	if (header->l < 7 || pl_strcasecmp(&scheme, "Digest") || (p[6] != ' ' && p[6] != '\t'))
		return ENOTSUP;
	p += 7;
	while (next_param(&p, end, &name, &value))
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (!pl_strcasecmp(&name, names[i]))
				*place[i] = value;
	*out = d;
	return 0;
}

/* ---- Hashes ---- */

struct hasher {
	EVP_MD *md[2];
	EVP_MD_CTX *ctx;
};

static tss_t hasher_key;
static once_flag hasher_once = ONCE_FLAG_INIT;

static void hasher_free(void *data)
{
	struct hasher *h = data;

	EVP_MD_free(h->md[SIP_MD5]);
	EVP_MD_free(h->md[SIP_SHA256]);
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

static void hasher_init(void)
{
	(void)tss_create(&hasher_key, hasher_free);
}

/* Fetching an algorithm costs more than hashing with it: once a thread. */
static struct hasher *hasher(void)
{
	struct hasher *h;

	call_once(&hasher_once, hasher_init);
	h = tss_get(hasher_key);
	if (h)
		return h;
	h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->md[SIP_MD5] = EVP_MD_fetch(NULL, "MD5", NULL);
	h->md[SIP_SHA256] = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->ctx = EVP_MD_CTX_new();
	if (!h->md[SIP_MD5] || !h->md[SIP_SHA256] || !h->ctx || tss_set(hasher_key, h)) {
		hasher_free(h);
		return NULL;
	}
	return h;
}

size_t sip_digest_size(enum sip_algorithm a)
{
	return a == SIP_SHA256 ? 32 : 16;
}

int sip_digest_hash(enum sip_algorithm a, const void *p, size_t n, uint8_t *out)
{
	struct hasher *h = hasher();

	if (!h || EVP_DigestInit_ex2(h->ctx, h->md[a], NULL) != 1 ||
	    EVP_DigestUpdate(h->ctx, p, n) != 1 || EVP_DigestFinal_ex(h->ctx, out, NULL) != 1)
		return ENOSYS;
	return 0;
}

static int hash_hex(enum sip_algorithm a, const void *p, size_t n, char hex[65])
{
	uint8_t digest[32];
	int err = sip_digest_hash(a, p, n, digest);

	if (!err)
		sodium_bin2hex(hex, 65, digest, sip_digest_size(a));
	return err;
}

int sip_digest_response(enum sip_algorithm a, const uint8_t *ha1, const struct pl *method,
			const struct sip_digest_params *d, char hex[65])
{
	char text[SIP_DIGEST_TEXT], ha1_hex[65], ha2_hex[65];
	int n, err;

	sodium_bin2hex(ha1_hex, sizeof(ha1_hex), ha1, sip_digest_size(a));
	n = re_snprintf(text, sizeof(text), "%r:%r", method, &d->uri);
	if (n < 0 || (size_t)n + 1 >= sizeof(text))
		return EOVERFLOW;
	err = hash_hex(a, text, (size_t)n, ha2_hex);
	if (err)
		return err;
	if (pl_isset(&d->qop))
		n = re_snprintf(text, sizeof(text), "%s:%r:%r:%r:%r:%s", ha1_hex, &d->nonce, &d->nc,
				&d->cnonce, &d->qop, ha2_hex);
	else
		n = re_snprintf(text, sizeof(text), "%s:%r:%s", ha1_hex, &d->nonce, ha2_hex);
	if (n < 0 || (size_t)n + 1 >= sizeof(text))
		return EOVERFLOW;
	return hash_hex(a, text, (size_t)n, hex);
}

int sip_digest_ha1(enum sip_algorithm a, const char *user, const char *realm, const char *password,
		   uint8_t *out)
{
	char text[SIP_DIGEST_TEXT];
	int n = re_snprintf(text, sizeof(text), "%s:%s:%s", user, realm, password);

	if (n < 0 || (size_t)n + 1 >= sizeof(text))
		return EOVERFLOW;
	return sip_digest_hash(a, text, (size_t)n, out);
}

/* ---- Client ---- */

struct taking {
	struct sip_digest *digest;
	bool proxy, sha256, refused;
	struct sip_challenge best;
};

static bool challenge_handler(const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	struct taking *t = arg;
	struct sip_challenge c = {.set = true, .proxy = t->proxy};
	struct sip_digest_params d;
	(void)msg;

	if (sip_digest_params(&hdr->val, &d))
		return false;
	if (pl_isset(&d.algorithm) && pl_strcasecmp(&d.algorithm, "MD5")) {
		if (pl_strcasecmp(&d.algorithm, "SHA-256"))
			return false;
		c.sha256 = true;
	}
	if (t->best.set && t->best.sha256 >= c.sha256)
		return false;
	c.stale = !pl_strcasecmp(&d.stale, "true");
	/* "auth" in a list that may also name auth-int */
	c.qop = pl_isset(&d.qop) && !re_regex(d.qop.p, d.qop.l, "auth");
	if (sip_in_copy(&d.realm, c.realm, sizeof(c.realm)) ||
	    sip_in_copy(&d.nonce, c.nonce, sizeof(c.nonce)))
		return false;
	if (pl_isset(&d.opaque) && sip_in_copy(&d.opaque, c.opaque, sizeof(c.opaque)))
		return false;
	t->best = c;
	return false;
}

int sip_digest_take(struct sip_digest *d, const struct sip_msg *response)
{
	bool proxy = response->scode == 407;
	struct sip_challenge *now = &d->challenge[proxy];
	struct taking t = {.digest = d, .proxy = proxy};

	(void)sip_msg_hdr_apply(response, true,
				proxy ? SIP_HDR_PROXY_AUTHENTICATE : SIP_HDR_WWW_AUTHENTICATE,
				challenge_handler, &t);
	if (!t.best.set)
		return ENOTSUP;
	/* The request that we sent with an answer to this challenger's last challenge follows that
	 * challenge by one: its refusal means the password, unless the nonce was only too old. */
	if (now->set && now->nonce[0] && response->cseq.num == now->cseq + 1) {
		if (!t.best.stale || now->tries >= STALE_MAX)
			return EAUTH;
		t.best.tries = now->tries + 1;
	}
	t.best.cseq = response->cseq.num;
	*now = t.best;
	return 0;
}

static int write_one(struct sip_digest *d, struct sip_challenge *c, struct mbuf *mb,
		     const char *method, const char *uri)
{
	enum sip_algorithm a = c->sha256 ? SIP_SHA256 : SIP_MD5;
	struct sip_digest_params p = {0};
	char response[65] = "", cnonce[17], nc[9];
	struct pl met;
	uint8_t ha1[32];
	int err = 0;

	sip_token(cnonce, sizeof(cnonce));
	re_snprintf(nc, sizeof(nc), "%08x", ++c->nc);
	pl_set_str(&p.nonce, c->nonce);
	pl_set_str(&p.uri, uri);
	pl_set_str(&met, method);
	if (c->qop) {
		pl_set_str(&p.nc, nc);
		pl_set_str(&p.cnonce, cnonce);
		pl_set_str(&p.qop, "auth");
	}
	/* Without a nonce it is the empty one that IMS wants in the first REGISTER. */
	if (c->nonce[0]) {
		err = sip_digest_ha1(a, d->user, c->realm, d->password, ha1);
		if (!err)
			err = sip_digest_response(a, ha1, &met, &p, response);
	}
	if (err)
		return err;
	err = mbuf_printf(mb,
			  "%s: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", "
			  "response=\"%s\", algorithm=%s",
			  c->proxy ? "Proxy-Authorization" : "Authorization", d->user, c->realm,
			  c->nonce, uri, response, c->sha256 ? "SHA-256" : "MD5");
	if (c->opaque[0])
		err |= mbuf_printf(mb, ", opaque=\"%s\"", c->opaque);
	if (c->qop)
		err |= mbuf_printf(mb, ", qop=auth, nc=%s, cnonce=\"%s\"", nc, cnonce);
	return err | mbuf_write_str(mb, "\r\n");
}

int sip_digest_write(struct sip_digest *d, struct mbuf *mb, const char *method, const char *uri)
{
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(d->challenge); i++)
		if (d->challenge[i].set)
			err = write_one(d, &d->challenge[i], mb, method, uri);
	return err;
}

void sip_digest_empty(struct sip_digest *d, const char *realm)
{
	struct sip_challenge *c = &d->challenge[0];

	if (c->set)
		return;
	*c = (struct sip_challenge){.set = true};
	TEXT_COPY(c->realm, realm);
}
