/* Registrar, digest and lock-out over real sockets; bindings through a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "sip/priv.h"

static struct fixture f;
static char buf[4096];

static int setup(void **state)
{
	(void)state;
	fixture_defaults(&f);
	return fixture_open(&f);
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

static int reg(int fd, uint16_t port, const char *user, const char *password, const char *contact,
	       const char *extra, int expires, const char *call_id, uint32_t cseq)
{
	struct phone_register r = {.user = user,
				   .password = password,
				   .contact = contact,
				   .extra = extra,
				   .call_id = call_id,
				   .cseq = cseq,
				   .expires = expires};

	return phone_register(fd, port, f.iface[0].udp_port, &r, buf, sizeof(buf));
}

static int contacts(const char *message)
{
	int n = 0;

	for (const char *p = message; (p = strstr(p, "\r\nContact: <")); p++)
		n++;
	return n;
}

static void test_md5_and_sha256(void **state)
{
	uint16_t port;
	int fd = phone_open(&port);
	(void)state;

	assert_int_equal(reg(fd, port, "u2", "p2", "<sip:u2@127.0.0.1:7000>", NULL, 600, "a", 1),
			 200);
	assert_non_null(strstr(buf, "Contact: <sip:u2@127.0.0.1:7000>;expires=600"));
	assert_int_equal(reg(fd, port, "u3", "p3", "<sip:u3@127.0.0.1:7000>", NULL, 600, "b", 1),
			 200);
	assert_int_equal(f.reachable_on, 2);
	/* query, then removal by zero and by star */
	assert_int_equal(reg(fd, port, "u2", "p2", NULL, NULL, -1, "a", 3), 200);
	assert_int_equal(contacts(buf), 1);
	assert_int_equal(reg(fd, port, "u2", "p2", "<sip:u2@127.0.0.1:7000>", NULL, 0, "a", 5),
			 200);
	assert_int_equal(contacts(buf), 0);
	assert_int_equal(reg(fd, port, "u3", "p3", "*", NULL, 0, "b", 5), 200);
	assert_int_equal(contacts(buf), 0);
	assert_int_equal(f.reachable_off, 2);
	assert_int_equal(reg(fd, port, "u3", "p3", "*", NULL, 60, "b", 7), 400);
	close(fd);
}

static void test_wrong_and_unknown_look_alike(void **state)
{
	uint16_t port;
	int fd = phone_open(&port);
	char wrong[4096];
	(void)state;

	assert_int_equal(reg(fd, port, "u2", "x", "<sip:u2@127.0.0.1:1>", NULL, 60, "a", 1), 401);
	strcpy(wrong, phone_header(buf, "WWW-Authenticate"));
	assert_int_equal(reg(fd, port, "nobody", "x", "<sip:u2@127.0.0.1:1>", NULL, 60, "a", 1),
			 401);
	assert_int_equal(strlen(wrong), strlen(phone_header(buf, "WWW-Authenticate")));
	assert_null(strstr(wrong, "stale"));
	assert_int_equal(reg(fd, port, "u2", "p2", "<sip:u2@127.0.0.1:1>", NULL, 60, "a", 1), 200);
	close(fd);
}

static void test_lockout(void **state)
{
	uint16_t port;
	int fd = phone_open(&port);
	(void)state;

	for (int i = 0; i < 10; i++)
		assert_int_equal(reg(fd, port, "u4", "x", NULL, NULL, -1, "a", 1), 401);
	assert_int_equal(reg(fd, port, "u4", "p4", NULL, NULL, -1, "a", 1), 403);
	/* another user from there isn't touched */
	assert_int_equal(reg(fd, port, "u6", "p6", NULL, NULL, -1, "a", 1), 200);
	/* answers to nonces that we never gave don't count */
	for (int i = 0; i < 30; i++) {
		phone_send(fd, f.iface[0].udp_port,
			   "REGISTER sip:zongji SIP/2.0\r\nVia: SIP/2.0/UDP "
			   "127.0.0.1:%u;branch=z9hG4bKx%d\r\n"
			   "From: <sip:u8@zongji>;tag=f\r\nTo: <sip:u8@zongji>\r\nCall-ID: "
			   "z\r\nCSeq: 1 REGISTER\r\n"
			   "Authorization: Digest username=\"u8\", realm=\"" FIXTURE_REALM
			   "\", nonce=\"abc\", "
			   "uri=\"sip:zongji\", response=\"00000000000000000000000000000000\"\r\n"
			   "Content-Length: 0\r\n\r\n",
			   port, i);
		assert_true(phone_recv(fd, buf, sizeof(buf), 8000) > 0);
		assert_int_equal(phone_status(buf), 401);
		assert_non_null(strstr(buf, "stale=true"));
	}
	assert_int_equal(reg(fd, port, "u8", "p8", NULL, NULL, -1, "a", 1), 200);
	close(fd);
}

static void test_limits(void **state)
{
	uint16_t port;
	int fd = phone_open(&port);
	char contact[128];
	(void)state;

	assert_int_equal(reg(fd, port, "u2", "p2", "<sip:u2@127.0.0.1:1>", NULL, 59, "a", 1), 423);
	assert_string_equal(phone_header(buf, "Min-Expires"), "60");
	assert_int_equal(reg(fd, port, "u2", "p2", "<sip:u2@127.0.0.1:1>", NULL, 99999, "a", 3),
			 200);
	assert_non_null(strstr(buf, "expires=3600"));
	for (int i = 2; i < 8; i++) {
		snprintf(contact, sizeof(contact), "<sip:u2@127.0.0.1:%d>", i);
		snprintf(buf, sizeof(buf), "c%d", i);
		assert_int_equal(reg(fd, port, "u2", "p2", contact, NULL, 600,
				     (char[]){'c', (char)('0' + i), 0}, 1),
				 200);
	}
	assert_int_equal(contacts(buf), 5);
	assert_null(strstr(buf, "127.0.0.1:1>"));
	/* for another user than has authenticated */
	struct phone_register r = {
	    .user = "u2", .password = "p2", .call_id = "q", .cseq = 1, .expires = -1};
	phone_register(fd, port, f.iface[0].udp_port, &r, buf, sizeof(buf));
	assert_int_equal(phone_status(buf), 200);
	/* older CSeq of the same call */
	assert_int_equal(reg(fd, port, "u2", "p2", "<sip:u2@127.0.0.1:7>", NULL, 600, "c7", 0),
			 400);
	close(fd);
}

static void test_restarted_phone(void **state)
{
	uint16_t port;
	int fd = phone_open(&port);
	const char *with = "<sip:u2@127.0.0.1:11>;+sip.instance=\"<urn:uuid:1>\"";
	const char *moved = "<sip:u2@127.0.0.1:12>;+sip.instance=\"<urn:uuid:1>\"";
	(void)state;

	assert_int_equal(reg(fd, port, "u2", "p2", with, NULL, 600, "a", 1), 200);
	assert_int_equal(reg(fd, port, "u2", "p2", moved, NULL, 600, "b", 1), 200);
	assert_int_equal(contacts(buf), 1);
	assert_non_null(strstr(buf, "127.0.0.1:12"));
	assert_non_null(strstr(buf, "+sip.instance=\"<urn:uuid:1>\""));
	/* without an instance: same contact, then same call at a new address */
	assert_int_equal(reg(fd, port, "u4", "p4", "<sip:u4@127.0.0.1:1>", NULL, 600, "c", 1), 200);
	assert_int_equal(reg(fd, port, "u4", "p4", "<sip:u4@127.0.0.1:1;ob>", NULL, 600, "d", 1),
			 200);
	assert_int_equal(contacts(buf), 1);
	assert_int_equal(reg(fd, port, "u4", "p4", "<sip:u4@127.0.0.1:2>", NULL, 600, "d", 3), 200);
	assert_int_equal(contacts(buf), 1);
	assert_int_equal(f.reachable_on, 2);
	close(fd);
}

static void check_binding(struct fixture *fx, void *arg)
{
	struct sip_registration reg_[4];

	assert_int_equal(sip_room_registrations(fx->room, 0, reg_, 4), *(unsigned *)arg);
	if (*(unsigned *)arg) {
		assert_string_equal(reg_[0].user, "u2");
		assert_int_equal(reg_[0].extension, 1002);
		assert_true(sip_room_reachable(fx->room, 1002));
	}
	assert_false(sip_room_reachable(fx->room, 1003));
}

static void forget(struct fixture *fx, void *arg)
{
	(void)arg;
	sip_room_forget(fx->room, 1002);
	assert_false(sip_room_reachable(fx->room, 1002));
}

static void first_registration(struct fixture *fx, void *arg)
{
	assert_int_equal(sip_room_registrations(fx->room, 1002, arg, 1), 1);
}

static void drain(struct fixture *fx, void *arg)
{
	(void)arg;
	sip_room_drain(fx->room);
}

static void test_bindings_survive(void **state)
{
	char path[] = "/tmp/zongji-bindings-XXXXXX";
	uint16_t port;
	int fd = phone_open(&port), file = mkstemp(path);
	unsigned n = 1;
	(void)state;

	close(file);
	fixture_defaults(&f);
	strcpy(f.config.bindings_file, path);
	f.config.bindings_capacity = 64;
	assert_int_equal(fixture_open(&f), 0);
	assert_int_equal(reg(fd, port, "u2", "p2", "<sip:u2@127.0.0.1:7000>", NULL, 600, "a", 1),
			 200);
	fixture_close(&f);
	/* again, with a larger file */
	f.config.bindings_capacity = 128;
	f.reachable_on = 0;
	assert_int_equal(fixture_open(&f), 0);
	assert_int_equal(f.reachable_on, 1);
	fixture_run(&f, check_binding, &n);
	fixture_run(&f, forget, NULL);
	n = 0;
	fixture_run(&f, check_binding, &n);
	usleep(300000);
	fixture_close(&f);
	assert_int_equal(f.reachable_off, 1);
	assert_int_equal(fixture_open(&f), 0);
	fixture_run(&f, check_binding, &n);
	fixture_close(&f);
	unlink(path);
	close(fd);
}

static void test_path(void **state)
{
	const char *path =
	    "Path: <sip:edge@10.0.0.9;lr;received=sip:10.9.8.7:4567>, <sip:far@10.0.0.10;lr>\r\n"
	    "Supported: path\r\n";
	struct sip_registration r;
	uint16_t port;
	int fd = phone_open(&port);
	(void)state;

	/* from somebody whom nobody has named it is ignored */
	fixture_defaults(&f);
	assert_int_equal(fixture_open(&f), 0);
	assert_int_equal(reg(fd, port, "u2", "p2", "<sip:u2@10.9.8.7:4567>", path, 600, "a", 1),
			 200);
	assert_string_equal(phone_header(buf, "Path"), "");
	fixture_run(&f, first_registration, &r);
	assert_string_equal(r.source_ip, "127.0.0.1");
	assert_true(r.nat);
	fixture_close(&f);
	strcpy(f.config.proxies[0], "127.0.0.1");
	assert_int_equal(fixture_open(&f), 0);
	assert_int_equal(reg(fd, port, "u2", "p2", "<sip:u2@10.9.8.7:4567>", path, 600, "a", 1),
			 200);
	assert_memory_equal(phone_header(buf, "Path"), "<sip:edge@10.0.0.9;lr;received", 30);
	fixture_run(&f, first_registration, &r);
	assert_string_equal(r.source_ip, "10.9.8.7");
	assert_int_equal(r.source_port, 4567);
	fixture_close(&f);
	close(fd);
}

static void test_expiry(void **state)
{
	uint16_t port;
	int fd = phone_open(&port);
	(void)state;

	fixture_defaults(&f);
	f.config.expires_min_s = 1;
	assert_int_equal(fixture_open(&f), 0);
	assert_int_equal(reg(fd, port, "u2", "p2", "<sip:u2@10.9.8.7:4567>", NULL, 1, "a", 1), 200);
	for (int i = 0; i < 100 && !f.reachable_off; i++)
		usleep(100000);
	assert_int_equal(f.reachable_off, 1);
	fixture_close(&f);
	close(fd);
}

static void ping(struct fixture *fx, void *arg)
{
	struct sip_binding b[2];
	(void)arg;

	assert_int_equal(sip_bindings_of(fx->room, 1002, b, 2), 1);
	assert_true(b[0].nat);
	sip_nat_ping(fx->room, &b[0]);
}

/* A phone behind NAT is reached where it registered from, and pinged there. */
static void test_nat(void **state)
{
	uint16_t port;
	int fd = phone_open(&port);
	(void)state;

	assert_int_equal(reg(fd, port, "u2", "p2", "<sip:u2@10.9.8.7:4567>", NULL, 600, "a", 1),
			 200);
	fixture_run(&f, ping, NULL);
	assert_true(phone_recv(fd, buf, sizeof(buf), 8000) > 0);
	assert_memory_equal(buf, "OPTIONS sip:u2@10.9.8.7:4567 SIP/2.0", 36);
	close(fd);
}

static void test_drain(void **state)
{
	uint16_t port;
	int fd = phone_open(&port);
	(void)state;

	fixture_run(&f, drain, NULL);
	assert_int_equal(reg(fd, port, "u2", "p2", NULL, NULL, 1, "a", 1), 503);
	assert_string_equal(phone_header(buf, "Retry-After"), "10");
	close(fd);
}

#define KILL_ROUNDS 5
#define KILL_USERS  200

/* In a process of its own, until it is killed. */
static pid_t serve(const char *path, uint16_t port)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	fixture_defaults(&f);
	f.iface[0].udp_port = f.iface[0].tcp_port = port;
	strcpy(f.config.bindings_file, path);
	if (fixture_open(&f))
		_exit(1);
	for (;;)
		pause();
}

struct found {
	bool user[KILL_USERS * 2];
	unsigned count;
};

static void find_all(struct fixture *fx, void *arg)
{
	static struct sip_registration r[KILL_USERS];
	struct found *out = arg;

	out->count = sip_room_registrations(fx->room, 0, r, KILL_USERS);
	assert_true(out->count <= KILL_USERS);
	for (unsigned i = 0; i < out->count; i++) {
		char contact[64];

		out->user[r[i].extension - 1000] = true;
		snprintf(contact, sizeof(contact), "<sip:%s@127.0.0.1:7000>", r[i].user);
		assert_memory_equal(r[i].contact, contact + 1, strlen(r[i].contact));
	}
}

static void wait_for_server(int fd, uint16_t server)
{
	for (int i = 0; i < 100; i++) {
		phone_send(fd, server,
			   "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKw;"
			   "rport\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:a>\r\nCall-ID: w\r\n"
			   "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
		if (phone_recv(fd, buf, sizeof(buf), 100))
			break;
	}
	while (phone_recv(fd, buf, sizeof(buf), 200))
		;
}

/* Killed at any moment: every binding that was acknowledged is there, and none is torn. */
static void test_killed(void **state)
{
	char path[] = "/tmp/zongji-bindings-XXXXXX", user[8], password[8], contact[64];
	static bool acknowledged[KILL_USERS * 2];
	static struct found found;
	unsigned seed = 11;
	uint16_t port, server = fixture_port();
	int fd = phone_open(&port), file = mkstemp(path), status;
	(void)state;

	close(file);
	for (int round = 0; round < KILL_ROUNDS; round++) {
		pid_t pid = serve(path, server);
		int stop = rand_r(&seed) % KILL_USERS;

		fixture_defaults(&f);
		f.iface[0].udp_port = server;
		wait_for_server(fd, server);
		for (int i = 0; i < stop; i++) {
			int n = rand_r(&seed) % KILL_USERS * 2;

			snprintf(user, sizeof(user), "u%d", n);
			snprintf(password, sizeof(password), "p%d", n);
			snprintf(contact, sizeof(contact), "<sip:u%d@127.0.0.1:7000>", n);
			if (reg(fd, port, user, password, contact, NULL, 600, user,
				(uint32_t)(round * 1000 + i * 2 + 1)) == 200)
				acknowledged[n] = true;
		}
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
	}
	fixture_defaults(&f);
	strcpy(f.config.bindings_file, path);
	assert_int_equal(fixture_open(&f), 0);
	fixture_run(&f, find_all, &found);
	fixture_close(&f);
	assert_true(found.count > 50);
	for (int i = 0; i < KILL_USERS * 2; i++)
		assert_true(!acknowledged[i] || found.user[i]);
	unlink(path);
	close(fd);
}

static void stats(struct fixture *fx, void *arg)
{
	sip_room_stats(fx->room, arg);
}

static void test_unknown_flood(void **state)
{
	struct sip_room_stats s;
	uint16_t port;
	int fd = phone_open(&port), got = 0;
	(void)state;

	for (int i = 0; i < 10000; i++) {
		phone_send(
		    fd, f.iface[0].udp_port,
		    "REGISTER sip:zongji SIP/2.0\r\nVia: SIP/2.0/UDP "
		    "127.0.0.1:%u;branch=z9hG4bKy%d\r\n"
		    "From: <sip:n%d@zongji>;tag=f\r\nTo: <sip:n%d@zongji>\r\nCall-ID: z%d\r\n"
		    "CSeq: 1 REGISTER\r\nContact: <sip:a@127.0.0.1>\r\nContent-Length: 0\r\n\r\n",
		    port, i, i, i, i);
		got += phone_recv(fd, buf, sizeof(buf), 8000) > 0 && phone_status(buf) == 401;
	}
	assert_int_equal(got, 10000);
	fixture_run(&f, stats, &s);
	assert_int_equal(s.challenges, 10000);
	assert_int_equal(s.bindings, 0);
	assert_true(s.timers < 10);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_killed),
	    cmocka_unit_test_setup_teardown(test_md5_and_sha256, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wrong_and_unknown_look_alike, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_lockout, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_restarted_phone, setup, teardown),
	    cmocka_unit_test(test_bindings_survive),
	    cmocka_unit_test(test_path),
	    cmocka_unit_test(test_expiry),
	    cmocka_unit_test_setup_teardown(test_nat, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_drain, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_unknown_flood, setup, teardown),
	};

	return cmocka_run_group_tests_name("sip registrar", tests, NULL, NULL);
}
