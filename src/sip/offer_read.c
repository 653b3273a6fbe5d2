/*
 * Reading an SDP (RFC 4566): the audio line that can be used, the others as they look when refused.
 */
#include "sip/offer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <re.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

const char offer_suite[] = "AES_CM_128_HMAC_SHA1_80";

const char *const offer_profile_names[OFFER_PROFILES] = {
	[OFFER_AVP] = "RTP/AVP",
	[OFFER_AVPF] = "RTP/AVPF",
	[OFFER_SAVP] = "RTP/SAVP",
	[OFFER_SAVPF] = "RTP/SAVPF",
};

bool offer_profile_encrypts(enum offer_profile p)
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

static int media_begin(struct reader *rd)
{
	struct section *s = &rd->now;
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
	return 0;
}

static int read_media(struct reader *rd, struct pl line)
{
	struct pl type, port, proto, fmt, count, rest;
	struct section *s = &rd->now;
	uint32_t n;
	int err = media_begin(rd);

	if (err)
		return err;
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
	for (unsigned i = 0; i < OFFER_PROFILES; i++) {
		if (pl_strcasecmp(&proto, offer_profile_names[i]))
			continue;
		s->audio = true;
		s->r.profile = (enum offer_profile)i;
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

/* The base64 part of "inline:BASE64|2^31|1:4": one key, no MKI. */
static bool key_part(const struct pl *params, struct pl *key)
{
	struct pl method, text, more;

	if (!split(params, ':', &method, key) || pl_strcasecmp(&method, "inline"))
		return false;
	if (split(key, '|', &text, &more)) {
		if (pl_strchr(&more, ':') || pl_strchr(&more, ';'))
			return false;
		*key = text;
	}
	return key->l == 40;
}

/* "1 AES_CM_128_HMAC_SHA1_80 inline:…": the first that we know, without session parameters. */
static void read_crypto(struct offer_remote *r, struct pl value)
{
	struct pl tag, name, params, more, key;
	uint8_t raw[48];
	size_t n = sizeof(raw);
	uint32_t t;

	if (r->crypto || !word(&value, &tag) || !word(&value, &name) || !word(&value, &params))
		return;
	if (number(&tag, 999999999, &t) || pl_strcasecmp(&name, offer_suite) || word(&value, &more))
		return;
	if (!key_part(&params, &key) || base64_decode(key.p, key.l, raw, &n) ||
	    n != STREAM_SRTP_KEY_LEN)
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
	if (offer_profile_encrypts(s->r.profile))
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

/* The next line without its end; false when nothing is left. */
static bool next_line(const char **at, const char *end, struct pl *line)
{
	const char *p = *at, *eol;

	if (p >= end)
		return false;
	eol = memchr(p, '\n', (size_t)(end - p));
	*line = (struct pl){p, (size_t)((eol ? eol : end) - p)};
	if (line->l && line->p[line->l - 1] == '\r')
		line->l--;
	*at = eol ? eol + 1 : end;
	return true;
}

int offer_parse(const char *sdp, size_t len, enum offer_want want, struct offer_remote *out)
{
	struct offer_remote r;
	struct reader rd = {.out = &r, .want = want, .direction = STREAM_BOTH};
	const char *p = sdp;
	struct pl line;
	int err;

	memset(&r, 0, sizeof(r));
	while (next_line(&p, sdp + len, &line)) {
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
