/*
 * INVITE sessions: what a call is on the wire (RFC 3261, 3262, 3264, 3311, 3515, 3891, 3892, 4028,
 * 3323, 3325, 3326). The room decides nothing about calls: it reports by events and does as told.
 *
 * Everything here runs on the call thread. A session belongs to the room; the handle is valid from
 * `incoming` or sip_session_dial until SIP_FAILED, SIP_ENDED or sip_session_end, then never again.
 * No event is delivered from inside a call of one of these functions.
 */
#ifndef SIP_SESSION_H
#define SIP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/stream.h"

#define SIP_NUMBER 32 /* bytes of a telephone number with its terminator */
#define SIP_NAME   64 /* bytes of a display name, UTF-8 */
#define SIP_REASON 48

struct sip_room;
struct sip_session;

/* A new call. */
struct sip_invite {
	uint32_t extension; /* who calls: an extension, authenticated by its credential … */
	uint16_t trunk;     /* … or a trunk (1 up); the other is 0 */
	uint8_t interface;  /* index in the room's configuration: where the sound leg belongs */
	bool secure;        /* by TLS: SDES keys may be exchanged */
	bool offer;         /* the INVITE has an offer; if not, our 200 makes one */
	bool withheld;      /* the caller asked for privacy (RFC 3323); number and name stay "" */
	bool nat;           /* the signalling source isn't the address that the Contact names */
	bool replaces_early_only;
	uint8_t diversions;           /* Diversion and History-Info hops so far */
	char dialled[SIP_NUMBER];     /* by the trunk's DID rule and number rules */
	char number[SIP_NUMBER];      /* the caller's */
	char name[SIP_NAME];
	char source_ip[46];
	struct sip_session *replaces; /* RFC 3891: a session of ours, NULL none; never by a trunk */
};

/* Where a call is to go. */
struct sip_dial {
	uint32_t extension; /* all its bindings in parallel, the first 2xx wins … */
	uint16_t trunk;     /* … or over this trunk */
	char number[SIP_NUMBER];      /* over a trunk; the trunk's number rules are applied */
	char from_number[SIP_NUMBER]; /* who calls, as the far end is to see it */
	char from_name[SIP_NAME];
	bool withheld;             /* RFC 3323: Privacy: id */
	uint32_t first_response_ms; /* over a trunk: 0 takes the trunk's own */
	uint32_t ring_ms;          /* put into Expires, 0 none: app keeps the clock */
	uint8_t diversions;
	bool auto_answer;          /* an extension of ours is asked to answer by itself */
};

enum sip_session_event_kind {
	SIP_RINGING,  /* 180 on a call that we placed */
	SIP_EARLY,    /* sound before the answer: stream */
	SIP_ANSWERED, /* stream; of an incoming call: its ACK has come */
	SIP_FAILED,   /* a call that we placed is refused: end */
	SIP_ENDED,    /* the far end hung up or cancelled, or the dialog is lost: end */
	SIP_STREAM,   /* the far end renegotiated: stream; hold in both styles sets held */
	SIP_DIGIT,    /* by INFO */
	SIP_REFER,    /* transfer asked for; answer it with sip_session_refer_answer */
};

/* Why, apart from the code. */
enum sip_end_cause {
	SIP_CAUSE_NORMAL,      /* code 0: BYE; else a final response or Reason of the far end */
	SIP_CAUSE_CANCELLED,
	SIP_CAUSE_SILENT,      /* no (first) response in time: the next trunk may be tried */
	SIP_CAUSE_UNREACHABLE, /* transport error, no binding */
	SIP_CAUSE_TIMER,       /* session timer ran out (RFC 4028) */
	SIP_CAUSE_NO_ACK,      /* RFC 3261, 13.3.1.4 */
	SIP_CAUSE_MEDIA,       /* no sound could be agreed on */
	SIP_CAUSE_REDIRECT,    /* 3xx: never followed */
};

struct sip_session_event {
	enum sip_session_event_kind kind;
	union {
		struct {
			struct stream stream;
			bool held; /* the far end doesn't want to hear: a=sendonly, inactive,
				      c=0.0.0.0 */
		} sound;
		struct {
			uint16_t code; /* SIP response, or Reason's SIP cause of a BYE; 0 normal */
			enum sip_end_cause cause;
			char reason[SIP_REASON];
		} end;
		struct {
			char digit;
			uint16_t duration_ms;
		} digit;
		struct {
			char number[SIP_NUMBER];       /* user part of Refer-To */
			struct sip_session *replaces;  /* attended: a session of ours, NULL blind */
			bool replaces_missing;         /* it named a dialog that isn't ours */
			char referred_by[SIP_NUMBER];
		} refer;
	};
};

typedef void sip_incoming_h(struct sip_session *s, const struct sip_invite *inv, void *arg);
typedef void sip_session_event_h(struct sip_session *s, uint32_t key,
				 const struct sip_session_event *ev, void *arg);

/* App's key of a session; 0 until bound. */
void sip_session_bind(struct sip_session *s, uint32_t key);
uint32_t sip_session_key(const struct sip_session *s);

/* Incoming: from inside `incoming`, or at any later time. All of these return 0, EPROTO when the
 * state doesn't allow it, ENOTSUP when no sound could be agreed on (then the call has been refused
 * with 488 and the handle is gone), ENOMEM. */
int sip_session_ring(struct sip_session *s);
/* 183 with SDP; *stream as agreed, when the INVITE had an offer (else ENODATA, and 180 is sent). */
int sip_session_progress(struct sip_session *s, const struct stream_local *local,
			 struct stream *stream);
/* 200. *stream as agreed; ENODATA when the INVITE had no offer: then SIP_ANSWERED brings it. */
int sip_session_answer(struct sip_session *s, const struct stream_local *local,
		       struct stream *stream);
/* A final refusal, 300-699; reason may be NULL. The handle is gone. */
void sip_session_reject(struct sip_session *s, uint16_t code, const char *reason);

/* Ends the session whatever its state: refusal with `code`, CANCEL, or BYE; `code` and `reason`
 * also go into Reason (RFC 3326) of CANCEL and BYE, 0 and NULL none. The handle is gone; what the
 * protocol still needs goes on by itself. */
void sip_session_end(struct sip_session *s, uint16_t code, const char *reason);

/* Outgoing. Returns 0, ENOENT (no such trunk), EHOSTUNREACH (no binding, interface down), ENOBUFS
 * (table or channel limit full), ENOMEM. */
int sip_session_dial(struct sip_room *room, const struct sip_dial *dial,
		     const struct stream_local *local, uint32_t key, struct sip_session **sp);

/* Where an outgoing call's sound leg belongs and whether it may carry SDES keys: asked before the
 * media leg is opened. ENOENT, EHOSTUNREACH as above. */
struct sip_route {
	uint8_t interface;
	bool secure; /* every way to it is TLS */
	bool nat;
	enum dtmf_way dtmf;
};
int sip_session_route(struct sip_room *room, uint32_t extension, uint16_t trunk,
		      struct sip_route *out);

/* Offers the stream anew: another direction (hold, retrieve) or codec order. By re-INVITE; the
 * result is a SIP_STREAM. EPROTO unless confirmed, EBUSY while an offer is open. */
int sip_session_offer(struct sip_session *s, const struct stream_local *local);

/* Tells the far end that the connected party is another (RFC 4916, RFC 3325: P-Asserted-Identity),
 * where it allows UPDATE and the direction of trust permits; silently nothing otherwise. */
void sip_session_show(struct sip_session *s, const char *number, const char *name);

/* The open REFER: 202 or a refusal, then message/sipfrag reports until `final` (RFC 3515). */
int sip_session_refer_answer(struct sip_session *s, uint16_t code);
int sip_session_refer_notify(struct sip_session *s, uint16_t code, bool final);

/* One line for the log: "in ext 12 up 3 …"; cuts at cap. */
void sip_session_describe(const struct sip_session *s, char *dst, unsigned cap);

#endif
