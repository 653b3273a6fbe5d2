/* Many datagrams at once: each is answered, in order, over IPv4 and IPv6; what is bad among them
 * harms no other; an answer that can't be sent holds back no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <re.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

#define BATCH	  64  /* of the room */
#define BURST	  150 /* good ones */
#define SENDS_MOST 6u  /* rounds of 64, the bad ones counted too, and some to spare */
#define ANSWER_MS 5000
#define CS3	  0x60

static struct fixture f;
static char buf[8192];

/* ---- The room's calls of the system, seen and made to fail ---- */

static unsigned received_most, sent_most, sends, refuse_at;

int recvmmsg(int fd, struct mmsghdr *m, unsigned n, int flags, struct timespec *timeout)
{
	int (*real)(int, struct mmsghdr *, unsigned, int, struct timespec *);
	int got;

	*(void **)&real = dlsym(RTLD_NEXT, "recvmmsg");
	got = real(fd, m, n, flags, timeout);
	received_most = MAX(received_most, got > 0 ? (unsigned)got : 0);
	return got;
}

int sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
	int (*real)(int, struct mmsghdr *, unsigned, int);

	*(void **)&real = dlsym(RTLD_NEXT, "sendmmsg");
	sends++;
	if (refuse_at && refuse_at <= n) { /* the one of that place, counted from 1 */
		n = refuse_at - 1;
		refuse_at = n ? 1 : 0;
		errno = EPERM;
		if (!n)
			return -1;
	} else if (refuse_at) {
		refuse_at -= n;
	}
	sent_most = MAX(sent_most, n);
	return real(fd, m, n, flags);
}

/* ---- A burst, sent while the room's thread is busy sending it ---- */

struct burst {
	int af, fd;
	struct sa room;
	bool bad; /* with bad ones in between */
};

static void burst_open(struct burst *b, int af)
{
	const int size = 1 << 20, on = 1;
	struct sa own;

	memset(b, 0, sizeof(*b));
	b->af = af;
	assert_int_equal(sa_set_str(&own, af == AF_INET6 ? "::1" : "127.0.0.1", 0), 0);
	b->room = own;
	sa_set_port(&b->room, f.iface[af == AF_INET6].udp_port);
	b->fd = socket(af, SOCK_DGRAM, 0);
	setsockopt(b->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (af == AF_INET6)
		setsockopt(b->fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &on, sizeof(on));
	else
		setsockopt(b->fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on));
	assert_int_equal(bind(b->fd, &own.u.sa, own.len), 0);
	received_most = sent_most = sends = refuse_at = 0;
}

static void put(const struct burst *b, const void *p, size_t n)
{
	assert_int_equal(sendto(b->fd, p, n, 0, &b->room.u.sa, b->room.len), (ssize_t)n);
}

static void put_options(const struct burst *b, unsigned i)
{
	char text[600];
	int n = snprintf(text, sizeof(text),
			 "OPTIONS sip:a@b SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP %s:9;branch=z9hG4bKu%u;rport\r\n"
			 "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: %u\r\n"
			 "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
			 b->af == AF_INET6 ? "[::1]" : "127.0.0.1", i, i);

	put(b, text, (size_t)n);
}

static void put_bad(const struct burst *b, unsigned kind)
{
	static char big[60000];
	static const char *const text[] = {
	    "", "\r\n\r\n", "x", "\x7f\xff\x80 nothing\r\n", "OPTIONS sip:a@b SIP/2.0\r\n",
	    "OPTIONS sip:a@b SIP/2.0\r\nVia\r\n: ;;\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n",
	    "OPTIONS  SIP/2.0\r\nVia: SIP/2.0/UDP [;branch=\r\nCSeq: x\r\n\r\n"};

	if (kind % 9 < ARRAY_SIZE(text)) {
		put(b, text[kind % 9], strlen(text[kind % 9]));
		return;
	}
	memset(big, 'a', sizeof(big));
	put(b, big, sizeof(big));
}

static void put_all(struct fixture *unused, void *arg)
{
	const struct burst *b = arg;
	(void)unused;

	for (unsigned i = 0; i < BURST; i++) {
		put_options(b, i);
		if (b->bad && i % 3 == 1)
			put_bad(b, i / 3);
	}
}

/* The Call-ID of the next answer, -1 silence. */
static int next_answer(const struct burst *b)
{
	struct pollfd p = {.fd = b->fd, .events = POLLIN};
	struct iovec iov = {buf, sizeof(buf) - 1};
	char control[64];
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	const struct cmsghdr *c;
	ssize_t n;

	if (poll(&p, 1, ANSWER_MS) <= 0)
		return -1;
	n = recvmsg(b->fd, &m, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_int_equal(phone_status(buf), 200);
	c = CMSG_FIRSTHDR(&m);
	assert_non_null(c);
	assert_int_equal(*(const uint8_t *)CMSG_DATA(c), CS3);
	return atoi(phone_header(buf, "Call-ID"));
}

static void assert_silent(const struct burst *b)
{
	struct pollfd p = {.fd = b->fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 100), 0);
}

static void answered_in_order(int af, bool bad)
{
	struct burst b;

	burst_open(&b, af);
	b.bad = bad;
	fixture_run(&f, put_all, &b);
	for (int i = 0; i < BURST; i++)
		assert_int_equal(next_answer(&b), i);
	assert_silent(&b);
	assert_int_equal(received_most, BATCH);
	assert_true(sent_most <= BATCH && sent_most > BATCH / 2);
	assert_true(sends <= SENDS_MOST);
	close(b.fd);
}

static void test_burst(void **state)
{
	(void)state;
	answered_in_order(AF_INET, false);
}

static void test_burst_6(void **state)
{
	(void)state;
	answered_in_order(AF_INET6, false);
}

static void test_bad_ones_between(void **state)
{
	(void)state;
	answered_in_order(AF_INET, true);
}

static void test_bad_ones_between_6(void **state)
{
	(void)state;
	answered_in_order(AF_INET6, true);
}

static void test_one_alone(void **state)
{
	struct burst b;
	(void)state;

	burst_open(&b, AF_INET);
	for (int i = 0; i < 10; i++) {
		put_options(&b, (unsigned)i);
		assert_int_equal(next_answer(&b), i);
	}
	assert_int_equal(sent_most, 1);
	close(b.fd);
}

static void refused(unsigned place)
{
	struct burst b;

	burst_open(&b, AF_INET);
	refuse_at = place;
	fixture_run(&f, put_all, &b);
	for (int i = 0; i < BURST; i++)
		if (i + 1 != (int)place)
			assert_int_equal(next_answer(&b), i);
	assert_silent(&b);
	assert_int_equal(refuse_at, 0);
	close(b.fd);
}

static void test_one_cannot_be_sent(void **state)
{
	(void)state;
	refused(1);
	refused(40);
	refused(BATCH);
	refused(BATCH + 1);
	refused(BURST);
}

/* ---- */

static int setup(void **state)
{
	(void)state;
	fixture_defaults(&f);
	f.iface[1] = f.iface[0];
	strcpy(f.iface[1].name, "lan6");
	strcpy(f.iface[1].ip, "::1");
	f.config.interface_count = 2;
	return fixture_open(&f);
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_burst),
	    cmocka_unit_test(test_burst_6),
	    cmocka_unit_test(test_bad_ones_between),
	    cmocka_unit_test(test_bad_ones_between_6),
	    cmocka_unit_test(test_one_alone),
	    cmocka_unit_test(test_one_cannot_be_sent),
	};

	return cmocka_run_group_tests_name("sip udp", tests, setup, teardown);
}
