#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "client.h"
#include "http/http.h"

#define JSON "Content-Type: application/json\r\n"

static struct http_room *room;
static uint16_t port;
static char buf[CLIENT_BYTES];
static char dir[] = "/tmp/zongji-console-XXXXXX";

static void echo(struct http_call *c, void *arg)
{
	const json_t *body = http_call_body(c);

	http_call_give(c, 200, body ? json_deep_copy(body) : json_object());
}

static void slow(struct http_call *c, void *arg)
{
	usleep(300000);
	http_call_give(c, 200, json_pack("{s:s}", "no", http_call_param(c, "no")));
}

static void silent(struct http_call *c, void *arg)
{
}

static void sign_in(struct http_call *c, void *arg)
{
	struct http_identity who = {.user = 1, .org = 1, .roles = 1, .name = "limin"};

	http_call_session_open(c, &who);
	http_call_give(c, 204, NULL);
}

static void address(struct http_call *c, void *arg)
{
	http_call_give(c, 200, json_pack("{s:s}", "address", http_call_address(c)));
}

static const struct http_route routes[] = {
    {"POST", "/api/v1/echo", "echo", 0, 2000, echo, NULL},
    {"GET", "/api/v1/slow/{no}", "slow", 0, 0, slow, NULL},
    {"GET", "/api/v1/silent", "silent", 0, 0, silent, NULL},
    {"POST", "/api/v1/in", "in", 0, 0, sign_in, NULL},
    {"GET", "/api/v1/one", "one", 1, 0, address, NULL},
    {"GET", "/api/v1/two", "two", 2, 0, address, NULL},
    {"GET", "/api/v1/address", "address", 0, 0, address, NULL},
};

static void put_file(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	struct http_config cfg = {.listen = "127.0.0.1",
				  .console_dir = dir,
				  .proxy = {"127.0.0.1"},
				  .proxy_count = 1,
				  .metrics_token = "sesame",
				  .route = routes,
				  .route_count = sizeof(routes) / sizeof(routes[0])};
	char assets[64];
	int err;

	if (!mkdtemp(dir))
		return -1;
	snprintf(assets, sizeof(assets), "%s/assets", dir);
	mkdir(assets, 0700);
	put_file("index.html", "<p>page</p>");
	put_file("assets/a-123.js", "let a");
	put_file("assets/a-123.js.gz", "packed");
	err = http_room_alloc(&room, &cfg);
	port = err ? 0 : http_room_port(room);
	return err;
}

static int teardown(void **state)
{
	char command[128];

	http_room_free(room);
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	return system(command);
}

static int ask(const char *head)
{
	char request[8192];

	snprintf(request, sizeof(request), "%sHost: x\r\nConnection: close\r\n\r\n", head);
	return client_ask(port, request, buf, sizeof(buf));
}

static int post(const char *path, const char *headers, const char *body)
{
	char request[16384];

	snprintf(
	    request, sizeof(request),
	    "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s",
	    path, headers, strlen(body), body);
	return client_ask(port, request, buf, sizeof(buf));
}

static void test_health_and_metrics(void **state)
{
	assert_int_equal(ask("GET /healthz HTTP/1.1\r\n"), 503);
	http_room_health_set(room, true, "{\"ok\":true}");
	assert_int_equal(ask("GET /healthz HTTP/1.1\r\n"), 200);
	assert_non_null(strstr(buf, "{\"ok\":true}"));
	http_room_health_set(room, false, "{\"ok\":false,\"why\":\"disk\"}");
	assert_int_equal(ask("GET /healthz HTTP/1.1\r\n"), 503);
	assert_non_null(strstr(buf, "disk"));
	http_room_metrics_set(room, "zongji_calls 3\n");
	assert_int_equal(ask("GET /metrics HTTP/1.1\r\n"), 200);
	assert_non_null(strstr(buf, "zongji_calls 3"));
	/* a stranger behind the proxy */
	assert_int_equal(ask("GET /metrics HTTP/1.1\r\nX-Forwarded-For: 10.1.1.1\r\n"), 403);
	assert_int_equal(ask("GET /metrics HTTP/1.1\r\nX-Forwarded-For: 10.1.1.1\r\n"
			     "Authorization: Bearer sesame\r\n"),
			 200);
	assert_int_equal(ask("GET /metrics HTTP/1.1\r\nX-Forwarded-For: 10.1.1.1\r\n"
			     "Authorization: Bearer sesamf\r\n"),
			 403);
	assert_int_equal(ask("HEAD /healthz HTTP/1.1\r\n"), 503);
	assert_null(strstr(buf, "disk"));
	assert_int_equal(ask("POST /healthz HTTP/1.1\r\nContent-Length: 0\r\n"), 405);
}

static void test_forwarded_address(void **state)
{
	ask("GET /api/v1/address HTTP/1.1\r\nX-Forwarded-For: 6.6.6.6, 10.1.1.1 , 127.0.0.1\r\n");
	assert_non_null(strstr(buf, "\"10.1.1.1\""));
	ask("GET /api/v1/address HTTP/1.1\r\nX-Forwarded-For: bad, \xff\r\n");
	assert_non_null(strstr(buf, "\"127.0.0.1\""));
}

static void test_routes(void **state)
{
	assert_int_equal(ask("GET /api/v1/nothing HTTP/1.1\r\n"), 404);
	assert_non_null(strstr(buf, "{\"error\":{\"code\":\"not_found\",\"text\":"));
	assert_int_equal(ask("GET /api/v1/echo HTTP/1.1\r\n"), 405);
	assert_int_equal(ask("GET /api/v1/silent HTTP/1.1\r\n"), 500);
	assert_int_equal(ask("GET /api/v1/slow/%E5%BC%A0 HTTP/1.1\r\n"), 200);
	assert_non_null(strstr(buf, "{\"no\":\"\xe5\xbc\xa0\"}"));
	assert_int_equal(ask("GET /api/v1/one HTTP/1.1\r\n"), 401);
}

static void test_session_cookie(void **state)
{
	char cookie[128], request[512], *at;

	assert_int_equal(post("/api/v1/in", JSON, "{}"), 204);
	at = strstr(buf, "Set-Cookie: zongji=");
	assert_non_null(at);
	assert_non_null(strstr(at, "; Path=/; HttpOnly; SameSite=Strict\r\n"));
	snprintf(cookie, sizeof(cookie), "%.43s", at + 19);
	snprintf(request, sizeof(request), "GET /api/v1/one HTTP/1.1\r\nCookie: zongji=%s\r\n",
		 cookie);
	assert_int_equal(ask(request), 200);
	snprintf(request, sizeof(request), "GET /api/v1/two HTTP/1.1\r\nCookie: zongji=%s\r\n",
		 cookie);
	assert_int_equal(ask(request), 403);
	http_room_sessions_end(room, 1);
	snprintf(request, sizeof(request), "GET /api/v1/one HTTP/1.1\r\nCookie: zongji=%s\r\n",
		 cookie);
	assert_int_equal(ask(request), 401);
	/* over TLS at the proxy the cookie is Secure and bound to the host */
	assert_int_equal(post("/api/v1/in", JSON "X-Forwarded-Proto: https\r\n", "{}"), 204);
	assert_non_null(strstr(buf, "__Host-zongji="));
	assert_non_null(strstr(buf, "; Secure"));
}

static void test_other_site(void **state)
{
	assert_int_equal(post("/api/v1/echo", JSON "Sec-Fetch-Site: cross-site\r\n", "{}"), 403);
	assert_int_equal(post("/api/v1/echo", "Content-Type: text/plain\r\n", "{}"), 415);
	assert_int_equal(post("/api/v1/echo", "", "{}"), 415);
	assert_int_equal(post("/api/v1/echo", "Content-Type: application/jsonx\r\n", "{}"), 415);
	assert_int_equal(
	    post("/api/v1/echo", "Content-Type: application/json; charset=utf-8\r\n", "{}"), 200);
}

static void test_bad_bodies(void **state)
{
	static char deep[1900];

	memset(deep, '[', sizeof(deep) - 1);
	assert_int_equal(post("/api/v1/echo", JSON, deep), 400);
	assert_non_null(strstr(buf, "too_deep"));
	assert_int_equal(post("/api/v1/echo", JSON, "{\"a\":\"\xc3\x28\"}"), 400);
	assert_non_null(strstr(buf, "bad_json"));
	assert_int_equal(post("/api/v1/echo", JSON, "{\"a\":1,\"a\":1}"), 400);
	assert_int_equal(post("/api/v1/echo", JSON, "nonsense"), 400);
	assert_int_equal(post("/api/v1/echo", JSON, "{\"a\":[1,2]}"), 200);
	assert_non_null(strstr(buf, "{\"a\":[1,2]}"));
}

static void test_bodies_over_the_limit(void **state)
{
	static char body[2100], chunk[2400];

	memset(body, 'x', sizeof(body) - 1);
	assert_int_equal(post("/api/v1/echo", JSON, body), 413);
	snprintf(chunk, sizeof(chunk),
		 "POST /api/v1/echo HTTP/1.1\r\nHost: x\r\n" JSON
		 "Transfer-Encoding: chunked\r\n\r\n7ff\r\n%.2047s\r\n0\r\n\r\n",
		 body);
	assert_int_equal(client_ask(port, chunk, buf, sizeof(buf)), 413);
	assert_int_equal(client_ask(port,
				    "POST /api/v1/echo HTTP/1.1\r\nHost: x\r\n" JSON
				    "Content-Length: 99999999999\r\n\r\n",
				    buf, sizeof(buf)),
			 413);
}

static void test_two_readings(void **state)
{
	static const char *const bad[] = {
	    "POST /api/v1/echo HTTP/1.1\r\nHost: x\r\n" JSON
	    "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
	    "POST /api/v1/echo HTTP/1.1\r\nHost: x\r\n" JSON
	    "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
	    "POST /api/v1/echo HTTP/1.1\r\nHost: x\r\n" JSON
	    "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	    "POST /api/v1/echo HTTP/1.1\r\nHost: x\r\n" JSON
	    "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	    "POST /api/v1/echo HTTP/1.1\r\nHost: x\r\n" JSON "Content-Length: -1\r\n\r\n",
	    "POST /api/v1/echo HTTP/1.1\r\nHost: x\r\n" JSON "Content-Length: 2x\r\n\r\n{}",
	    "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
	    "GET /api%00/v1 HTTP/1.1\r\nHost: x\r\n\r\n",
	    "GET /index.html%00.txt HTTP/1.1\r\nHost: x\r\n\r\n",
	    "GET /assets/../index.html HTTP/1.1\r\nHost: x\r\n\r\n",
	    "GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int status = client_ask(port, bad[i], buf, sizeof(buf));

		if (status != 400)
			print_error("case %zu: %d\n", i, status);
		assert_int_equal(status, 400);
	}
}

static void test_nothing_follows_a_refusal(void **state)
{
	/* what a proxy would take for the body must not be answered as a request */
	client_ask(port,
		   "POST /api/v1/echo HTTP/1.1\r\nHost: x\r\n" JSON
		   "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
		   "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
		   buf, sizeof(buf));
	assert_null(strstr(buf + 1, "HTTP/1.1 2"));
	assert_null(strstr(buf + 1, "HTTP/1.1 503"));
}

static void test_noise(void **state)
{
	static char headers[70000];
	int status;

	memset(headers, 'a', sizeof(headers) - 1);
	memcpy(headers, "GET / HTTP/1.1\r\nX: ", 19);
	status = client_ask(port, headers, buf, sizeof(buf));
	assert_true(status == 431 || status == 400 || status == 0 || status == 413);
	memset(headers, 'a', 40000);
	memcpy(headers, "GET /", 5);
	strcpy(headers + 40000, " HTTP/1.1\r\nHost: x\r\n\r\n");
	status = client_ask(port, headers, buf, sizeof(buf));
	assert_true(status == 414 || status == 400 || status == 0);
	client_ask(port, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", buf, sizeof(buf));
	client_ask(port, "\r\n\r\n\r\n", buf, sizeof(buf));
	assert_int_equal(ask("GET /api/v1/address HTTP/1.1\r\n"), 200);
}

static void test_files(void **state)
{
	char request[256], *tag;

	assert_int_equal(ask("GET / HTTP/1.1\r\n"), 200);
	assert_non_null(strstr(buf, "<p>page</p>"));
	assert_non_null(strstr(buf, "Content-Security-Policy: default-src 'none'"));
	assert_non_null(strstr(buf, "X-Content-Type-Options: nosniff"));
	assert_non_null(strstr(buf, "Cache-Control: no-cache"));
	tag = strstr(buf, "ETag: ");
	assert_non_null(tag);
	snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nIf-None-Match: %.34s\r\n", tag + 6);
	assert_int_equal(ask(request), 304);
	assert_int_equal(ask("GET /records/12 HTTP/1.1\r\n"), 200);
	assert_non_null(strstr(buf, "<p>page</p>"));
	assert_int_equal(ask("GET /assets/a-123.js HTTP/1.1\r\n"), 200);
	assert_non_null(strstr(buf, "let a"));
	assert_non_null(strstr(buf, "immutable"));
	assert_int_equal(ask("GET /assets/a-123.js HTTP/1.1\r\nAccept-Encoding: gzip\r\n"), 200);
	assert_non_null(strstr(buf, "packed"));
	assert_non_null(strstr(buf, "Content-Encoding: gzip"));
	assert_int_equal(ask("GET /assets/b.js HTTP/1.1\r\n"), 404);
}

static void test_slow_work_holds_nobody(void **state)
{
	int fd = client_connect(port);
	int64_t began_ms = clock_mono_ms();

	client_send(fd, "GET /api/v1/slow/1 HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(ask("GET /metrics HTTP/1.1\r\n"), 200);
	assert_in_range(clock_mono_ms() - began_ms, 0, 200);
	client_read(fd, buf, sizeof(buf), "{\"no\":\"1\"}", 2000);
	assert_non_null(strstr(buf, "{\"no\":\"1\"}"));
	/* and the connection goes on */
	client_send(fd, "GET /api/v1/address HTTP/1.1\r\nHost: x\r\n\r\n");
	client_read(fd, buf, sizeof(buf), "127.0.0.1", 2000);
	assert_non_null(strstr(buf, "127.0.0.1"));
	close(fd);
}

static void test_gone_before_the_answer(void **state)
{
	for (int i = 0; i < 20; i++) {
		int fd = client_connect(port);

		client_send(fd, "GET /api/v1/slow/1 HTTP/1.1\r\nHost: x\r\n\r\n");
		close(fd);
	}
	assert_int_equal(ask("GET /api/v1/slow/2 HTTP/1.1\r\n"), 200);
}

/* A byte every half second keeps libmicrohttpd's own time-out from ever coming. */
static void test_slow_sender(void **state)
{
	int header = client_connect(port), body = client_connect(port);
	int64_t began_ms = clock_mono_ms(), took_ms[2] = {0, 0};
	int fds[2] = {header, body};

	client_send(header, "GET / HTTP/1.1\r\nX: ");
	client_send(body, "POST /api/v1/echo HTTP/1.1\r\nHost: x\r\n" JSON
			  "Content-Length: 1000\r\n\r\n");
	while ((!took_ms[0] || !took_ms[1]) &&
	       clock_mono_ms() - began_ms < HTTP_REQUEST_MS + 5000) {
		for (int i = 0; i < 2; i++) {
			struct pollfd p = {.fd = fds[i], .events = POLLIN};

			if (took_ms[i])
				continue;
			if (!client_send(fds[i], "a") || (poll(&p, 1, 0) > 0))
				took_ms[i] = clock_mono_ms() - began_ms;
		}
		usleep(500000);
	}
	for (int i = 0; i < 2; i++) {
		assert_in_range(took_ms[i], HTTP_REQUEST_MS - 2000, HTTP_REQUEST_MS + 3000);
		close(fds[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_health_and_metrics),
	    cmocka_unit_test(test_forwarded_address),
	    cmocka_unit_test(test_routes),
	    cmocka_unit_test(test_session_cookie),
	    cmocka_unit_test(test_other_site),
	    cmocka_unit_test(test_bad_bodies),
	    cmocka_unit_test(test_bodies_over_the_limit),
	    cmocka_unit_test(test_two_readings),
	    cmocka_unit_test(test_nothing_follows_a_refusal),
	    cmocka_unit_test(test_noise),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_slow_work_holds_nobody),
	    cmocka_unit_test(test_gone_before_the_answer),
	    cmocka_unit_test(test_slow_sender),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
