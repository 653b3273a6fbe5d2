/* What a route's function sees of a request, and how it answers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "http/room.h"

static const char *pair_value(const struct http_pair *pair, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(pair[i].name, name) == 0)
			return pair[i].value;
	return NULL;
}

const char *http_call_param(const struct http_call *c, const char *name)
{
	return pair_value(c->param, c->param_count, name);
}

const char *http_call_query(const struct http_call *c, const char *name)
{
	return pair_value(c->uri.pair, c->uri.pair_count, name);
}

static int number(const char *text, int64_t least, int64_t most, int64_t *out)
{
	char *end;
	long long n;

	if (!text)
		return ENOENT;
	if (!*text || strspn(text, "0123456789") + (*text == '-') != strlen(text))
		return EINVAL;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno || *end || n < least || n > most)
		return EINVAL;
	*out = n;
	return 0;
}

int http_call_param_number(const struct http_call *c, const char *name, int64_t least, int64_t most,
			   int64_t *out)
{
	return number(http_call_param(c, name), least, most, out);
}

int http_call_query_number(const struct http_call *c, const char *name, int64_t least, int64_t most,
			   int64_t *out)
{
	return number(http_call_query(c, name), least, most, out);
}

const json_t *http_call_body(const struct http_call *c)
{
	return c->json;
}

const char *http_call_bytes(const struct http_call *c, size_t *len)
{
	*len = c->body_len;
	return c->body ? c->body : "";
}

const char *http_call_header(const struct http_call *c, const char *name)
{
	return http_request_header(c, name);
}

const struct http_identity *http_call_who(const struct http_call *c)
{
	return &c->who;
}

const char *http_call_address(const struct http_call *c)
{
	return c->address;
}

enum lang http_call_language(const struct http_call *c)
{
	return c->lang;
}

static void answer(struct http_call *c, unsigned status, const char *type, void *bytes, size_t len)
{
	free(c->bytes);
	c->status = status;
	c->type = type;
	c->bytes = bytes;
	c->bytes_len = len;
}

void http_call_give(struct http_call *c, unsigned status, json_t *body)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	bool failed = body && !text;

	json_decref(body);
	if (failed)
		status = 500;
	answer(c, status, text ? "application/json" : NULL, text, text ? strlen(text) : 0);
}

void http_call_give_bytes(struct http_call *c, const char *type, void *bytes, size_t len)
{
	answer(c, 200, type, bytes, len);
}

void http_call_give_text(struct http_call *c, unsigned status, const char *type, const char *text)
{
	char *copy = strdup(text);

	answer(c, copy ? status : 500, copy ? type : NULL, copy, copy ? strlen(copy) : 0);
}

void http_call_answer_header(struct http_call *c, const char *name, const char *value)
{
	if (c->header_count == HTTP_HEADERS || strlen(value) >= HTTP_HEADER_BYTES)
		return;
	c->header[c->header_count].name = name;
	TEXT_COPY(c->header[c->header_count].value, value);
	c->header_count++;
	c->etag |= strcmp(name, "ETag") == 0;
}

void http_call_refuse_with(struct http_call *c, unsigned status, const char *code, json_t *more)
{
	char key[96] = "";
	json_t *error = json_object(), *body = json_object();

	text_append(key, sizeof(key), "%s%s", strchr(code, '.') ? "" : "api.", code);
	json_object_set_new(error, "code", json_string(code));
	json_object_set_new(
	    error, "text",
	    json_string(c->room->texts ? catalogue_text(c->room->texts, c->lang, key) : code));
	json_object_update_missing(error, more);
	json_decref(more);
	json_object_set_new(body, "error", error);
	atomic_fetch_add(&c->room->refused, 1);
	http_call_give(c, status, body);
}

void http_call_refuse(struct http_call *c, unsigned status, const char *code, const char *clause)
{
	http_call_refuse_with(c, status, code,
			      clause ? json_pack("{s:s}", "clause", clause) : NULL);
}

void http_call_refuse_field(struct http_call *c, unsigned status, const char *code,
			    const char *field)
{
	http_call_refuse_with(c, status, code, json_pack("{s:s}", "field", field));
}

int http_call_attempt(struct http_call *c, const char *user, unsigned *wait_s)
{
	unsigned wait;
	int err = http_attempts_count(&c->room->attempts, user, c->address, clock_mono_ms(), &wait);

	if (!err)
		return 0;
	c->retry_after_s = wait;
	*wait_s = wait;
	return err;
}

void http_call_attempt_ok(struct http_call *c, const char *user)
{
	http_attempts_forgive(&c->room->attempts, user, c->address);
}

/* The prefix makes browsers refuse the cookie unless it is Secure, of this host and of path "/". */
static const char *cookie_name(const struct http_call *c)
{
	return c->secure ? "__Host-zongji" : "zongji";
}

int http_call_session_open(struct http_call *c, const struct http_identity *who)
{
	char cookie[HTTP_COOKIE_BYTES + 1];
	int err = http_sessions_open(&c->room->sessions, who, cookie);

	if (err)
		return err;
	if (c->cookie[0])
		http_sessions_close(&c->room->sessions, c->cookie);
	c->who = *who;
	snprintf(c->set_cookie, sizeof(c->set_cookie), "%s=%s; Path=/; HttpOnly; SameSite=Strict%s",
		 cookie_name(c), cookie, c->secure ? "; Secure" : "");
	return 0;
}

bool http_call_session_close(struct http_call *c)
{
	if (c->cookie[0])
		http_sessions_close(&c->room->sessions, c->cookie);
	snprintf(c->set_cookie, sizeof(c->set_cookie),
		 "%s=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0%s", cookie_name(c),
		 c->secure ? "; Secure" : "");
	return !http_events_watches(&c->room->events, c->who.user, c->cookie);
}
