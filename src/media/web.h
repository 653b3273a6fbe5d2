/*
 * What the files of a browser's leg share. A struct web is made by the call thread and belongs to
 * the engine from COMMAND_WEB on.
 */
#ifndef MEDIA_WEB_H
#define MEDIA_WEB_H

#include "media/room.h"
#include "media/web_sdp.h"

#define WEB_TIDS 64 /* ICE checks that moved the leg, or might: a replay of one does not */
#define WEB_TID  12

struct web_ice {
	char ufrag[WEB_TOKEN], pwd[WEB_TOKEN]; /* ours */
	char remote_ufrag[WEB_UFRAG_MAX + 1];
};

struct web_dtls; /* web_dtls.c */
struct web_key;	 /* web_dtls.c: certificate and DTLS context */

enum web_state { WEB_CHECKING, WEB_SHAKING, WEB_UP, WEB_GONE };

/*
 * CHECKING  until an ICE check names the peer
 * SHAKING   DTLS with the peer
 * UP        keys are there: RTP flows. The peer may move by an ICE check.
 * GONE      from any of them, for good: everything that arrives is dropped
 */
struct web {
	enum web_state state;
	struct web_ice ice, next; /* next: from a restart until its first check; ufrag "" none */
	uint8_t fingerprint[WEB_FINGERPRINT];
	struct web_dtls *dtls;
	union address peer;
	int64_t opened_us, checked_us, up_us;
	bool lost_told;
	uint8_t tid[WEB_TIDS][WEB_TID];
	unsigned tid_at;
	/* for web_start */
	struct web_key *key;
	enum codec codec;
	uint8_t type, event_type;
	uint32_t ssrc;
};

/* web_stun.c: RFC 8489, RFC 8445 */
struct web_check {
	bool next;     /* by the restart's name */
	bool nominates;
	uint8_t tid[WEB_TID];
};
/* 0 and *check when it's a binding request by our name and password; EBADMSG else. */
int web_stun_read(const struct web *w, const uint8_t *data, size_t len, struct web_check *check);
/* Writes the answer to `check` into out; returns its length, 0 when it failed. */
size_t web_stun_answer(const struct web_ice *ice, const struct web_check *check,
		       const union address *from, uint8_t *out, size_t cap);

/* web_dtls.c: RFC 5763, RFC 5764, RFC 6347 */
int web_key_make(struct web_key **kp); /* ENOMEM */
void web_key_free(struct web_key *k);  /* accepts NULL */
const uint8_t *web_key_fingerprint(const struct web_key *k);

enum web_dtls_result { WEB_DTLS_ON, WEB_DTLS_DONE, WEB_DTLS_CLOSED, WEB_DTLS_FAILED };
int web_dtls_make(struct web_key *k, struct web_dtls **dp);
void web_dtls_free(struct web_dtls *d); /* accepts NULL */
/* A datagram of the peer; what is to be sent goes to the leg's peer. DONE once. */
enum web_dtls_result web_dtls_take(struct engine *e, struct leg *l, const uint8_t *data,
				   size_t len);
void web_dtls_timer(struct engine *e, struct leg *l);
void web_dtls_close(struct engine *e, struct leg *l);
bool web_dtls_fingerprint(const struct web_dtls *d, uint8_t out[WEB_FINGERPRINT]);
bool web_dtls_keys(const struct web_dtls *d, struct stream_srtp *out);

#endif
