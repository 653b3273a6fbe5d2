/*
 * DTLS of a browser's leg on OpenSSL, the datagrams in and out by a BIO of our own: one write is
 * one datagram, and nothing waits. The context is shared and only read; an SSL belongs to the
 * engine's thread.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "media/web.h"

#define MTU	    1200
#define YEARS_S	    (10L * 365 * 86400)
#define BEFORE_S    (-86400L) /* a browser's clock may be behind */
#define EXPORT_NAME "EXTRACTOR-dtls_srtp"
#define KEY	    16
#define SALT	    14

struct web_key {
	SSL_CTX *ctx;
	uint8_t fingerprint[WEB_FINGERPRINT];
};

struct web_dtls {
	SSL *ssl;
	bool done;
	/* during a call of ours only */
	struct engine *e;
	struct leg *l;
	const uint8_t *in;
	size_t in_len;
};

/* ---- the BIO ---- */

static BIO_METHOD *method;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int bio_write(BIO *b, const char *data, int len)
{
	struct web_dtls *d = BIO_get_data(b);

	if (d->e && len > 0 && len <= PACKET_MAX) {
		memcpy(batch_next(d->e), data, (size_t)len);
		batch_add(d->e, d->l->port->fd, &d->l->web->peer, (size_t)len);
	}
	return len;
}

static int bio_read(BIO *b, char *out, int cap)
{
	struct web_dtls *d = BIO_get_data(b);
	size_t n = d->in_len < (size_t)cap ? d->in_len : (size_t)cap;

	BIO_clear_retry_flags(b);
	if (n == 0) {
		BIO_set_retry_read(b);
		return -1;
	}
	memcpy(out, d->in, n);
	d->in_len = 0; /* a datagram is read whole */
	return (int)n;
}

static long bio_ctrl(BIO *b, int what, long n, void *p)
{
	(void)b;
	(void)n;
	(void)p;
	switch (what) {
	case BIO_CTRL_FLUSH:
	case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
		return 1;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return MTU;
	case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
		return 48;
	}
	return 0;
}

static void make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "leg");
	if (!method)
		return;
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_ctrl(method, bio_ctrl);
}

/* ---- certificate ---- */

/* Whose certificate it is is told by the offer's fingerprint, not by who signed it. */
static int any_certificate(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static X509 *make_certificate(EVP_PKEY *pkey)
{
	X509 *x = X509_new();
	X509_NAME *name = x ? X509_get_subject_name(x) : NULL;
	uint64_t serial = 0;

	if (!x || RAND_bytes((unsigned char *)&serial, sizeof(serial)) != 1 ||
	    !X509_set_version(x, 2) ||
	    !ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1) ||
	    !X509_gmtime_adj(X509_getm_notBefore(x), BEFORE_S) ||
	    !X509_gmtime_adj(X509_getm_notAfter(x), YEARS_S) ||
	    !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"zongji",
					-1, -1, 0) ||
	    !X509_set_issuer_name(x, name) || !X509_set_pubkey(x, pkey) ||
	    !X509_sign(x, pkey, EVP_sha256())) {
		X509_free(x);
		return NULL;
	}
	return x;
}

static bool digest_of(const X509 *x, uint8_t out[WEB_FINGERPRINT])
{
	unsigned n = 0;
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (!X509_digest(x, EVP_sha256(), digest, &n) || n != WEB_FINGERPRINT)
		return false;
	memcpy(out, digest, WEB_FINGERPRINT);
	return true;
}

static SSL_CTX *make_context(EVP_PKEY *pkey, X509 *x)
{
	SSL_CTX *ctx = SSL_CTX_new(DTLS_server_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			   any_certificate);
	if (!SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) ||
	    !SSL_CTX_use_certificate(ctx, x) || !SSL_CTX_use_PrivateKey(ctx, pkey) ||
	    SSL_CTX_set_tlsext_use_srtp(ctx, "SRTP_AES128_CM_SHA1_80")) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

int web_key_make(struct web_key **kp)
{
	struct web_key *k = calloc(1, sizeof(*k));
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *x = pkey ? make_certificate(pkey) : NULL;

	pthread_once(&once, make_method);
	if (k && x && method && digest_of(x, k->fingerprint))
		k->ctx = make_context(pkey, x);
	X509_free(x);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	if (!k || !k->ctx) {
		free(k);
		return ENOMEM;
	}
	*kp = k;
	return 0;
}

void web_key_free(struct web_key *k)
{
	if (!k)
		return;
	SSL_CTX_free(k->ctx);
	free(k);
}

const uint8_t *web_key_fingerprint(const struct web_key *k)
{
	return k->fingerprint;
}

/* ---- one connection ---- */

int web_dtls_make(struct web_key *k, struct web_dtls **dp)
{
	struct web_dtls *d = calloc(1, sizeof(*d));
	BIO *bio;

	if (!d)
		return ENOMEM;
	d->ssl = SSL_new(k->ctx);
	bio = d->ssl ? BIO_new(method) : NULL;
	if (!bio) {
		SSL_free(d->ssl);
		free(d);
		return ENOMEM;
	}
	BIO_set_data(bio, d);
	BIO_set_init(bio, 1);
	SSL_set_bio(d->ssl, bio, bio);
	SSL_set_mtu(d->ssl, MTU);
	SSL_set_accept_state(d->ssl);
	*dp = d;
	return 0;
}

void web_dtls_free(struct web_dtls *d)
{
	if (!d)
		return;
	SSL_free(d->ssl);
	free(d);
}

static enum web_dtls_result go_on(struct web_dtls *d)
{
	uint8_t room[256];
	int n;

	if (!d->done) {
		n = SSL_do_handshake(d->ssl);
		if (n == 1) {
			d->done = true;
			return WEB_DTLS_DONE;
		}
	} else {
		/* there are no data channels: what is read is only the good-bye */
		do
			n = SSL_read(d->ssl, room, sizeof(room));
		while (n > 0);
	}
	switch (SSL_get_error(d->ssl, n)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return WEB_DTLS_ON;
	case SSL_ERROR_ZERO_RETURN:
		return WEB_DTLS_CLOSED;
	}
	return WEB_DTLS_FAILED;
}

static void begin(struct web_dtls *d, struct engine *e, struct leg *l)
{
	ERR_clear_error();
	d->e = e;
	d->l = l;
}

static void end(struct web_dtls *d)
{
	d->e = NULL;
	d->in_len = 0;
}

enum web_dtls_result web_dtls_take(struct engine *e, struct leg *l, const uint8_t *data,
				   size_t len)
{
	struct web_dtls *d = l->web->dtls;
	enum web_dtls_result r;

	begin(d, e, l);
	d->in = data;
	d->in_len = len;
	r = go_on(d);
	end(d);
	return r;
}

void web_dtls_timer(struct engine *e, struct leg *l)
{
	struct web_dtls *d = l->web->dtls;

	begin(d, e, l);
	DTLSv1_handle_timeout(d->ssl);
	end(d);
}

void web_dtls_close(struct engine *e, struct leg *l)
{
	struct web_dtls *d = l->web->dtls;

	begin(d, e, l);
	if (d->done)
		SSL_shutdown(d->ssl);
	end(d);
}

bool web_dtls_fingerprint(const struct web_dtls *d, uint8_t out[WEB_FINGERPRINT])
{
	X509 *x = SSL_get1_peer_certificate(d->ssl);
	bool ok = x && digest_of(x, out);

	X509_free(x);
	return ok;
}

bool web_dtls_keys(const struct web_dtls *d, struct stream_srtp *out)
{
	uint8_t m[2 * (KEY + SALT)]; /* client's key, ours, client's salt, ours */

	_Static_assert(STREAM_SRTP_KEY_LEN == KEY + SALT, "RFC 5764, 4.2");
	if (!SSL_get_selected_srtp_profile(d->ssl) ||
	    SSL_export_keying_material(d->ssl, m, sizeof(m), EXPORT_NAME, strlen(EXPORT_NAME),
				       NULL, 0, 0) != 1)
		return false;
	out->on = true;
	memcpy(out->rx_key, m, KEY);
	memcpy(out->rx_key + KEY, m + 2 * KEY, SALT);
	memcpy(out->tx_key, m + KEY, KEY);
	memcpy(out->tx_key + KEY, m + 2 * KEY + SALT, SALT);
	explicit_bzero(m, sizeof(m));
	return true;
}
