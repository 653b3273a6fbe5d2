#include "sip/offer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <re.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

static const char suite[] = "AES_CM_128_HMAC_SHA1_80";

/* ---- Reading ---- */

static const struct {
	const char *name;
	enum offer_profile profile;
} profiles[] = {
	{"RTP/AVP", OFFER_AVP},
	{"RTP/AVPF", OFFER_AVPF},
	{"RTP/SAVP", OFFER_SAVP},
	{"RTP/SAVPF", OFFER_SAVPF},
};

static bool profile_encrypts(enum offer_profile p)
{
	return p == OFFER_SAVP || p == OFFER_SAVPF;
}

/* One m= section while it is read. */
struct section {
	bool audio;    /* type, port and profile can be used */
	char refused[128]; /* how it looks when refused */
	struct offer_remote r; /* the audio part of it; no refused lines */
};

struct reader {
	struct offer_remote *out;
	enum offer_want want;
	/* what stands before the first m= holds for all */
	struct stream_address address;
	bool zero_address;
	enum stream_direction direction;
	bool in_media, taken, version;
	unsigned media;
	struct section now;
};

/* The next blank-separated word; false when there is none. */
static bool word(struct pl *line, struct pl *out)
{
	while (line->l && line->p[0] == ' ')
		pl_advance(line, 1);
	out->p = line->p;
	out->l = 0;
	while (line->l && line->p[0] != ' ') {
		pl_advance(line, 1);
		out->l++;
	}
	return out->l > 0;
}

static int number(const struct pl *pl, uint32_t max, uint32_t *out)
{
	uint64_t v = 0;

	if (!pl->l || pl->l > 10)
		return EINVAL;
	for (size_t i = 0; i < pl->l; i++) {
		if (pl->p[i] < '0' || pl->p[i] > '9')
			return EINVAL;
		v = v * 10 + (uint64_t)(pl->p[i] - '0');
	}
	if (v > max)
		return ERANGE;
	*out = (uint32_t)v;
	return 0;
}

static bool split(const struct pl *in, char c, struct pl *head, struct pl *tail)
{
	const char *at = pl_strchr(in, c);

	if (!at)
		return false;
	*head = (struct pl){in->p, (size_t)(at - in->p)};
	*tail = (struct pl){at + 1, in->l - head->l - 1};
	return true;
}

/* "IN IP4 192.0.2.1": names and multicast aren't followed, they leave the address unset. */
static void read_connection(struct pl line, struct stream_address *address, bool *zero)
{
	struct pl net, type, addr;
	unsigned char raw[16];
	char ip[46] = "";
	int af;

	if (!word(&line, &net) || !word(&line, &type) || !word(&line, &addr))
		return;
	memset(address->ip, 0, sizeof(address->ip));
	*zero = false;
	if (pl_strcasecmp(&net, "IN") || text_copy_n(ip, sizeof(ip), addr.p, addr.l))
		return;
	af = pl_strcasecmp(&type, "IP6") ? AF_INET : AF_INET6;
	if (inet_pton(af, ip, raw) != 1)
		return;
	memcpy(address->ip, ip, sizeof(ip));
	*zero = text_eq(ip, "0.0.0.0") || text_eq(ip, "::");
}

static void format_static(struct offer_format *f)
{
	f->codec = f->type == 0 ? CODEC_PCMU :
		   f->type == 8 ? CODEC_PCMA :
		   f->type == 9 ? CODEC_G722 : CODEC_NONE;
}

static int read_formats(struct section *s, struct pl line)
{
	struct pl fmt;

	while (s->r.format_count < OFFER_FORMATS && word(&line, &fmt)) {
		struct offer_format *f = &s->r.formats[s->r.format_count];
		uint32_t type;

		if (number(&fmt, 127, &type))
			return EBADMSG;
		f->type = (uint8_t)type;
		format_static(f);
		s->r.format_count++;
	}
	return s->r.format_count ? 0 : EBADMSG;
}

static int media_end(struct reader *rd);

static int read_media(struct reader *rd, struct pl line)
{
	struct pl type, port, proto, fmt, count, rest;
	struct section *s = &rd->now;
	uint32_t n;
	int err = media_end(rd);

	if (err)
		return err;
	if (++rd->media > OFFER_MEDIA)
		return E2BIG;
	memset(s, 0, sizeof(*s));
	rd->in_media = true;
	s->r.address = rd->address;
	s->r.zero_address = rd->zero_address;
	s->r.direction = rd->direction;
	if (!word(&line, &type) || !word(&line, &port) || !word(&line, &proto))
		return EBADMSG;
	if (split(&port, '/', &count, &rest))
		port = count;
	if (number(&port, 65535, &n))
		return EBADMSG;
	s->r.address.port = (uint16_t)n;
	rest = line;
	if (!word(&rest, &fmt))
		return EBADMSG;
	if (snprintf(s->refused, sizeof(s->refused), "m=%.*s 0 %.*s %.*s\r\n", (int)type.l, type.p,
		     (int)proto.l, proto.p, (int)fmt.l, fmt.p) >= (int)sizeof(s->refused))
		return EBADMSG;
	if (pl_strcasecmp(&type, "audio") || !n)
		return 0;
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (pl_strcasecmp(&proto, profiles[i].name))
			continue;
		s->audio = true;
		s->r.profile = profiles[i].profile;
		return read_formats(s, line);
	}
	return 0;
}

static void read_rtpmap(struct offer_remote *r, struct pl value)
{
	struct pl type, enc, name, clock, channels;
	uint32_t n, hz;

	if (!word(&value, &type) || !word(&value, &enc) || number(&type, 127, &n))
		return;
	if (!split(&enc, '/', &name, &clock))
		return;
	if (split(&clock, '/', &enc, &channels))
		clock = enc;
	if (number(&clock, 192000, &hz))
		return;
	for (unsigned i = 0; i < r->format_count; i++) {
		struct offer_format *f = &r->formats[i];

		if (f->type != n)
			continue;
		f->codec = CODEC_NONE;
		f->event_clock = pl_strcasecmp(&name, "telephone-event") ? 0 : hz;
		for (enum codec c = CODEC_PCMA; c < CODEC_COUNT; c++)
			if (!pl_strcasecmp(&name, codec_name(c)) && hz == codec_rtp_clock(c))
				f->codec = c;
	}
}

/* "1 AES_CM_128_HMAC_SHA1_80 inline:BASE64|2^31|1:4 …": one key, no MKI, no session parameters. */
static void read_crypto(struct offer_remote *r, struct pl value)
{
	struct pl tag, name, params, more, method, key, rest;
	uint8_t raw[48];
	size_t n = sizeof(raw);
	uint32_t t;

	if (r->crypto || !word(&value, &tag) || !word(&value, &name) || !word(&value, &params))
		return;
	if (number(&tag, 999999999, &t) || pl_strcasecmp(&name, suite) || word(&value, &more))
		return;
	if (!split(&params, ':', &method, &key) || pl_strcasecmp(&method, "inline"))
		return;
	if (split(&key, '|', &more, &rest)) {
		if (pl_strchr(&rest, ':') || pl_strchr(&rest, ';'))
			return; /* MKI, or several keys */
		key = more;
	}
	if (key.l != 40 || base64_decode(key.p, key.l, raw, &n) || n != STREAM_SRTP_KEY_LEN)
		return;
	memcpy(r->key, raw, STREAM_SRTP_KEY_LEN);
	r->crypto_tag = t;
	r->crypto = true;
}

static bool read_direction(const struct pl *name, enum stream_direction *d)
{
	static const struct {
		const char *name;
		enum stream_direction d;
	} table[] = {
		{"sendrecv", STREAM_BOTH},
		{"sendonly", STREAM_SEND},
		{"recvonly", STREAM_RECV},
		{"inactive", STREAM_INACTIVE},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (pl_strcasecmp(name, table[i].name))
			continue;
		*d = table[i].d;
		return true;
	}
	return false;
}

static void read_attribute(struct reader *rd, struct pl line)
{
	struct offer_remote *r = &rd->now.r;
	struct pl name = line, value = {line.p + line.l, 0};
	uint32_t n;

	(void)split(&line, ':', &name, &value);
	if (read_direction(&name, rd->in_media ? &r->direction : &rd->direction) || !rd->in_media)
		return;
	if (!pl_strcasecmp(&name, "rtpmap"))
		read_rtpmap(r, value);
	else if (!pl_strcasecmp(&name, "ptime") && !number(&value, 200, &n))
		r->ptime_ms = (uint8_t)n;
	else if (!pl_strcasecmp(&name, "maxptime") && !number(&value, 200, &n))
		r->maxptime_ms = (uint8_t)n;
	else if (!pl_strcasecmp(&name, "rtcp-mux"))
		r->rtcp_mux = true;
	else if (!pl_strcasecmp(&name, "crypto"))
		read_crypto(r, value);
}

static bool section_usable(const struct reader *rd)
{
	const struct section *s = &rd->now;

	if (!s->audio || !s->r.address.ip[0])
		return false;
	if (profile_encrypts(s->r.profile))
		return rd->want != OFFER_PLAIN && s->r.crypto;
	return rd->want != OFFER_ENCRYPTED || s->r.crypto;
}

/* The section that has been read is taken, or joins those refused. */
static int media_end(struct reader *rd)
{
	struct offer_remote *out = rd->out;
	size_t have = strlen(out->refused);

	if (!rd->in_media)
		return 0;
	if (!rd->taken && section_usable(rd)) {
		char refused[OFFER_REFUSED];

		memcpy(refused, out->refused, sizeof(refused));
		*out = rd->now.r;
		memcpy(out->refused, refused, sizeof(refused));
		out->refused_before = (uint16_t)have;
		rd->taken = true;
		return 0;
	}
	if (have + strlen(rd->now.refused) >= sizeof(out->refused))
		return E2BIG;
	memcpy(out->refused + have, rd->now.refused, strlen(rd->now.refused) + 1);
	return 0;
}

static int read_line(struct reader *rd, const struct pl *line)
{
	struct pl value = {line->p + 2, line->l - 2};

	switch (line->p[0]) {
	case 'v':
		rd->version = true;
		return pl_strcmp(&value, "0") ? EBADMSG : 0;
	case 'c':
		if (rd->in_media)
			read_connection(value, &rd->now.r.address, &rd->now.r.zero_address);
		else
			read_connection(value, &rd->address, &rd->zero_address);
		return 0;
	case 'm':
		return read_media(rd, value);
	case 'a':
		read_attribute(rd, value);
		return 0;
	default:
		return 0;
	}
}

int offer_parse(const char *sdp, size_t len, enum offer_want want, struct offer_remote *out)
{
	struct offer_remote r;
	struct reader rd = {.out = &r, .want = want, .direction = STREAM_BOTH};
	const char *p = sdp, *end = sdp + len;
	int err;

	memset(&r, 0, sizeof(r));
	while (p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		const char *next = eol ? eol + 1 : end;
		struct pl line = {p, (size_t)((eol ? eol : end) - p)};

		if (line.l && line.p[line.l - 1] == '\r')
			line.l--;
		p = next;
		if (!line.l)
			continue;
		if (line.l < 2 || line.p[1] != '=' || memchr(line.p, '\0', line.l))
			return EBADMSG;
		if (!rd.version && line.p[0] != 'v')
			return EBADMSG;
		err = read_line(&rd, &line);
		if (err)
			return err;
	}
	err = rd.version ? media_end(&rd) : EBADMSG;
	if (!err && !rd.taken)
		err = ENOENT;
	if (!err)
		*out = r;
	return err;
}

bool offer_is_hold(const struct offer_remote *remote)
{
	return remote->zero_address || !(remote->direction & STREAM_RECV);
}

/* ---- Writing ---- */

struct out {
	char *p;
	size_t cap, len;
	bool full;
};

__attribute__((format(printf, 2, 3))) static void put(struct out *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (o->full)
		return;
	va_start(ap, fmt);
	n = vsnprintf(o->p + o->len, o->cap - o->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= o->cap - o->len)
		o->full = true;
	else
		o->len += (size_t)n;
}

static const char *direction_name(enum stream_direction d)
{
	switch (d) {
	case STREAM_INACTIVE:
		return "inactive";
	case STREAM_SEND:
		return "sendonly";
	case STREAM_RECV:
		return "recvonly";
	case STREAM_BOTH:
		return "sendrecv";
	}
	return "inactive";
}

static void put_formats(struct out *o, const struct offer_self *self, const struct stream_local *l,
			uint8_t ptime_ms)
{
	for (unsigned i = 0; i < l->codec_count; i++) {
		enum codec c = l->codecs[i];

		put(o, "a=rtpmap:%u %s/%u%s\r\n", self->payload[c], codec_name(c), codec_rtp_clock(c),
		    c == CODEC_OPUS ? "/2" : "");
		if (c == CODEC_OPUS)
			put(o, "a=fmtp:%u useinbandfec=1\r\n", self->payload[c]);
	}
	if (self->dtmf)
		put(o, "a=rtpmap:%u telephone-event/8000\r\na=fmtp:%u 0-16\r\n", self->dtmf,
		    self->dtmf);
	if (self->dtmf_48)
		put(o, "a=rtpmap:%u telephone-event/48000\r\na=fmtp:%u 0-16\r\n", self->dtmf_48,
		    self->dtmf_48);
	put(o, "a=ptime:%u\r\n", ptime_ms);
}

static void put_crypto(struct out *o, const struct offer_self *self)
{
	char key[64] = "";
	size_t n = sizeof(key) - 1;

	if (!self->srtp)
		return;
	if (base64_encode(self->key, STREAM_SRTP_KEY_LEN, key, &n))
		o->full = true;
	else
		put(o, "a=crypto:%u %s inline:%.*s\r\n", self->crypto_tag, suite, (int)n, key);
}

/* Everything after the o= line. */
static void put_body(struct out *o, const struct offer_self *self, const struct stream_local *l,
		     const char *refused, uint8_t ptime_ms, enum stream_direction direction)
{
	const char *family = strchr(l->local.ip, ':') ? "IP6" : "IP4";

	put(o, "s=-\r\nc=IN %s %s\r\nt=0 0\r\n%.*s", family, l->local.ip, self->refused_before,
	    refused);
	put(o, "m=audio %u %s", l->local.port, profiles[self->profile].name);
	for (unsigned i = 0; i < l->codec_count; i++)
		put(o, " %u", self->payload[l->codecs[i]]);
	if (self->dtmf)
		put(o, " %u", self->dtmf);
	if (self->dtmf_48)
		put(o, " %u", self->dtmf_48);
	put(o, "\r\n");
	put_formats(o, self, l, ptime_ms);
	if (self->rtcp_mux)
		put(o, "a=rtcp-mux\r\n");
	put_crypto(o, self);
	put(o, "a=%s\r\n%s", direction_name(direction), refused + self->refused_before);
}

/* The version of o= is raised exactly when anything else has changed (RFC 3264, 8). */
static int sdp_write(struct offer_self *self, const struct stream_local *l, const char *refused,
		     uint8_t ptime_ms, enum stream_direction direction, char *sdp, size_t cap)
{
	char body[OFFER_SDP];
	struct out b = {.p = body, .cap = sizeof(body)}, o = {.p = sdp, .cap = cap};
	uint64_t print;

	put_body(&b, self, l, refused, ptime_ms, direction);
	if (b.full)
		return ENOSPC;
	print = hash_bytes(body, b.len);
	if (print != self->print) {
		self->print = print;
		self->version++;
	}
	put(&o, "v=0\r\no=- %llu %u IN %s %s\r\n%s", (unsigned long long)self->id, self->version,
	    strchr(l->local.ip, ':') ? "IP6" : "IP4", l->local.ip, body);
	return o.full ? ENOSPC : 0;
}

static bool local_valid(const struct stream_local *l)
{
	if (!l->codec_count || l->codec_count > CODEC_COUNT || !l->local.ip[0])
		return false;
	for (unsigned i = 0; i < l->codec_count; i++)
		if (l->codecs[i] <= CODEC_NONE || l->codecs[i] >= CODEC_COUNT)
			return false;
	return true;
}

enum offer_want offer_want(const struct offer_self *self, const struct stream_local *local,
			   bool secure)
{
	if (!secure || !(local->srtp_allowed || local->srtp_required))
		return OFFER_PLAIN;
	return local->srtp_required ? OFFER_ENCRYPTED : OFFER_EITHER;
}

/* A dynamic type that nothing else of the session has; `usual` when it is free. */
static uint8_t type_free(const struct offer_self *self, uint8_t usual)
{
	for (uint8_t t = usual; t < 127; t++) {
		bool used = self->dtmf == t || self->dtmf_48 == t;

		for (unsigned c = 0; c < CODEC_COUNT; c++)
			used |= self->payload[c] == t;
		if (!used)
			return t;
	}
	return usual;
}

/* Types keep their meaning over the life of a session (RFC 3264, 8.3.2). */
static void types_for_offer(struct offer_self *self, const struct stream_local *local)
{
	static const uint8_t usual[CODEC_COUNT] = {
		[CODEC_PCMA] = 8, [CODEC_PCMU] = 0, [CODEC_G722] = 9, [CODEC_OPUS] = OFFER_TYPE_OPUS};
	bool narrow = false, wide = false;

	for (unsigned i = 0; i < local->codec_count; i++) {
		enum codec c = local->codecs[i];

		if (!self->payload[c])
			self->payload[c] = c == CODEC_OPUS ? type_free(self, usual[c]) : usual[c];
		narrow |= c != CODEC_OPUS;
		wide |= c == CODEC_OPUS;
	}
	if (local->dtmf == DTMF_INBAND)
		narrow = wide = false;
	self->dtmf = !narrow ? 0 : self->dtmf ? self->dtmf : type_free(self, OFFER_TYPE_DTMF);
	self->dtmf_48 = !wide ? 0 : self->dtmf_48 ? self->dtmf_48 :
						    type_free(self, OFFER_TYPE_DTMF_48);
}

int offer_make(struct offer_self *self, const struct stream_local *local, bool secure, char *sdp,
	       size_t cap)
{
	struct offer_self n = *self;
	enum offer_want want = offer_want(self, local, secure);
	int err;

	if (!local_valid(local))
		return EINVAL;
	if (self->locked)
		return EPERM;
	if (local->srtp_required && want != OFFER_ENCRYPTED)
		return ENOTSUP;
	n.srtp = want == OFFER_ENCRYPTED || (want == OFFER_EITHER && !self->plain);
	if (n.srtp != profile_encrypts(n.profile) && !(n.srtp && n.crypto_tag))
		n.profile = n.srtp ? OFFER_SAVP : OFFER_AVP;
	if (n.srtp && !n.crypto_tag)
		n.crypto_tag = 1;
	types_for_offer(&n, local);
	n.answered = false;
	if (!n.ptime_ms)
		n.ptime_ms = 20;
	err = sdp_write(&n, local, n.refused, n.ptime_ms, local->direction, sdp, cap);
	if (!err)
		*self = n;
	return err;
}

/* ---- What it comes to ---- */

static uint8_t packet_time(const struct offer_remote *r)
{
	uint8_t t = r->ptime_ms;

	if (t != 10 && t != 20 && t != 30 && t != 40 && t != 60)
		t = 20;
	if (r->maxptime_ms && r->maxptime_ms < t)
		t = r->maxptime_ms >= 20 ? 20 : 10;
	return t;
}

static const struct offer_format *format_of(const struct offer_remote *r, enum codec c)
{
	for (unsigned i = 0; i < r->format_count; i++)
		if (r->formats[i].codec == c)
			return &r->formats[i];
	return NULL;
}

/* telephone-event of the codec's clock, else of any (some mix 8000 with Opus). */
static const struct offer_format *event_of(const struct offer_remote *r, enum codec c)
{
	const struct offer_format *any = NULL;

	for (unsigned i = 0; i < r->format_count; i++) {
		if (!r->formats[i].event_clock)
			continue;
		if (r->formats[i].event_clock == codec_rtp_clock(c))
			return &r->formats[i];
		if (!any)
			any = &r->formats[i];
	}
	return any;
}

static bool local_has(const struct stream_local *local, enum codec c)
{
	for (unsigned i = 0; i < local->codec_count; i++)
		if (local->codecs[i] == c)
			return true;
	return false;
}

static void stream_common(struct stream *s, const struct offer_remote *r,
			  const struct stream_local *local)
{
	unsigned theirs = ((r->direction & STREAM_SEND) ? STREAM_RECV : 0) |
			  ((r->direction & STREAM_RECV) ? STREAM_SEND : 0);

	if (r->zero_address)
		theirs &= ~(unsigned)STREAM_SEND;
	s->remote = r->address;
	s->ptime_ms = packet_time(r);
	s->direction = (enum stream_direction)(theirs & local->direction);
	s->dtmf = local->dtmf;
	if (s->dtmf == DTMF_RFC4733 && !s->dtmf_type_tx)
		s->dtmf = DTMF_INFO;
}

static bool same_family(const struct offer_remote *r, const struct stream_local *local)
{
	return r->zero_address ||
	       !strchr(r->address.ip, ':') == !strchr(local->local.ip, ':');
}

static void take_refused(struct offer_self *self, const struct offer_remote *r)
{
	self->refused_before = r->refused_before;
	self->locked = text_copy(self->refused, sizeof(self->refused), r->refused) != 0;
}

static const struct offer_format *choose(const struct offer_remote *r,
					 const struct stream_local *local)
{
	for (unsigned i = 0; i < local->codec_count; i++) {
		const struct offer_format *f = format_of(r, local->codecs[i]);

		if (f)
			return f;
	}
	return NULL;
}

int offer_answer(struct offer_self *self, const struct offer_remote *remote,
		 const struct stream_local *local, bool secure, char *sdp, size_t cap,
		 struct stream *out)
{
	enum offer_want want = offer_want(self, local, secure);
	struct offer_self n = *self;
	struct stream_local chosen = *local;
	const struct offer_format *f, *event;
	struct stream s;
	int err;

	if (!local_valid(local))
		return EINVAL;
	f = choose(remote, local);
	if (!f || !same_family(remote, local) || (local->srtp_required && want != OFFER_ENCRYPTED))
		return ENOTSUP;
	memset(&s, 0, sizeof(s));
	s.codec = f->codec;
	s.payload_type_tx = s.payload_type_rx = f->type;
	event = local->dtmf == DTMF_INBAND ? NULL : event_of(remote, f->codec);
	s.dtmf_type_tx = s.dtmf_type_rx = event ? event->type : 0;
	s.rtcp_mux = n.rtcp_mux = remote->rtcp_mux;
	stream_common(&s, remote, local);
	n.srtp = s.srtp.on = remote->crypto && want != OFFER_PLAIN;
	n.crypto_tag = remote->crypto_tag;
	n.profile = remote->profile;
	n.plain |= !s.srtp.on; /* an offer of ours later doesn't change the way of this session */
	if (s.srtp.on) {
		memcpy(s.srtp.tx_key, n.key, sizeof(n.key));
		memcpy(s.srtp.rx_key, remote->key, sizeof(remote->key));
	}
	chosen.codecs[0] = f->codec;
	chosen.codec_count = 1;
	n.payload[f->codec] = f->type;
	n.dtmf = event && event->event_clock != 48000 ? event->type : 0;
	n.dtmf_48 = event && event->event_clock == 48000 ? event->type : 0;
	take_refused(&n, remote);
	n.answered = true;
	n.ptime_ms = s.ptime_ms;
	err = sdp_write(&n, &chosen, remote->refused, s.ptime_ms, s.direction, sdp, cap);
	if (err)
		return err;
	*self = n;
	*out = s;
	return 0;
}

struct stream_local offer_same(const struct offer_self *self, const struct stream_local *local,
			       const struct stream *agreed)
{
	struct stream_local same = *local;

	if (!self->answered || agreed->codec == CODEC_NONE)
		return same;
	same.codecs[0] = agreed->codec;
	same.codec_count = 1;
	same.direction = agreed->direction;
	return same;
}

int offer_conclude(struct offer_self *self, const struct offer_remote *remote,
		   const struct stream_local *local, struct stream *out)
{
	const struct offer_format *f = NULL, *event;
	struct stream s;

	for (unsigned i = 0; i < remote->format_count && !f; i++) {
		enum codec c = remote->formats[i].codec;

		if (c != CODEC_NONE && local_has(local, c))
			f = &remote->formats[i];
	}
	if (!f || !same_family(remote, local) || (self->srtp && !remote->crypto))
		return ENOTSUP;
	memset(&s, 0, sizeof(s));
	s.codec = f->codec;
	s.payload_type_tx = f->type;
	s.payload_type_rx = self->payload[f->codec];
	event = self->dtmf || self->dtmf_48 ? event_of(remote, f->codec) : NULL;
	if (event) {
		s.dtmf_type_tx = event->type;
		s.dtmf_type_rx = event->event_clock == 48000 && self->dtmf_48 ? self->dtmf_48 :
				 self->dtmf ? self->dtmf : self->dtmf_48;
	}
	s.rtcp_mux = self->rtcp_mux && remote->rtcp_mux;
	self->rtcp_mux = s.rtcp_mux;
	stream_common(&s, remote, local);
	s.srtp.on = self->srtp;
	if (s.srtp.on) {
		memcpy(s.srtp.tx_key, self->key, sizeof(self->key));
		memcpy(s.srtp.rx_key, remote->key, sizeof(remote->key));
	}
	*out = s;
	return 0;
}

/* ---- Bodies of several parts (RFC 2046, 5.1) ---- */

static const char *find(const char *p, const char *end, const char *what, size_t n)
{
	return n && p < end ? memmem(p, (size_t)(end - p), what, n) : NULL;
}

int offer_body_part(const char *body, size_t len, const char *boundary, size_t boundary_len,
		    const char **part, size_t *part_len)
{
	const char *end = body + len, *p, *stop, *head;
	char mark[80];

	if (!boundary) {
		*part = body;
		*part_len = len;
		return len ? 0 : ENOENT;
	}
	if (!boundary_len || boundary_len > sizeof(mark) - 3)
		return ENOENT;
	memcpy(mark, "--", 2);
	memcpy(mark + 2, boundary, boundary_len);
	boundary_len += 2;
	for (p = find(body, end, mark, boundary_len); p; p = stop) {
		p += boundary_len;
		stop = find(p, end, mark, boundary_len);
		head = find(p, stop ? stop : end, "\r\n\r\n", 4);
		if (!head || !stop)
			continue;
		if (re_regex(p, (size_t)(head - p), "application/sdp"))
			continue;
		*part = head + 4;
		*part_len = (size_t)(stop - *part);
		return *part_len ? 0 : ENOENT;
	}
	return ENOENT;
}
