/*
 * Writing offers and answers, and what they come to (RFC 3264).
 */
#include "sip/offer.h"

#include <errno.h>
#include <re.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

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

		put(o, "a=rtpmap:%u %s/%u%s\r\n", self->payload[c], codec_name(c),
		    codec_rtp_clock(c), c == CODEC_OPUS ? "/2" : "");
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
		put(o, "a=crypto:%u %s inline:%.*s\r\n", self->crypto_tag, offer_suite, (int)n,
		    key);
}

/* Everything after the o= line. */
static void put_body(struct out *o, const struct offer_self *self, const struct stream_local *l,
		     const char *refused, uint8_t ptime_ms, enum stream_direction direction)
{
	const char *family = strchr(l->local.ip, ':') ? "IP6" : "IP4";

	put(o, "s=-\r\nc=IN %s %s\r\nt=0 0\r\n%.*s", family, l->local.ip, self->refused_before,
	    refused);
	put(o, "m=audio %u %s", l->local.port, offer_profile_names[self->profile]);
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
	if (n.srtp != offer_profile_encrypts(n.profile) && !(n.srtp && n.crypto_tag))
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

/* In the order of the answer: it is the far end that chooses. */
static const struct offer_format *first_common(const struct offer_remote *r,
					       const struct stream_local *local)
{
	for (unsigned i = 0; i < r->format_count; i++)
		if (r->formats[i].codec != CODEC_NONE && local_has(local, r->formats[i].codec))
			return &r->formats[i];
	return NULL;
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
	const struct offer_format *f = first_common(remote, local), *event;
	struct stream s;

	if (!f || !same_family(remote, local) || (self->srtp && !remote->crypto))
		return ENOTSUP;
	memset(&s, 0, sizeof(s));
	s.codec = f->codec;
	s.payload_type_tx = f->type;
	s.payload_type_rx = self->payload[f->codec];
	event = self->dtmf || self->dtmf_48 ? event_of(remote, f->codec) : NULL;
	if (event) {
		bool wide = !self->dtmf || (event->event_clock == 48000 && self->dtmf_48);

		s.dtmf_type_tx = event->type;
		s.dtmf_type_rx = wide ? self->dtmf_48 : self->dtmf;
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
