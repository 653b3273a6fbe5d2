/*
 * The whole SIP room behind its UDP socket, without a network: what libre would receive is handed
 * to it, what it sends is caught, time is ours. An input is a script of messages parted by "%%\n".
 * Each begins with a line: who sends (T a trunk, else a stranger), then what app does after it (see
 * `act`). In a message stand: $A the answer to the last challenge, $T the tag of our last response,
 * $R its RSeq, $V the headers of our last request that a response copies, $I those of our last
 * INVITE, $C the Call-ID of our last request, $G its From tag.
 */
#include <dlfcn.h>
#include <re.h>
#include <stdlib.h>
#include <string.h>

#include "sip/priv.h"
#include "sip/session_priv.h"
#include "sip/tmr_heap.h"

#define PORT	  5060
#define REALM	  "zongji.test"
#define CALLS	  8
#define MESSAGE	  16384 /* with what stands in for its $ */
#define MESSAGES  32    /* of one script */
#define PATIENCE  100000 /* timers that run out until all is quiet */

static struct sip_room *room;
static uint64_t now_ms = 1000000;
static uint32_t timers_idle;
static char last_invite[MESSAGE], last_request[MESSAGE], last_response[MESSAGE];
static struct sip_session *calls[CALLS];
static char inside; /* what app does from inside the next event */

/* ---- In place of the socket: libre finds these in the program ---- */

/* The room believes in its port, and many can run at the same time. */
int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	int (*real)(int, const struct sockaddr *, socklen_t) =
	    (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind");
	struct sockaddr_in any;

	if (addr->sa_family != AF_INET || len != sizeof(any))
		return real(fd, addr, len);
	memcpy(&any, addr, sizeof(any));
	any.sin_port = 0;
	return real(fd, (const struct sockaddr *)&any, len);
}

int udp_send(struct udp_sock *us, const struct sa *dst, struct mbuf *mb)
{
	size_t n = mbuf_get_left(mb);
	char *text = n > 8 && !memcmp(mbuf_buf(mb), "SIP/2.0 ", 8) ? last_response : last_request;
	(void)us;

	if (!sa_isset(dst, SA_ALL) || n > SIP_MSG_MAX)
		abort();
	if (n >= MESSAGE)
		n = MESSAGE - 1;
	memcpy(text, mbuf_buf(mb), n);
	text[n] = '\0';
	if (!strncmp(text, "INVITE ", 7))
		memcpy(last_invite, text, n + 1);
	return 0;
}

static uint64_t clock_ms(void)
{
	return now_ms;
}

/* ---- App ---- */

static struct stream_local local_sound(void)
{
	return (struct stream_local){.local = {"192.0.2.1", 20000}, .codec_count = 2,
				     .codecs = {CODEC_PCMA, CODEC_OPUS}, .dtmf = DTMF_RFC4733,
				     .direction = STREAM_BOTH};
}

static void call_keep(struct sip_session *s)
{
	for (unsigned i = 0; i < CALLS; i++) {
		if (calls[i])
			continue;
		calls[i] = s;
		return;
	}
	sip_session_end(s, 503, NULL);
}

static void call_gone(const struct sip_session *s)
{
	for (unsigned i = 0; i < CALLS; i++)
		if (calls[i] == s)
			calls[i] = NULL;
}

static void call_dial(uint32_t extension, uint16_t trunk)
{
	struct sip_dial dial = {.extension = extension, .trunk = trunk, .number = "13900000000",
				.from_number = "8000", .from_name = "总机"};
	struct stream_local local = local_sound();
	struct sip_session *s;

	if (!sip_session_dial(room, &dial, &local, 7, &s))
		call_keep(s);
}

static void call_end(struct sip_session *s, bool reject)
{
	call_gone(s);
	if (reject)
		sip_session_reject(s, 486, "no");
	else
		sip_session_end(s, 480, "\"quoted\"");
}

static void act_on(struct sip_session *s, char what)
{
	struct stream_local local = local_sound();
	struct stream stream;
	int err = 0;

	if (what == 'r')
		(void)sip_session_ring(s);
	else if (what == 'p')
		err = sip_session_progress(s, &local, &stream);
	else if (what == 'a')
		err = sip_session_answer(s, &local, &stream);
	else if (what == 'o')
		(void)sip_session_offer(s, &local);
	else if (what == 's')
		sip_session_show(s, "8312", "陈");
	else if (what == 'f')
		(void)sip_session_refer_answer(s, 202);
	else if (what == 'n')
		(void)sip_session_refer_notify(s, 200, true);
	else if (what == 'e' || what == 'x')
		call_end(s, what == 'x');
	if (err == ENOTSUP)
		call_gone(s);
}

/* The newest call: r ring, p progress, a answer, o offer, s show another name, f accept REFER,
 * n report on it, e end, x reject. d dials a phone, D the trunk; w waits, W waits long; I lets what
 * follows happen inside the next event. */
static void act(char what)
{
	struct sip_session *s = NULL;

	for (unsigned i = 0; i < CALLS; i++)
		s = calls[i] ? calls[i] : s;
	if (what == 'd')
		call_dial(1002, 0);
	else if (what == 'D')
		call_dial(0, 1);
	else if (what == 'w' || what == 'W') {
		now_ms += what == 'w' ? 600 : 20000;
		tmr_poll(NULL);
	} else if (s)
		act_on(s, what);
}

static void act_inside(void)
{
	char what = inside;

	inside = 0;
	if (what && what != 'w' && what != 'W' && what != 'd' && what != 'D')
		act(what);
}

static void on_incoming(struct sip_session *s, const struct sip_invite *inv, void *arg)
{
	char line[80];
	(void)arg;

	if (!text_utf8_valid(inv->name, strlen(inv->name)) || (!inv->trunk && !inv->extension) ||
	    (inv->trunk && inv->replaces))
		abort();
	call_keep(s);
	sip_session_describe(s, line, sizeof(line));
	act_inside();
}

static void on_session(struct sip_session *s, uint32_t key, const struct sip_session_event *ev,
		       void *arg)
{
	(void)key;
	(void)arg;
	if (ev->kind == SIP_FAILED || ev->kind == SIP_ENDED)
		call_gone(s);
	act_inside();
}

static int on_credential(const char *user, struct sip_credential *out, void *arg)
{
	uint8_t n = (uint8_t)(user[0] == 'u' ? user[1] - '0' : 0);
	(void)arg;

	if (n < 1 || n > 9 || user[2])
		return ENOENT;
	*out = (struct sip_credential){.extension = 1000 + n,
				       .algorithm = n & 1 ? SIP_SHA256 : SIP_MD5};
	return sip_digest_ha1(out->algorithm, user, REALM, "p", out->ha1);
}

static int on_lamp(uint32_t subscriber, const char *number, uint32_t *extension,
		   enum sip_lamp *state, void *arg)
{
	(void)subscriber;
	(void)arg;
	if (!text_eq(number, "8312"))
		return ENOENT;
	*extension = 1002;
	*state = SIP_LAMP_RINGING;
	return 0;
}

/* ---- Messages ---- */

/* Value of a header of a message of ours, up to its end or the character `stop`. */
static struct pl header(const char *message, const char *name, const char *from, char stop)
{
	const char *p = strstr(message, name), *end;

	end = p ? strstr(p + 2, "\r\n") : NULL;
	if (!end)
		return (struct pl){"", 0};
	if (from) {
		p = strstr(p, from);
		if (!p || p > end)
			return (struct pl){"", 0};
		p += strlen(from);
	} else {
		p += strlen(name);
	}
	for (const char *s = p; stop && s < end; s++)
		if (*s == stop)
			return (struct pl){p, (size_t)(s - p)};
	return (struct pl){p, (size_t)(end - p)};
}

static void put_copied(struct mbuf *out, const char *request)
{
	struct pl v = header(request, "\r\nVia: ", NULL, 0),
		  f = header(request, "\r\nFrom: ", NULL, 0),
		  t = header(request, "\r\nTo: ", NULL, 0),
		  i = header(request, "\r\nCall-ID: ", NULL, 0),
		  c = header(request, "\r\nCSeq: ", NULL, 0);

	(void)mbuf_printf(out, "Via: %r\r\nFrom: %r\r\nTo: %r%s\r\nCall-ID: %r\r\nCSeq: %r\r\n",
			  &v, &f, &t, re_regex(t.p, t.l, "tag=") ? ";tag=z" : "", &i, &c);
}

/* The answer to the last challenge, for the request whose first line this is. */
static void put_answer(struct mbuf *out, const char *line, size_t len)
{
	struct mbuf *mb = mbuf_alloc(MESSAGE);
	struct sip_msg *challenge = NULL;
	struct sip_digest digest;
	struct pl method = {"", 0}, uri = {"", 0};
	char m[32] = "", u[SIP_URI] = "", name[] = "u2";

	memset(&digest, 0, sizeof(digest));
	if (len > 0 && !re_regex(line, len, "[^ ]+ [^ \r\n]+", &method, &uri) &&
	    !sip_in_copy(&method, m, sizeof(m)) && !sip_in_copy(&uri, u, sizeof(u)) &&
	    !mbuf_write_str(mb, last_response)) {
		mb->pos = 0;
		TEXT_COPY(digest.user, name);
		TEXT_COPY(digest.password, "p");
		if (!sip_msg_decode(&challenge, mb) && !sip_digest_take(&digest, challenge))
			(void)sip_digest_write(&digest, out, m, u);
	}
	mem_deref(challenge);
	mem_deref(mb);
}

static void put_placeholder(struct mbuf *out, char what, const char *line, size_t n)
{
	struct pl tag = {&what, 1};

	switch (what) {
	case 'A':
		put_answer(out, line, n);
		return;
	case 'V':
		put_copied(out, last_request);
		return;
	case 'I':
		put_copied(out, last_invite);
		return;
	case 'T':
		tag = header(last_response, "\r\nTo: ", "tag=", ';');
		break;
	case 'C':
		tag = header(last_request, "\r\nCall-ID: ", NULL, 0);
		break;
	case 'R':
		tag = header(last_response, "\r\nRSeq: ", NULL, 0);
		break;
	case 'G':
		tag = header(last_request, "\r\nFrom: ", "tag=", ';');
		break;
	default:
		break;
	}
	(void)mbuf_write_pl(out, &tag);
}

static void put_expanded(struct mbuf *out, const char *p, size_t n)
{
	const char *line = p;

	for (const char *end = p + n; p < end && out->pos < MESSAGE / 2; p++) {
		if (*p == '$' && p + 1 < end)
			put_placeholder(out, *++p, line, n);
		else
			(void)mbuf_write_u8(out, (uint8_t)*p);
	}
}

static void deliver(bool trunk, const char *p, size_t n)
{
	struct mbuf *text = mbuf_alloc(MESSAGE), *mb;
	struct sa src;

	put_expanded(text, p, n);
	mb = mbuf_alloc(text->end ? text->end : 1); /* of its size: reads beyond it show */
	(void)mbuf_write_mem(mb, text->buf, text->end);
	mb->pos = 0;
	mem_deref(text);
	(void)sa_set_str(&src, trunk ? "192.0.2.10" : "192.0.2.66", 5070);
	sip_udp_take(room->iface[0]->udp, &src, mb->buf, mb->end);
	mem_deref(mb);
}

static void step(const char *p, size_t n)
{
	const char *end = memchr(p, '\n', n);
	bool in = false;

	if (!end)
		return;
	inside = 0;
	for (const char *a = p + 1; a < end; a++)
		if (*a == 'I' && a + 1 < end)
			inside = *++a;
	deliver(*p == 'T', end + 1, n - (size_t)(end + 1 - p));
	for (const char *a = p + 1; a < end && a < p + 12; a++) {
		if (!in && *a != 'I')
			act(*a);
		in = *a == 'I';
	}
}

/* ---- All of it ---- */

static void open_room(void)
{
	static struct sip_interface_config iface = {.name = "lan", .ip = "127.0.0.1",
						    .udp_port = PORT};
	static struct sip_trunk_config trunk = {.id = 1, .name = "t", .interface = "lan",
						.domain = "192.0.2.10", .user = "02100000000",
						.rel100 = true, .trust_pai = true, .channels = 4,
						.pai_template = "<sip:{shown}@{domain}>"};
	struct sip_room_config config = {.interfaces = &iface, .interface_count = 1,
					 .realm = REALM, .user_agent = "fuzz",
					 .nameserver = "127.0.0.1", .sessions_max = 64,
					 .bindings_capacity = 64,
					 .lockout_failures = UINT32_MAX};
	struct sip_room_handlers h = {.credential = on_credential, .lamp = on_lamp,
				      .incoming = on_incoming, .session = on_session};

	log_level_set(LOG_LEVEL_ERROR);
	if (libre_init() || fd_setsize(64))
		abort();
	tmr_heap_clock_set(clock_ms);
	TEXT_COPY(trunk.sources[0], "192.0.2.10");
	if (sip_room_open(&room, &config, &h) || sip_room_trunks_set(room, &trunk, 1))
		abort();
	deliver(false, "ACK", 3);
	timers_idle = tmr_heap_count();
}

/* Everything ends by itself when its time has come; nothing is left behind. */
static void quiet(void)
{
	inside = 0;
	for (unsigned i = 0; i < CALLS; i++)
		if (calls[i])
			call_end(calls[i], false);
	for (uint32_t e = 1000; e < 1010; e++)
		sip_room_forget(room, e);
	for (unsigned i = 0; tmr_heap_count() > timers_idle; i++) {
		if (i == PATIENCE)
			abort();
		now_ms += tmr_next_timeout(NULL);
		tmr_poll(NULL);
	}
	if (room->sessions->count || room->sessions->usages || sip_subs_count(room))
		abort();
	last_invite[0] = last_request[0] = last_response[0] = '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;

	if (!room)
		open_room();
	for (unsigned i = 0; p < end && i < MESSAGES; i++) {
		const char *next = memmem(p, (size_t)(end - p), "%%\n", 3);

		step(p, (size_t)((next ? next : end) - p));
		p = next ? next + 3 : end;
	}
	quiet();
	return 0;
}
