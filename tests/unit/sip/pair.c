#include "pair.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "sip/tmr_heap.h"

static unsigned speed = 1;

static uint64_t real_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t fast_ms(void)
{
	return real_ms() * speed;
}

void pair_speed(unsigned times)
{
	speed = times;
	tmr_heap_clock_set(times > 1 ? fast_ms : NULL);
}

/* ---- App ---- */

static struct seen *seen_of(struct side *me, const struct sip_session *s)
{
	for (unsigned i = 0; i < me->count && i < ARRAY_SIZE(me->seen); i++)
		if (me->seen[i].s == s)
			return &me->seen[i];
	return NULL;
}

static void incoming(struct sip_session *s, const struct sip_invite *inv, void *arg)
{
	struct side *me = arg;
	struct seen *n = &me->seen[me->count % ARRAY_SIZE(me->seen)];

	memset(n, 0, sizeof(*n));
	me->count++;
	n->s = s;
	n->invite = *inv;
	sip_session_bind(s, me->count);
	if (me->on_incoming)
		me->on_incoming(me, n);
}

static void event(struct sip_session *s, uint32_t key, const struct sip_session_event *ev,
		  void *arg)
{
	struct side *me = arg;
	struct seen *n = seen_of(me, s);

	if (!n)
		return;
	if (n->count < PAIR_EVENTS)
		n->ev[n->count++] = *ev;
	if (ev->kind == SIP_FAILED || ev->kind == SIP_ENDED)
		n->s = NULL;
	if (me->on_event)
		me->on_event(me, n, ev);
}

static int credential(const char *user, struct sip_credential *out, void *arg)
{
	(void)arg;
	if (strcmp(user, PAIR_USER))
		return ENOENT;
	*out = (struct sip_credential){.extension = PAIR_EXT, .algorithm = SIP_MD5};
	return sip_digest_ha1(SIP_MD5, user, "zongji.test", "p7", out->ha1);
}

static uint16_t port_free(const char *ip)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);
	uint16_t port = 0;

	inet_pton(AF_INET, strchr(ip, ':') ? "127.0.0.1" : ip, &a.sin_addr);
	if (!bind(fd, (struct sockaddr *)&a, len) &&
	    !getsockname(fd, (struct sockaddr *)&a, &len) && !bind(tcp, (struct sockaddr *)&a, len))
		port = ntohs(a.sin_port);
	close(fd);
	close(tcp);
	return port ? port : port_free(ip);
}

/* ---- Rooms ---- */

void pair_open_side(struct pair *p, struct side *me)
{
	struct side *other = me == &p->a ? &p->b : &p->a;
	struct sip_room_config c = {.interfaces = &me->iface, .interface_count = 1};
	struct sip_room_handlers h = {.credential = credential, .incoming = incoming,
				      .session = event, .arg = me};
	struct sip_trunk_config t = {.id = PAIR_TRUNK, .transport = SIP_OVER_UDP, .rel100 = true,
				     .dtmf = DTMF_RFC4733};

	strcpy(me->iface.name, "lan");
	strcpy(me->iface.ip, me->ip);
	me->iface.udp_port = me->iface.tcp_port = me->port;
	if (p->over == SIP_OVER_TLS) {
		me->iface.tcp_port = 0;
		me->iface.tls_port = me->port;
		strcpy(me->iface.tls_cert, p->cert);
	}
	strcpy(c.realm, "zongji.test");
	if (me == &p->a)
		strcpy(c.journal_file, p->journal);
	c.sessions_max = 64;
	assert_int_equal(sip_room_open(&me->room, &c, &h), 0);
	strcpy(t.name, "other");
	strcpy(t.interface, "lan");
	snprintf(t.domain, sizeof(t.domain), p->v6 ? "[%s]:%u" : "%s:%u", other->ip, other->port);
	t.transport = p->over;
	t.srtp = p->srtp;
	strcpy(t.sources[0], other->ip);
	strcpy(t.user, "8000");
	strcpy(t.ranges[0], "8");
	strcpy(t.pai_template, "<sip:{shown}@{domain}>");
	t.trust_pai = true;
	assert_int_equal(sip_room_trunks_set(me->room, &t, 1), 0);
}

void pair_init(struct pair *p)
{
	static bool once;

	if (!once) {
		log_level_set(getenv("SIP_TEST_LOG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
		libre_init();
		once = true;
	}
	p->a.ip = p->v6 ? "::1" : "127.0.0.1";
	p->b.ip = p->v6 ? "::1" : "127.0.0.2";
	if (p->a.port)
		return;
	p->a.port = port_free(p->a.ip);
	p->b.port = port_free(p->b.ip);
}

static void certificate(struct pair *p)
{
	char cmd[700];
	int fd;

	strcpy(p->cert, "/tmp/zongji-cert-XXXXXX");
	fd = mkstemp(p->cert);
	assert_true(fd >= 0);
	close(fd);
	snprintf(cmd, sizeof(cmd), "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=zongji "
		 "-keyout %s.k -out %s.c 2>/dev/null && cat %s.c %s.k > %s; rm -f %s.c %s.k",
		 p->cert, p->cert, p->cert, p->cert, p->cert, p->cert, p->cert);
	assert_int_equal(system(cmd), 0);
}

void pair_open(struct pair *p)
{
	if (p->over == SIP_OVER_TLS)
		certificate(p);
	pair_init(p);
	pair_open_side(p, &p->a);
	pair_open_side(p, &p->b);
	pair_turn(20); /* the trunks' addresses are found in the loop */
}

void pair_close(struct pair *p)
{
	sip_room_close(p->a.room);
	sip_room_close(p->b.room);
	p->a.room = p->b.room = NULL;
	if (p->cert[0])
		unlink(p->cert);
	pair_turn(10);
}

struct stream_local pair_local(uint16_t port)
{
	struct stream_local l = {.local = {.ip = "127.0.0.1", .port = port},
				 .codecs = {CODEC_PCMA, CODEC_PCMU}, .codec_count = 2,
				 .direction = STREAM_BOTH, .dtmf = DTMF_RFC4733};

	return l;
}

struct seen *pair_dial(struct side *me, const char *number, uint16_t media_port)
{
	struct sip_dial d = {.trunk = PAIR_TRUNK, .from_number = "8312", .from_name = "张三丰"};
	struct stream_local l = pair_local(media_port);
	struct seen *n = &me->seen[me->count % ARRAY_SIZE(me->seen)];

	memset(n, 0, sizeof(*n));
	me->count++;
	strcpy(d.number, number);
	assert_int_equal(sip_session_dial(me->room, &d, &l, me->count, &n->s), 0);
	return n;
}

const struct sip_session_event *seen_last(const struct seen *s, enum sip_session_event_kind kind)
{
	for (unsigned i = s->count; i-- > 0;)
		if (s->ev[i].kind == kind)
			return &s->ev[i];
	return NULL;
}

unsigned seen_count(const struct seen *s, enum sip_session_event_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->count; i++)
		n += s->ev[i].kind == kind;
	return n;
}

/* ---- The loop ---- */

struct turn {
	bool (*cond)(void *arg);
	void *arg;
	uint64_t end_ms;
	bool met;
	struct tmr tmr;
};

static void turn_tick(void *arg)
{
	struct turn *t = arg;

	t->met = t->cond && t->cond(t->arg);
	if (t->met || real_ms() >= t->end_ms)
		re_cancel();
	else
		tmr_start(&t->tmr, 2, turn_tick, t);
}

bool pair_until(bool (*cond)(void *arg), void *arg, unsigned ms)
{
	struct turn t = {.cond = cond, .arg = arg, .end_ms = real_ms() + ms};

	tmr_init(&t.tmr);
	tmr_start(&t.tmr, 1, turn_tick, &t);
	(void)re_main(NULL);
	tmr_cancel(&t.tmr);
	return t.met;
}

void pair_turn(unsigned ms)
{
	(void)pair_until(NULL, NULL, ms);
}

struct wish {
	const struct seen *s;
	enum sip_session_event_kind kind;
};

static bool wish_met(void *arg)
{
	const struct wish *w = arg;

	return seen_last(w->s, w->kind) != NULL;
}

bool pair_sees(const struct seen *s, enum sip_session_event_kind kind, unsigned ms)
{
	struct wish w = {s, kind};

	return pair_until(wish_met, &w, ms);
}

/* ---- A phone ---- */

void phone_up(struct phone *ph, uint16_t to_port)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);

	memset(ph, 0, sizeof(*ph));
	inet_pton(AF_INET, "127.0.0.3", &a.sin_addr);
	ph->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(ph->fd, (struct sockaddr *)&a, len), 0);
	getsockname(ph->fd, (struct sockaddr *)&a, &len);
	ph->port = ntohs(a.sin_port);
	ph->to_port = to_port;
	ph->cseq = 100;
}

void phone_down(struct phone *ph)
{
	close(ph->fd);
}

void phone_say(struct phone *ph, const char *fmt, ...)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(ph->to_port)};
	char text[8192];
	va_list ap;
	int n;

	inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (getenv("SIP_TEST_LOG"))
		fprintf(stderr, "phone > %.200s\n", text);
	strcpy(ph->said, text);
	assert_int_equal(sendto(ph->fd, text, (size_t)n, 0, (struct sockaddr *)&a, sizeof(a)), n);
}

static bool phone_got(void *arg)
{
	struct phone *ph = arg;
	ssize_t n = recv(ph->fd, ph->buf, sizeof(ph->buf) - 1, 0);

	if (n <= 0)
		return false;
	ph->buf[n] = '\0';
	if (getenv("SIP_TEST_LOG"))
		fprintf(stderr, "phone < %.1200s\n", ph->buf);
	return true;
}

bool phone_hear(struct phone *ph, unsigned ms)
{
	ph->buf[0] = '\0';
	return pair_until(phone_got, ph, ms);
}

bool phone_expect(struct phone *ph, const char *start, unsigned ms)
{
	uint64_t end = real_ms() + ms;

	while (real_ms() < end)
		if (phone_hear(ph, (unsigned)(end - real_ms())) &&
		    !strncmp(ph->buf, start, strlen(start)))
			return true;
	return false;
}

const char *phone_value(const struct phone *ph, const char *name)
{
	static char value[8][1024];
	static int at;
	size_t len = strlen(name);
	const char *p = ph->buf;

	at = (at + 1) % 8;
	value[at][0] = '\0';
	while ((p = strstr(p, "\r\n"))) {
		p += 2;
		if (!strncmp(p, "\r\n", 2))
			break;
		if (strncasecmp(p, name, len) || p[len] != ':')
			continue;
		p += len + 1;
		p += strspn(p, " ");
		snprintf(value[at], sizeof(value[at]), "%.*s", (int)strcspn(p, "\r"), p);
		break;
	}
	return value[at];
}

static void quoted(const char *text, const char *name, char *out, size_t cap)
{
	char key[32];
	const char *p;

	snprintf(key, sizeof(key), "%s=\"", name);
	p = strstr(text, key);
	out[0] = '\0';
	if (p)
		snprintf(out, cap, "%.*s", (int)strcspn(p + strlen(key), "\""), p + strlen(key));
}

static void authorization(struct phone *ph, const char *method, const char *uri, char *out,
			  size_t cap)
{
	const char *challenge = phone_value(ph, "WWW-Authenticate");
	struct sip_digest_params d = {
	    .nc = PL("00000001"), .cnonce = PL("abcd"), .qop = PL("auth")};
	char nonce[128], hex[65];
	uint8_t ha1[32];
	struct pl met;

	quoted(challenge, "nonce", nonce, sizeof(nonce));
	pl_set_str(&d.nonce, nonce);
	pl_set_str(&d.uri, uri);
	pl_set_str(&met, method);
	sip_digest_ha1(SIP_MD5, PAIR_USER, "zongji.test", "p7", ha1);
	sip_digest_response(SIP_MD5, ha1, &met, &d, hex);
	snprintf(out, cap, "Authorization: Digest username=\"%s\", realm=\"zongji.test\", "
		 "nonce=\"%s\", uri=\"%s\", response=\"%s\", algorithm=MD5, qop=auth, nc=00000001, "
		 "cnonce=\"abcd\"\r\n", PAIR_USER, nonce, uri, hex);
}

static void send_head(struct phone *ph, const char *method, const char *uri, const char *extra,
		      const char *type, const char *body)
{
	char to[200] = "";

	if (ph->to_tag[0])
		snprintf(to, sizeof(to), ";tag=%s", ph->to_tag);
	snprintf(ph->last_branch, sizeof(ph->last_branch), "z9hG4bKp%ux%u", ph->port, ++ph->branch);
	phone_say(ph,
		  "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.3:%u;branch=%s;rport\r\n"
		  "From: \"Phone\" <sip:" PAIR_USER
		  "@zongji.test>;tag=%s\r\nTo: <sip:%s@zongji.test>%s\r\n"
		  "Call-ID: %s\r\nCSeq: %u %s\r\nMax-Forwards: 70\r\n"
		  "Contact: <sip:" PAIR_USER
		  "@127.0.0.3:%u>\r\n%s%s%s%sContent-Length: %zu\r\n\r\n%s",
		  method, uri, ph->port, ph->last_branch, ph->tag,
		  strcmp(method, "REGISTER") ? "x" : PAIR_USER, to, ph->call_id, ph->cseq, method,
		  ph->port, extra, type ? "Content-Type: " : "", type ? type : "",
		  type ? "\r\n" : "", body ? strlen(body) : 0, body ? body : "");
}

static void fresh(struct phone *ph)
{
	sip_token(ph->call_id, 20);
	sip_token(ph->tag, 12);
	ph->to_tag[0] = '\0';
}

void phone_registers(struct phone *ph)
{
	char auth[1024];

	fresh(ph);
	send_head(ph, "REGISTER", "sip:zongji.test", "Expires: 300\r\n", NULL, NULL);
	assert_true(phone_expect(ph, "SIP/2.0 401", 1000));
	authorization(ph, "REGISTER", "sip:zongji.test", auth, sizeof(auth));
	strcat(auth, "Expires: 300\r\n");
	ph->cseq++;
	send_head(ph, "REGISTER", "sip:zongji.test", auth, NULL, NULL);
	assert_true(phone_expect(ph, "SIP/2.0 200", 1000));
}

void phone_invites(struct phone *ph, const char *number, const char *extra, const char *sdp)
{
	char auth[2048], uri[128];

	fresh(ph);
	snprintf(uri, sizeof(uri), "sip:%s@127.0.0.1:%u", number, ph->to_port);
	ph->cseq++;
	send_head(ph, "INVITE", uri, extra, sdp ? "application/sdp" : NULL, sdp);
	assert_true(phone_expect(ph, "SIP/2.0 401", 1000));
	authorization(ph, "INVITE", uri, auth, sizeof(auth));
	strncat(auth, extra, sizeof(auth) - strlen(auth) - 1);
	ph->cseq++;
	snprintf(ph->target, sizeof(ph->target), "%s", uri);
	send_head(ph, "INVITE", uri, auth, sdp ? "application/sdp" : NULL, sdp);
}

void phone_learn(struct phone *ph)
{
	const char *to = phone_value(ph, "To"), *contact = phone_value(ph, "Contact");
	const char *tag = strstr(to, ";tag=");

	if (tag)
		snprintf(ph->to_tag, sizeof(ph->to_tag), "%.*s", (int)strcspn(tag + 5, ";\r"),
			 tag + 5);
	if (strchr(contact, '<'))
		snprintf(ph->target, sizeof(ph->target), "%.*s",
			 (int)strcspn(strchr(contact, '<') + 1, ">"), strchr(contact, '<') + 1);
}

void phone_request(struct phone *ph, const char *method, const char *extra, const char *type,
		   const char *body)
{
	ph->cseq++;
	send_head(ph, method, ph->target, extra, type, body);
}

void phone_acks(struct phone *ph, const char *sdp)
{
	uint32_t kept = ph->cseq;

	ph->cseq = (uint32_t)atoi(phone_value(ph, "CSeq"));
	send_head(ph, "ACK", ph->target, "", sdp ? "application/sdp" : NULL, sdp);
	ph->cseq = kept;
}

void phone_replies(struct phone *ph, int code, const char *extra, const char *sdp)
{
	const char *to = phone_value(ph, "To");

	phone_say(ph, "SIP/2.0 %d Whatever\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\n"
		  "CSeq: %s\r\nContact: <sip:" PAIR_USER "@127.0.0.3:%u>\r\n%s%s"
		  "Content-Length: %zu\r\n\r\n%s",
		  code, phone_value(ph, "Via"), phone_value(ph, "From"), to,
		  strstr(to, "tag=") || code == 100 ? "" : ";tag=phonetag",
		  phone_value(ph, "Call-ID"), phone_value(ph, "CSeq"), ph->port, extra,
		  sdp ? "Content-Type: application/sdp\r\n" : "", sdp ? strlen(sdp) : 0,
		  sdp ? sdp : "");
}

const char *phone_sdp(uint16_t port)
{
	static char text[512];

	snprintf(text, sizeof(text),
		 "v=0\r\no=p 1 1 IN IP4 127.0.0.3\r\ns=-\r\nc=IN IP4 127.0.0.3\r\n"
		 "t=0 0\r\nm=audio %u RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
		 "a=sendrecv\r\n",
		 port);
	return text;
}
