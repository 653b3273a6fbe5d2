/*
 * Offer and answer (RFC 3264, 4566, 4568, 4733) as functions on values: one audio stream a session,
 * everything else in the far end's SDP is refused with port 0. No allocation, no I/O; the only
 * randomness, identifiers and keys, is handed in.
 */
#ifndef SIP_OFFER_H
#define SIP_OFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/stream.h"

#define OFFER_SDP       4096 /* the longest SDP that we write */
#define OFFER_MEDIA     64   /* m= lines of the far end's that we follow; more is E2BIG */
#define OFFER_FORMATS   32   /* formats of its audio line that we look at */
#define OFFER_REFUSED   3072 /* bytes of refused m= lines of one SDP */
#define OFFER_KEEP      256  /* bytes of them that a session remembers */

enum { OFFER_TYPE_DTMF = 101, OFFER_TYPE_DTMF_48 = 102, OFFER_TYPE_OPUS = 111 };

enum offer_profile { OFFER_AVP, OFFER_AVPF, OFFER_SAVP, OFFER_SAVPF };
#define OFFER_PROFILES (OFFER_SAVPF + 1)
extern const char *const offer_profile_names[OFFER_PROFILES];
extern const char offer_suite[]; /* the one way of encryption */
bool offer_profile_encrypts(enum offer_profile p);

/* What the far end's SDP says of its audio stream. */
struct offer_format {
	uint8_t type;
	enum codec codec; /* CODEC_NONE: unknown or telephone-event */
	uint32_t event_clock; /* of telephone-event, 0 none */
};
struct offer_remote {
	struct stream_address address;
	bool zero_address; /* c=0.0.0.0 or ::, hold of RFC 2543 */
	enum offer_profile profile;
	enum stream_direction direction; /* as the far end wrote it, from its side */
	struct offer_format formats[OFFER_FORMATS];
	uint8_t format_count;
	uint8_t ptime_ms, maxptime_ms; /* 0 unsaid */
	bool rtcp_mux;
	bool crypto; /* a suite that we know */
	uint32_t crypto_tag;
	uint8_t key[STREAM_SRTP_KEY_LEN];
	/* the other m= lines, refused: "m=video 0 RTP/AVP 31\r\n" …, and where ours stands among
	 * them */
	char refused[OFFER_REFUSED];
	uint16_t refused_before;
};

/* Our side over the life of a session. Zero at first, but for id, key. */
struct offer_self {
	uint64_t id;
	uint32_t version;
	uint8_t key[STREAM_SRTP_KEY_LEN]; /* ours: random, made once */
	uint64_t print; /* of the last SDP without its version: it is raised only with a change */
	uint8_t payload[CODEC_COUNT]; /* types of what we offered last or answered with, 0 unused */
	uint8_t dtmf, dtmf_48;
	uint8_t profile;      /* enum offer_profile of the stream */
	uint32_t crypto_tag;
	bool srtp;            /* keys were in it */
	bool plain;           /* never offer keys (again): the far end refused them */
	bool rtcp_mux;
	bool answered; /* our last SDP was an answer */
	uint8_t ptime_ms; /* as we last wrote it */
	bool locked; /* the far end has m= lines that we couldn't keep: no offer of ours */
	uint16_t refused_before;
	char refused[OFFER_KEEP];
};

/* Which of several audio lines may be taken. */
enum offer_want { OFFER_PLAIN, OFFER_EITHER, OFFER_ENCRYPTED };
enum offer_want offer_want(const struct offer_self *self, const struct stream_local *local,
			   bool secure);

/* Reads an SDP and takes its first audio line that can be used. EBADMSG malformed; ENOENT no
 * such line (T.38, video only, port 0, another way of encryption); E2BIG more m= lines than
 * OFFER_MEDIA. */
int offer_parse(const char *sdp, size_t len, enum offer_want want, struct offer_remote *out);

/* Writes an offer. secure: keys may be exchanged. ENOTSUP: SRTP is required but can't be; EPERM:
 * self.locked; ENOSPC. */
int offer_make(struct offer_self *self, const struct stream_local *local, bool secure, char *sdp,
	       size_t cap);

/* Answers an offer. ENOTSUP: no common codec or way of encryption. */
int offer_answer(struct offer_self *self, const struct offer_remote *remote,
		 const struct stream_local *local, bool secure, char *sdp, size_t cap,
		 struct stream *out);

/* What our last SDP said, as something to offer: a refresh of the session changes nothing. */
struct stream_local offer_same(const struct offer_self *self, const struct stream_local *local,
			       const struct stream *agreed);

/* Takes the answer to our last offer. ENOTSUP as above. */
int offer_conclude(struct offer_self *self, const struct offer_remote *remote,
		   const struct stream_local *local, struct stream *out);

/* The far end doesn't want to hear. */
bool offer_is_hold(const struct offer_remote *remote);

/* The part of a body that is SDP: all of application/sdp, or the first such part of a multipart
 * one. ENOENT: none. boundary may be NULL. */
int offer_body_part(const char *body, size_t len, const char *boundary, size_t boundary_len,
		    const char **part, size_t *part_len);

#endif
