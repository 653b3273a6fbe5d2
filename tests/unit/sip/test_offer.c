/*
 * Offer and answer: SDP in and SDP out side by side.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <cmocka.h>

#include "sip/offer.h"

#define HEAD "v=0\r\no=- 7 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
#define OURS(v) "v=0\r\no=- 42 " v " IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define KEY_B64 "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0"

static struct stream_local local(enum codec first, enum codec second)
{
	struct stream_local l = {.local = {.ip = "192.0.2.1", .port = 7000},
				 .codecs = {first, second}, .codec_count = second ? 2 : 1,
				 .direction = STREAM_BOTH};

	return l;
}

struct pair_row {
	const char *name, *in, *out;
	int err;
	enum codec first, second;
	bool secure, allowed, required;
	/* of the stream */
	enum codec codec;
	uint8_t tx, dtmf;
	enum stream_direction direction;
	bool held;
};

static const struct pair_row rows[] = {
	{"our order of codecs", .first = CODEC_PCMA, .second = CODEC_PCMU,
	 .in = HEAD "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n",
	 .out = OURS("1") "m=audio 7000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\n"
		"a=sendrecv\r\n",
	 .codec = CODEC_PCMA, .tx = 8, .dtmf = 101, .direction = STREAM_BOTH},
	{"no telephone-event, ptime 30", .first = CODEC_PCMU, .second = CODEC_NONE,
	 .in = HEAD "m=audio 4000 RTP/AVP 0 8\r\na=ptime:30\r\n",
	 .out = OURS("1") "m=audio 7000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:30\r\n"
		"a=sendrecv\r\n",
	 .codec = CODEC_PCMU, .tx = 0, .direction = STREAM_BOTH},
	{"opus with its own event clock, rtcp-mux", .first = CODEC_OPUS, .second = CODEC_PCMA,
	 .in = HEAD "m=audio 4000 RTP/AVP 96 8 97 101\r\na=rtpmap:96 opus/48000/2\r\n"
	       "a=rtpmap:97 telephone-event/48000\r\na=rtpmap:101 telephone-event/8000\r\n"
	       "a=rtcp-mux\r\n",
	 .out = OURS("1") "m=audio 7000 RTP/AVP 96 97\r\na=rtpmap:96 opus/48000/2\r\n"
		"a=fmtp:96 useinbandfec=1\r\na=rtpmap:97 telephone-event/48000\r\n"
		"a=fmtp:97 0-16\r\na=ptime:20\r\na=rtcp-mux\r\na=sendrecv\r\n",
	 .codec = CODEC_OPUS, .tx = 96, .dtmf = 97, .direction = STREAM_BOTH},
	{"G.722", .first = CODEC_G722, .second = CODEC_PCMA,
	 .in = HEAD "m=audio 4000 RTP/AVP 8 9\r\na=rtpmap:9 G722/8000\r\n",
	 .out = OURS("1") "m=audio 7000 RTP/AVP 9\r\na=rtpmap:9 G722/8000\r\na=ptime:20\r\n"
		"a=sendrecv\r\n",
	 .codec = CODEC_G722, .tx = 9, .direction = STREAM_BOTH},
	{"hold by sendonly", .first = CODEC_PCMA, .second = CODEC_NONE,
	 .in = HEAD "m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n",
	 .out = OURS("1") "m=audio 7000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n"
		"a=recvonly\r\n",
	 .codec = CODEC_PCMA, .tx = 8, .direction = STREAM_RECV, .held = true},
	{"hold by inactive of the session", .first = CODEC_PCMA, .second = CODEC_NONE,
	 .in = HEAD "a=inactive\r\nm=audio 4000 RTP/AVP 8\r\n",
	 .out = OURS("1") "m=audio 7000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n"
		"a=inactive\r\n",
	 .codec = CODEC_PCMA, .tx = 8, .direction = STREAM_INACTIVE, .held = true},
	{"hold by c=0.0.0.0", .first = CODEC_PCMA, .second = CODEC_NONE,
	 .in = HEAD "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 0.0.0.0\r\n",
	 .out = OURS("1") "m=audio 7000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n"
		"a=recvonly\r\n",
	 .codec = CODEC_PCMA, .tx = 8, .direction = STREAM_RECV, .held = true},
	{"video before, T.38 after: refused", .first = CODEC_PCMA, .second = CODEC_NONE,
	 .in = HEAD "m=video 4002 RTP/AVP 31 34\r\nm=audio 4000 RTP/AVP 8\r\n"
	       "m=image 4004 udptl t38\r\n",
	 .out = OURS("1") "m=video 0 RTP/AVP 31\r\nm=audio 7000 RTP/AVP 8\r\n"
		"a=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\nm=image 0 udptl t38\r\n",
	 .codec = CODEC_PCMA, .tx = 8, .direction = STREAM_BOTH},
	{"SDES over TLS", .first = CODEC_PCMA, .secure = true, .allowed = true,
	 .in = HEAD "m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:x\r\n"
	       "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" KEY_B64 "|2^31\r\n",
	 .out = OURS("1") "m=audio 7000 RTP/SAVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n"
		"a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:"
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd\r\na=sendrecv\r\n",
	 .codec = CODEC_PCMA, .tx = 8, .direction = STREAM_BOTH},
	{"SDES not over TLS", .err = ENOENT, .first = CODEC_PCMA, .allowed = true,
	 .in = HEAD "m=audio 4000 RTP/SAVP 8\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" KEY_B64
	       "\r\n"},
	{"the plain line of two", .first = CODEC_PCMA,
	 .in = HEAD "m=audio 4000 RTP/SAVP 8\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" KEY_B64
	       "\r\nm=audio 4002 RTP/AVP 8\r\n",
	 .out = OURS("1") "m=audio 0 RTP/SAVP 8\r\nm=audio 7000 RTP/AVP 8\r\n"
		"a=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n",
	 .codec = CODEC_PCMA, .tx = 8, .direction = STREAM_BOTH},
	{"plain where keys are required", .err = ENOENT, .first = CODEC_PCMA, .secure = true,
	 .required = true, .in = HEAD "m=audio 4000 RTP/AVP 8\r\n"},
	{"DTLS", .err = ENOENT, .first = CODEC_PCMA,
	 .in = HEAD "m=audio 4000 UDP/TLS/RTP/SAVPF 8\r\n"},
	{"T.38 only", .err = ENOENT, .first = CODEC_PCMA, .in = HEAD "m=image 4004 udptl t38\r\n"},
	{"port 0", .err = ENOENT, .first = CODEC_PCMA, .in = HEAD "m=audio 0 RTP/AVP 8\r\n"},
	{"no media", .err = ENOENT, .first = CODEC_PCMA, .in = HEAD},
	{"a host name", .err = ENOENT, .first = CODEC_PCMA,
	 .in = "v=0\r\no=- 7 1 IN IP4 a.example\r\ns=-\r\nc=IN IP4 a.example\r\nt=0 0\r\n"
	       "m=audio 4000 RTP/AVP 8\r\n"},
	{"no common codec", .err = ENOTSUP, .first = CODEC_PCMA,
	 .in = HEAD "m=audio 4000 RTP/AVP 18 3\r\na=rtpmap:18 G729/8000\r\n"},
	{"IPv6 to an IPv4 leg", .err = ENOTSUP, .first = CODEC_PCMA,
	 .in = "v=0\r\no=- 7 1 IN IP6 2001:db8::9\r\ns=-\r\nc=IN IP6 2001:db8::9\r\nt=0 0\r\n"
	       "m=audio 4000 RTP/AVP 8\r\n"},
	{"not SDP", .err = EBADMSG, .first = CODEC_PCMA, .in = "hello\r\n"},
	{"no version", .err = EBADMSG, .first = CODEC_PCMA, .in = "m=audio 4000 RTP/AVP 8\r\n"},
	{"a port that isn't", .err = EBADMSG, .first = CODEC_PCMA,
	 .in = HEAD "m=audio 4000x RTP/AVP 8\r\n"},
	{"empty", .err = EBADMSG, .first = CODEC_PCMA, .in = ""},
};

static struct offer_self self_new(void)
{
	struct offer_self s = {.id = 42};

	for (unsigned i = 0; i < sizeof(s.key); i++)
		s.key[i] = (uint8_t)i;
	return s;
}

static void answers(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct pair_row *r = &rows[i];
		struct stream_local l = local(r->first, r->second);
		struct offer_self self = self_new();
		struct offer_remote remote;
		char sdp[OFFER_SDP] = "";
		struct stream s;
		int err;

		l.srtp_allowed = r->allowed;
		l.srtp_required = r->required;
		err = offer_parse(r->in, strlen(r->in), offer_want(&self, &l, r->secure), &remote);
		if (!err)
			err = offer_answer(&self, &remote, &l, r->secure, sdp, sizeof(sdp), &s);
		if (err != r->err)
			fail_msg("%s: error %d", r->name, err);
		if (err)
			continue;
		if (strcmp(sdp, r->out))
			fail_msg("%s:\n%s\nexpected:\n%s", r->name, sdp, r->out);
		assert_int_equal(s.codec, r->codec);
		assert_int_equal(s.payload_type_tx, r->tx);
		assert_int_equal(s.dtmf_type_tx, r->dtmf);
		assert_int_equal(s.direction, r->direction);
		assert_int_equal(offer_is_hold(&remote), r->held);
		assert_int_equal(s.srtp.on, r->secure);
	}
}

static void offer_is_concluded(void **state)
{
	static const char want[] =
		OURS("1") "m=audio 7000 RTP/AVP 8 111 101 102\r\na=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n"
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
		"a=rtpmap:102 telephone-event/48000\r\na=fmtp:102 0-16\r\na=ptime:20\r\n"
		"a=sendrecv\r\n";
	static const char answer[] =
		HEAD "m=audio 4000 RTP/AVP 96 97\r\na=rtpmap:96 opus/48000/2\r\n"
		"a=rtpmap:97 telephone-event/48000\r\n";
	struct stream_local l = local(CODEC_PCMA, CODEC_OPUS);
	struct offer_self self = self_new();
	struct offer_remote r;
	char sdp[OFFER_SDP];
	struct stream s;

	assert_int_equal(offer_make(&self, &l, false, sdp, sizeof(sdp)), 0);
	assert_string_equal(sdp, want);
	assert_int_equal(offer_parse(answer, strlen(answer), OFFER_PLAIN, &r), 0);
	assert_int_equal(offer_conclude(&self, &r, &l, &s), 0);
	assert_int_equal(s.codec, CODEC_OPUS);
	assert_int_equal(s.payload_type_tx, 96);
	assert_int_equal(s.payload_type_rx, 111);
	assert_int_equal(s.dtmf_type_tx, 97);
	assert_int_equal(s.dtmf_type_rx, 102);
	/* nothing has changed: the same bytes, the same version */
	assert_int_equal(offer_make(&self, &l, false, sdp, sizeof(sdp)), 0);
	assert_string_equal(sdp, want);
	l.direction = STREAM_SEND;
	assert_int_equal(offer_make(&self, &l, false, sdp, sizeof(sdp)), 0);
	assert_non_null(strstr(sdp, "o=- 42 2 IN"));
	assert_non_null(strstr(sdp, "a=sendonly"));
}

static void fifty_media(void **state)
{
	struct stream_local l = local(CODEC_PCMA, CODEC_NONE);
	struct offer_self self = self_new();
	struct offer_remote r;
	char in[8192] = HEAD, sdp[OFFER_SDP];
	struct stream s;
	unsigned n = 0;

	for (unsigned i = 0; i < 49; i++)
		strcat(in, "m=video 4002 RTP/AVP 31\r\n");
	strcat(in, "m=audio 4000 RTP/AVP 8\r\n");
	assert_int_equal(offer_parse(in, strlen(in), OFFER_PLAIN, &r), 0);
	assert_int_equal(offer_answer(&self, &r, &l, false, sdp, sizeof(sdp), &s), 0);
	for (const char *p = sdp; (p = strstr(p, "\r\nm=")); p++)
		n++;
	assert_int_equal(n, 50);
	/* they can't be remembered: no offer of ours later */
	assert_int_equal(offer_make(&self, &l, false, sdp, sizeof(sdp)), EPERM);
	for (unsigned i = 0; i < 20; i++)
		strcat(in, "m=video 4002 RTP/AVP 31\r\n");
	assert_int_equal(offer_parse(in, strlen(in), OFFER_PLAIN, &r), E2BIG);
}

static void refused_lines_stay_in_our_offer(void **state)
{
	static const char in[] = HEAD "m=video 4002 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 8\r\n"
				      "m=image 9 udptl t38\r\n";
	struct stream_local l = local(CODEC_PCMA, CODEC_NONE);
	struct offer_self self = self_new();
	struct offer_remote r;
	char sdp[OFFER_SDP];
	struct stream s;

	assert_int_equal(offer_parse(in, strlen(in), OFFER_PLAIN, &r), 0);
	assert_int_equal(offer_answer(&self, &r, &l, false, sdp, sizeof(sdp), &s), 0);
	l.direction = STREAM_SEND;
	assert_int_equal(offer_make(&self, &l, false, sdp, sizeof(sdp)), 0);
	assert_non_null(strstr(sdp, "m=video 0 RTP/AVP 31\r\nm=audio 7000"));
	assert_non_null(strstr(sdp, "a=sendonly\r\nm=image 0 udptl t38\r\n"));
}

static void keys_then_plain(void **state)
{
	struct stream_local l = local(CODEC_PCMA, CODEC_NONE);
	struct offer_self self = self_new();
	char sdp[OFFER_SDP];

	l.srtp_allowed = true;
	assert_int_equal(offer_make(&self, &l, true, sdp, sizeof(sdp)), 0);
	assert_non_null(strstr(sdp, "m=audio 7000 RTP/SAVP 8"));
	assert_non_null(strstr(sdp, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"));
	self.plain = true;
	assert_int_equal(offer_make(&self, &l, true, sdp, sizeof(sdp)), 0);
	assert_non_null(strstr(sdp, "m=audio 7000 RTP/AVP 8"));
	assert_null(strstr(sdp, "crypto"));
	l.srtp_required = true;
	assert_int_equal(offer_make(&self, &l, false, sdp, sizeof(sdp)), ENOTSUP);
}

static void multipart(void **state)
{
	static const char body[] = "--b1\r\nContent-Type: application/isup\r\n\r\nxx\r\n--b1\r\n"
				   "Content-Type: application/sdp\r\n\r\nv=0\r\n--b1--\r\n";
	const char *part;
	size_t len;

	assert_int_equal(offer_body_part(body, strlen(body), "b1", 2, &part, &len), 0);
	assert_memory_equal(part, "v=0\r\n", 5);
	assert_int_equal(offer_body_part(body, strlen(body), "b2", 2, &part, &len), ENOENT);
	assert_int_equal(offer_body_part(body, 40, "b1", 2, &part, &len), ENOENT);
}

/* Every prefix and every single wrong byte of an offer: any answer, no crash. */
static void mutations(void **state)
{
	static const char in[] = HEAD "a=sendrecv\r\nm=audio 4000 RTP/SAVP 8 96\r\n"
		"a=rtpmap:96 opus/48000/2\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:" KEY_B64
		"|2^31\r\na=ptime:20\r\nm=video 0 RTP/AVP 31\r\n";
	struct stream_local l = local(CODEC_PCMA, CODEC_OPUS);
	struct offer_remote r;
	char copy[sizeof(in)], sdp[OFFER_SDP];

	l.srtp_allowed = true;
	for (size_t i = 0; i < sizeof(in) - 1; i++) {
		for (unsigned b = 0; b < 256; b += 5) {
			struct offer_self self = self_new();
			struct stream s;

			memcpy(copy, in, sizeof(in));
			copy[i] = (char)b;
			if (!offer_parse(copy, b ? sizeof(in) - 1 : i, OFFER_EITHER, &r))
				(void)offer_answer(&self, &r, &l, true, sdp, sizeof(sdp), &s);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(offer_is_concluded),
		cmocka_unit_test(fifty_media),
		cmocka_unit_test(refused_lines_stay_in_our_offer),
		cmocka_unit_test(keys_then_plain),
		cmocka_unit_test(multipart),
		cmocka_unit_test(mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
