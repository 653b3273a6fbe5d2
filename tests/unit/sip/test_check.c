/* What every message must be, over real sockets: RFC 4475's kinds of badness, methods, OPTIONS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

static struct fixture f;
static char buf[8192];
static int fd;
static uint16_t port;

static int setup(void **state)
{
	(void)state;
	fixture_defaults(&f);
	fd = phone_open(&port);
	return fixture_open(&f);
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	close(fd);
	return 0;
}

/* A loaded machine takes its time to answer; silence has to be believed at some point. */
#define ANSWER_MS  5000
#define SILENCE_MS 150

struct parts {
	bool silent; /* no answer is expected */
	const char *method, *uri, *via, *from, *to, *call_id, *cseq, *max_forwards, *length, *extra,
	    *body;
};

/* Status of the answer to a request whose parts are these, 0 silence. */
static int ask(const struct parts *p)
{
	static unsigned branch;
	char via[128];

	snprintf(via, sizeof(via), "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKc%u;rport\r\n",
		 port, ++branch);
	phone_send(fd, f.iface[0].udp_port, "%s %s SIP/2.0\r\n%s%s%s%s%s%s%s%s\r\n%s",
		   p->method ? p->method : "OPTIONS", p->uri ? p->uri : "sip:8000@127.0.0.1",
		   p->via ? p->via : via, p->from ? p->from : "From: <sip:a@b>;tag=1\r\n",
		   p->to ? p->to : "To: <sip:c@d>\r\n", p->call_id ? p->call_id : "Call-ID: x\r\n",
		   p->cseq ? p->cseq : "CSeq: 1 OPTIONS\r\n",
		   p->max_forwards ? p->max_forwards : "Max-Forwards: 70\r\n",
		   p->extra ? p->extra : "", p->length ? p->length : "Content-Length: 0\r\n",
		   p->body ? p->body : "");
	phone_recv(fd, buf, sizeof(buf), p->silent ? SILENCE_MS : ANSWER_MS);
	return phone_status(buf);
}
#define ASK(...) ask(&(struct parts){__VA_ARGS__})

static void test_options(void **state)
{
	(void)state;
	assert_int_equal(ASK(.extra = ""), 200);
	assert_non_null(strstr(phone_header(buf, "Allow"), "INVITE"));
	assert_string_equal(phone_header(buf, "Accept"), "application/sdp");
	assert_non_null(strstr(phone_header(buf, "Supported"), "replaces"));
	assert_non_null(strstr(phone_header(buf, "Via"), "received=127.0.0.1"));
	assert_non_null(strstr(phone_header(buf, "To"), ";tag="));
	assert_int_equal(ASK(.max_forwards = "Max-Forwards: 0\r\n"), 200);
}

static void test_same_tag_when_sent_again(void **state)
{
	const char *via = "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKsame;rport\r\n";
	char first[256];
	(void)state;

	assert_int_equal(ASK(.via = via), 200);
	strcpy(first, phone_header(buf, "To"));
	assert_int_equal(ASK(.via = via), 200);
	assert_string_equal(first, phone_header(buf, "To"));
}

static void test_mandatory(void **state)
{
	(void)state;
	assert_int_equal(ASK(.via = "", .silent = true), 0);
	assert_int_equal(ASK(.from = "", .silent = true), 0);
	assert_int_equal(ASK(.to = "", .silent = true), 0);
	assert_int_equal(ASK(.call_id = "", .silent = true), 0);
	assert_int_equal(ASK(.cseq = "", .silent = true), 0);
	assert_int_equal(ASK(.max_forwards = ""), 200);
	assert_int_equal(ASK(.length = ""), 200);
}

static void test_bad_values(void **state)
{
	char long_id[400];
	(void)state;

	assert_int_equal(ASK(.cseq = "CSeq: 1 INVITE\r\n"), 400);
	assert_int_equal(ASK(.cseq = "CSeq: 36893488147419103232 OPTIONS\r\n"), 400);
	assert_int_equal(ASK(.cseq = "CSeq: 4294967295 OPTIONS\r\n"), 400);
	assert_int_equal(ASK(.length = "Content-Length: 9999\r\n"), 400);
	assert_int_equal(ASK(.length = "Content-Length: -999\r\n"), 400);
	assert_int_equal(ASK(.length = "Content-Length: 0\r\nContent-Length: 0\r\n"), 400);
	assert_int_equal(ASK(.max_forwards = "Max-Forwards: 300\r\n"), 400);
	assert_int_equal(ASK(.extra = "From: <sip:x@y>;tag=2\r\n"), 400);
	assert_int_equal(ASK(.extra = "Require: nothingSupportsThis, timer\r\n"), 420);
	assert_string_equal(phone_header(buf, "Unsupported"), "nothingSupportsThis");
	assert_int_equal(ASK(.extra = "Require: timer\r\n"), 200);
	assert_int_equal(ASK(.uri = "mailto:a@b"), 416);
	memset(long_id, 'i', sizeof(long_id));
	memcpy(long_id, "Call-ID: ", 9);
	memcpy(long_id + sizeof(long_id) - 3, "\r\n", 3);
	assert_int_equal(ASK(.call_id = long_id), 400);
}

static void test_methods(void **state)
{
	(void)state;
	assert_int_equal(ASK(.method = "MESSAGE", .cseq = "CSeq: 1 MESSAGE\r\n"), 405);
	assert_non_null(strstr(phone_header(buf, "Allow"), "REFER"));
	assert_int_equal(ASK(.method = "NEWMETHOD", .cseq = "CSeq: 1 NEWMETHOD\r\n"), 501);
	assert_int_equal(
	    ASK(.method = "BYE", .cseq = "CSeq: 1 BYE\r\n", .to = "To: <sip:c@d>;tag=9\r\n"), 481);
	assert_int_equal(ASK(.method = "CANCEL", .cseq = "CSeq: 1 CANCEL\r\n"), 481);
	assert_int_equal(ASK(.method = "ACK", .cseq = "CSeq: 1 ACK\r\n", .silent = true), 0);
	assert_int_equal(ASK(.method = "INVITE", .cseq = "CSeq: 1 INVITE\r\n",
			     .max_forwards = "Max-Forwards: 0\r\n"),
			 483);
}

/* Datagrams that aren't SIP: silence, and life goes on. */
static void test_garbage(void **state)
{
	static char big[65000];
	unsigned seed = 3;
	(void)state;

	for (int i = 0; i < 2000; i++) {
		size_t n = (size_t)rand_r(&seed) % 400 + 1;

		for (size_t k = 0; k < n; k++)
			big[k] = (char)(rand_r(&seed) % 255 + 1);
		big[n] = '\0';
		phone_send(fd, f.iface[0].udp_port, "%s", big);
		if (!(i % 50))
			assert_int_equal(ASK(.extra = ""), 200);
	}
	phone_send(fd, f.iface[0].udp_port, "\r\n\r\n");
	phone_send(fd, f.iface[0].udp_port, "OPTIONS sip:a SIP/7.0\r\n\r\n");
	phone_send(fd, f.iface[0].udp_port, "OPTIONS sip:a SIP/2.0\r\n");
	phone_send(fd, f.iface[0].udp_port, "SIP/2.0 200 OK\r\n\r\n");
	memset(big, 'a', sizeof(big) - 1);
	memcpy(big, "X-Long: ", 8);
	strcpy(big + 64000, "\r\n");
	assert_int_equal(ASK(.extra = big), 200);
}

static const char *const seeds[] = {
    "REGISTER sip:zongji SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKa;rport\r\n"
    "From: <sip:u2@zongji>;tag=f\r\nTo: \"a, b\" <sip:u2@zongji>\r\nCall-ID: a@b\r\n"
    "CSeq: 1 REGISTER\r\nContact: <sip:u2@1.2.3.4:5;transport=tcp>;expires=60;"
    "+sip.instance=\"<urn:uuid:1>\";reg-id=1, <sips:x@[::1]>\r\nExpires: 300\r\n"
    "Path: <sip:p@127.0.0.1;lr;received=sip:1.2.3.4:5>\r\nAuthorization: Digest username=\"u2\", "
    "realm=\"" FIXTURE_REALM "\", nonce=\"000000000000000100000000000000000000000000000000\", "
    "uri=\"sip:zongji\", response=\"00000000000000000000000000000000\", qop=auth, nc=00000001, "
    "cnonce=\"a\", algorithm=MD5\r\nContent-Length: 0\r\n\r\n",
    "SUBSCRIBE sip:8312@zongji SIP/2.0\r\nv: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKb\r\n"
    "f: sip:u2@zongji;tag=f\r\nt: <sip:8312@zongji>\r\ni: c\r\nCSeq: 2 SUBSCRIBE\r\n"
    "m: <sip:u2@127.0.0.1>\r\no: dialog;sla\r\nRecord-Route: <sip:r;lr>,<sip:s>\r\n"
    "Accept: application/dialog-info+xml\r\nl: 0\r\n\r\n",
    "INVITE tel:+86-10-1234 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKd\r\n"
    "From: \"\xe5\xbc\xa0\" <sip:u2@zongji>;tag=f\r\nTo: <tel:+86-10-1234;phone-context=x>\r\n"
    "Call-ID: d\r\nCSeq: 1 INVITE\r\nContact: <sip:u2@127.0.0.1>\r\nMax-Forwards: 70\r\n"
    "Require: timer\r\nSession-Expires: 1800;refresher=uac\r\nReplaces: a;to-tag=b;from-tag=c\r\n"
    "Content-Type: application/sdp\r\nContent-Length: 88\r\n\r\nv=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n"
    "s=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\nm=audio 1000 RTP/AVP 8\r\n",
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKe\r\nFrom: <sip:a@b>;tag=1\r\n"
    "To: <sip:c@d>;tag=2\r\nCall-ID: e\r\nCSeq: 1 INVITE\r\nContact: <sip:a@1.2.3.4>\r\n"
    "Content-Length: 0\r\n\r\n",
};
#define MUTATIONS 20000

static void mutate(char *text, size_t *len, unsigned *seed)
{
	unsigned n = (unsigned)rand_r(seed) % 6 + 1;

	while (n--) {
		size_t at = (size_t)rand_r(seed) % *len, l = (size_t)rand_r(seed) % 30;

		switch (rand_r(seed) % 4) {
		case 0:
			text[at] = (char)(rand_r(seed) % 255 + 1);
			break;
		case 1: /* a piece goes */
			l = l < *len - at ? l : *len - at - 1;
			memmove(text + at, text + at + l, *len - at - l);
			*len -= l;
			break;
		case 2: /* a piece comes twice */
			l = l < *len - at ? l : *len - at;
			memmove(text + at + l, text + at, *len - at);
			*len += l;
			break;
		default:
			text[at] = "\"<>;,:@=\r\n %0[]"[rand_r(seed) % 15];
			break;
		}
	}
	text[*len] = '\0';
}

/* Messages that were right and then were changed: whatever the answers, nothing breaks. */
static void test_mutations(void **state)
{
	static char text[8192];
	unsigned seed = 17;
	(void)state;

	for (int i = 0; i < MUTATIONS; i++) {
		const char *from = seeds[(unsigned)i % (sizeof(seeds) / sizeof(seeds[0]))];
		size_t len = strlen(from);

		strcpy(text, from);
		mutate(text, &len, &seed);
		phone_send(fd, f.iface[0].udp_port, "%s", text);
		if (!(i % 20)) {
			int tries = 3, status = 0;

			while (tries-- && status != 200)
				status = ASK(.extra = "");
			while (phone_recv(fd, buf, sizeof(buf), 0))
				;
		}
	}
	while (phone_recv(fd, buf, sizeof(buf), 50))
		;
	assert_int_equal(ASK(.extra = ""), 200);
}

static int tcp_connect(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(f.iface[0].tcp_port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int s = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(s, (struct sockaddr *)&a, sizeof(a)), 0);
	return s;
}

static void test_stream(void **state)
{
	static const char ask_text[] =
	    "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:1;branch=z9hG4bKt\r\n"
	    "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: t\r\nCSeq: 1 OPTIONS\r\n"
	    "Content-Length: 0\r\n\r\n";
	int s = tcp_connect();
	(void)state;

	/* in two pieces, and a ping of RFC 5626 */
	assert_int_equal(write(s, ask_text, 50), 50);
	usleep(20000);
	assert_int_equal(write(s, ask_text + 50, strlen(ask_text) - 50),
			 (int)strlen(ask_text) - 50);
	phone_recv(s, buf, sizeof(buf), 1000);
	assert_int_equal(phone_status(buf), 200);
	assert_int_equal(write(s, "\r\n\r\n", 4), 4);
	assert_int_equal(phone_recv(s, buf, sizeof(buf), 1000), 2);
	assert_string_equal(buf, "\r\n");
	close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_options, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_same_tag_when_sent_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_mandatory, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_bad_values, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_methods, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_mutations, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_stream, setup, teardown),
	};

	return cmocka_run_group_tests_name("sip check", tests, NULL, NULL);
}
