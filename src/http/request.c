/*
 * One request through libmicrohttpd's callbacks, all in its one thread:
 *
 *   begin ─▶ handle (headers: NEW ─▶ BODY or REFUSED) ─▶ handle (body)* ─▶ handle (end of the body)
 *        ─▶ at once: health, metrics, file, stream, refusal
 *        ─▶ WORKING: suspended, a worker runs the route ─▶ DONE: resumed, handle queues the answer
 *   ─▶ end
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/text.h"
#include "http/room.h"

const char *http_request_header(const struct http_call *c, const char *name)
{
	return MHD_lookup_connection_value(c->con, MHD_HEADER_KIND, name);
}

void *http_request_begin(void *arg, const char *uri, struct MHD_Connection *con)
{
	struct http_room *h = arg;
	struct http_call *c = calloc(1, sizeof(*c));

	atomic_fetch_add(&h->requests, 1);
	if (!c)
		return NULL;
	atomic_fetch_add(&h->active, 1);
	c->room = h;
	c->con = con;
	c->uri_error = http_uri_parse(uri, &c->uri);
	http_watch_until(h, con, clock_mono_ms() + HTTP_REQUEST_MS, true);
	return c;
}

void http_request_end(void *arg, struct MHD_Connection *con, void **context,
		      enum MHD_RequestTerminationCode code)
{
	struct http_room *h = arg;
	struct http_call *c = *context;

	if (!c)
		return;
	if (c->stream)
		http_events_gone(&h->events, c->stream);
	else
		atomic_fetch_sub(&h->active, 1);
	http_watch_until(h, con, clock_mono_ms() + HTTP_IDLE_S * 1000, false);
	json_decref(c->json);
	if (c->body)
		sodium_memzero(c->body, c->body_len); /* it may be a password */
	free(c->body);
	free(c->bytes);
	free(c);
	*context = NULL;
}

void http_request_dress(const struct http_call *c, struct MHD_Response *r)
{
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(r, "Cross-Origin-Resource-Policy", "same-origin");
	if (c->secure)
		MHD_add_response_header(r, "Strict-Transport-Security", "max-age=31536000");
	if (c->must_close)
		MHD_add_response_header(r, "Connection", "close");
}

static enum MHD_Result queue_answer(struct http_call *c)
{
	struct MHD_Response *r;
	enum MHD_Result result;
	char retry[16];

	if (!c->status)
		http_call_refuse(c, 500, "internal", NULL);
	r = MHD_create_response_from_buffer(c->bytes_len, c->bytes, MHD_RESPMEM_MUST_FREE);
	if (!r)
		return MHD_NO;
	c->bytes = NULL;
	http_request_dress(c, r);
	MHD_add_response_header(r, "Cache-Control", c->etag ? "private, no-cache" : "no-store");
	if (c->type)
		MHD_add_response_header(r, "Content-Type", c->type);
	if (c->set_cookie[0])
		MHD_add_response_header(r, "Set-Cookie", c->set_cookie);
	for (unsigned i = 0; i < c->header_count; i++)
		MHD_add_response_header(r, c->header[i].name, c->header[i].value);
	if (c->retry_after_s) {
		snprintf(retry, sizeof(retry), "%u", c->retry_after_s);
		MHD_add_response_header(r, "Retry-After", retry);
	}
	http_watch_until(c->room, c->con, clock_mono_ms() + HTTP_ANSWER_MS, false);
	result = MHD_queue_response(c->con, c->status, r);
	MHD_destroy_response(r);
	return result;
}

/* ---- headers ---- */

struct header_count {
	unsigned length, encoding, host, type, long_ago;
	bool other_encoding;
};

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	struct header_count *n = arg;

	n->length += strcasecmp(name, "Content-Length") == 0;
	n->host += strcasecmp(name, "Host") == 0;
	n->type += strcasecmp(name, "Content-Type") == 0;
	if (strcasecmp(name, "Transfer-Encoding") == 0) {
		n->encoding++;
		n->other_encoding |= !value || strcasecmp(value, "chunked") != 0;
	}
	return MHD_YES;
}

/* Two readings of where a request ends are how one is smuggled past a proxy (RFC 9112, 11.2). */
static bool is_ambiguous(struct http_call *c)
{
	struct header_count n = {0};

	MHD_get_connection_values(c->con, MHD_HEADER_KIND, count_header, &n);
	return n.length > 1 || n.encoding > 1 || n.other_encoding || n.host > 1 || n.type > 1 ||
	       (n.length && n.encoding);
}

static bool is_proxy(const struct http_room *h, const char *address)
{
	for (unsigned i = 0; i < h->proxy_count; i++)
		if (strcmp(h->proxy[i], address) == 0)
			return true;
	return false;
}

/* One entry of the list; false when it isn't an address. */
static bool take_address(const char *text, size_t len, char out[HTTP_ADDRESS])
{
	unsigned char binary[16];
	char one[HTTP_ADDRESS];

	while (len > 0 && text[0] == ' ')
		text++, len--;
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len >= sizeof(one))
		return false;
	text_copy_n(one, sizeof(one), text, len);
	if (inet_pton(AF_INET, one, binary) != 1 && inet_pton(AF_INET6, one, binary) != 1)
		return false;
	memcpy(out, one, sizeof(one));
	return true;
}

/* The client is the last address in X-Forwarded-For that isn't a proxy of ours. */
static void find_client(struct http_call *c)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(c->con, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const char *list = http_request_header(c, "X-Forwarded-For");
	const char *proto = http_request_header(c, "X-Forwarded-Proto");
	size_t end = list ? strlen(list) : 0;

	http_watch_address(info ? info->client_addr : NULL, c->address);
	c->secure = c->room->tls;
	if (!is_proxy(c->room, c->address))
		return;
	c->secure |= proto && strcasecmp(proto, "https") == 0;
	while (end > 0 && is_proxy(c->room, c->address)) {
		size_t begin = end;

		while (begin > 0 && list[begin - 1] != ',')
			begin--;
		if (!take_address(list + begin, end - begin, c->address))
			return;
		end = begin ? begin - 1 : 0;
	}
}

static void find_who(struct http_call *c)
{
	const char *cookie = MHD_lookup_connection_value(c->con, MHD_COOKIE_KIND,
							 c->secure ? "__Host-zongji" : "zongji");

	if (!cookie || strlen(cookie) != HTTP_COOKIE_BYTES)
		return;
	TEXT_COPY(c->cookie, cookie);
	if (!http_sessions_find(&c->room->sessions, cookie, &c->who))
		memset(&c->who, 0, sizeof(c->who));
}

static void refuse(struct http_call *c, unsigned status, const char *code)
{
	http_call_refuse(c, status, code, NULL);
	c->state = HTTP_CALL_REFUSED;
}

/* Finds the route; without one, whether the path has others. */
static bool find_route(struct http_call *c, const char *method, bool *other_method)
{
	const struct http_room *h = c->room;

	*other_method = false;
	for (size_t i = 0; i < h->route_count; i++) {
		if (!http_uri_match(h->route[i].path, c->uri.path, c->param, &c->param_count,
				    c->param_text, sizeof(c->param_text)))
			continue;
		if (strcmp(h->route[i].method, method) == 0) {
			c->route = &h->route[i];
			return true;
		}
		*other_method = true;
	}
	return false;
}

static bool takes_body(const char *method)
{
	return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
	       strcmp(method, "PATCH") == 0;
}

static bool is_type(const char *type, const char *want)
{
	size_t len = strlen(want);

	return type && strncasecmp(type, want, len) == 0 && strchr("; \t", type[len]);
}

static size_t body_limit(const struct http_call *c)
{
	return c->route && c->route->body_bytes ? c->route->body_bytes : HTTP_BODY_BYTES;
}

static bool is_body_good(const struct http_call *c, const char *method)
{
	const char *want = c->route->body_type ? c->route->body_type : "application/json";

	return !takes_body(method) || is_type(http_request_header(c, "Content-Type"), want);
}

/* Refuses what the route doesn't allow; the order tells a stranger no more than it must. */
static void check_route(struct http_call *c, const char *method)
{
	const char *site = http_request_header(c, "Sec-Fetch-Site");
	bool other_method, reads = strcmp(method, "GET") == 0;

	if (!find_route(c, method, &other_method))
		refuse(c, other_method ? 405 : 404, other_method ? "method" : "not_found");
	else if (!reads && site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		refuse(c, 403, "other_site");
	else if (c->route->roles && !c->who.user)
		refuse(c, 401, "sign_in");
	else if (c->route->roles && !(c->route->roles & c->who.roles))
		refuse(c, 403, "forbidden");
	else if (!is_body_good(c, method))
		refuse(c, 415, c->route->body_type ? "wrong_type" : "not_json");
}

/* What is wrong with the request before its body; MHD_NO never: a refusal is an answer. */
static enum MHD_Result headers_arrived(struct http_call *c, const char *method)
{
	const char *length = http_request_header(c, "Content-Length");
	unsigned long long bytes = length ? strtoull(length, NULL, 10) : 0;
	bool other_method;

	c->state = HTTP_CALL_BODY;
	c->head = strcmp(method, "HEAD") == 0;
	if (c->head)
		method = "GET";
	c->lang = http_uri_language(http_request_header(c, "Accept-Language"));
	find_client(c);
	if (is_ambiguous(c) || c->uri_error) {
		http_room_complain(c->room, c->address, "bad request line or header");
		c->must_close = true;
		refuse(c, c->uri_error == ENAMETOOLONG ? 414 : 400, "bad_request");
		return queue_answer(c);
	}
	find_who(c);
	/* Outside of /api/ there are routes too; what has none is a file of the console. */
	if (text_starts(c->uri.path, "/api/") || find_route(c, method, &other_method) ||
	    other_method)
		check_route(c, method);
	else if (strcmp(method, "GET") != 0)
		refuse(c, 405, "method");
	if (bytes <= body_limit(c))
		return MHD_YES;
	http_room_complain(c->room, c->address, "body over the limit");
	c->must_close = true;
	refuse(c, 413, "too_large");
	/* a client that is still sending wouldn't read the answer */
	return bytes <= HTTP_DRAIN_BYTES ? MHD_YES : queue_answer(c);
}

/* ---- body ---- */

static void body_more(struct http_call *c, const char *bytes, size_t n)
{
	char *more;
	size_t cap = c->body_cap ? c->body_cap : 1024;

	if (c->state != HTTP_CALL_BODY)
		return;
	if (c->body_len + n > body_limit(c)) {
		http_room_complain(c->room, c->address, "body over the limit");
		c->must_close = true;
		refuse(c, 413, "too_large");
		return;
	}
	while (cap < c->body_len + n + 1) /* a terminator, for bodies that are text */
		cap *= 2;
	if (cap > c->body_cap) {
		more = realloc(c->body, cap);
		if (!more) {
			refuse(c, 503, "busy");
			return;
		}
		c->body = more;
		c->body_cap = cap;
	}
	memcpy(c->body + c->body_len, bytes, n);
	c->body_len += n;
	c->body[c->body_len] = '\0';
}

static void body_parse(struct http_call *c)
{
	int err;

	if (c->body_len == 0 || (c->route && c->route->body_type))
		return;
	err = http_json_parse(c->body, c->body_len, &c->json);
	if (!err)
		return;
	http_room_complain(c->room, c->address, err == E2BIG ? "JSON too deep" : "not JSON");
	refuse(c, 400, err == E2BIG ? "too_deep" : "bad_json");
}

/* ---- answers that need no worker ---- */

static bool may_read_metrics(const struct http_call *c)
{
	const char *given = http_request_header(c, "Authorization");
	const char *token = c->room->metrics_token;
	size_t len = token ? strlen(token) : 0;

	if (text_starts(c->address, "127.") || strcmp(c->address, "::1") == 0)
		return true;
	return token && given && text_starts(given, "Bearer ") && strlen(given + 7) == len &&
	       sodium_memcmp(given + 7, token, len) == 0;
}

static void give_text(struct http_call *c, struct http_text *t, const char *type)
{
	char *copy;
	bool ok;

	pthread_mutex_lock(&t->lock);
	copy = t->text ? strdup(t->text) : NULL;
	ok = t->ok;
	pthread_mutex_unlock(&t->lock);
	if (!copy) {
		http_call_refuse(c, 503, "starting", NULL);
		return;
	}
	http_call_give_bytes(c, type, copy, strlen(copy));
	c->status = ok ? 200 : 503;
}

static enum MHD_Result give_stream(struct http_call *c)
{
	struct MHD_Response *r;
	enum MHD_Result result;
	int err = http_events_stream(&c->room->events, c, &r);

	if (err) {
		c->retry_after_s = 5;
		http_call_refuse(c, 503, "too_many_streams", NULL);
		return queue_answer(c);
	}
	atomic_fetch_sub(&c->room->active, 1);
	http_request_dress(c, r);
	MHD_add_response_header(r, "Content-Type", "text/event-stream");
	MHD_add_response_header(r, "Cache-Control", "no-store");
	MHD_add_response_header(r, "X-Accel-Buffering", "no"); /* nginx passes each event at once */
	http_watch_until(c->room, c->con, 0, false);
	result = MHD_queue_response(c->con, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result give_built_in(struct http_call *c)
{
	enum MHD_Result result;

	if (strcmp(c->uri.path, "/healthz") == 0) {
		give_text(c, &c->room->health, "application/json");
	} else if (strcmp(c->uri.path, "/metrics") == 0) {
		if (may_read_metrics(c))
			give_text(c, &c->room->metrics, "text/plain; version=0.0.4; charset=utf-8");
		else
			http_call_refuse(c, 403, "forbidden", NULL);
	} else if (http_files_queue(&c->room->files, c, &result)) {
		http_watch_until(c->room, c->con, clock_mono_ms() + HTTP_ANSWER_MS, false);
		return result;
	} else {
		http_call_refuse(c, 404, "not_found", NULL);
	}
	return queue_answer(c);
}

static enum MHD_Result to_worker(struct http_call *c)
{
	int err;

	http_watch_until(c->room, c->con, 0, false);
	c->state = HTTP_CALL_WORKING;
	MHD_suspend_connection(c->con);
	err = http_pool_push(&c->room->pool, c);
	if (!err)
		return MHD_YES;
	c->retry_after_s = 1;
	http_call_refuse(c, 503, "busy", NULL);
	c->state = HTTP_CALL_DONE;
	MHD_resume_connection(c->con);
	return MHD_YES;
}

static enum MHD_Result request_arrived(struct http_call *c)
{
	if (c->state == HTTP_CALL_BODY)
		body_parse(c);
	if (c->state == HTTP_CALL_REFUSED || c->state == HTTP_CALL_DONE)
		return queue_answer(c);
	if (!c->route)
		return give_built_in(c);
	if (!c->route->run)
		return give_stream(c);
	return to_worker(c);
}

enum MHD_Result http_request_handle(void *arg, struct MHD_Connection *con, const char *url,
				    const char *method, const char *version, const char *upload,
				    size_t *upload_size, void **context)
{
	struct http_call *c = *context;

	if (!c)
		return MHD_NO; /* no memory at its beginning */
	if (c->state == HTTP_CALL_NEW)
		return headers_arrived(c, method);
	if (*upload_size > 0) {
		body_more(c, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	return request_arrived(c);
}
