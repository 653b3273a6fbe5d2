/*
 * The HTTP server: a route table, sessions, JSON, an event stream, the static console, /healthz
 * and /metrics. It knows the protocol (RFC 9110, RFC 9112, WHATWG server-sent events) and nothing
 * of the switchboard: what the routes do is handed in as a table, what happened as text.
 *
 * Threads: libmicrohttpd's one thread, which never blocks; `workers` threads in which the routes'
 * functions run; one thread for events and the watchdog. The functions below may be called from
 * any thread unless it says otherwise.
 *
 * Ownership: the routes, their arg and the catalogue are used until http_room_free; all else is
 * copied by http_room_alloc.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/catalogue.h"

struct http_room;
struct http_call; /* one request and its answer */

/* Limits */
#define HTTP_CONNECTIONS       1024
#define HTTP_CONNECTIONS_IP    256 /* from one address */
#define HTTP_STREAMS	       256 /* open event streams */
#define HTTP_STREAMS_USER      16
#define HTTP_EVENTS_QUEUED     4096 /* published and not yet numbered */
#define HTTP_EVENTS_KEPT       2048 /* that a stream can resume over */
#define HTTP_EVENTS_KEPT_BYTES (8u << 20)
#define HTTP_EVENT_BYTES       (64u << 10)
#define HTTP_QUEUE	       256 /* requests waiting for a worker */
#define HTTP_WORKERS	       16
#define HTTP_BODY_BYTES	       (64u << 10) /* unless the route says otherwise */
#define HTTP_DRAIN_BYTES       (16u << 20) /* of a body over its limit, read before it is refused */
#define HTTP_JSON_DEPTH	       32
#define HTTP_PATH_BYTES	       1024
#define HTTP_PARAMS	       4
#define HTTP_QUERIES	       24
#define HTTP_SESSIONS	       4096
#define HTTP_SESSIONS_USER     32
#define HTTP_HEADERS	       4 /* of an answer, besides those that each has */
#define HTTP_HEADER_BYTES      128
#define HTTP_PROXIES	       8
#define HTTP_REQUEST_MS	       20000 /* from a request's beginning until all of it has come */
#define HTTP_ANSWER_MS	       60000 /* until an answer that isn't a stream has gone */
#define HTTP_IDLE_S	       30
#define HTTP_BEAT_MS	       5000 /* heartbeat of the event stream */

#define HTTP_WATCH_MS 120000

#define HTTP_USER_NAME 64

/* Who is signed in. `roles` is a mask whose bits belong to whoever wrote the route table. */
struct http_identity {
	uint32_t user; /* stable id, 0 nobody */
	uint32_t org;
	uint32_t person; /* in the directory, 0 none */
	uint32_t roles;
	char name[HTTP_USER_NAME];
	int64_t opened_ms; /* wall clock: when the session was opened; read only */
};

/* Runs in a worker and may block. Gives exactly one answer (http_call_give …); none is a 500. */
typedef void http_function(struct http_call *c, void *arg);

struct http_route {
	const char *method;    /* "GET", "POST", "PUT", "PATCH", "DELETE" */
	const char *path;      /* "/api/v1/calls/{no}": a parameter is one whole segment */
	const char *operation; /* name in api/openapi.yaml */
	uint32_t roles;	       /* one of these must be held; 0: everybody, signed in or not */
	uint32_t body_bytes;   /* most that a body may have, 0: HTTP_BODY_BYTES */
	http_function *run;    /* NULL: the event stream */
	const char *body_type; /* of a body that isn't JSON ("audio/wav"); NULL JSON */
};

struct http_config {
	const char *listen;    /* address, "127.0.0.1", "::1", "0.0.0.0" */
	uint16_t port;	       /* 0: any that is free */
	const char *cert_file; /* PEM; both or neither: TLS by ourselves */
	const char *key_file;
	const char
	    *proxy[HTTP_PROXIES]; /* addresses whose X-Forwarded-For and -Proto are believed */
	unsigned proxy_count;
	const char *console_dir; /* built console, NULL none; read into memory at the start */
	const char
	    *sessions_file; /* sessions outlive a restart in it (mode 0600), NULL: they don't */
	const char
	    *metrics_token;	 /* Bearer token for /metrics from elsewhere, NULL loopback only */
	unsigned workers;	 /* 0: 4 */
	int64_t session_idle_ms; /* 0: 12 h without a request or an open stream */
	int64_t session_max_ms;	 /* 0: 7 days */
	const struct http_route *route;
	size_t route_count;
	void *arg;		       /* handed to every function of the table */
	const struct catalogue *texts; /* of errors; NULL: the code stands for its text */
};

/* Starts to serve. Errors: EADDRINUSE, EACCES, EINVAL (certificate, configuration), ENOMEM. */
int http_room_alloc(struct http_room **hp, const struct http_config *cfg);

/* Ends in order: no more requests, those under way are answered, streams closed. Accepts NULL. */
void http_room_free(struct http_room *h);

uint16_t http_room_port(const struct http_room *h);

/* An event for the streams of `org` (0: all organisations) of users who hold one of `roles` (0: all
 * signed in): `name` is [a-z_]+, `json` one line. Never waits. ENOBUFS when the queue is full, and
 * then every stream is told by `reset` that it must read anew; E2BIG over HTTP_EVENT_BYTES. */
int http_room_publish(struct http_room *h, uint32_t org, uint32_t roles, const char *name,
		      const char *json);

/* True when somebody may see what is published: a stream is open, or was, or a snapshot was read,
 * in the last HTTP_WATCH_MS. False is a promise to publish nothing until it is true again, and what
 * was before can then not be resumed. */
bool http_room_watched(struct http_room *h);

/* What /healthz and /metrics answer until the next call. Until the first, /healthz is a 503. */
void http_room_health_set(struct http_room *h, bool ok, const char *json);
void http_room_metrics_set(struct http_room *h, const char *text);

/* Ends the sessions of a user (password or roles changed); `user` 0: all. */
void http_room_sessions_end(struct http_room *h, uint32_t user);

/* Ends the sessions of which `keep` says no. It runs under the sessions' lock: it only looks. */
typedef bool http_keep(const struct http_identity *who, void *arg);
void http_room_sessions_sift(struct http_room *h, http_keep *keep, void *arg);

struct http_figures {
	uint64_t requests, refused, events, events_lost;
	unsigned connections, streams, sessions, queued;
};
void http_room_figures(struct http_room *h, struct http_figures *out);

/* ---- for the routes' functions, in the worker that runs them ---- */

/* A parameter of the path, a member of the query, decoded; NULL when there is none. */
const char *http_call_param(const struct http_call *c, const char *name);
const char *http_call_query(const struct http_call *c, const char *name);

/* The same as whole numbers from `least` to `most`. 0, ENOENT when absent, EINVAL. */
int http_call_param_number(const struct http_call *c, const char *name, int64_t least, int64_t most,
			   int64_t *out);
int http_call_query_number(const struct http_call *c, const char *name, int64_t least, int64_t most,
			   int64_t *out);

/* The body's JSON, borrowed, NULL without a body. */
const json_t *http_call_body(const struct http_call *c);
/* The bytes of a body that isn't JSON (http_route.body_type), terminated with 0; borrowed, *len 0
 * without one. */
const char *http_call_bytes(const struct http_call *c, size_t *len);
/* A header of the request, NULL when it isn't there. */
const char *http_call_header(const struct http_call *c, const char *name);
const struct http_identity *http_call_who(const struct http_call *c);
const char *http_call_address(const struct http_call *c); /* of the client, past proxies */
enum lang http_call_language(const struct http_call *c);  /* of Accept-Language */

/* Id of the newest event that a snapshot read from now on is sure to contain. */
void http_call_event_id(struct http_call *c, char *out, size_t cap);

/* Answers. `body` is taken over, NULL is no body. */
void http_call_give(struct http_call *c, unsigned status, json_t *body);
/* Bytes of malloc(), taken over; `type` is a string that lasts. Not cached by anybody. */
void http_call_give_bytes(struct http_call *c, const char *type, void *bytes, size_t len);
/* A copy of text with a status of one's own. */
void http_call_give_text(struct http_call *c, unsigned status, const char *type, const char *text);
/* A header of the answer: Location, ETag (the answer may then be kept, and asked after by
 * If-None-Match), Content-Encoding … `name` is a string that lasts; beyond HTTP_HEADERS of them, or
 * HTTP_HEADER_BYTES of value, nothing. */
void http_call_answer_header(struct http_call *c, const char *name, const char *value);
/* {"error":{"code","text","clause"?}}: text is `api.<code>` of lang/ in the caller's language, or
 * `code` itself when it has a dot ("desk.refused.taken"); `clause` NULL none ("A1"). */
void http_call_refuse(struct http_call *c, unsigned status, const char *code, const char *clause);
/* The same with the name of the member or parameter that was wrong. */
void http_call_refuse_field(struct http_call *c, unsigned status, const char *code,
			    const char *field);
/* The same with whatever else belongs to it ({"position":2}); `more` is taken over, NULL none. */
void http_call_refuse_with(struct http_call *c, unsigned status, const char *code, json_t *more);

/* ---- sign-in ---- */

/* Counts a try of `user` from the caller's address before the password is looked at. 0, or EAGAIN
 * and the seconds to wait. */
int http_call_attempt(struct http_call *c, const char *user, unsigned *wait_s);
void http_call_attempt_ok(struct http_call *c, const char *user);

/* Opens a session, ends the one that the request came with, sets the cookie. ENOBUFS. */
int http_call_session_open(struct http_call *c, const struct http_identity *who);
/* True when the user has no other session with an open stream: no page is left. */
bool http_call_session_close(struct http_call *c);

#endif
