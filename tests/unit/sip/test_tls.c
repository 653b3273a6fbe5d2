/* TLS in, and out over a trunk: chain and name verified, SNI sent; IPv6; the advertised address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

static struct fixture f;
static char cert_path[] = "/tmp/zongji-cert-XXXXXX";
static int listener;
static uint16_t listen_port;
static SSL_CTX *server, *client;
static char sni[128];

/* A self-signed certificate for sbc.example with its key, as PEM. */
static int make_certificate(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	X509_EXTENSION *alt;
	FILE *out;
	(void)state;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"sbc.example", -1, -1,
				   0);
	X509_set_issuer_name(x, name);
	alt = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:sbc.example");
	X509_add_ext(x, alt, -1);
	X509_sign(x, key, EVP_sha256());
	out = fdopen(mkstemp(cert_path), "w");
	PEM_write_X509(out, x);
	PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
	fclose(out);
	X509_EXTENSION_free(alt);
	X509_free(x);
	EVP_PKEY_free(key);
	return 0;
}

static int remove_certificate(void **state)
{
	(void)state;
	unlink(cert_path);
	return 0;
}

static int sni_seen(SSL *ssl, int *alert, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	(void)alert;
	(void)arg;

	snprintf(sni, sizeof(sni), "%s", name ? name : "");
	return SSL_TLSEXT_ERR_OK;
}

static int setup(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	(void)state;

	fixture_defaults(&f);
	f.iface[0].tls_port = fixture_port();
	strcpy(f.iface[0].tls_cert, cert_path);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&a, len) || listen(listener, 4) ||
	    getsockname(listener, (struct sockaddr *)&a, &len))
		return -1;
	listen_port = ntohs(a.sin_port);
	server = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate_file(server, cert_path, SSL_FILETYPE_PEM);
	SSL_CTX_use_PrivateKey_file(server, cert_path, SSL_FILETYPE_PEM);
	SSL_CTX_set_tlsext_servername_callback(server, sni_seen);
	client = SSL_CTX_new(TLS_client_method());
	sni[0] = '\0';
	return fixture_open(&f);
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	close(listener);
	return 0;
}

static const char options[] =
    "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:1;branch=z9hG4bKt\r\n"
    "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: t\r\nCSeq: 1 OPTIONS\r\n"
    "Content-Length: 0\r\n\r\n";

static void test_tls_in(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(f.iface[0].tls_port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int s = socket(AF_INET, SOCK_STREAM, 0);
	SSL *ssl = SSL_new(client);
	char buf[2048] = "";
	(void)state;

	assert_int_equal(connect(s, (struct sockaddr *)&a, sizeof(a)), 0);
	SSL_set_fd(ssl, s);
	assert_int_equal(SSL_connect(ssl), 1);
	assert_int_equal(SSL_write(ssl, options, sizeof(options) - 1), (int)sizeof(options) - 1);
	assert_true(SSL_read(ssl, buf, sizeof(buf) - 1) > 0);
	assert_int_equal(phone_status(buf), 200);
	SSL_free(ssl);
	close(s);
}

struct set {
	struct sip_trunk_config trunk;
	struct sip_trunk_status status;
};

static void trunks_set(struct fixture *fx, void *arg)
{
	assert_int_equal(sip_room_trunks_set(fx->room, &((struct set *)arg)->trunk, 1), 0);
}

static void status(struct fixture *fx, void *arg)
{
	assert_int_equal(sip_room_trunk_status(fx->room, 1, &((struct set *)arg)->status), 0);
}

/* A trunk over TLS to our listener; true when it got as far as sending OPTIONS. */
static bool try_trunk(struct set *s, const char *name, bool verify, char *buf, int cap)
{
	SSL *ssl = SSL_new(server);
	int fd, n = 0;

	memset(s, 0, sizeof(*s));
	s->trunk.id = 1;
	strcpy(s->trunk.name, "tls");
	strcpy(s->trunk.interface, "lan");
	s->trunk.transport = SIP_OVER_TLS;
	snprintf(s->trunk.proxy, sizeof(s->trunk.proxy), "127.0.0.1:%u", listen_port);
	strcpy(s->trunk.domain, name);
	s->trunk.tls_verify = verify;
	strcpy(s->trunk.tls_ca, cert_path);
	s->trunk.watch = true;
	fixture_run(&f, trunks_set, s);
	fd = accept(listener, NULL, NULL);
	SSL_set_fd(ssl, fd);
	buf[0] = '\0';
	if (SSL_accept(ssl) == 1)
		n = SSL_read(ssl, buf, cap - 1);
	if (n > 0)
		buf[n] = '\0';
	SSL_free(ssl);
	close(fd);
	return n > 0;
}

static void test_tls_out(void **state)
{
	struct set s;
	char buf[4096], contact[64];
	(void)state;

	assert_true(try_trunk(&s, "sbc.example", true, buf, sizeof(buf)));
	assert_memory_equal(buf,
			    "OPTIONS sip:sbc.example SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:", 60);
	assert_string_equal(sni, "sbc.example");
	snprintf(contact, sizeof(contact), "@127.0.0.1:%u;transport=tls>", f.iface[0].tls_port);
	assert_non_null(strstr(phone_header(buf, "Contact"), contact));
}

static void test_tls_wrong_name(void **state)
{
	struct set s;
	char buf[4096];
	(void)state;

	assert_false(try_trunk(&s, "other.example", true, buf, sizeof(buf)));
	usleep(300000);
	fixture_run(&f, status, &s);
	assert_int_equal(s.status.state, SIP_TRUNK_DOWN);
	assert_int_equal(s.status.reason, SIP_TRUNK_TRANSPORT);
	assert_true(try_trunk(&s, "third.example", false, buf, sizeof(buf)));
}

static void test_advertised_and_v6(void **state)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sip_trunk_config t = {.id = 1, .name = "v6", .interface = "v6", .watch = true};
	socklen_t len = sizeof(a);
	struct set s;
	char buf[2048];
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	(void)state;

	if (bind(fd, (struct sockaddr *)&a, len)) {
		close(fd);
		skip(); /* a machine without IPv6 */
	}
	getsockname(fd, (struct sockaddr *)&a, &len);
	fixture_defaults(&f);
	strcpy(f.iface[1].name, "v6");
	strcpy(f.iface[1].ip, "::1");
	strcpy(f.iface[1].advertised_ip, "2001:db8::7");
	f.iface[1].udp_port = fixture_port();
	f.config.interface_count = 2;
	assert_int_equal(fixture_open(&f), 0);
	snprintf(t.proxy, sizeof(t.proxy), "[::1]:%u", ntohs(a.sin6_port));
	s.trunk = t;
	fixture_run(&f, trunks_set, &s);
	assert_true(phone_recv(fd, buf, sizeof(buf), 8000) > 0);
	assert_memory_equal(buf,
			    "OPTIONS sip:[::1] SIP/2.0\r\nVia: SIP/2.0/UDP [2001:db8::7]:", 57);
	assert_non_null(strstr(phone_header(buf, "Contact"), "@[2001:db8::7]:"));
	fixture_close(&f);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_tls_in, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_tls_out, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_tls_wrong_name, setup, teardown),
	    cmocka_unit_test(test_advertised_and_v6),
	};

	return cmocka_run_group_tests_name("sip tls", tests, make_certificate, remove_certificate);
}
