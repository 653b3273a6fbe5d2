/*
 * Subscriptions: to the dialog event, lamps on phones (RFC 4235, always full state), and to
 * message-summary, a phone's own lamp for messages (RFC 3842). RFC 6665.
 *
 * A subscription is a dialog of its own, from SUBSCRIBE to its end: not refreshed in time, given up
 * by the phone, or a NOTIFY that isn't taken. One NOTIFY is under way at a time; a lamp that
 * changes meanwhile is told by the next.
 */
#include "base/hash.h"
#include "sip/priv.h"

#define SUBS_MAX	  16384
#define SUBS_OF_ONE	  256 /* of one subscribing extension */
#define SUBS_BUCKETS	  4096
#define EXPIRES_MIN_S	  60
#define EXPIRES_DEFAULT_S 600
#define EXPIRES_MAX_S	  600 /* after a restart of ours a lamp is dark for no longer */

enum sub_event { SUB_DIALOG, SUB_SUMMARY };
static const struct {
	const char *name, *type;
} events[] = {
    [SUB_DIALOG] = {"dialog", "application/dialog-info+xml"},
    [SUB_SUMMARY] = {"message-summary", SIP_SUMMARY_TYPE},
};

struct sub {
	struct le by_extension, by_call;
	struct sip_room *room;
	struct sip_request *req;
	struct tmr tmr; /* expiry, or the end after the last NOTIFY */
	uint32_t extension, subscriber;
	enum sub_event event;
	enum sip_lamp state;	    /* SUB_DIALOG */
	struct sip_waiting waiting; /* SUB_SUMMARY */
	bool dirty, ended;
	uint8_t iface;
	uint32_t local_cseq, remote_cseq, version;
	int64_t until_ms;
	struct sip_hop hop, source; /* hop: where NOTIFY must go; unset: by URI, else to source */
	char number[SIP_USER];
	char call_id[SIP_CALL_ID + 1], local_tag[20], remote_tag[80];
	char local_uri[SIP_URI], remote_uri[SIP_URI], target[SIP_URI], routes[SIP_ROUTES];
};

struct sip_subs {
	struct hash *by_extension, *by_call;
	uint32_t count;
};

static void notify(struct sub *s);

/* ---- The table ---- */

static void sub_destructor(void *data)
{
	struct sub *s = data;

	tmr_cancel(&s->tmr);
	hash_unlink(&s->by_extension);
	hash_unlink(&s->by_call);
	mem_deref(s->req);
	if (s->room->subs)
		s->room->subs->count--;
}

static void subs_destructor(void *data)
{
	struct sip_subs *subs = data;

	hash_flush(subs->by_call);
	mem_deref(subs->by_extension);
	mem_deref(subs->by_call);
}

int sip_subs_open(struct sip_room *r)
{
	struct sip_subs *subs = mem_zalloc(sizeof(*subs), subs_destructor);
	int err;

	if (!subs)
		return ENOMEM;
	err = hash_alloc(&subs->by_extension, SUBS_BUCKETS);
	if (!err)
		err = hash_alloc(&subs->by_call, SUBS_BUCKETS);
	if (err) {
		mem_deref(subs);
		return err;
	}
	r->subs = subs;
	return 0;
}

void sip_subs_close(struct sip_room *r)
{
	r->subs = mem_deref(r->subs);
}

uint32_t sip_subs_count(const struct sip_room *r)
{
	return r->subs ? r->subs->count : 0;
}

static bool call_handler(struct le *le, void *arg)
{
	const struct sub *s = le->data;
	const struct sip_msg *msg = arg;

	return !pl_strcmp(&msg->callid, s->call_id) && !pl_strcmp(&msg->from.tag, s->remote_tag) &&
	       (!pl_isset(&msg->to.tag) || !pl_strcmp(&msg->to.tag, s->local_tag));
}

static struct sub *find(struct sip_room *r, const struct sip_msg *msg)
{
	return list_ledata(
	    hash_lookup(r->subs->by_call, hash_joaat_pl(&msg->callid), call_handler, (void *)msg));
}

struct counting {
	uint32_t subscriber, n;
};

static bool count_handler(struct le *le, void *arg)
{
	struct counting *c = arg;

	if (((const struct sub *)le->data)->subscriber == c->subscriber)
		c->n++;
	return false;
}

static bool room_for(struct sip_room *r, uint32_t subscriber)
{
	struct counting c = {.subscriber = subscriber};

	if (r->subs->count >= SUBS_MAX)
		return false;
	/* Counted only when there is reason to: it looks at every one. */
	if (r->subs->count >= SUBS_OF_ONE)
		(void)hash_apply(r->subs->by_call, count_handler, &c);
	return c.n < SUBS_OF_ONE;
}

/* ---- NOTIFY ---- */

static void finish(void *arg)
{
	mem_deref(arg);
}

static void expired(void *arg)
{
	struct sub *s = arg;

	s->ended = true;
	notify(s);
}

static void response_handler(int err, const struct sip_msg *msg, void *arg)
{
	struct sub *s = arg;

	if (s->room->closing || (msg && msg->scode < 200))
		return;
	if (err || msg->scode >= 300 || (s->ended && !s->dirty)) {
		tmr_start(&s->tmr, 0, finish, s);
		return;
	}
	if (s->dirty)
		notify(s);
}

static int print_dialog(struct mbuf *mb, const struct sub *s)
{
	static const char *const dialog[] = {
	    [SIP_LAMP_IDLE] = "<dialog id=\"%u\"><state>terminated</state></dialog>",
	    [SIP_LAMP_RINGING] =
		"<dialog id=\"%u\" direction=\"recipient\"><state>early</state></dialog>",
	    [SIP_LAMP_BUSY] = "<dialog id=\"%u\"><state>confirmed</state></dialog>",
	};
	int err;

	err = mbuf_printf(mb,
			  "<?xml version=\"1.0\"?>\r\n<dialog-info "
			  "xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"%u\" "
			  "state=\"full\" entity=\"%s\">",
			  s->version, s->local_uri);
	err |= mbuf_printf(mb, dialog[s->state], s->extension);
	return err | mbuf_write_str(mb, "</dialog-info>\r\n");
}

static int print_state(struct mbuf *mb, const struct sub *s)
{
	if (s->event == SUB_SUMMARY)
		return sip_summary_print(mb, s->local_uri, &s->waiting);
	return print_dialog(mb, s);
}

static int print_headers(struct mbuf *mb, const struct sub *s, size_t body_len)
{
	uint64_t now = tmr_jiffies();
	unsigned left =
	    (uint64_t)s->until_ms > now ? (unsigned)((s->until_ms - (int64_t)now) / 1000) : 0;
	int err;

	err = mbuf_printf(mb,
			  "From: <%s>;tag=%s\r\nTo: <%s>;tag=%s\r\nCall-ID: %s\r\n"
			  "CSeq: %u NOTIFY\r\nEvent: %s\r\n",
			  s->local_uri, s->local_tag, s->remote_uri, s->remote_tag, s->call_id,
			  s->local_cseq, events[s->event].name);
	if (s->ended)
		err |= mbuf_write_str(mb, "Subscription-State: terminated;reason=timeout\r\n");
	else
		err |= mbuf_printf(mb, "Subscription-State: active;expires=%u\r\n", left);
	return err |
	       mbuf_printf(mb, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
			   events[s->event].type, body_len);
}

static int send_notify(struct sub *s)
{
	struct mbuf *mb = mbuf_alloc(1024), *body = mbuf_alloc(512);
	struct sip_out out;
	int err = ENOMEM;

	if (!mb || !body)
		goto out;
	s->local_cseq++;
	err = print_state(body, s);
	err |= print_headers(mb, s, body->end);
	err |= mbuf_write_mem(mb, body->buf, body->end);
	s->version++;
	mb->pos = 0;
	out = (struct sip_out){.iface = sip_iface_at(s->room, s->iface),
			       .method = "NOTIFY",
			       .uri = s->target,
			       .routes = s->routes,
			       .hop = &s->hop,
			       .fallback = &s->source,
			       .contact_user = s->number,
			       .mb = mb};
	if (!err)
		err = sip_out_send(&s->req, &out, response_handler, s);
out:
	mem_deref(mb);
	mem_deref(body);
	return err;
}

static void notify(struct sub *s)
{
	if (s->req) {
		s->dirty = true;
		return;
	}
	s->dirty = false;
	s->room->stats.notifies++;
	if (send_notify(s))
		tmr_start(&s->tmr, 0, finish, s);
}

static bool lamp_handler(struct le *le, void *arg)
{
	struct sub *s = le->data;
	const struct sub *now = arg;

	if (s->event != SUB_DIALOG || s->extension != now->extension || s->state == now->state ||
	    s->ended)
		return false;
	s->state = now->state;
	notify(s);
	return false;
}

void sip_room_lamp(struct sip_room *r, uint32_t extension, enum sip_lamp state)
{
	struct sub now = {.extension = extension, .state = state};

	(void)hash_lookup(r->subs->by_extension, (uint32_t)hash_mix(extension), lamp_handler, &now);
}

struct telling {
	uint32_t extension;
	const struct sip_waiting *now;
	bool told;
};

static bool waiting_handler(struct le *le, void *arg)
{
	struct sub *s = le->data;
	struct telling *t = arg;

	if (s->event != SUB_SUMMARY || s->extension != t->extension || s->ended)
		return false;
	t->told = true;
	if (memcmp(&s->waiting, t->now, sizeof(s->waiting)) != 0) {
		s->waiting = *t->now;
		notify(s);
	}
	return false;
}

bool sip_subs_waiting(struct sip_room *r, uint32_t extension, const struct sip_waiting *now)
{
	struct telling t = {extension, now, false};

	(void)hash_lookup(r->subs->by_extension, (uint32_t)hash_mix(extension), waiting_handler,
			  &t);
	return t.told;
}

/* ---- SUBSCRIBE ---- */

static bool route_handler(const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	char *routes = arg;
	(void)msg;

	if (strlen(routes) + hdr->val.l + 3 >= SIP_ROUTES)
		return true;
	re_snprintf(routes + strlen(routes), SIP_ROUTES - strlen(routes), "%s%r",
		    routes[0] ? ", " : "", &hdr->val);
	return false;
}

/* The dialog's remote side; EINVAL when the message doesn't make one. */
static int read_dialog(struct sub *s, const struct sip_msg *msg)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_CONTACT);
	struct sip_addr contact;

	if (!h || sip_addr_decode(&contact, &h->val) ||
	    sip_in_copy(&contact.auri, s->target, sizeof(s->target)))
		return EINVAL;
	s->source = (struct sip_hop){.addr = msg->src, .tp = msg->tp};
	memset(&s->hop, 0, sizeof(s->hop));
	if (!s->routes[0] && (sip_in_nat(msg) || msg->tp != SIP_TRANSP_UDP))
		s->hop = s->source;
	s->remote_cseq = msg->cseq.num;
	return 0;
}

static int sub_init(struct sub *s, struct sip_iface *f, const struct sip_msg *msg)
{
	if (sip_msg_hdr_apply(msg, true, SIP_HDR_RECORD_ROUTE, route_handler, s->routes))
		return EINVAL;
	if (sip_in_copy(&msg->callid, s->call_id, sizeof(s->call_id)) ||
	    sip_in_copy(&msg->from.tag, s->remote_tag, sizeof(s->remote_tag)) ||
	    sip_in_copy(&msg->to.auri, s->local_uri, sizeof(s->local_uri)) ||
	    sip_in_copy(&msg->from.auri, s->remote_uri, sizeof(s->remote_uri)) ||
	    strpbrk(s->local_uri, "<>&\""))
		return EINVAL;
	re_snprintf(s->local_tag, sizeof(s->local_tag), "%016llx", msg->tag);
	s->iface = f->index;
	return read_dialog(s, msg);
}

static void answer(struct sip_iface *f, const struct sip_msg *msg, const struct sub *s,
		   uint32_t expires_s)
{
	char contact[SIP_URI];

	if (sip_iface_contact(f, msg->tp, s->number, contact, sizeof(contact)))
		return;
	(void)sip_in_replyf(f, msg, 200, "OK", "Contact: <%s>\r\nExpires: %u\r\n", contact,
			    expires_s);
}

/* False when it has been answered: 423. */
static bool read_expires(struct sip_iface *f, const struct sip_msg *msg, uint32_t *out)
{
	uint32_t v = EXPIRES_DEFAULT_S;

	if (pl_isset(&msg->expires) && sip_in_number(&msg->expires, UINT32_MAX, &v))
		v = EXPIRES_MAX_S;
	if (v && v < EXPIRES_MIN_S) {
		(void)sip_in_replyf(f, msg, 423, "Interval Too Brief", "Min-Expires: %u\r\n",
				    EXPIRES_MIN_S);
		return false;
	}
	*out = MIN(v, EXPIRES_MAX_S);
	return true;
}

static void live(struct sub *s, uint32_t expires_s)
{
	s->until_ms = (int64_t)tmr_jiffies() + (int64_t)expires_s * 1000;
	if (expires_s) {
		tmr_start(&s->tmr, (uint64_t)expires_s * 1000, expired, s);
	} else {
		s->ended = true;
		tmr_cancel(&s->tmr);
	}
	notify(s);
}

static void refresh(struct sip_iface *f, const struct sip_msg *msg, struct sub *s)
{
	struct sip_caller who;
	uint32_t expires_s;

	if (sip_in_authenticate(f, msg, &who))
		return;
	if (who.extension != s->subscriber) {
		(void)sip_in_replyf(f, msg, 403, "Forbidden", "");
		return;
	}
	if (msg->cseq.num < s->remote_cseq) {
		(void)sip_in_replyf(f, msg, 500, "CSeq Out of Order", "");
		return;
	}
	if (!read_expires(f, msg, &expires_s))
		return;
	if (msg->cseq.num == s->remote_cseq) { /* sent again */
		answer(f, msg, s, expires_s);
		return;
	}
	if (read_dialog(s, msg)) {
		(void)sip_in_replyf(f, msg, 400, "Bad Contact", "");
		return;
	}
	answer(f, msg, s, expires_s);
	live(s, expires_s);
}

static bool event_fits(struct sip_iface *f, const struct sip_msg *msg, enum sub_event *out)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_EVENT);
	struct pl type = {NULL, 0};

	if (h)
		(void)re_regex(h->val.p, h->val.l, "[^; \t]+", &type);
	*out = pl_strcasecmp(&type, events[SUB_SUMMARY].name) ? SUB_DIALOG : SUB_SUMMARY;
	if (pl_strcasecmp(&type, events[*out].name)) {
		(void)sip_in_replyf(f, msg, 489, "Bad Event",
				    "Allow-Events: dialog, message-summary\r\n");
		return false;
	}
	if (sip_msg_hdr(msg, SIP_HDR_ACCEPT) &&
	    !sip_in_token(msg, SIP_HDR_ACCEPT, events[*out].type) &&
	    !sip_in_token(msg, SIP_HDR_ACCEPT, "*/*")) {
		(void)sip_in_replyf(f, msg, 406, "Not Acceptable", "Accept: %s\r\n",
				    events[*out].type);
		return false;
	}
	return true;
}

/* What is asked after, as it is now: 0, ENOENT, EPERM. */
static int look_up(struct sip_room *r, const struct sip_caller *who, const char *number,
		   struct sub *now)
{
	if (now->event == SUB_SUMMARY) {
		now->extension = who->extension;
		return r->h.waiting ? r->h.waiting(who->extension, number, &now->waiting, r->h.arg)
				    : ENOENT;
	}
	return r->h.lamp ? r->h.lamp(who->extension, number, &now->extension, &now->state, r->h.arg)
			 : ENOENT;
}

static void begin(struct sip_iface *f, const struct sip_msg *msg, const struct sip_caller *who,
		  enum sub_event event)
{
	struct sip_room *r = f->room;
	struct sub now = {.event = event, .state = SIP_LAMP_IDLE};
	uint32_t expires_s;
	char number[SIP_USER];
	struct sub *s;
	int err = sip_in_user(&msg->uri, number, sizeof(number));

	if (!err)
		err = look_up(r, who, number, &now);
	if (err) {
		(void)sip_in_replyf(f, msg, err == EPERM ? 403 : 404,
				    err == EPERM ? "Forbidden" : "Not Found", "");
		return;
	}
	if (!read_expires(f, msg, &expires_s))
		return;
	if (!room_for(r, who->extension)) {
		sip_in_complain(r, msg, "too many subscriptions");
		(void)sip_in_replyf(f, msg, 503, "Service Unavailable", "Retry-After: 300\r\n");
		return;
	}
	s = mem_zalloc(sizeof(*s), sub_destructor);
	if (!s)
		return;
	s->room = r;
	r->subs->count++;
	s->event = event;
	s->extension = now.extension;
	s->subscriber = who->extension;
	s->state = now.state;
	s->waiting = now.waiting;
	TEXT_COPY(s->number, number);
	if (sub_init(s, f, msg)) {
		(void)sip_in_replyf(f, msg, 400, "Bad Request", "");
		mem_deref(s);
		return;
	}
	hash_append(r->subs->by_extension, (uint32_t)hash_mix(s->extension), &s->by_extension, s);
	hash_append(r->subs->by_call, hash_joaat_pl(&msg->callid), &s->by_call, s);
	answer(f, msg, s, expires_s);
	live(s, expires_s);
}

void sip_subs_request(struct sip_iface *f, const struct sip_msg *msg)
{
	struct sip_room *r = f->room;
	struct sub *s = find(r, msg);
	struct sip_caller who;
	enum sub_event event;

	r->stats.subscribes++;
	if (s && !s->ended) {
		refresh(f, msg, s);
		return;
	}
	if (pl_isset(&msg->to.tag)) {
		(void)sip_in_replyf(f, msg, 481, "Subscription Does Not Exist", "");
		return;
	}
	if (!event_fits(f, msg, &event) || sip_in_identify(f, msg, &who))
		return;
	if (!who.extension) {
		(void)sip_in_replyf(f, msg, 403, "Forbidden", "");
		return;
	}
	begin(f, msg, &who, event);
}
