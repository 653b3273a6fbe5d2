/* Every route of the table, asked by everybody and by nobody: 401 and 403 exactly where the table
 * says. What a route does with the question is other tests' matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/api/internal.h"
#include "base/text.h"
#include "client.h"

static struct http_room *room;
static struct api *api;
static uint16_t port;
static char buf[CLIENT_BYTES];
static char cookie[API_ROLES][64];

/* The account's name is its role. */
static int sign_in(void *arg, const char *name, const char *password, struct http_identity *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < API_ROLES; i++) {
		if (strcmp(api_role_names[i].name, name) != 0)
			continue;
		*out = (struct http_identity){.user = (uint32_t)i + 1, .org = 1, .person = 5};
		out->roles = api_role_names[i].role;
		return 0;
	}
	return EACCES;
}

static int content_find(void *arg, const struct api_query *q, struct api_content *out)
{
	return ENOENT;
}

static int setup(void **state)
{
	const struct api_source source = {.sign_in = sign_in, .content_find = content_find};
	struct http_config cfg = {.listen = "127.0.0.1"};

	if (api_alloc(&api, &source))
		return -1;
	cfg.route = api_route_table(&cfg.route_count);
	cfg.arg = api;
	if (http_room_alloc(&room, &cfg))
		return -1;
	port = http_room_port(room);
	return 0;
}

static int teardown(void **state)
{
	http_room_free(room);
	api_free(api);
	return 0;
}

/* The path with something in the place of each parameter. */
static void path_of(const struct http_route *r, char *out, size_t cap)
{
	const char *p = r->path;

	text_copy(out, cap, "");
	while (*p) {
		size_t len = strcspn(p, "{");

		text_append(out, cap, "%.*s", (int)len, p);
		p += len;
		if (*p != '{')
			continue;
		text_append(out, cap, "%s", strncmp(p, "{language}", 10) == 0 ? "zh-CN" : "1");
		p += strcspn(p, "}") + 1;
	}
}

static int ask(const struct http_route *r, const char *as)
{
	char path[256], request[1024];
	bool body = strcmp(r->method, "GET") != 0 && strcmp(r->method, "DELETE") != 0;
	int fd;

	path_of(r, path, sizeof(path));
	snprintf(request, sizeof(request),
		 "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: %s\r\n%s%s%s\r\n%s",
		 r->method, path, as, body ? "Content-Type: " : "",
		 body ? (r->body_type ? r->body_type : "application/json") : "",
		 body ? "\r\nContent-Length: 2\r\n" : "", body ? "{}" : "");
	if (r->run)
		return client_ask(port, request, buf, sizeof(buf));
	fd = client_connect(port); /* a stream doesn't end */
	assert_true(fd >= 0 && client_send(fd, request));
	client_read(fd, buf, sizeof(buf), "\r\n\r\n", 2000);
	close(fd);
	return (int)strtol(buf + strlen("HTTP/1.1 "), NULL, 10);
}

static void test_routes(void **state)
{
	size_t count;
	const struct http_route *table = api_route_table(&count);

	for (size_t i = 0; i < API_ROLES; i++) {
		char body[128], request[512];

		snprintf(body, sizeof(body), "{\"name\":\"%s\",\"password\":\"x\"}",
			 api_role_names[i].name);
		snprintf(request, sizeof(request),
			 "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
			 strlen(body), body);
		assert_int_equal(client_ask(port, request, buf, sizeof(buf)), 200);
		snprintf(cookie[i], sizeof(cookie[i]), "%.50s", strstr(buf, "zongji="));
	}
	for (size_t i = 0; i < count; i++) {
		const struct http_route *r = &table[i];
		int status = ask(r, "");

		if (strcmp(r->operation, "signOut") == 0)
			continue; /* would end the others' sessions: below */
		if ((status == 401) != (r->roles != 0))
			fail_msg("%s %s by nobody: %d", r->method, r->path, status);
		for (size_t k = 0; k < API_ROLES; k++) {
			bool may = !r->roles || (r->roles & api_role_names[k].role);

			status = ask(r, cookie[k]);
			if (status == 401 || (status == 403) == may || status == 0)
				fail_msg("%s %s by %s: %d", r->method, r->path,
					 api_role_names[k].name, status);
		}
	}
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < API_ROLES && strcmp(table[i].operation, "signOut") == 0; k++)
			assert_int_equal(ask(&table[i], cookie[k]), 204);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_routes)};

	return cmocka_run_group_tests(tests, setup, teardown);
}
