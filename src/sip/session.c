/*
 * The table of sessions, what app may do to one, and to which usage a message belongs.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "sip/session_priv.h"

#define SESSIONS_DEFAULT 4096

/* ---- The table ---- */

static void sessions_destroy(void *data)
{
	struct sip_sessions *ss = data;

	recover_stop(ss);
	mem_deref(ss->by_call_id);
	journal_close(ss->journal);
}

int sip_sessions_open(struct sip_room *r)
{
	struct sip_sessions *ss = mem_zalloc(sizeof(*ss), sessions_destroy);
	uint8_t secret[JOURNAL_SECRET];
	int err = ENOMEM;

	if (!ss)
		return ENOMEM;
	ss->room = r;
	tmr_init(&ss->recover);
	ss->max = r->config.sessions_max ? r->config.sessions_max : SESSIONS_DEFAULT;
	randombytes_buf(secret, sizeof(secret));
	err = hash_alloc(&ss->by_call_id, hash_valid_size(ss->max * 2));
	if (err)
		goto out;
	/* bindings that ring beside each other have a slot each */
	err = journal_open(&ss->journal, r->config.journal_file, ss->max * 2, secret);
	if (err)
		log_error("sip", "journal of dialogs %s: %s", r->config.journal_file,
			  strerror(err));
	if (!err)
		err = recover_start(ss);
	if (!err)
		r->sessions = ss;
out:
	if (err)
		mem_deref(ss);
	return err;
}

void sip_sessions_close(struct sip_room *r)
{
	struct sip_sessions *ss = r->sessions;
	struct le *le, *next;

	if (!ss)
		return;
	for (le = list_head(&ss->sessions); le; le = next) {
		next = le->next;
		sip_session_end(le->data, 503, NULL);
	}
	for (le = list_head(&ss->leaving); le; le = next) {
		struct usage *u = le->data;

		next = le->next;
		mem_ref(u);
		if (u->state == USAGE_IN_ACCEPTED)
			usage_bye(u);
		/* requests on their way hold the usage and are dropped with their transactions */
		usage_gone(u);
		mem_deref(u);
	}
	mem_deref(ss);
	r->sessions = NULL;
}

uint32_t sip_sessions_count(const struct sip_room *r)
{
	return r->sessions ? r->sessions->count : 0;
}

/* ---- Sessions ---- */

static void session_destroy(void *data)
{
	struct sip_session *s = data;

	list_unlink(&s->le);
}

int session_alloc(struct sip_session **sp, struct sip_sessions *ss)
{
	struct sip_session *s;

	if (ss->count >= ss->max)
		return ENOBUFS;
	s = mem_zalloc(sizeof(*s), session_destroy);
	if (!s)
		return ENOMEM;
	s->room = ss->room;
	list_append(&ss->sessions, &s->le, s);
	ss->count++;
	*sp = s;
	return 0;
}

void session_free(struct sip_session *s)
{
	if (s->over)
		return;
	s->over = true;
	if (s->trunk)
		sip_trunk_channel_give(s->room, s->trunk);
	s->room->sessions->count--;
	list_unlink(&s->le);
	mem_deref(s);
}

void session_event(struct sip_session *s, const struct sip_session_event *ev)
{
	if (s && s->room->h.session)
		s->room->h.session(s, s->key, ev, s->room->h.arg);
}

void session_sound(struct sip_session *s, enum sip_session_event_kind kind, const struct usage *u)
{
	struct sip_session_event ev = {.kind = kind};

	ev.sound.stream = u->stream;
	ev.sound.held = u->held;
	session_event(s, &ev);
}

void session_over(struct sip_session *s, enum sip_session_event_kind kind, uint16_t code,
		  enum sip_end_cause cause, const char *reason)
{
	struct sip_session_event ev = {.kind = kind, .end = {.code = code, .cause = cause}};
	struct le *le, *next;

	if (s->over)
		return;
	(void)TEXT_COPY(ev.end.reason, reason);
	mem_ref(s);
	for (le = list_head(&s->usages); le; le = next) {
		next = le->next;
		usage_release(le->data, cause == SIP_CAUSE_TIMER ? 408 : 0, NULL);
	}
	session_free(s);
	session_event(s, &ev);
	mem_deref(s);
}

void sip_session_bind(struct sip_session *s, uint32_t key)
{
	s->key = key;
}

uint32_t sip_session_key(const struct sip_session *s)
{
	return s->key;
}

void sip_session_end(struct sip_session *s, uint16_t code, const char *reason)
{
	struct le *le, *next;

	if (!s || s->over)
		return;
	for (le = list_head(&s->usages); le; le = next) {
		next = le->next;
		usage_release(le->data, code, reason);
	}
	session_free(s);
}

void sip_session_reject(struct sip_session *s, uint16_t code, const char *reason)
{
	sip_session_end(s, code < 300 || code > 699 ? 480 : code, reason);
}

/* ---- Answering ---- */

static struct usage *usage_waiting(const struct sip_session *s)
{
	struct usage *u = usage_first(s);

	return u && (u->state == USAGE_IN_TRYING || u->state == USAGE_IN_EARLY) ? u : NULL;
}

int sip_session_ring(struct sip_session *s)
{
	struct usage *u = usage_waiting(s);

	return u ? in_reply(u, 180, false, NULL) : EPROTO;
}

static int answer_failed(struct sip_session *s, int err)
{
	if (err == ENOTSUP || err == EBADMSG) {
		sip_session_end(s, 488, NULL);
		return ENOTSUP;
	}
	return err;
}

int sip_session_progress(struct sip_session *s, const struct stream_local *local,
			 struct stream *stream)
{
	struct usage *u = usage_waiting(s);
	char sdp[OFFER_SDP] = "";
	const char *offer;
	size_t len;
	int err;

	if (!u)
		return EPROTO;
	if (in_sdp(u->in.msg, &offer, &len)) {
		err = in_reply(u, 180, false, NULL);
		return err ? err : ENODATA;
	}
	sound_local(u, local);
	err = in_sound(u, sdp, sizeof(sdp));
	if (!err)
		err = in_reply(u, 183, (u->d.can & DIALOG_CAN_REL100) != 0, sdp);
	if (err)
		return answer_failed(s, err);
	*stream = u->stream;
	return 0;
}

int sip_session_answer(struct sip_session *s, const struct stream_local *local,
		       struct stream *stream)
{
	struct usage *u = usage_waiting(s);
	char sdp[OFFER_SDP] = "";
	bool offerless;
	int err;

	if (!u)
		return EPROTO;
	sound_local(u, local);
	err = in_sound(u, sdp, sizeof(sdp));
	offerless = err == ENODATA;
	if (!err || offerless)
		err = in_answer(u, sdp);
	if (err)
		return answer_failed(s, err);
	s->answered = true;
	if (offerless)
		return ENODATA;
	*stream = u->stream;
	return 0;
}

/* ---- In the call ---- */

static struct usage *usage_up(const struct sip_session *s)
{
	struct usage *u = usage_first(s);

	return u && u->state == USAGE_UP ? u : NULL;
}

int sip_session_offer(struct sip_session *s, const struct stream_local *local)
{
	struct usage *u = usage_up(s);

	return u ? update_offer(u, local) : EPROTO;
}

void sip_session_show(struct sip_session *s, const char *number, const char *name)
{
	struct usage *u = usage_up(s);

	(void)TEXT_COPY(s->show_number, number);
	(void)TEXT_COPY(s->show_name, name);
	if (u)
		(void)update_identity(u);
}

void sip_session_describe(const struct sip_session *s, char *dst, unsigned cap)
{
	const struct usage *u = usage_first(s);

	if (!cap)
		return;
	memset(dst, 0, cap);
	(void)text_append(dst, cap, "%s %s %u %s %s", s->incoming ? "in" : "out",
			  s->trunk ? "trunk" : "ext", s->trunk ? s->trunk : s->extension,
			  u ? usage_state_name(u->state) : "none", u ? u->d.call_id : "");
}

/* ---- To which usage a message belongs ---- */

struct search {
	const struct pl *call_id;
	bool (*match)(const struct usage *u, const void *arg);
	const void *arg;
};

static bool search_handler(struct le *le, void *arg)
{
	const struct search *q = arg;
	const struct usage *u = le->data;

	return !pl_strcmp(q->call_id, u->d.call_id) && q->match(u, q->arg);
}

struct usage *session_find(struct sip_sessions *ss, const struct pl *call_id,
			   bool (*match)(const struct usage *u, const void *arg), const void *arg)
{
	struct search q = {call_id, match, arg};

	return list_ledata(hash_lookup(ss->by_call_id, hash_joaat_pl(call_id), search_handler, &q));
}

static bool match_dialog(const struct usage *u, const void *arg)
{
	return dialog_matches(&u->d, arg);
}

struct usage *session_usage(struct sip_sessions *ss, const struct sip_msg *msg)
{
	return session_find(ss, &msg->callid, match_dialog, msg);
}

static const struct {
	const char *method;
	void (*handler)(struct usage *u, const struct sip_msg *msg);
} methods[] = {
	{"INVITE", reinvite_receive}, {"BYE", in_bye},         {"PRACK", prack_receive},
	{"UPDATE", update_receive},   {"INFO", in_info},       {"REFER", refer_receive},
};

bool sip_session_request(struct sip_room *r, struct sip_iface *f, const struct sip_msg *msg)
{
	struct sip_sessions *ss = r->sessions;
	struct usage *u;

	if (!ss)
		return false;
	if (!pl_strcmp(&msg->met, "CANCEL"))
		return in_cancel(ss, f, msg);
	if (!pl_isset(&msg->to.tag)) {
		if (pl_strcmp(&msg->met, "INVITE"))
			return false;
		in_invite(ss, f, msg);
		return true;
	}
	u = session_usage(ss, msg);
	if (!u)
		return in_bye_again(ss, f, msg);
	if (!pl_strcmp(&msg->met, "ACK"))
		return in_ack(u, msg);
	if (u->state == USAGE_ENDING && pl_strcmp(&msg->met, "BYE"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (pl_strcmp(&msg->met, methods[i].method))
			continue;
		mem_ref(u);
		if (update_in_order(u, msg))
			methods[i].handler(u, msg);
		mem_deref(u);
		return true;
	}
	return false;
}

bool sip_session_response(struct sip_room *r, struct sip_iface *f, const struct sip_msg *msg)
{
	if (!r->sessions)
		return true;
	if (!pl_strcmp(&msg->cseq.met, "CANCEL"))
		out_cancel_answered(r->sessions, msg);
	else if (!pl_strcmp(&msg->cseq.met, "INVITE"))
		return out_stray(r->sessions, f, msg);
	return true;
}
