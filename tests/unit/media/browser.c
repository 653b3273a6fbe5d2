#include "browser.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <re_types.h>
struct re_printf;
#include <re_fmt.h>
#include <re_list.h>
#include <re_mbuf.h>
#include <re_mem.h>
#include <re_sa.h>
#include <re_stun.h>

static int any_certificate(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static void make_certificate(struct browser *b)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	uint8_t digest[32];
	unsigned n = 0;
	char *at = b->fingerprint;

	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(X509_digest(x, EVP_sha256(), digest, &n), 1);
	for (unsigned i = 0; i < 32; i++)
		at += sprintf(at, "%s%02X", i ? ":" : "", digest[i]);
	b->ctx = SSL_CTX_new(DTLS_client_method());
	assert_int_equal(SSL_CTX_use_certificate(b->ctx, x), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(b->ctx, key), 1);
	assert_int_equal(SSL_CTX_set_tlsext_use_srtp(b->ctx, "SRTP_AES128_CM_SHA1_80"), 0);
	SSL_CTX_set_verify(b->ctx, SSL_VERIFY_PEER, any_certificate);
	EVP_PKEY_free(key);
	X509_free(x);
}

void browser_open(struct browser *b, enum codec c)
{
	memset(b, 0, sizeof(*b));
	phone_open(&b->phone, c);
	snprintf(b->ufrag, sizeof(b->ufrag), "br%u", b->phone.port);
	strcpy(b->pwd, "abcdefghijklmnopqrstuvwx");
	make_certificate(b);
}

void browser_close(struct browser *b)
{
	SSL_free(b->ssl);
	SSL_CTX_free(b->ctx);
	phone_close(&b->phone);
}

const char *browser_offer(const struct browser *b, const char *extra)
{
	static char text[65536 * 2];
	const char *formats = b->phone.codec == CODEC_OPUS   ? "111 63 9 0 8 13 110 101"
			      : b->phone.codec == CODEC_PCMU ? "0 8 111 101 110"
							     : "8 0 111 101 110";

	snprintf(text, sizeof(text),
		 "v=0\r\no=- 4611 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
		 "a=extmap-allow-mixed\r\na=msid-semantic: WMS s\r\n"
		 "m=audio 9 UDP/TLS/RTP/SAVPF %s\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
		 "a=candidate:1 1 udp 2113937151 4f0d-11.local 40000 typ host generation 0\r\n"
		 "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=ice-options:trickle\r\n"
		 "a=fingerprint:sha-256 %s\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\n"
		 "a=msid:s t\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\n"
		 "a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\n"
		 "a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
		 "a=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\n"
		 "a=rtpmap:101 telephone-event/8000\r\na=ssrc:3 cname:c\r\n%s",
		 formats, b->ufrag, b->pwd, b->fingerprint, extra);
	return text;
}

static void value_of(const char *text, const char *name, char *out, size_t cap)
{
	const char *at = strstr(text, name);

	assert_non_null(at);
	at += strlen(name);
	snprintf(out, cap, "%.*s", (int)strcspn(at, "\r\n"), at);
}

void browser_answer(struct browser *b, const char *text)
{
	char line[128];
	unsigned port;

	value_of(text, "a=ice-ufrag:", b->leg_ufrag, sizeof(b->leg_ufrag));
	value_of(text, "a=ice-pwd:", b->leg_pwd, sizeof(b->leg_pwd));
	value_of(text, "a=candidate:", line, sizeof(line));
	assert_int_equal(sscanf(line, "1 1 udp %*u %*s %u", &port), 1);
	b->phone.to = (uint16_t)port;
}

size_t browser_check_make(struct browser *b, const char *pwd, bool nominate, uint8_t *out,
			  size_t cap)
{
	struct mbuf *mb = mbuf_alloc(512);
	char name[128];
	uint64_t tie = 7;
	uint32_t prio = 1853824767;
	size_t n;

	snprintf(name, sizeof(name), "%s:%s", b->leg_ufrag, b->ufrag);
	assert_int_equal(getrandom(b->tid, sizeof(b->tid), 0), sizeof(b->tid));
	assert_int_equal(stun_msg_encode(mb, STUN_METHOD_BINDING, STUN_CLASS_REQUEST, b->tid, NULL,
					 (const uint8_t *)pwd, strlen(pwd), true, 0, 4,
					 STUN_ATTR_USERNAME, name, STUN_ATTR_CONTROLLING, &tie,
					 STUN_ATTR_PRIORITY, &prio, STUN_ATTR_USE_CAND,
					 nominate ? &prio : NULL),
			 0);
	n = mb->end;
	assert_true(n <= cap);
	memcpy(out, mb->buf, n);
	mem_deref(mb);
	return n;
}

bool browser_check_answered(const struct browser *b, int fd)
{
	struct stun_unknown_attr unknown;
	struct stun_msg *msg = NULL;
	struct mbuf *mb;
	struct stun_attr *mapped;
	uint8_t data[600];
	bool ok = false;

	for (int i = 0; i < 20 && !ok; i++) {
		struct pollfd pfd = {fd, POLLIN, 0};
		ssize_t n;

		if (poll(&pfd, 1, 20) <= 0)
			continue;
		n = recv(fd, data, sizeof(data), 0);
		if (n <= 0 || data[0] > 3)
			continue;
		mb = mbuf_alloc((size_t)n);
		mbuf_write_mem(mb, data, (size_t)n);
		mb->pos = 0;
		if (!stun_msg_decode(&msg, mb, &unknown)) {
			mapped = stun_msg_attr(msg, STUN_ATTR_XOR_MAPPED_ADDR);
			ok = mapped && stun_msg_class(msg) == STUN_CLASS_SUCCESS_RESP &&
			     memcmp(stun_msg_tid(msg), b->tid, 12) == 0 &&
			     !stun_msg_chk_mi(msg, (const uint8_t *)b->leg_pwd,
					      strlen(b->leg_pwd)) &&
			     !stun_msg_chk_fingerprint(msg);
			mem_deref(msg);
		}
		mem_deref(mb);
	}
	return ok;
}

bool browser_check(struct browser *b, int fd, bool nominate)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(b->phone.to),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	uint8_t data[512];

	fd = fd < 0 ? b->phone.fd : fd;
	/* again, as a browser does: the engine may not have heard of the leg yet */
	for (int i = 0; i < 5; i++) {
		size_t n = browser_check_make(b, b->leg_pwd, nominate, data, sizeof(data));

		assert_int_equal(sendto(fd, data, n, 0, (struct sockaddr *)&a, sizeof(a)),
				 (ssize_t)n);
		if (browser_check_answered(b, fd))
			return true;
	}
	return false;
}

static void make_keys(struct browser *b)
{
	uint8_t m[60], tx[30], rx[30];
	srtp_policy_t policy;

	assert_int_equal(SSL_export_keying_material(b->ssl, m, sizeof(m), "EXTRACTOR-dtls_srtp",
						    19, NULL, 0, 0),
			 1);
	memcpy(tx, m, 16);
	memcpy(rx, m + 16, 16);
	memcpy(tx + 16, m + 32, 14);
	memcpy(rx + 16, m + 46, 14);
	memset(&policy, 0, sizeof(policy));
	srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
	srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
	policy.window_size = 1024;
	policy.ssrc.type = ssrc_any_outbound;
	policy.key = tx;
	assert_int_equal(srtp_create(&b->phone.srtp_tx, &policy), srtp_err_status_ok);
	policy.ssrc.type = ssrc_any_inbound;
	policy.key = rx;
	assert_int_equal(srtp_create(&b->phone.srtp_rx, &policy), srtp_err_status_ok);
}

bool browser_shake(struct browser *b)
{
	BIO_ADDR *to = BIO_ADDR_new();
	const struct in_addr ip = {htonl(INADDR_LOOPBACK)};
	struct timeval wait = {0, 500000};
	BIO *bio = BIO_new_dgram(b->phone.fd, BIO_NOCLOSE);
	int n;

	BIO_ADDR_rawmake(to, AF_INET, &ip, sizeof(ip), htons(b->phone.to));
	BIO_dgram_set_peer(bio, to);
	BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_RECV_TIMEOUT, 0, &wait);
	b->ssl = SSL_new(b->ctx);
	SSL_set_bio(b->ssl, bio, bio);
	n = SSL_connect(b->ssl);
	for (int i = 0; i < 10 && n != 1 && SSL_get_error(b->ssl, n) == SSL_ERROR_WANT_READ; i++) {
		DTLSv1_handle_timeout(b->ssl);
		n = SSL_connect(b->ssl);
	}
	BIO_ADDR_free(to);
	if (n != 1)
		return false;
	make_keys(b);
	return true;
}

void browser_call(struct browser *b, struct media *m, uint32_t key)
{
	const char *offer = browser_offer(b, "");
	struct media_web_answer answer;
	struct media_event ev;

	assert_int_equal(media_web_open(m, key, 0, offer, strlen(offer), &answer), 0);
	assert_int_equal(answer.codec, b->phone.codec);
	browser_answer(b, answer.text);
	assert_true(browser_check(b, -1, true));
	assert_true(browser_shake(b));
	assert_true(room_event(m, MEDIA_EV_WEB_UP, &ev, 2000));
	assert_int_equal(ev.key, key);
}
