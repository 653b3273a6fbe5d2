/*
 * SDP of a stranger, as an offer that is answered and as an answer to an offer of ours. The first
 * byte chooses what we allow: 1-2 encryption, 4 over TLS, 8 IPv6, 16 multipart.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sip/offer.h"

static struct stream_local local_of(uint8_t choice)
{
	struct stream_local l = {.codecs = {CODEC_PCMA, CODEC_PCMU, CODEC_G722, CODEC_OPUS},
				 .codec_count = 4, .dtmf = DTMF_RFC4733, .direction = STREAM_BOTH};

	l.srtp_allowed = choice & 1;
	l.srtp_required = (choice & 3) == 3;
	strcpy(l.local.ip, choice & 8 ? "2001:db8::1" : "192.0.2.1");
	l.local.port = 20000;
	return l;
}

/* What we write we must be able to read. */
static void readable(const char *sdp, const struct stream_local *local)
{
	struct offer_remote *r = malloc(sizeof(*r));

	if (offer_parse(sdp, strlen(sdp), local->srtp_allowed ? OFFER_EITHER : OFFER_PLAIN, r))
		abort();
	free(r);
}

static void agreed(const struct stream *s, const struct stream_local *local)
{
	if (s->codec <= CODEC_NONE || s->codec >= CODEC_COUNT || s->payload_type_tx > 127 ||
	    s->payload_type_rx > 127 || s->ptime_ms < 10 || s->ptime_ms > 60)
		abort();
	if (local->srtp_required && !s->srtp.on)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct offer_self fresh = {.id = 7};
	static char sdp[OFFER_SDP];
	static struct offer_remote r;
	struct offer_self self = fresh, ours = fresh;
	struct stream s;
	struct stream_local local;
	const char *part;
	char *copy;
	size_t n;
	bool secure;

	if (size < 1)
		return 0;
	local = local_of(data[0]);
	secure = data[0] & 4;
	n = size - 1;
	copy = malloc(n ? n : 1);
	memcpy(copy, data + 1, n);
	part = copy;
	if (data[0] & 16 && offer_body_part(copy, n, "b", 1, &part, &n))
		goto out;
	if (offer_parse(part, n, offer_want(&self, &local, secure), &r))
		goto out;
	(void)offer_is_hold(&r);
	if (!offer_answer(&self, &r, &local, secure, sdp, sizeof(sdp), &s)) {
		agreed(&s, &local);
		readable(sdp, &local);
		local = offer_same(&self, &local, &s);
		if (!offer_make(&self, &local, secure, sdp, sizeof(sdp)))
			readable(sdp, &local);
	}
	local = local_of(data[0]);
	if (!offer_make(&ours, &local, secure, sdp, sizeof(sdp)) &&
	    !offer_conclude(&ours, &r, &local, &s))
		agreed(&s, &local);
out:
	free(copy);
	return 0;
}
