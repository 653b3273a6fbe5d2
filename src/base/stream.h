/*
 * One audio stream as SIP agreed it and media carries it: the value that passes from the sip room
 * by way of app to the media room. RFC 3264, RFC 4566, RFC 4568, RFC 4733.
 */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

enum codec {
	CODEC_NONE,
	CODEC_PCMA, /* payload type 8 */
	CODEC_PCMU, /* payload type 0 */
	CODEC_G722, /* payload type 9, RTP clock 8000 although sampled at 16000 (RFC 3551, 4.5.2) */
	CODEC_OPUS, /* dynamic, RTP clock 48000 */
	CODEC_COUNT
};

enum stream_direction {
	STREAM_INACTIVE = 0,
	STREAM_SEND = 1, /* we send, the far end only listens */
	STREAM_RECV = 2,
	STREAM_BOTH = 3,
};

/* How digits arrive on the leg. */
enum dtmf_way { DTMF_RFC4733, DTMF_INFO, DTMF_INBAND };

/* SDES crypto (RFC 4568): AES_CM_128_HMAC_SHA1_80 only. */
#define STREAM_SRTP_KEY_LEN 30
struct stream_srtp {
	bool on;
	uint8_t tx_key[STREAM_SRTP_KEY_LEN]; /* master key and salt that we encrypt with */
	uint8_t rx_key[STREAM_SRTP_KEY_LEN];
};

struct stream_address {
	char ip[46]; /* text, v4 or v6, "" when unset */
	uint16_t port;
};

/* What offer and answer came to, from our side. */
struct stream {
	struct stream_address remote; /* where the far end's SDP wants its sound */
	enum codec codec;             /* what we send and expect */
	uint8_t payload_type_tx;
	uint8_t payload_type_rx;
	uint8_t dtmf_type_tx; /* RFC 4733 payload type, 0 when not agreed */
	uint8_t dtmf_type_rx;
	uint8_t ptime_ms;
	enum stream_direction direction;
	enum dtmf_way dtmf;
	bool rtcp_mux;
	bool nat; /* the far end is behind NAT by its signalling: latch on `latch_ip` only */
	char latch_ip[46];
	struct stream_srtp srtp;
};

/* What we may offer or answer with on a leg: the media room's address, codecs in order. */
struct stream_local {
	struct stream_address local; /* advertised address and port */
	enum codec codecs[CODEC_COUNT];
	unsigned codec_count;
	bool srtp_allowed;
	bool srtp_required;
	enum dtmf_way dtmf;
	enum stream_direction direction;
};

const char *codec_name(enum codec c); /* SDP's encoding name: "PCMA" … */
uint32_t codec_rtp_clock(enum codec c);
uint32_t codec_sample_rate(enum codec c);

#endif
