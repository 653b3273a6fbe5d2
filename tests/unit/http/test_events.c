#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "client.h"
#include "http/http.h"

static struct http_room *room;
static uint16_t port;
static char buf[CLIENT_BYTES];
static char cookie[3][64]; /* of three users: org 1 role 1, org 1 role 2, org 2 role 1 */

static void sign_in(struct http_call *c, void *arg)
{
	int64_t n = 0;
	struct http_identity who;

	http_call_query_number(c, "user", 1, 1000, &n);
	who = (struct http_identity){
	    .user = (uint32_t)n, .org = n == 3 ? 2 : 1, .roles = n == 2 ? 2 : 1, .name = "x"};
	http_call_session_open(c, &who);
	http_call_give(c, 204, NULL);
}

static void newest(struct http_call *c, void *arg)
{
	char id[64];

	http_call_event_id(c, id, sizeof(id));
	http_call_give(c, 200, json_pack("{s:s}", "id", id));
}

static const struct http_route routes[] = {
    {"POST", "/api/v1/in", "in", 0, 0, sign_in, NULL},
    {"GET", "/api/v1/newest", "newest", 0, 0, newest, NULL},
    {"GET", "/api/v1/events", "events", 3, 0, NULL, NULL},
};

static void take_cookie(unsigned user, char out[64])
{
	char request[256], *at;

	snprintf(request, sizeof(request),
		 "POST /api/v1/in?user=%u HTTP/1.1\r\nHost: x\r\n"
		 "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
		 user);
	assert_int_equal(client_ask(port, request, buf, sizeof(buf)), 204);
	at = strstr(buf, "zongji=");
	assert_non_null(at);
	snprintf(out, 64, "%.50s", at);
}

static int setup(void **state)
{
	struct http_config cfg = {.listen = "127.0.0.1",
				  .route = routes,
				  .route_count = sizeof(routes) / sizeof(routes[0])};
	int err = http_room_alloc(&room, &cfg);

	if (err)
		return err;
	port = http_room_port(room);
	for (unsigned i = 0; i < 3; i++)
		take_cookie(i + 1, cookie[i]);
	return 0;
}

static int teardown(void **state)
{
	http_room_free(room);
	return 0;
}

static int open_stream(const char *with, const char *more)
{
	char request[512];
	int fd = client_connect(port);

	snprintf(request, sizeof(request),
		 "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nCookie: %s\r\n%s\r\n", with, more);
	client_send(fd, request);
	return fd;
}

static void test_filtered(void **state)
{
	int fd[3];
	char got[3][8192];

	for (int i = 0; i < 3; i++) {
		fd[i] = open_stream(cookie[i], "");
		client_read(fd[i], got[i], sizeof(got[i]), "event: hello", 2000);
		assert_non_null(strstr(got[i], "text/event-stream"));
	}
	assert_int_equal(http_room_publish(room, 1, 0, "call", "{\"no\":1}"), 0);
	assert_int_equal(http_room_publish(room, 1, 2, "call", "{\"no\":2}"), 0);
	assert_int_equal(http_room_publish(room, 0, 0, "call", "{\"no\":3}"), 0);
	for (int i = 0; i < 3; i++) {
		client_read(fd[i], got[i], sizeof(got[i]), "\"no\":3", 2000);
		assert_non_null(strstr(got[i], "\"no\":3"));
		assert_int_equal(strstr(got[i], "\"no\":1") != NULL, i < 2);
		assert_int_equal(strstr(got[i], "\"no\":2") != NULL, i == 1);
		close(fd[i]);
	}
	assert_int_equal(http_room_publish(room, 0, 0, "call", "a\nb"), 22);
}

static void last_id(char *text, char out[64])
{
	char *at = strstr(text, "\"id\":\"");

	assert_non_null(at);
	snprintf(out, 64, "%.*s", (int)strcspn(at + 6, "\""), at + 6);
}

static void test_resumed(void **state)
{
	char id[64], more[128];
	int fd;

	client_ask(port, "GET /api/v1/newest HTTP/1.1\r\nHost: x\r\n\r\n", buf, sizeof(buf));
	last_id(buf, id);
	for (int i = 10; i < 20; i++) {
		char json[32];

		snprintf(json, sizeof(json), "{\"no\":%d}", i);
		http_room_publish(room, 1, 0, "call", json);
	}
	snprintf(more, sizeof(more), "Last-Event-ID: %s\r\n", id);
	fd = open_stream(cookie[0], more);
	client_read(fd, buf, sizeof(buf), "\"no\":19", 2000);
	assert_non_null(strstr(buf, "\"no\":10"));
	assert_non_null(strstr(buf, "\"no\":19"));
	assert_null(strstr(buf, "event: reset"));
	close(fd);
	/* of another run, nonsense, from the future */
	fd = open_stream(cookie[0], "Last-Event-ID: 1-5\r\n");
	client_read(fd, buf, sizeof(buf), "event: reset", 2000);
	assert_non_null(strstr(buf, "event: reset"));
	close(fd);
	fd = open_stream(cookie[0], "Last-Event-ID: \xffgarbage\r\n");
	client_read(fd, buf, sizeof(buf), "event: reset", 2000);
	assert_non_null(strstr(buf, "event: reset"));
	close(fd);
}

static void test_too_old(void **state)
{
	char id[64], more[128];
	int fd;

	client_ask(port, "GET /api/v1/newest HTTP/1.1\r\nHost: x\r\n\r\n", buf, sizeof(buf));
	last_id(buf, id);
	for (int i = 0; i < HTTP_EVENTS_KEPT + 10; i++) {
		while (http_room_publish(room, 1, 0, "call", "{}"))
			usleep(1000);
		if (i % 500 == 0)
			usleep(20000);
	}
	usleep(300000);
	snprintf(more, sizeof(more), "Last-Event-ID: %s\r\n", id);
	fd = open_stream(cookie[0], more);
	client_read(fd, buf, sizeof(buf), "event: reset", 2000);
	assert_non_null(strstr(buf, "event: reset"));
	close(fd);
}

/* Nobody watched, so nothing was published: what is asked for after that can't be told. */
static void test_unwatched(void **state)
{
	struct http_config cfg = {.listen = "127.0.0.1",
				  .route = routes,
				  .route_count = sizeof(routes) / sizeof(routes[0])};
	struct http_room *own;
	uint16_t shared = port;
	char with[64], id[64], more[128];
	int fd;

	assert_int_equal(http_room_alloc(&own, &cfg), 0);
	port = http_room_port(own);
	take_cookie(1, with);
	assert_false(http_room_watched(own));
	client_ask(port, "GET /api/v1/newest HTTP/1.1\r\nHost: x\r\n\r\n", buf, sizeof(buf));
	last_id(buf, id);
	assert_true(http_room_watched(own));
	http_room_publish(own, 1, 0, "call", "{\"no\":5}");
	snprintf(more, sizeof(more), "Last-Event-ID: %s\r\n", id);
	fd = open_stream(with, more);
	client_read(fd, buf, sizeof(buf), "\"no\":5", 2000);
	assert_non_null(strstr(buf, "\"no\":5"));
	assert_null(strstr(buf, "event: reset"));
	close(fd);
	http_room_free(own);
	port = shared;
}

static void test_heartbeat(void **state)
{
	int fd = open_stream(cookie[0], "");

	client_read(fd, buf, sizeof(buf), "event: beat", HTTP_BEAT_MS + 1000);
	assert_non_null(strstr(buf, "event: beat"));
	close(fd);
}

/* A reader that stops reading costs nothing: it is behind, and then it reads anew. */
static void test_reader_that_sleeps(void **state)
{
	static char json[8000];
	int fd = open_stream(cookie[0], "");

	client_read(fd, buf, sizeof(buf), "event: hello", 2000);
	memset(json, 'x', sizeof(json) - 1);
	json[0] = json[sizeof(json) - 2] = '"';
	for (int i = 0; i < 4000; i++) {
		while (http_room_publish(room, 1, 0, "big", json))
			usleep(1000);
		if (i % 100 == 0)
			usleep(2000);
	}
	usleep(300000);
	for (int i = 0; i < 1000 && !strstr(buf, "event: reset"); i++)
		if (client_read(fd, buf, sizeof(buf), "event: reset", 1000) == 0)
			break;
	assert_non_null(strstr(buf, "event: reset"));
	close(fd);
}

static void test_many_streams(void **state)
{
	enum { MANY = 200 };
	static int fd[MANY];
	struct http_figures f;
	char more[2][64];
	int64_t began_ms;

	for (int i = 0; i < MANY; i++) {
		char own[64];

		if (i % 10 == 0)
			take_cookie((unsigned)(100 + i / 10), more[0]);
		snprintf(own, sizeof(own), "%s", more[0]);
		fd[i] = open_stream(own, "");
	}
	for (int i = 0; i < MANY; i++) {
		client_read(fd[i], buf, sizeof(buf), "event: hello", 3000);
		assert_non_null(strstr(buf, "event: hello"));
	}
	http_room_figures(room, &f);
	assert_in_range(f.streams, MANY, HTTP_STREAMS);
	began_ms = clock_mono_ms();
	http_room_publish(room, 1, 0, "call", "{\"no\":777}");
	for (int i = 0; i < MANY; i++) {
		client_read(fd[i], buf, sizeof(buf), "777", 3000);
		assert_non_null(strstr(buf, "777"));
	}
	print_message("%d streams had an event after %d ms\n", MANY,
		      (int)(clock_mono_ms() - began_ms));
	for (int i = 0; i < MANY; i++)
		close(fd[i]);
	for (int i = 0; i < 100; i++) {
		http_room_publish(room, 1, 0, "call", "{}");
		http_room_figures(room, &f);
		if (f.streams == 0)
			break;
		usleep(100000);
	}
	assert_int_equal(f.streams, 0);
}

static void test_streams_of_a_user_are_bounded(void **state)
{
	int fd[HTTP_STREAMS_USER + 1];

	for (int i = 0; i <= HTTP_STREAMS_USER; i++) {
		fd[i] = open_stream(cookie[0], "");
		client_read(fd[i], buf, sizeof(buf), "\r\n\r\n", 2000);
		assert_non_null(
		    strstr(buf, i < HTTP_STREAMS_USER ? "HTTP/1.1 200" : "HTTP/1.1 503"));
	}
	for (int i = 0; i <= HTTP_STREAMS_USER; i++)
		close(fd[i]);
}

static void test_stream_ends_with_its_session(void **state)
{
	char own[64];
	int fd, n;

	take_cookie(50, own);
	fd = open_stream(own, "");
	client_read(fd, buf, sizeof(buf), "event: hello", 2000);
	http_room_sessions_end(room, 50);
	n = client_read(fd, buf, sizeof(buf), NULL, HTTP_BEAT_MS + 2000);
	assert_true(n < 200);
	assert_null(strstr(buf, "event: beat"));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_filtered),
	    cmocka_unit_test(test_resumed),
	    cmocka_unit_test(test_too_old),
	    cmocka_unit_test(test_unwatched),
	    cmocka_unit_test(test_heartbeat),
	    cmocka_unit_test(test_reader_that_sleeps),
	    cmocka_unit_test(test_many_streams),
	    cmocka_unit_test(test_streams_of_a_user_are_bounded),
	    cmocka_unit_test(test_stream_ends_with_its_session),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
