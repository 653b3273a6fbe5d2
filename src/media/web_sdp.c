#include "media/web_sdp.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define FORMATS_MAX 64 /* of the audio; more are passed over */

enum setup { SETUP_ANY, SETUP_THEIRS_ACTIVE, SETUP_OURS };

/* Attributes that a section may have of its own, else the session's hold. */
struct part {
	char ufrag[WEB_UFRAG_MAX + 1], pwd[WEB_PWD_MAX + 1];
	bool fingerprint_seen, fingerprint_known, ice_bad, mux, one_way;
	uint8_t fingerprint[WEB_FINGERPRINT];
	enum setup setup;
};

struct format {
	uint8_t type;
	enum codec codec;
	uint32_t event_clock; /* of telephone-event, else 0 */
};

struct reader {
	struct web_offer *o;
	bool no_opus, audio_found;
	unsigned candidates;
	struct part session, audio;
	struct format format[FORMATS_MAX];
	unsigned formats;
};

struct line {
	const char *at;
	size_t len;
};

static bool next_line(const char **text, size_t *left, struct line *out)
{
	const char *end;
	size_t len;

	if (*left == 0)
		return false;
	end = memchr(*text, '\n', *left);
	len = end ? (size_t)(end - *text) : *left;
	*out = (struct line){*text, len};
	if (len > 0 && out->at[len - 1] == '\r')
		out->len--;
	*text += end ? len + 1 : len;
	*left -= end ? len + 1 : len;
	return true;
}

/* The value of "a=name:value" or, with an empty value, of "a=name". */
static bool attribute(const struct line *l, const char *name, struct line *value)
{
	const size_t n = strlen(name);

	if (l->len < n + 2 || memcmp(l->at, "a=", 2) != 0 || memcmp(l->at + 2, name, n) != 0)
		return false;
	if (l->len == n + 2) {
		*value = (struct line){l->at + n + 2, 0};
		return true;
	}
	if (l->at[n + 2] != ':')
		return false;
	*value = (struct line){l->at + n + 3, l->len - n - 3};
	return true;
}

/* The next word of a line. */
static bool word(struct line *l, struct line *out)
{
	size_t n = 0;

	while (l->len > 0 && *l->at == ' ') {
		l->at++;
		l->len--;
	}
	while (n < l->len && l->at[n] != ' ')
		n++;
	*out = (struct line){l->at, n};
	l->at += n;
	l->len -= n;
	return n > 0;
}

/* RFC 8866, 9: token. */
static bool is_token(const struct line *w)
{
	static const char others[] = "!#$%&'*+-.^_`{|}~/";

	for (size_t i = 0; i < w->len; i++)
		if (!isalnum((unsigned char)w->at[i]) &&
		    !memchr(others, w->at[i], sizeof(others) - 1))
			return false;
	return w->len > 0 && w->len < WEB_TOKEN;
}

static bool is_ice(const struct line *w, size_t least, size_t most)
{
	for (size_t i = 0; i < w->len; i++)
		if (!isalnum((unsigned char)w->at[i]) && w->at[i] != '+' && w->at[i] != '/')
			return false;
	return w->len >= least && w->len <= most;
}

static bool same(const struct line *w, const char *text)
{
	return w->len == strlen(text) && strncasecmp(w->at, text, w->len) == 0;
}

static void copy(char *dst, size_t cap, const struct line *w)
{
	text_copy_n(dst, cap, w->at, w->len);
}

static bool small_number(const struct line *w, unsigned most, unsigned *out)
{
	unsigned n = 0;

	if (w->len == 0 || w->len > 5)
		return false;
	for (size_t i = 0; i < w->len; i++) {
		if (!isdigit((unsigned char)w->at[i]))
			return false;
		n = n * 10 + (unsigned)(w->at[i] - '0');
	}
	*out = n;
	return n <= most;
}

/* ---- attributes of session and section alike ---- */

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0'
	       : c >= 'a' && c <= 'f'	 ? c - 'a' + 10
	       : c >= 'A' && c <= 'F'	 ? c - 'A' + 10
					 : -1;
}

static bool hash_bytes(const struct line *w, uint8_t out[WEB_FINGERPRINT])
{
	if (w->len != WEB_FINGERPRINT * 3 - 1)
		return false;
	for (size_t i = 0; i < WEB_FINGERPRINT; i++) {
		const char *at = w->at + i * 3;

		if (hex(at[0]) < 0 || hex(at[1]) < 0 || (i + 1 < WEB_FINGERPRINT && at[2] != ':'))
			return false;
		out[i] = (uint8_t)(hex(at[0]) << 4 | hex(at[1]));
	}
	return true;
}

static void read_fingerprint(struct part *p, struct line v)
{
	struct line hash, value;

	p->fingerprint_seen = true;
	if (word(&v, &hash) && word(&v, &value) && same(&hash, "sha-256") &&
	    !p->fingerprint_known)
		p->fingerprint_known = hash_bytes(&value, p->fingerprint);
}

static void read_part(struct part *p, const struct line *l)
{
	struct line v;

	if (attribute(l, "ice-ufrag", &v)) {
		p->ice_bad |= !is_ice(&v, 4, WEB_UFRAG_MAX);
		copy(p->ufrag, sizeof(p->ufrag), &v);
	} else if (attribute(l, "ice-pwd", &v)) {
		p->ice_bad |= !is_ice(&v, WEB_PWD_MIN, WEB_PWD_MAX);
		copy(p->pwd, sizeof(p->pwd), &v);
	} else if (attribute(l, "fingerprint", &v)) {
		read_fingerprint(p, v);
	} else if (attribute(l, "setup", &v)) {
		p->setup = same(&v, "actpass") || same(&v, "active") ? SETUP_THEIRS_ACTIVE
								     : SETUP_OURS;
	} else if (attribute(l, "rtcp-mux", &v) || attribute(l, "rtcp-mux-only", &v)) {
		p->mux = true;
	} else if (attribute(l, "sendonly", &v) || attribute(l, "recvonly", &v) ||
		   attribute(l, "inactive", &v)) {
		p->one_way = true;
	} else if (attribute(l, "sendrecv", &v)) {
		p->one_way = false;
	}
}

/* ---- sections ---- */

static void add_format(struct reader *r, const struct line *w)
{
	unsigned type;

	if (r->formats == FORMATS_MAX || !small_number(w, 127, &type))
		return;
	r->format[r->formats++] = (struct format){
		.type = (uint8_t)type,
		.codec = type == 8 ? CODEC_PCMA : type == 0 ? CODEC_PCMU : CODEC_NONE};
}

static bool read_section(struct reader *r, struct line l)
{
	struct web_section *s = &r->o->section[r->o->sections];
	struct line kind, port, proto, format;
	unsigned number;
	bool ours;

	if (!word(&l, &kind) || !word(&l, &port) || !word(&l, &proto) || !word(&l, &format) ||
	    !is_token(&kind) || !is_token(&proto) || !is_token(&format) ||
	    !small_number(&port, UINT16_MAX, &number))
		return false;
	memset(s, 0, sizeof(*s));
	copy(s->kind, sizeof(s->kind), &kind);
	copy(s->proto, sizeof(s->proto), &proto);
	copy(s->format, sizeof(s->format), &format);
	s->port = (uint16_t)number;
	ours = !r->audio_found && same(&kind, "audio") && number != 0 &&
	       same(&proto, "UDP/TLS/RTP/SAVPF");
	if (ours) {
		r->audio_found = true;
		r->o->audio = r->o->sections;
		r->audio = (struct part){.one_way = r->session.one_way};
		do
			add_format(r, &format);
		while (word(&l, &format));
	}
	r->o->sections++;
	return true;
}

static void read_rtpmap(struct reader *r, struct line v)
{
	struct line type, what;
	unsigned number;

	if (!word(&v, &type) || !word(&v, &what) || !small_number(&type, 127, &number))
		return;
	for (unsigned i = 0; i < r->formats; i++) {
		struct format *f = &r->format[i];

		if (f->type != number)
			continue;
		f->codec = same(&what, "PCMA/8000") || same(&what, "PCMA/8000/1") ? CODEC_PCMA
			   : same(&what, "PCMU/8000") || same(&what, "PCMU/8000/1") ? CODEC_PCMU
			   : same(&what, "opus/48000/2") && !r->no_opus ? CODEC_OPUS
									: CODEC_NONE;
		f->event_clock = same(&what, "telephone-event/8000")	? 8000
				 : same(&what, "telephone-event/48000") ? 48000
									: 0;
	}
}

static bool in_audio(const struct reader *r)
{
	return r->audio_found && r->o->sections == r->o->audio + 1;
}

static void read_attribute(struct reader *r, const struct line *l)
{
	struct line v, first;

	if (r->o->sections == 0) {
		if (attribute(l, "group", &v) && word(&v, &first) && same(&first, "BUNDLE"))
			r->o->bundle = true;
		read_part(&r->session, l);
		return;
	}
	if (attribute(l, "mid", &v) && is_token(&v))
		copy(r->o->section[r->o->sections - 1].mid, WEB_TOKEN, &v);
	if (!in_audio(r))
		return;
	if (attribute(l, "rtpmap", &v))
		read_rtpmap(r, v);
	else
		read_part(&r->audio, l);
}

static enum media_web_refusal read_lines(struct reader *r, const char *text, size_t len)
{
	struct line l, v;

	while (next_line(&text, &len, &l)) {
		if (l.len == 0)
			continue;
		if (l.len < 2 || l.at[1] != '=' || !islower((unsigned char)l.at[0]))
			return MEDIA_WEB_NOT_SDP;
		if (attribute(&l, "candidate", &v) &&
		    ++r->candidates > MEDIA_WEB_CANDIDATES_MAX)
			return MEDIA_WEB_TOO_MANY_CANDIDATES;
		if (l.at[0] == 'm') {
			if (r->o->sections == MEDIA_WEB_SECTIONS_MAX)
				return MEDIA_WEB_TOO_MANY_SECTIONS;
			if (!read_section(r, (struct line){l.at + 2, l.len - 2}))
				return MEDIA_WEB_NOT_SDP;
		} else if (l.at[0] == 'a') {
			read_attribute(r, &l);
		}
	}
	return MEDIA_WEB_OK;
}

/* ---- what it comes to ---- */

static bool choose_codec(const struct reader *r)
{
	struct web_offer *o = r->o;

	for (unsigned i = 0; i < r->formats && o->codec == CODEC_NONE; i++) {
		o->codec = r->format[i].codec;
		o->type = r->format[i].type;
	}
	if (o->codec == CODEC_NONE)
		return false;
	for (unsigned i = 0; i < r->formats && o->event_type == 0; i++)
		if (r->format[i].event_clock == codec_rtp_clock(o->codec))
			o->event_type = r->format[i].type;
	return true;
}

static bool choose_ice(struct web_offer *o, const struct part *session, const struct part *own)
{
	const struct part *p = own->ufrag[0] || own->pwd[0] ? own : session;

	if (p->ice_bad || !p->ufrag[0] || !p->pwd[0])
		return false;
	memcpy(o->ufrag, p->ufrag, sizeof(o->ufrag));
	memcpy(o->pwd, p->pwd, sizeof(o->pwd));
	return true;
}

static enum media_web_refusal judge(struct reader *r)
{
	const struct part *s = &r->session, *a = &r->audio;
	const struct part *print = a->fingerprint_seen ? a : s;
	const enum setup setup = a->setup != SETUP_ANY ? a->setup : s->setup;

	if (!r->audio_found)
		return MEDIA_WEB_NO_AUDIO;
	if (a->one_way)
		return MEDIA_WEB_NOT_BOTH_WAYS;
	if (!choose_codec(r))
		return MEDIA_WEB_NO_CODEC;
	if (!choose_ice(r->o, s, a))
		return MEDIA_WEB_NO_ICE;
	if (!print->fingerprint_seen)
		return MEDIA_WEB_NO_FINGERPRINT;
	if (!print->fingerprint_known)
		return MEDIA_WEB_UNKNOWN_FINGERPRINT;
	memcpy(r->o->fingerprint, print->fingerprint, WEB_FINGERPRINT);
	if (setup == SETUP_OURS)
		return MEDIA_WEB_NOT_ACTIVE;
	return a->mux ? MEDIA_WEB_OK : MEDIA_WEB_NO_MUX;
}

enum media_web_refusal web_offer_read(const char *text, size_t len, bool no_opus,
				      struct web_offer *out)
{
	struct reader r = {.o = out, .no_opus = no_opus};
	enum media_web_refusal refusal;

	memset(out, 0, sizeof(*out));
	if (len > MEDIA_WEB_OFFER_MAX)
		return MEDIA_WEB_TOO_BIG;
	if (len < 4 || memcmp(text, "v=0", 3) != 0 || memchr(text, '\0', len))
		return MEDIA_WEB_NOT_SDP;
	refusal = read_lines(&r, text, len);
	return refusal == MEDIA_WEB_OK ? judge(&r) : refusal;
}

enum media_web_refusal web_fragment_read(const char *text, size_t len, struct web_offer *out)
{
	struct reader r = {.o = out};
	struct line l, v;

	memset(out, 0, sizeof(*out));
	if (len > MEDIA_WEB_OFFER_MAX)
		return MEDIA_WEB_TOO_BIG;
	if (memchr(text, '\0', len))
		return MEDIA_WEB_NOT_SDP;
	/* name and password stand before the m= line or in it: RFC 8840, 9 */
	while (next_line(&text, &len, &l)) {
		if (l.len > 0 && (l.len < 2 || l.at[1] != '='))
			return MEDIA_WEB_NOT_SDP;
		if (attribute(&l, "candidate", &v) &&
		    ++r.candidates > MEDIA_WEB_CANDIDATES_MAX)
			return MEDIA_WEB_TOO_MANY_CANDIDATES;
		read_part(&r.session, &l);
	}
	if (!r.session.ufrag[0] && !r.session.pwd[0])
		return MEDIA_WEB_OK;
	return choose_ice(out, &r.session, &r.audio) ? MEDIA_WEB_OK : MEDIA_WEB_NO_ICE;
}

/* ---- ours ---- */

static int put_candidates(const struct web_ours *ours, char *out, size_t cap)
{
	int err = text_append(out, cap, "a=candidate:1 1 udp 2130706431 %s %u typ host\r\n",
			      ours->local.ip, ours->local.port);

	/* one-to-one NAT: who is on this side of it can't reach the outer address, often */
	if (!err && ours->local_ip[0] && strcmp(ours->local_ip, ours->local.ip) != 0)
		err = text_append(out, cap, "a=candidate:2 1 udp 2130705919 %s %u typ host\r\n",
				  ours->local_ip, ours->local.port);
	return err ? err : text_append(out, cap, "a=end-of-candidates\r\n");
}

static int put_codec(const struct web_offer *o, char *out, size_t cap)
{
	const uint32_t clock = codec_rtp_clock(o->codec);
	int err = text_append(out, cap, "a=rtpmap:%u %s/%u%s\r\n", o->type,
			      o->codec == CODEC_OPUS ? "opus" : codec_name(o->codec), clock,
			      o->codec == CODEC_OPUS ? "/2" : "");

	if (!err && o->codec == CODEC_OPUS)
		err = text_append(out, cap, "a=fmtp:%u minptime=20;useinbandfec=1;usedtx=0\r\n",
				  o->type);
	if (!err && o->event_type)
		err = text_append(out, cap, "a=rtpmap:%u telephone-event/%u\r\na=fmtp:%u 0-15\r\n",
				  o->event_type, clock, o->event_type);
	return err;
}

static int put_audio(const struct web_offer *o, const struct web_ours *ours, char *out,
		     size_t cap)
{
	const char *ip = ours->local.ip;
	int err = text_append(out, cap, "m=audio %u UDP/TLS/RTP/SAVPF %u", ours->local.port,
			      o->type);

	if (!err && o->event_type)
		err = text_append(out, cap, " %u", o->event_type);
	if (!err)
		err = text_append(out, cap, "\r\nc=IN %s %s\r\n", strchr(ip, ':') ? "IP6" : "IP4",
				  ip);
	if (!err && o->section[o->audio].mid[0])
		err = text_append(out, cap, "a=mid:%s\r\n", o->section[o->audio].mid);
	if (!err)
		err = put_codec(o, out, cap);
	if (!err)
		err = text_append(out, cap,
				  "a=sendrecv\r\na=rtcp-mux\r\na=ptime:20\r\na=ice-ufrag:%s\r\n"
				  "a=ice-pwd:%s\r\na=setup:passive\r\na=fingerprint:sha-256 ",
				  ours->ufrag, ours->pwd);
	for (int i = 0; !err && i < WEB_FINGERPRINT; i++)
		err = text_append(out, cap, "%s%02X", i ? ":" : "", ours->fingerprint[i]);
	if (!err)
		err = text_append(out, cap,
				  "\r\na=msid:zongji sound\r\na=ssrc:%u cname:zongji\r\n",
				  ours->ssrc);
	return err ? err : put_candidates(ours, out, cap);
}

/* RFC 9143, 7.3: a section that is refused has port 0 and isn't in the group. */
static int put_closed(const struct web_section *s, char *out, size_t cap)
{
	int err = text_append(out, cap, "m=%s 0 %s %s\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n",
			      s->kind, s->proto, s->format);

	return !err && s->mid[0] ? text_append(out, cap, "a=mid:%s\r\n", s->mid) : err;
}

int web_answer_write(const struct web_offer *o, const struct web_ours *ours, char *out, size_t cap)
{
	const char *mid = o->section[o->audio].mid;
	int err;

	text_copy(out, cap, "");
	err = text_append(out, cap,
			  "v=0\r\no=- %llu 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n",
			  (unsigned long long)(ours->session & INT64_MAX));
	if (!err && o->bundle && mid[0])
		err = text_append(out, cap, "a=group:BUNDLE %s\r\n", mid);
	for (unsigned i = 0; !err && i < o->sections; i++)
		err = i == o->audio ? put_audio(o, ours, out, cap)
				    : put_closed(&o->section[i], out, cap);
	return err;
}

int web_fragment_write(const char *mid, const struct web_ours *ours, char *out, size_t cap)
{
	int err;

	text_copy(out, cap, "");
	err = text_append(out, cap, "a=ice-lite\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"
			  "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n", ours->ufrag, ours->pwd);
	if (!err && mid[0])
		err = text_append(out, cap, "a=mid:%s\r\n", mid);
	return err ? err : put_candidates(ours, out, cap);
}
