/* Trunks: our registration with its answers, the watch, whose a request is, taking the place of
 * all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "sip/priv.h"

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

struct set {
	struct sip_trunk_config trunk[2];
	unsigned count;
	int err;
};

static void trunks_set(struct fixture *fx, void *arg)
{
	struct set *s = arg;

	s->err = sip_room_trunks_set(fx->room, s->trunk, s->count);
}

static void trunk_base(struct sip_trunk_config *c)
{
	memset(c, 0, sizeof(*c));
	c->id = 1;
	strcpy(c->name, "carrier");
	strcpy(c->interface, "lan");
	strcpy(c->domain, "ims.example");
	snprintf(c->proxy, sizeof(c->proxy), "127.0.0.1:%u", port);
}

static void status(struct fixture *fx, void *arg)
{
	assert_int_equal(sip_room_trunk_status(fx->room, 1, arg), 0);
}

static void reply(const char *code, const char *headers)
{
	char via[512], from[256], to[256], call_id[128], cseq[64];

	strcpy(via, phone_header(buf, "Via"));
	strcpy(from, phone_header(buf, "From"));
	strcpy(to, phone_header(buf, "To"));
	strcpy(call_id, phone_header(buf, "Call-ID"));
	strcpy(cseq, phone_header(buf, "CSeq"));
	phone_send(fd, f.iface[0].udp_port,
		   "SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=r\r\n"
		   "Call-ID: %s\r\nCSeq: %s\r\n%sContent-Length: 0\r\n\r\n",
		   code, via, from, to, call_id, cseq, headers);
}

static void expect(const char *method)
{
	assert_true(phone_recv(fd, buf, sizeof(buf), 8000) > 0);
	assert_memory_equal(buf, method, strlen(method));
}

static struct sip_trunk_status settle(void)
{
	struct sip_trunk_status s;

	usleep(300000);
	fixture_run(&f, status, &s);
	return s;
}

static void way(struct fixture *fx, void *arg)
{
	assert_int_equal(sip_trunk_way(fx->room, 1, arg), 0);
}

static void test_register(void **state)
{
	struct set s = {.count = 1};
	struct sip_trunk_status st;
	struct sip_trunk_way w;
	char contact[256];
	(void)state;

	trunk_base(&s.trunk[0]);
	s.trunk[0].registers = s.trunk[0].authorization_first = true;
	strcpy(s.trunk[0].user, "+861012345678");
	strcpy(s.trunk[0].auth_user, "impi@ims.example");
	strcpy(s.trunk[0].password, "secret");
	fixture_run(&f, trunks_set, &s);
	assert_int_equal(s.err, 0);
	expect("REGISTER sip:ims.example SIP/2.0");
	assert_non_null(strstr(buf, "Authorization: Digest username=\"impi@ims.example\", "
				    "realm=\"ims.example\", nonce=\"\""));
	assert_non_null(strstr(phone_header(buf, "To"), "<sip:+861012345678@ims.example>"));
	reply("401 Unauthorized", "WWW-Authenticate: Digest realm=\"ims.example\", nonce=\"n1\", "
				  "algorithm=SHA-256, qop=\"auth\"\r\n");
	expect("REGISTER");
	assert_non_null(strstr(buf, "algorithm=SHA-256"));
	assert_non_null(strstr(phone_header(buf, "CSeq"), "2 REGISTER"));
	reply("423 Interval Too Brief", "Min-Expires: 7200\r\n");
	expect("REGISTER");
	assert_string_equal(phone_header(buf, "Expires"), "7200");
	snprintf(contact, sizeof(contact),
		 "Contact: %s\r\nService-Route: <sip:orig@127.0.0.1:%u;lr>\r\n",
		 phone_header(buf, "Contact"), port);
	reply("200 OK", contact);
	st = settle();
	assert_int_equal(st.state, SIP_TRUNK_UP);
	assert_true(st.registered);
	assert_int_equal(f.trunk_state, SIP_TRUNK_UP);
	fixture_run(&f, way, &w);
	snprintf(contact, sizeof(contact), "<sip:orig@127.0.0.1:%u;lr>", port);
	assert_string_equal(w.routes, contact);
	assert_string_equal(w.contact_user, "+861012345678");
	/* the same configuration again: nothing is sent */
	fixture_run(&f, trunks_set, &s);
	assert_int_equal(phone_recv(fd, buf, sizeof(buf), 200), 0);
	/* gone: withdrawn */
	s.count = 0;
	fixture_run(&f, trunks_set, &s);
	expect("REGISTER");
	assert_string_equal(phone_header(buf, "Expires"), "0");
}

static void test_refused(void **state)
{
	struct set s = {.count = 1};
	struct sip_trunk_status st;
	(void)state;

	trunk_base(&s.trunk[0]);
	s.trunk[0].registers = true;
	strcpy(s.trunk[0].user, "u");
	fixture_run(&f, trunks_set, &s);
	expect("REGISTER");
	assert_null(strstr(buf, "Authorization"));
	reply("401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\"\r\n");
	expect("REGISTER");
	reply("401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\"\r\n");
	st = settle();
	assert_int_equal(st.state, SIP_TRUNK_DOWN);
	assert_int_equal(st.reason, SIP_TRUNK_CREDENTIALS);
	assert_int_equal(phone_recv(fd, buf, sizeof(buf), 300), 0);
}

static void test_watch(void **state)
{
	struct set s = {.count = 1};
	struct sip_trunk_status st;
	(void)state;

	trunk_base(&s.trunk[0]);
	s.trunk[0].watch = true;
	s.trunk[0].watch_s = 1;
	fixture_run(&f, trunks_set, &s);
	st = settle();
	assert_int_equal(st.reason, SIP_TRUNK_STARTING);
	expect("OPTIONS sip:ims.example SIP/2.0");
	reply("404 Not Found", "");
	st = settle();
	assert_int_equal(st.state, SIP_TRUNK_UP);
	expect("OPTIONS");
	reply("503 Service Unavailable", "");
	expect("OPTIONS");
	reply("503 Service Unavailable", "");
	st = settle();
	assert_int_equal(st.state, SIP_TRUNK_DOWN);
	assert_int_equal(st.reason, SIP_TRUNK_REFUSED);
	assert_int_equal(st.code, 503);
	expect("OPTIONS");
	reply("200 OK", "");
	st = settle();
	assert_int_equal(st.state, SIP_TRUNK_UP);
}

static void test_unresolved(void **state)
{
	struct set s = {.count = 1};
	(void)state;

	trunk_base(&s.trunk[0]);
	strcpy(s.trunk[0].interface, "nowhere");
	fixture_run(&f, trunks_set, &s);
	assert_int_equal(settle().reason, SIP_TRUNK_MISCONFIGURED);
	strcpy(s.trunk[0].interface, "lan");
	strcpy(s.trunk[0].proxy, "[::1");
	fixture_run(&f, trunks_set, &s);
	assert_int_equal(settle().reason, SIP_TRUNK_UNRESOLVED);
	s.trunk[1] = s.trunk[0];
	s.count = 2;
	fixture_run(&f, trunks_set, &s);
	assert_int_equal(s.err, EINVAL);
}

/* ---- Names ---- */

static int dns_fd;
static uint16_t dns_port;

static size_t put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return 2;
}

static size_t put_name(uint8_t *p, const char *name)
{
	size_t n = 0;

	while (*name) {
		size_t l = strcspn(name, ".");

		p[n++] = (uint8_t)l;
		memcpy(p + n, name, l);
		n += l;
		name += l + (name[l] == '.');
	}
	p[n++] = 0;
	return n;
}

/* Answers one query: an SRV that names sbc.example on our port, or 127.0.0.1; `none` answers empty.
 */
static void answer_dns(unsigned type, bool none)
{
	uint8_t q[512], *end;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	struct timeval tv = {.tv_sec = 3};
	ssize_t n;

	setsockopt(dns_fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	n = recvfrom(dns_fd, q, 256, 0, (struct sockaddr *)&from, &len);
	assert_true(n > 16);
	assert_int_equal(q[n - 3], type); /* type's low byte, then the class */
	q[2] |= 0x80;
	put16(q + 6, none ? 0 : 1);
	put16(q + 8, 0);
	put16(q + 10, 0);
	end = q + n;
	if (!none) {
		uint8_t data[128];
		size_t l = 0;

		if (type == 33) {
			l += put16(data + l, 10);
			l += put16(data + l, 1);
			l += put16(data + l, port);
			l += put_name(data + l, "sbc.example");
		} else {
			memcpy(data, (uint8_t[]){127, 0, 0, 1}, 4);
			l = 4;
		}
		end += put16(end, 0xc00c);
		end += put16(end, type);
		end += put16(end, 1);
		end += put16(end, 0);
		end += put16(end, 300);
		end += put16(end, (unsigned)l);
		memcpy(end, data, l);
		end += l;
	}
	assert_true(sendto(dns_fd, q, (size_t)(end - q), 0, (struct sockaddr *)&from, len) > 0);
}

static void test_names(void **state)
{
	struct set s = {.count = 1};
	(void)state;

	fixture_defaults(&f);
	fd = phone_open(&port);
	dns_fd = phone_open(&dns_port);
	snprintf(f.config.nameserver, sizeof(f.config.nameserver), "127.0.0.1:%u", dns_port);
	assert_int_equal(fixture_open(&f), 0);
	trunk_base(&s.trunk[0]);
	s.trunk[0].watch = true;
	strcpy(s.trunk[0].proxy, "carrier.example");
	fixture_run(&f, trunks_set, &s);
	answer_dns(33, false);
	answer_dns(1, false);
	expect("OPTIONS sip:ims.example");
	reply("200 OK", "");
	assert_int_equal(settle().state, SIP_TRUNK_UP);
	/* with a port there is no SRV */
	snprintf(s.trunk[0].proxy, sizeof(s.trunk[0].proxy), "carrier.example:%u", port);
	fixture_run(&f, trunks_set, &s);
	answer_dns(1, false);
	expect("OPTIONS sip:ims.example");
	/* nothing found */
	strcpy(s.trunk[0].proxy, "nowhere.example");
	fixture_run(&f, trunks_set, &s);
	answer_dns(33, true);
	answer_dns(1, true);
	assert_int_equal(settle().reason, SIP_TRUNK_UNRESOLVED);
	fixture_close(&f);
	close(fd);
	close(dns_fd);
}

struct whose {
	const char *source;
	enum sip_transp tp;
	const char *user;
	uint16_t trunk;
};

static void ask_whose(struct fixture *fx, void *arg)
{
	struct whose *w = arg;
	struct sip_msg msg = {.tp = w->tp, .uri = {.scheme = PL("sip")}};

	pl_set_str(&msg.uri.user, w->user);
	assert_int_equal(sa_decode(&msg.src, w->source, strlen(w->source)), 0);
	w->trunk = sip_trunk_of_source(sip_iface_at(fx->room, 0), &msg);
}

static uint16_t whose(const char *source, enum sip_transp tp, const char *user)
{
	struct whose w = {.source = source, .tp = tp, .user = user};

	fixture_run(&f, ask_whose, &w);
	return w.trunk;
}

static void test_sources(void **state)
{
	struct set s = {.count = 2};
	(void)state;

	trunk_base(&s.trunk[0]);
	s.trunk[0].source_only = true;
	strcpy(s.trunk[0].sources[0], "10.1.0.0/17");
	strcpy(s.trunk[0].sources[1], "[fe80::1]:5060");
	strcpy(s.trunk[0].user, "one");
	s.trunk[1] = s.trunk[0];
	s.trunk[1].id = 2;
	strcpy(s.trunk[1].user, "two");
	strcpy(s.trunk[1].sources[2], "10.1.2.3:5070");
	fixture_run(&f, trunks_set, &s);
	assert_int_equal(whose("10.1.127.1:9", SIP_TRANSP_UDP, "x"), 1);
	assert_int_equal(whose("10.1.127.1:9", SIP_TRANSP_UDP, "two"), 2);
	assert_int_equal(whose("10.1.128.1:9", SIP_TRANSP_UDP, "two"), 0);
	assert_int_equal(whose("10.1.2.3:5070", SIP_TRANSP_UDP, "one"), 2);
	assert_int_equal(whose("10.1.2.3:5071", SIP_TRANSP_UDP, "one"), 1);
	assert_int_equal(whose("10.1.2.3:9999", SIP_TRANSP_TCP, "one"), 2);
	assert_int_equal(whose("[fe80::1]:5060", SIP_TRANSP_UDP, "one"), 1);
	assert_int_equal(whose("[fe80::2]:5060", SIP_TRANSP_UDP, "one"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_register, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_watch, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_unresolved, setup, teardown),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test_setup_teardown(test_sources, setup, teardown),
	};

	return cmocka_run_group_tests_name("sip trunk", tests, NULL, NULL);
}
