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
static struct api_query asked;
static struct api_opening opened;
static unsigned openings;
static int keep_result;
static char sound[] = "/tmp/zongji-sound-XXXXXX";

static int sign_in(void *arg, const char *name, const char *password, struct http_identity *out)
{
	if (strcmp(password, "right") != 0)
		return EACCES;
	*out =
	    (struct http_identity){.user = 1, .org = 4, .person = strcmp(name, "nobody") ? 12 : 0};
	out->roles = strcmp(name, "operator") == 0  ? API_OPERATOR
		     : strcmp(name, "manager") == 0 ? API_MANAGER
						    : API_STAFF;
	return 0;
}

static int echo(void *arg, const struct api_query *q, json_t **out)
{
	asked = *q;
	*out = json_pack("{s:I}", "id", (json_int_t)q->id);
	return 0;
}

/* Record n is of person n. */
static int record(void *arg, const struct api_query *q, json_t **out)
{
	asked = *q;
	if (q->own && q->who.person != (uint32_t)q->id)
		return ENOENT;
	*out = json_pack("{s:I,s:{s:I}}", "no", (json_int_t)q->id, "target", "person",
			 (json_int_t)q->id);
	return 0;
}

static int absent(void *arg, const struct api_query *q, json_t **out)
{
	return ENOENT;
}

static int late(void *arg, const struct api_query *q, json_t **out)
{
	return EAGAIN;
}

static int content_find(void *arg, const struct api_query *q, struct api_content *out)
{
	*out = (struct api_content){.for_person = q->id == 1 ? 12 : 13,
				    .roles_with_reason = API_MANAGER};
	TEXT_COPY(out->sound_path, sound);
	return 0;
}

static int opening_keep(void *arg, const struct api_opening *o)
{
	opened = *o;
	openings++;
	return keep_result;
}

static int setup(void **state)
{
	const struct api_source source = {.sign_in = sign_in,
					  .me = echo,
					  .switchboard = echo,
					  .calls = echo,
					  .call = absent,
					  .legs = late,
					  .people = echo,
					  .messages = echo,
					  .message = echo,
					  .records = echo,
					  .record = record,
					  .content_find = content_find,
					  .message_text = echo,
					  .opening_keep = opening_keep};
	struct http_config cfg = {.listen = "127.0.0.1"};
	int fd = mkstemp(sound);

	if (fd < 0 || write(fd, "RIFFsound", 9) != 9 || api_alloc(&api, &source))
		return -1;
	close(fd);
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
	return unlink(sound);
}

static int post_session(const char *name, const char *password)
{
	char body[128], request[512];

	snprintf(body, sizeof(body), "{\"name\":\"%s\",\"password\":\"%s\"}", name, password);
	snprintf(
	    request, sizeof(request),
	    "POST /api/v1/session HTTP/1.1\r\nHost: x\r\n"
	    "Connection: close\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    strlen(body), body);
	return client_ask(port, request, buf, sizeof(buf));
}

static int get_as(const char *name, const char *path)
{
	char request[1024], cookie[64] = "";

	if (name) {
		assert_int_equal(post_session(name, "right"), 200);
		snprintf(cookie, sizeof(cookie), "%.50s", strstr(buf, "zongji="));
	}
	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: %s\r\n\r\n", path,
		 cookie);
	return client_ask(port, request, buf, sizeof(buf));
}

static void test_sign_in(void **state)
{
	assert_int_equal(post_session("limin", "wrong"), 401);
	assert_non_null(strstr(buf, "wrong_password"));
	assert_int_equal(post_session("", "right"), 400);
	assert_non_null(strstr(buf, "\"field\":\"name\""));
	assert_int_equal(post_session("limin", ""), 400);
	assert_int_equal(post_session("limin", "right"), 200);
	for (int i = 0; i < 6; i++)
		assert_int_equal(post_session("victim", "wrong"), 401);
	assert_int_equal(post_session("victim", "right"), 429);
	assert_non_null(strstr(buf, "Retry-After: "));
	assert_int_equal(post_session("limin", "right"), 200);
}

static void test_roles(void **state)
{
	assert_int_equal(get_as(NULL, "/api/v1/switchboard"), 401);
	assert_int_equal(get_as("staff", "/api/v1/switchboard"), 403);
	assert_int_equal(get_as("operator", "/api/v1/switchboard"), 200);
	assert_non_null(strstr(buf, "\"event_id\":\""));
	assert_int_equal(get_as("operator", "/api/v1/registrations"), 403);
	assert_int_equal(get_as("staff", "/api/v1/records"), 200);
	assert_true(asked.own);
	assert_int_equal(asked.who.org, 4);
	assert_int_equal(get_as("manager", "/api/v1/records"), 200);
	assert_false(asked.own);
}

static void test_filters(void **state)
{
	assert_int_equal(get_as("manager",
				"/api/v1/records?text=%E5%BC%A0&from_ms=5&to_ms=9&limit=7"
				"&clause=A4.1.3&before=1-2&department=3"),
			 200);
	assert_string_equal(asked.text, "\xe5\xbc\xa0");
	assert_int_equal(asked.from_ms, 5);
	assert_int_equal(asked.limit, 7);
	assert_string_equal(asked.clause, "A4.1.3");
	assert_string_equal(asked.before, "1-2");
	assert_int_equal(asked.department, 3);
	assert_int_equal(get_as("manager", "/api/v1/records?limit=0"), 400);
	assert_non_null(strstr(buf, "\"field\":\"limit\""));
	assert_int_equal(get_as("manager", "/api/v1/records?limit=201"), 400);
	assert_int_equal(get_as("manager", "/api/v1/records?from_ms=1e3"), 400);
	assert_int_equal(get_as("manager", "/api/v1/records?clause=AAAAAAAAAAAAAAAA"), 400);
}

static void test_answers_of_the_source(void **state)
{
	assert_int_equal(get_as("manager", "/api/v1/records/17"), 200);
	assert_int_equal(asked.id, 17);
	assert_int_equal(get_as("manager", "/api/v1/records/0"), 404);
	assert_int_equal(get_as("manager", "/api/v1/records/x"), 404);
	assert_int_equal(get_as("manager", "/api/v1/records/99999999999999999999"), 404);
	assert_int_equal(get_as("manager", "/api/v1/calls/17"), 404);
	assert_int_equal(get_as("manager", "/api/v1/legs"), 503);
	assert_int_equal(get_as("manager", "/api/v1/trunks"), 503); /* not filled */
}

static void test_own_only(void **state)
{
	assert_int_equal(get_as("staff", "/api/v1/records/12"), 200);
	assert_int_equal(get_as("staff", "/api/v1/records/13"), 404);
	assert_null(strstr(buf, "\"no\""));
	assert_int_equal(get_as("operator", "/api/v1/records/13"), 200);
	assert_int_equal(get_as("staff", "/api/v1/messages/1"), 200);
	assert_int_equal(get_as("staff", "/api/v1/messages/2"), 404);
	memset(&asked, 0, sizeof(asked));
	assert_int_equal(get_as("nobody", "/api/v1/records"), 200);
	assert_non_null(strstr(buf, "{\"items\":[],\"next\":null}"));
	assert_int_equal(get_as("nobody", "/api/v1/records/12"), 404);
	assert_int_equal(get_as("nobody", "/api/v1/messages"), 200);
	assert_int_equal(get_as("nobody", "/api/v1/session"), 200);
	assert_non_null(strstr(buf, "\"roles\":[\"staff\"]"));
}

static void test_content(void **state)
{
	openings = 0;
	assert_int_equal(get_as("staff", "/api/v1/messages/1/content"), 200);
	assert_true(opened.recipient && opened.allowed);
	assert_int_equal(get_as("staff", "/api/v1/messages/2/content"), 403);
	assert_non_null(strstr(buf, "\"clause\":\"A1\""));
	assert_false(opened.allowed);
	assert_int_equal(openings, 2);
	assert_int_equal(get_as("manager", "/api/v1/messages/2/content"), 403);
	assert_non_null(strstr(buf, "reason_needed"));
	assert_int_equal(openings, 2);
	assert_int_equal(get_as("manager", "/api/v1/messages/2/sound?reason=audit"), 200);
	assert_non_null(strstr(buf, "RIFFsound"));
	assert_string_equal(opened.reason, "audit");
	assert_string_equal(opened.address, "127.0.0.1");
	assert_int_equal(get_as("manager", "/api/v1/messages/2/sound?part=screening&reason=x"),
			 404);
	assert_int_equal(get_as("manager", "/api/v1/messages/2/sound?part=../x"), 400);
	/* what can't be kept isn't opened */
	keep_result = EIO;
	assert_int_equal(get_as("staff", "/api/v1/messages/1/content"), 503);
	keep_result = 0;
}

static void test_content_rule(void **state)
{
	struct api_content c = {.for_person = 5, .named = {7}, .named_count = 1};
	struct http_identity who = {.user = 1, .person = 7, .roles = API_STAFF};
	const char *clause;
	bool recipient;

	assert_int_equal(api_content_rule(&who, &c, false, &clause, &recipient), API_OPEN);
	assert_false(recipient);
	who.person = 0;
	assert_int_equal(api_content_rule(&who, &c, true, &clause, &recipient), API_OPEN_NOT);
	c.for_person = 0; /* nobody's message isn't everybody's */
	assert_int_equal(api_content_rule(&who, &c, true, &clause, &recipient), API_OPEN_NOT);
	who.roles = API_ADMIN;
	assert_int_equal(api_content_rule(&who, &c, true, &clause, &recipient), API_OPEN_NOT);
	who.roles = API_OPERATOR;
	assert_int_equal(api_content_rule(&who, &c, false, &clause, &recipient), API_OPEN);
	assert_string_equal(clause, "A3.8");
	c.delivered = true;
	assert_int_equal(api_content_rule(&who, &c, false, &clause, &recipient), API_OPEN_NOT);
	c.of_department = true;
	assert_int_equal(api_content_rule(&who, &c, false, &clause, &recipient), API_OPEN);
	assert_true(recipient);
}

static void test_printed_table(void **state)
{
	char text[8192], small[16];

	assert_int_equal(api_route_print(text, sizeof(text)), 0);
	assert_non_null(strstr(text, "POST /api/v1/session signIn -\n"));
	assert_non_null(strstr(text, "GET /api/v1/legs listLegs manager,admin\n"));
	assert_int_equal(api_route_print(small, sizeof(small)), EOVERFLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sign_in),	 cmocka_unit_test(test_roles),
	    cmocka_unit_test(test_filters),	 cmocka_unit_test(test_answers_of_the_source),
	    cmocka_unit_test(test_own_only),	 cmocka_unit_test(test_content),
	    cmocka_unit_test(test_content_rule), cmocka_unit_test(test_printed_table),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
