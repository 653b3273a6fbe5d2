/*
 * Events and their streams (WHATWG HTML, 9.2).
 *
 *   publish ──ring──▶ turn: numbers, keeps ──▶ streams read what is kept, each at its own pace
 *
 * Invariants, under events.lock:
 * 1. kept[] holds the events next - kept_count … next - 1, at the place of their id.
 * 2. A stream's `at` is the id that it looks at next; below the first kept it is told to read anew.
 * 3. A suspended stream is resumed by nobody else than turn and close, once.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "http/room.h"

#define ID_BYTES  64 /* "id: <epoch>-<id>\n\n" */
#define OWN_BYTES 160
#define BLOCK	  (16u << 10)

struct http_stream {
	struct http_events *events;
	struct http_room *room;
	struct MHD_Connection *con;
	struct http_identity who;
	char cookie[HTTP_COOKIE_BYTES + 1];
	uint64_t at;
	struct http_event *current; /* being sent, `offset` bytes are out */
	size_t offset;
	char own[OWN_BYTES]; /* hello, heartbeat, reset */
	size_t own_len, own_offset;
	int64_t beat_ms;
	bool suspended;
	struct http_stream *next, **prev;
};

static void event_put(struct http_event *ev)
{
	if (ev && atomic_fetch_sub(&ev->refs, 1) == 1)
		free(ev);
}

int http_room_publish(struct http_room *h, uint32_t org, uint32_t roles, const char *name,
		      const char *json)
{
	size_t cap = strlen(name) + strlen(json) + ID_BYTES + 32;
	struct http_event *ev;
	int err;

	if (cap > HTTP_EVENT_BYTES || strpbrk(json, "\r\n"))
		return cap > HTTP_EVENT_BYTES ? E2BIG : EINVAL;
	ev = malloc(sizeof(*ev) + cap);
	if (!ev) {
		atomic_store(&h->events.lost, true);
		return ENOMEM;
	}
	atomic_init(&ev->refs, 1);
	ev->org = org;
	ev->roles = roles;
	ev->len = (size_t)snprintf(ev->text, cap, "event: %s\ndata: %s\n", name, json);
	err = ring_push(h->events.published, &ev);
	if (err) {
		free(ev);
		atomic_store(&h->events.lost, true);
		atomic_fetch_add(&h->lost, 1);
	}
	return err;
}

static bool concerns(const struct http_event *ev, const struct http_identity *who)
{
	return (!ev->org || ev->org == who->org) && (!ev->roles || (ev->roles & who->roles));
}

static uint64_t first_kept(const struct http_events *e)
{
	return e->next - e->kept_count;
}

static void forget_first(struct http_events *e)
{
	struct http_event **slot = &e->kept[first_kept(e) % HTTP_EVENTS_KEPT];

	e->kept_bytes -= (*slot)->len;
	event_put(*slot);
	*slot = NULL;
	e->kept_count--;
}

static void keep(struct http_events *e, struct http_event *ev)
{
	ev->id = e->next;
	ev->len += (size_t)snprintf(ev->text + ev->len, ID_BYTES, "id: %" PRIx64 "-%" PRIu64 "\n\n",
				    e->epoch, ev->id);
	while (e->kept_count == HTTP_EVENTS_KEPT ||
	       (e->kept_count > 0 && e->kept_bytes + ev->len > HTTP_EVENTS_KEPT_BYTES))
		forget_first(e);
	e->kept[ev->id % HTTP_EVENTS_KEPT] = ev;
	e->kept_bytes += ev->len;
	e->kept_count++;
	e->next++;
}

static void stream_own(struct http_stream *s, const char *text)
{
	TEXT_COPY(s->own, text);
	s->own_len = strlen(s->own);
	s->own_offset = 0;
}

/* The next event for the stream, with a reference, NULL when there is none yet. */
static struct http_event *stream_next(struct http_stream *s)
{
	struct http_events *e = s->events;

	while (s->at < e->next) {
		struct http_event *ev = e->kept[s->at++ % HTTP_EVENTS_KEPT];

		if (!concerns(ev, &s->who))
			continue;
		atomic_fetch_add(&ev->refs, 1);
		return ev;
	}
	return NULL;
}

static bool stream_waits(struct http_stream *s, int64_t mono_ms)
{
	const struct http_events *e = s->events;

	if (mono_ms - s->beat_ms >= HTTP_BEAT_MS || s->at < first_kept(e))
		return false;
	for (uint64_t id = s->at; id < e->next; id++)
		if (concerns(e->kept[id % HTTP_EVENTS_KEPT], &s->who))
			return false;
	s->at = e->next;
	return true;
}

static void stream_resume(struct http_stream *s)
{
	if (!s->suspended)
		return;
	s->suspended = false;
	MHD_resume_connection(s->con);
}

/* A gap in the numbers is what makes every stream read anew. */
static void leave_gap(struct http_events *e)
{
	while (e->kept_count > 0)
		forget_first(e);
	e->next++;
}

/* Somebody watches from now on; e is locked. */
static void watch(struct http_events *e)
{
	e->watched_ms = clock_mono_ms();
	if (e->gap)
		leave_gap(e);
	e->gap = false;
}

bool http_events_watches(struct http_events *e, uint32_t user, const char *but_cookie)
{
	bool watches = false;

	pthread_mutex_lock(&e->lock);
	for (struct http_stream *s = e->streams; s && !watches; s = s->next)
		watches = s->who.user == user && strcmp(s->cookie, but_cookie) != 0;
	pthread_mutex_unlock(&e->lock);
	return watches;
}

bool http_room_watched(struct http_room *h)
{
	struct http_events *e = &h->events;
	bool watched;

	pthread_mutex_lock(&e->lock);
	watched = e->stream_count > 0 ||
		  (e->watched_ms && clock_mono_ms() - e->watched_ms < HTTP_WATCH_MS);
	e->gap |= !watched;
	pthread_mutex_unlock(&e->lock);
	return watched;
}

void http_events_turn(struct http_events *e, int64_t mono_ms)
{
	struct http_event *ev;

	ring_quiet(e->published);
	pthread_mutex_lock(&e->lock);
	while (ring_take(e->published, &ev))
		keep(e, ev);
	if (atomic_exchange(&e->lost, false))
		leave_gap(e);
	for (struct http_stream *s = e->streams; s; s = s->next)
		if (s->suspended && !stream_waits(s, mono_ms))
			stream_resume(s);
	pthread_mutex_unlock(&e->lock);
}

/* What the stream says by itself: 1 something, 0 nothing, -1 it is over. */
static int stream_speak(struct http_stream *s)
{
	struct http_events *e = s->events;
	int64_t mono_ms = clock_mono_ms();
	struct http_identity who;
	char text[OWN_BYTES] = "";

	if (s->at < first_kept(e)) {
		s->at = e->next;
		stream_own(s, "event: reset\ndata: {}\n\n");
		return 1;
	}
	if (mono_ms - s->beat_ms < HTTP_BEAT_MS)
		return 0;
	if (!http_sessions_find(&s->room->sessions, s->cookie, &who))
		return -1;
	s->who = who;
	s->beat_ms = mono_ms;
	text_append(text, sizeof(text), "event: beat\ndata: {\"now_ms\":%" PRId64 "}\n\n",
		    clock_wall_ms());
	stream_own(s, text);
	return 1;
}

static size_t give(const char *from, size_t len, size_t *offset, char *buf, size_t max)
{
	size_t n = len - *offset < max ? len - *offset : max;

	memcpy(buf, from + *offset, n);
	*offset += n;
	return n;
}

/* Fills buf in libmicrohttpd's thread; nothing to say suspends the connection. */
static ssize_t stream_read(void *arg, uint64_t pos, char *buf, size_t max)
{
	struct http_stream *s = arg;
	struct http_events *e = s->events;
	size_t n = 0;
	int said = 0;

	pthread_mutex_lock(&e->lock);
	while (n < max && !e->closing) {
		if (s->own_offset < s->own_len) {
			n += give(s->own, s->own_len, &s->own_offset, buf + n, max - n);
			continue;
		}
		if (s->current) {
			n += give(s->current->text, s->current->len, &s->offset, buf + n, max - n);
			if (s->offset < s->current->len)
				continue;
			event_put(s->current);
			s->current = NULL;
		}
		said = stream_speak(s);
		if (said < 0)
			break;
		if (said > 0)
			continue;
		s->current = stream_next(s);
		s->offset = 0;
		if (!s->current)
			break;
	}
	if (n == 0 && !e->closing && said == 0) {
		s->suspended = true;
		MHD_suspend_connection(s->con);
	}
	if (n == 0 && (e->closing || said < 0))
		n = (size_t)MHD_CONTENT_READER_END_OF_STREAM;
	pthread_mutex_unlock(&e->lock);
	return (ssize_t)n;
}

/* Where a stream begins: after the id that the client has seen, else with what comes. */
static uint64_t begin_at(const struct http_events *e, const char *seen)
{
	uint64_t epoch, id;

	if (!seen || !*seen)
		return e->next;
	if (sscanf(seen, "%" SCNx64 "-%" SCNu64, &epoch, &id) != 2 || epoch != e->epoch ||
	    id >= e->next || id + 1 < first_kept(e))
		return 0;
	return id + 1;
}

static bool is_room_for(const struct http_events *e, uint32_t user)
{
	unsigned of_user = 0;

	for (const struct http_stream *s = e->streams; s; s = s->next)
		of_user += s->who.user == user;
	return e->stream_count < HTTP_STREAMS && of_user < HTTP_STREAMS_USER;
}

int http_events_stream(struct http_events *e, struct http_call *c, struct MHD_Response **out)
{
	const char *seen = http_request_header(c, "Last-Event-ID");
	struct http_stream *s = calloc(1, sizeof(*s));
	struct MHD_Response *r = NULL;
	char hello[OWN_BYTES] = "";
	int err = 0;

	if (!s)
		return ENOMEM;
	*s = (struct http_stream){.events = e, .room = c->room, .con = c->con, .who = c->who};
	TEXT_COPY(s->cookie, c->cookie);
	text_append(hello, sizeof(hello),
		    "retry: 1000\nevent: hello\ndata: {\"now_ms\":%" PRId64 ",\"beat_ms\":%d}\n\n",
		    clock_wall_ms(), HTTP_BEAT_MS);
	stream_own(s, hello);
	s->beat_ms = clock_mono_ms();
	r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, stream_read, s, NULL);
	if (!r) {
		free(s);
		return ENOMEM;
	}
	pthread_mutex_lock(&e->lock);
	if (e->closing || !is_room_for(e, c->who.user)) {
		err = EMFILE;
	} else {
		watch(e);
		s->at = begin_at(e, seen ? seen : http_call_query(c, "after"));
		s->next = e->streams;
		s->prev = &e->streams;
		if (s->next)
			s->next->prev = &s->next;
		e->streams = s;
		e->stream_count++;
	}
	pthread_mutex_unlock(&e->lock);
	if (err) {
		MHD_destroy_response(r);
		free(s);
		return err;
	}
	c->stream = s;
	*out = r;
	return 0;
}

void http_events_gone(struct http_events *e, struct http_stream *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&e->lock);
	watch(e);
	*s->prev = s->next;
	if (s->next)
		s->next->prev = s->prev;
	e->stream_count--;
	pthread_mutex_unlock(&e->lock);
	event_put(s->current);
	free(s);
}

void http_events_close(struct http_events *e)
{
	pthread_mutex_lock(&e->lock);
	e->closing = true;
	for (struct http_stream *s = e->streams; s; s = s->next)
		stream_resume(s);
	pthread_mutex_unlock(&e->lock);
}

void http_call_event_id(struct http_call *c, char *out, size_t cap)
{
	struct http_events *e = &c->room->events;
	char text[ID_BYTES] = "";

	pthread_mutex_lock(&e->lock);
	watch(e);
	text_append(text, sizeof(text), "%" PRIx64 "-%" PRIu64, e->epoch, e->next - 1);
	pthread_mutex_unlock(&e->lock);
	text_copy(out, cap, text);
}

int http_events_init(struct http_events *e)
{
	pthread_mutex_init(&e->lock, NULL);
	e->epoch = (uint64_t)clock_wall_ms();
	e->next =
	    2; /* id 1 was before the first, so that "none seen" has an id too; 0 is too old */
	return ring_alloc(&e->published, sizeof(struct http_event *), HTTP_EVENTS_QUEUED);
}

void http_events_clear(struct http_events *e)
{
	struct http_event *ev;

	while (e->kept_count > 0)
		forget_first(e);
	while (e->published && ring_take(e->published, &ev))
		event_put(ev);
	ring_free(e->published);
	e->published = NULL;
	pthread_mutex_destroy(&e->lock);
}
