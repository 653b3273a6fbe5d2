/* Digest against the examples of RFC 7616 and RFC 2617, and the client's taking of challenges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "sip/priv.h"

#define SET(field, text) pl_set_str(&d.field, text)

static void test_rfc7616(void **state)
{
	struct sip_digest_params d = {0};
	struct pl get = PL("GET");
	uint8_t ha1[32];
	char hex[65];
	(void)state;

	SET(nonce, "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v");
	SET(uri, "/dir/index.html");
	SET(nc, "00000001");
	SET(cnonce, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
	SET(qop, "auth");
	assert_int_equal(
	    sip_digest_ha1(SIP_MD5, "Mufasa", "http-auth@example.org", "Circle of Life", ha1), 0);
	assert_int_equal(sip_digest_response(SIP_MD5, ha1, &get, &d, hex), 0);
	assert_string_equal(hex, "8ca523f5e9506fed4657c9700eebdbec");
	assert_int_equal(
	    sip_digest_ha1(SIP_SHA256, "Mufasa", "http-auth@example.org", "Circle of Life", ha1),
	    0);
	assert_int_equal(sip_digest_response(SIP_SHA256, ha1, &get, &d, hex), 0);
	assert_string_equal(hex,
			    "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}

static void test_params(void **state)
{
	struct pl good =
	    PL("Digest username=\"a, \\\"b\\\"\", realm = \"x=y\" ,qop=auth,nc=00000001,"
	       "stale=TRUE , nonce=\"\"");
	struct pl basic = PL("Basic abc"), odd = PL("Digest ,,,=,\"=\",nonce=\"x");
	struct sip_digest_params d;
	(void)state;

	assert_int_equal(sip_digest_params(&good, &d), 0);
	assert_int_equal(pl_strcmp(&d.username, "a, \\\"b\\\""), 0);
	assert_int_equal(pl_strcmp(&d.realm, "x=y"), 0);
	assert_int_equal(pl_strcmp(&d.qop, "auth"), 0);
	assert_int_equal(pl_strcmp(&d.stale, "TRUE"), 0);
	assert_int_equal(d.nonce.l, 0);
	assert_int_equal(sip_digest_params(&basic, &d), ENOTSUP);
	assert_int_equal(sip_digest_params(&odd, &d), 0);
}

static struct sip_msg *answer(unsigned code, unsigned cseq, const char *headers)
{
	struct mbuf *mb = mbuf_alloc(512);
	struct sip_msg *msg = NULL;

	mbuf_printf(
	    mb,
	    "SIP/2.0 %u X\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
	    "To: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: %u REGISTER\r\n%s"
	    "Content-Length: 0\r\n\r\n",
	    code, cseq, headers);
	mb->pos = 0;
	assert_int_equal(sip_msg_decode(&msg, mb), 0);
	mem_deref(mb);
	return msg;
}

static int take(struct sip_digest *d, unsigned code, unsigned cseq, const char *headers)
{
	struct sip_msg *msg = answer(code, cseq, headers);
	int err = sip_digest_take(d, msg);

	mem_deref(msg);
	return err;
}

static void test_challenges(void **state)
{
	static const char both[] =
	    "WWW-Authenticate: Digest realm=\"r\", nonce=\"m\", algorithm=MD5, qop=\"auth\"\r\n"
	    "WWW-Authenticate: Digest realm=\"r\", nonce=\"s\", algorithm=SHA-256, "
	    "qop=\"auth-int,auth\", opaque=\"o\"\r\n"
	    "WWW-Authenticate: Digest realm=\"r\", nonce=\"t\", algorithm=SHA-512-256\r\n";
	static const char stale[] =
	    "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", stale=true, algorithm=MD5\r\n";
	static const char proxy[] = "Proxy-Authenticate: Digest realm=\"p\", nonce=\"q\"\r\n";
	struct sip_digest d = {.user = "u", .password = "p"};
	struct mbuf *mb = mbuf_alloc(512);
	(void)state;

	assert_int_equal(take(&d, 401, 1, "WWW-Authenticate: Basic x\r\n"), ENOTSUP);
	assert_int_equal(take(&d, 401, 1, both), 0);
	assert_true(d.challenge[0].sha256 && d.challenge[0].qop);
	assert_string_equal(d.challenge[0].nonce, "s");
	assert_int_equal(take(&d, 407, 2, proxy), 0);
	assert_int_equal(sip_digest_write(&d, mb, "REGISTER", "sip:r"), 0);
	mbuf_write_u8(mb, 0);
	assert_non_null(
	    strstr((char *)mb->buf, "\r\nProxy-Authorization: Digest username=\"u\", realm=\"p\""));
	assert_non_null(
	    strstr((char *)mb->buf, "algorithm=SHA-256, opaque=\"o\", qop=auth, nc=00000001"));
	/* our answer (CSeq 2 followed 1) was refused */
	assert_int_equal(take(&d, 401, 2, both), EAUTH);
	/* much later, with an old nonce, the server needn't say stale */
	assert_int_equal(take(&d, 401, 9, both), 0);
	assert_int_equal(take(&d, 401, 10, stale), 0);
	assert_int_equal(take(&d, 401, 11, stale), 0);
	assert_int_equal(take(&d, 401, 12, stale), 0);
	assert_int_equal(take(&d, 401, 13, stale), EAUTH);
	mem_deref(mb);
}

static void test_first_without_nonce(void **state)
{
	struct sip_digest d = {.user = "impi@ims", .password = "p"};
	struct mbuf *mb = mbuf_alloc(512);
	(void)state;

	sip_digest_empty(&d, "ims.example");
	assert_int_equal(sip_digest_write(&d, mb, "REGISTER", "sip:ims.example"), 0);
	mbuf_write_u8(mb, 0);
	assert_string_equal((char *)mb->buf,
			    "Authorization: Digest username=\"impi@ims\", "
			    "realm=\"ims.example\", nonce=\"\", uri=\"sip:ims.example\", "
			    "response=\"\", algorithm=MD5\r\n");
	assert_int_equal(
	    take(&d, 401, 1, "WWW-Authenticate: Digest realm=\"ims.example\", nonce=\"1\"\r\n"), 0);
	mem_deref(mb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rfc7616),
	    cmocka_unit_test(test_params),
	    cmocka_unit_test(test_challenges),
	    cmocka_unit_test(test_first_without_nonce),
	};

	return cmocka_run_group_tests_name("sip digest", tests, NULL, NULL);
}
