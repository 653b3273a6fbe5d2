/* The desk's routes and what they refuse: shapes, sizes, scripts in names. */
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

#define REQUEST_BYTES (64u << 10)

static struct http_room *room;
static struct api *api;
static uint16_t port;
static char buf[CLIENT_BYTES], cookie[64];
static struct api_command given;
static struct api_duty duty;
static unsigned commands, drafts, greetings;
static char draft_text[REQUEST_BYTES];
static int answer;

static int sign_in(void *arg, const char *name, const char *password, struct http_identity *out)
{
	*out = (struct http_identity){.user = 1, .org = 4, .person = 12, .roles = API_OPERATOR};
	return 0;
}

static int on_command(void *arg, const struct api_query *q, const struct api_command *c,
		      json_t **out)
{
	given = *c;
	commands++;
	*out = answer == EPERM ? json_pack("{s:s,s:s,s:i}", "code", "desk.refused.taken", "clause",
					   "A4.1.1", "position", 2)
			       : json_pack("{s:n}", "call");
	return answer;
}

static int on_duty(void *arg, const struct api_query *q, const struct api_duty *d, json_t **out)
{
	duty = *d;
	*out = json_object();
	return 0;
}

static int on_draft(void *arg, const struct api_query *q, const json_t *draft)
{
	char *text = draft ? json_dumps(draft, JSON_COMPACT) : NULL;

	drafts++;
	text_copy(draft_text, sizeof(draft_text), text);
	free(text);
	return q->id == 404 ? ENOENT : 0;
}

static int on_greeting(void *arg, const struct api_query *q, const void *wav, size_t len,
		       json_t **out)
{
	greetings++;
	assert_int_equal(len, 6);
	assert_memory_equal(wav, "RIFF\0x", 6);
	*out = json_pack("{s:s}", "fault", "wav.truncated");
	return EBADMSG;
}

static int setup(void **state)
{
	const struct api_source source = {.sign_in = sign_in,
					  .desk_command = on_command,
					  .desk_duty = on_duty,
					  .draft_set = on_draft,
					  .greeting_set = on_greeting};
	struct http_config cfg = {.listen = "127.0.0.1"};
	const char *in = "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			 "Content-Type: application/json\r\nContent-Length: 27\r\n\r\n"
			 "{\"name\":\"a\",\"password\":\"b\"}";

	if (api_alloc(&api, &source))
		return -1;
	cfg.route = api_route_table(&cfg.route_count);
	cfg.arg = api;
	if (http_room_alloc(&room, &cfg))
		return -1;
	port = http_room_port(room);
	if (client_ask(port, in, buf, sizeof(buf)) != 200)
		return -1;
	snprintf(cookie, sizeof(cookie), "%.50s", strstr(buf, "zongji="));
	return 0;
}

static int teardown(void **state)
{
	http_room_free(room);
	api_free(api);
	return 0;
}

static int ask(const char *method, const char *path, const char *headers, const char *body)
{
	static char request[REQUEST_BYTES];

	snprintf(request, sizeof(request),
		 "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: %s\r\n"
		 "Content-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n%s",
		 method, path, cookie, headers, strlen(body), body);
	return client_ask(port, request, buf, sizeof(buf));
}

static int command(const char *body)
{
	memset(&given, 0, sizeof(given));
	return ask("POST", "/api/v1/desk/commands", "", body);
}

static void test_commands(void **state)
{
	answer = 0;
	assert_int_equal(command("{\"what\":\"answer\"}"), 200);
	assert_string_equal(given.what, "answer");
	assert_int_equal(command("{\"what\":\"put_through\",\"call\":17,\"rev\":3,"
				 "\"target\":{\"person\":20},\"text\":\"<script>\"}"),
			 200);
	assert_int_equal(given.call, 17);
	assert_int_equal(given.rev, 3);
	assert_int_equal(given.person, 20);
	assert_string_equal(given.text, "<script>"); /* text is text */
	assert_int_equal(command("{\"what\":\"outcome\",\"value\":\"agreed\"}"), 200);
	assert_string_equal(given.word, "agreed");
	assert_int_equal(command("{\"what\":\"screen\",\"value\":{\"surname\":true,"
				 "\"organisation\":false,\"matter\":true}}"),
			 200);
	assert_int_equal(given.value, 5);
	assert_int_equal(ask("POST", "/api/v1/desk/commands", "Idempotency-Key: k-1\r\n",
			     "{\"what\":\"hold\"}"),
			 200);
	assert_string_equal(given.key, "k-1");
}

static void test_refusals(void **state)
{
	answer = EPERM;
	assert_int_equal(command("{\"what\":\"answer\"}"), 409);
	assert_non_null(strstr(buf, "\"code\":\"desk.refused.taken\""));
	assert_non_null(strstr(buf, "\"text\":\""));
	assert_non_null(strstr(buf, "\"clause\":\"A4.1.1\""));
	assert_non_null(strstr(buf, "\"position\":2"));
	answer = EACCES;
	assert_int_equal(command("{\"what\":\"answer\"}"), 403);
	assert_non_null(strstr(buf, "desk.not_appointed"));
	assert_non_null(strstr(buf, "A5.9"));
	answer = 0;
}

static void test_bad_commands(void **state)
{
	static const struct {
		const char *body, *field;
	} bad[] = {
	    {"", "what"},
	    {"[]", "what"},
	    {"\"answer\"", NULL},
	    {"{\"what\":5}", "what"},
	    {"{\"what\":\"a word that is far too long\"}", "what"},
	    {"{\"what\":\"hold\",\"call\":\"17\"}", "call"},
	    {"{\"what\":\"hold\",\"call\":0}", "call"},
	    {"{\"what\":\"hold\",\"call\":-1}", "call"},
	    {"{\"what\":\"hold\",\"call\":1e3}", "call"},
	    {"{\"what\":\"hold\",\"call\":9007199254740992}", "call"},
	    {"{\"what\":\"hold\",\"rev\":65536}", "rev"},
	    {"{\"what\":\"hand_over\",\"to_position\":33}", "to_position"},
	    {"{\"what\":\"dial\",\"target\":{}}", "target"},
	    {"{\"what\":\"dial\",\"target\":{\"person\":1,\"number\":\"8312\"}}", "target"},
	    {"{\"what\":\"dial\",\"target\":{\"number\":\"8312;x\"}}", "target"},
	    {"{\"what\":\"dial\",\"target\":{\"number\":\"\"}}", "target"},
	    {"{\"what\":\"dial\",\"target\":8312}", "target"},
	    {"{\"what\":\"screen\",\"value\":{\"surname\":1}}", "value"},
	    {"{\"what\":\"outcome\",\"value\":\"agreed, and for ever\"}", "value"},
	    {"{\"what\":\"greet\",\"value\":-1}", "value"},
	    {"{\"what\":\"dial\",\"text\":\"a\\r\\nVia: x\"}", "text"},
	    {"{\"what\":\"dial\",\"text\":\"a\\u0000b\"}", NULL},
	    {"{\"what\":\"hand_over\",\"note\":\"\\u0007\"}", "note"},
	    {"{\"what\":\"hold\",\"what\":\"answer\"}", NULL},
	};
	unsigned before = commands;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char field[48];
		int status = command(bad[i].body);

		if (status != 400)
			fail_msg("%s: %d", bad[i].body, status);
		snprintf(field, sizeof(field), "\"field\":\"%s\"", bad[i].field);
		if (bad[i].field && !strstr(buf, field))
			fail_msg("%s: %s", bad[i].body, buf);
	}
	assert_int_equal(ask("POST", "/api/v1/desk/commands", "Idempotency-Key: \r\n",
			     "{\"what\":\"hold\"}"),
			 400);
	assert_int_equal(commands, before);
}

/* 10 MB are refused in words that the sender gets to read, whether they say so or not. */
static void test_too_large(void **state)
{
	static char kilobyte[1025];
	char request[512];
	static const char *const forms[] = {"Content-Length: 10485760\r\n\r\n",
					    "Transfer-Encoding: chunked\r\n\r\n"};
	unsigned before = drafts;

	memset(kilobyte, ' ', sizeof(kilobyte) - 1);
	for (size_t i = 0; i < 2; i++) {
		int fd = client_connect(port);

		snprintf(request, sizeof(request),
			 "PUT /api/v1/desk/drafts/7 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			 "Cookie: %s\r\nContent-Type: application/json\r\n%s",
			 cookie, forms[i]);
		assert_true(client_send(fd, request));
		for (unsigned n = 0; n < 10240; n++) {
			assert_true(i == 0 || client_send(fd, "400\r\n"));
			assert_true(client_send(fd, kilobyte));
			assert_true(i == 0 || client_send(fd, "\r\n"));
		}
		assert_true(i == 0 || client_send(fd, "0\r\n\r\n"));
		client_read(fd, buf, sizeof(buf), "too_large", 3000);
		assert_non_null(strstr(buf, " 413 "));
		close(fd);
	}
	assert_int_equal(drafts, before);
}

static void test_drafts(void **state)
{
	static const char *const bad[] = {
	    "{}",
	    "{\"kind\":\"novel\",\"fields\":{}}",
	    "{\"kind\":\"note\"}",
	    "{\"kind\":\"note\",\"fields\":[]}",
	    "{\"kind\":\"note\",\"fields\":{},\"more\":1}",
	    "{\"kind\":\"note\",\"fields\":{\"a\":\"text\"}}",
	    "{\"kind\":\"note\",\"fields\":{\"a\":{\"text\":\"x\"}}}",
	    "{\"kind\":\"note\",\"fields\":{\"a\":{\"text\":1,\"declined\":false}}}",
	    "{\"kind\":\"note\",\"fields\":{\"__proto__ x\":{\"text\":\"x\",\"declined\":false}}}",
	    "{\"kind\":\"note\",\"fields\":{\"\":{\"text\":\"x\",\"declined\":false}}}",
	};
	unsigned before = drafts;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ask("PUT", "/api/v1/desk/drafts/7", "", bad[i]) != 400)
			fail_msg("%s: %s", bad[i], buf);
	assert_int_equal(drafts, before);
	assert_int_equal(ask("PUT", "/api/v1/desk/drafts/7", "",
			     "{\"kind\":\"screening\",\"fields\":{\"surname\":"
			     "{\"text\":\"<img onerror=x>\",\"declined\":false}}}"),
			 204);
	assert_non_null(strstr(draft_text, "<img onerror=x>"));
	assert_int_equal(ask("PUT", "/api/v1/desk/drafts/0", "",
			     "{\"kind\":\"note\",\"fields\":{}}"),
			 404);
	assert_int_equal(ask("PUT", "/api/v1/desk/drafts/404", "",
			     "{\"kind\":\"note\",\"fields\":{}}"),
			 404);
	assert_int_equal(ask("DELETE", "/api/v1/desk/drafts/7", "", ""), 204);
	assert_string_equal(draft_text, "");
}

static void test_duty(void **state)
{
	static const char *const bad[] = {
	    "{}",
	    "{\"act\":\"asleep\"}",
	    "{\"act\":\"away\",\"until_ms\":-5}",
	    "{\"act\":\"away\",\"until_ms\":\"15:00\"}",
	    "{\"act\":\"on\",\"sound\":\"horn\"}",
	    "{\"act\":\"on\",\"sound\":\"phone\"}",
	    "{\"act\":\"on\",\"sound\":\"phone\",\"extension\":8312}",
	    "{\"act\":\"on\",\"nailed\":\"yes\"}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ask("POST", "/api/v1/desk/duty", "", bad[i]) != 400)
			fail_msg("%s: %s", bad[i], buf);
	assert_int_equal(ask("POST", "/api/v1/desk/duty", "",
			     "{\"act\":\"on\",\"sound\":\"phone\",\"extension\":\"8602\","
			     "\"nailed\":true}"),
			 200);
	assert_string_equal(duty.extension, "8602");
	assert_true(duty.nailed);
	assert_non_null(strstr(buf, "\"event_id\":\""));
}

static void test_greetings(void **state)
{
	char request[512];

	/* bytes that are no text, zero among them */
	int n = snprintf(request, sizeof(request),
			 "PUT /api/v1/desk/greetings/zh-CN HTTP/1.1\r\nHost: x\r\n"
			 "Connection: close\r\nCookie: %s\r\nContent-Type: audio/wav\r\n"
			 "Transfer-Encoding: chunked\r\n\r\n",
			 cookie);
	int fd = client_connect(port);

	assert_true(n > 0 && client_send(fd, request));
	assert_int_equal(write(fd, "6\r\nRIFF\0x\r\n0\r\n\r\n", 16), 16);
	client_read(fd, buf, sizeof(buf), NULL, 3000);
	close(fd);
	assert_non_null(strstr(buf, " 400 "));
	assert_non_null(strstr(buf, "wav.truncated"));
	assert_int_equal(greetings, 1);
	assert_int_equal(ask("PUT", "/api/v1/desk/greetings/zh-CN", "", "{}"), 415);
	assert_int_equal(ask("DELETE", "/api/v1/desk/greetings/..%2F..%2Fx", "", ""), 400);
	assert_int_equal(ask("DELETE", "/api/v1/desk/greetings/fr", "", ""), 404);
	assert_int_equal(greetings, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_commands),	 cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_bad_commands), cmocka_unit_test(test_too_large),
	    cmocka_unit_test(test_drafts),	 cmocka_unit_test(test_duty),
	    cmocka_unit_test(test_greetings),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
