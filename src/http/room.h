/*
 * What the files of the http room share. Locks: with events.lock held, sessions.lock and those of
 * libmicrohttpd may be taken; with sessions.saving, sessions.lock; with watch.lock, log_lock; all
 * others are held alone.
 */
#ifndef HTTP_ROOM_H
#define HTTP_ROOM_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "base/log.h"
#include "base/ring.h"
#include "http/http.h"

#define HTTP_TOKEN_BYTES  32
#define HTTP_COOKIE_BYTES 43 /* of the token in base64url without padding */
#define HTTP_ADDRESS	  46
#define HTTP_FILES	  256 /* of the static console */
#define HTTP_FILES_BYTES  (16u << 20)

/* ---- uri.c: pure ---- */

struct http_pair {
	const char *name, *value;
};

struct http_uri {
	char path[HTTP_PATH_BYTES];  /* decoded */
	char query[HTTP_PATH_BYTES]; /* decoded in place, pairs point into it */
	struct http_pair pair[HTTP_QUERIES];
	unsigned pair_count;
};

/* Decodes a request target (RFC 9112, 3.2.1). 0; EINVAL (%00, bad escape, not UTF-8, dots that
 * climb); ENAMETOOLONG. */
int http_uri_parse(const char *raw, struct http_uri *out);

/* True when path fits the pattern; its parameters are then in param, names and values in text. */
bool http_uri_match(const char *pattern, const char *path, struct http_pair param[HTTP_PARAMS],
		    unsigned *count, char *text, size_t text_cap);

/* The language of Accept-Language (RFC 9110, 12.5.4); NULL gives the first. */
enum lang http_uri_language(const char *header);

/* ---- json.c: pure ---- */

/* 0 and *out; EINVAL (not JSON, not UTF-8, a name twice), E2BIG (deeper than HTTP_JSON_DEPTH). */
int http_json_parse(const char *text, size_t len, json_t **out);

/* ---- session.c ---- */

struct http_session {
	uint8_t hash[HTTP_TOKEN_BYTES]; /* of the token: the token itself is only in the browser */
	struct http_identity who;	/* user 0: free */
	int64_t opened_ms, seen_ms;	/* wall */
};

struct http_sessions {
	pthread_mutex_t lock;
	pthread_mutex_t saving;	     /* one writer of the file at a time */
	uint64_t key[HTTP_SESSIONS]; /* first bytes of the hash, for the search */
	struct http_session s[HTTP_SESSIONS];
	int64_t idle_ms, max_ms;
	unsigned count;
	char *file;
};

int http_sessions_init(struct http_sessions *t, const char *file, int64_t idle_ms, int64_t max_ms);
void http_sessions_clear(struct http_sessions *t);
/* True and *out when the cookie's token is that of a session; marks it as seen. */
bool http_sessions_find(struct http_sessions *t, const char *cookie, struct http_identity *out);
int http_sessions_open(struct http_sessions *t, const struct http_identity *who,
		       char cookie[HTTP_COOKIE_BYTES + 1]);
void http_sessions_close(struct http_sessions *t, const char *cookie);
void http_sessions_close_user(struct http_sessions *t, uint32_t user);
void http_sessions_sift(struct http_sessions *t, http_keep *keep, void *arg);
void http_sessions_save(struct http_sessions *t);

/* ---- attempt.c ---- */

#define HTTP_ATTEMPT_SLOTS 1024
struct http_attempts {
	pthread_mutex_t lock;
	struct {
		uint64_t key;
		int64_t since_ms;
		unsigned count;
	} slot[HTTP_ATTEMPT_SLOTS];
};
int http_attempts_count(struct http_attempts *a, const char *user, const char *address,
			int64_t mono_ms, unsigned *wait_s);
void http_attempts_forgive(struct http_attempts *a, const char *user, const char *address);

/* ---- event.c ---- */

struct http_event {
	atomic_uint refs;
	uint64_t id;
	uint32_t org, roles;
	size_t len;
	char text[]; /* as it goes over the wire */
};

struct http_stream; /* one open event stream */

struct http_events {
	struct ring *published; /* struct http_event *, with room for the id in front */
	atomic_bool lost;	/* the ring was full: everybody reads anew */
	pthread_mutex_t lock;	/* all below */
	uint64_t epoch;		/* of this run: ids of another can't be resumed */
	uint64_t next;		/* id of the next event; the first kept is next - kept */
	struct http_event *kept[HTTP_EVENTS_KEPT];
	unsigned kept_count;
	size_t kept_bytes;
	struct http_stream *streams;
	unsigned stream_count;
	int64_t watched_ms; /* monotonic: the last time that somebody watched */
	bool gap;	    /* events weren't published for want of watchers */
	bool closing;
};

int http_events_init(struct http_events *e);
void http_events_clear(struct http_events *e);
/* Numbers what was published and wakes whom it concerns, and those whose heartbeat is due. */
void http_events_turn(struct http_events *e, int64_t mono_ms);
void http_events_close(struct http_events *e); /* every stream ends */
/* An event stream for c. 0; EMFILE when there are too many. */
int http_events_stream(struct http_events *e, struct http_call *c, struct MHD_Response **out);
/* Has the user a stream of a session other than the cookie's? */
bool http_events_watches(struct http_events *e, uint32_t user, const char *but_cookie);
void http_events_gone(struct http_events *e, struct http_stream *s); /* s may be NULL */

/* ---- file.c ---- */

struct http_file {
	char path[256]; /* "/index.html" */
	const char *type;
	bool lasting; /* its name has the hash of its content */
	char etag[36];
	void *bytes, *gzip;
	size_t len, gzip_len;
};
struct http_files {
	struct http_file file[HTTP_FILES];
	unsigned count;
	size_t bytes;
};
int http_files_read(struct http_files *f, const char *dir);
void http_files_clear(struct http_files *f);
/* Queues the file, or index.html for a page of the console's own; false when there is none. */
bool http_files_queue(const struct http_files *f, struct http_call *c, enum MHD_Result *result);

/* ---- worker.c ---- */

struct http_pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct http_call *queue[HTTP_QUEUE];
	unsigned head, count, threads;
	bool closing;
	pthread_t thread[HTTP_WORKERS];
};
int http_pool_init(struct http_pool *p, struct http_room *h, unsigned threads);
void http_pool_clear(struct http_pool *p);		      /* answers all that is queued */
int http_pool_push(struct http_pool *p, struct http_call *c); /* 0, ENOBUFS, ESHUTDOWN */
unsigned http_pool_count(struct http_pool *p);

/* ---- watch.c ---- */

struct http_watched { /* a connection */
	int fd;
	int64_t deadline_ms; /* 0 none */
	bool asking;	     /* a request has begun and isn't all there */
	char address[HTTP_ADDRESS];
	struct http_watched *next, **prev;
};
struct http_watch {
	pthread_mutex_t lock;
	struct http_watched *first;
	unsigned count;
};
void http_watch_notify(void *arg, struct MHD_Connection *con, void **context,
		       enum MHD_ConnectionNotificationCode code);
/* `asking`: a client that lets the deadline pass is to be complained of. */
void http_watch_until(struct http_room *h, struct MHD_Connection *con, int64_t deadline_ms,
		      bool asking);
void http_watch_address(const struct sockaddr *sa, char out[HTTP_ADDRESS]);
void http_watch_turn(struct http_room *h, int64_t mono_ms);

/* ---- request.c ---- */

enum http_call_state {
	HTTP_CALL_NEW,	   /* request line read */
	HTTP_CALL_BODY,	   /* headers are good, the body comes */
	HTTP_CALL_REFUSED, /* the body is thrown away, then the refusal goes */
	HTTP_CALL_WORKING, /* suspended */
	HTTP_CALL_DONE,	   /* answer is there */
};

struct http_call {
	struct http_room *room;
	struct MHD_Connection *con;
	const struct http_route *route;
	enum http_call_state state;
	struct http_uri uri;
	int uri_error;
	struct http_pair param[HTTP_PARAMS];
	unsigned param_count;
	char param_text[HTTP_PATH_BYTES];
	char address[HTTP_ADDRESS];
	bool secure; /* came over TLS, to us or to a proxy that we trust */
	enum lang lang;
	struct http_identity who;
	char cookie[HTTP_COOKIE_BYTES + 1]; /* that it came with, "" none */
	char *body;
	size_t body_len, body_cap;
	json_t *json;
	/* the answer */
	unsigned status;
	const char *type;
	void *bytes;
	size_t bytes_len;
	bool must_close, head;
	unsigned retry_after_s;
	char set_cookie[160];
	struct {
		const char *name;
		char value[HTTP_HEADER_BYTES];
	} header[HTTP_HEADERS];
	unsigned header_count;
	bool etag;
	struct http_stream *stream;
};

void *http_request_begin(void *arg, const char *uri, struct MHD_Connection *con);
enum MHD_Result http_request_handle(void *arg, struct MHD_Connection *con, const char *url,
				    const char *method, const char *version, const char *upload,
				    size_t *upload_size, void **context);
void http_request_end(void *arg, struct MHD_Connection *con, void **context,
		      enum MHD_RequestTerminationCode code);
const char *http_request_header(const struct http_call *c, const char *name);
/* Headers that every answer has. */
void http_request_dress(const struct http_call *c, struct MHD_Response *r);

/* ---- room.c ---- */

struct http_text { /* a text that is exchanged while it is read */
	pthread_mutex_t lock;
	char *text;
	bool ok;
};

struct http_room {
	struct MHD_Daemon *daemon;
	uint16_t port;
	bool tls;
	const struct http_route *route;
	size_t route_count;
	void *arg;
	const struct catalogue *texts;
	char proxy[HTTP_PROXIES][HTTP_ADDRESS];
	unsigned proxy_count;
	char *metrics_token, *cert, *key;
	struct http_text health, metrics;
	struct http_sessions sessions;
	struct http_attempts attempts;
	struct http_events events;
	struct http_pool pool;
	struct http_watch watch;
	struct http_files files;
	pthread_mutex_t log_lock;
	struct log_limiter limiter;
	atomic_ullong requests, refused, published, lost;
	atomic_uint active; /* requests between begin and end that aren't streams */
	atomic_bool stop;
	pthread_t ticker;
	bool ticker_runs;
};

/* One line a second and source. */
void http_room_complain(struct http_room *h, const char *source, const char *what);

#endif
