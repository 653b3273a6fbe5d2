/*
 * Shared by the session files only.
 *
 * A *session* is what app holds: one leg of a call. A *usage* is one INVITE of ours or theirs
 * with the dialog that came of it (RFC 5057). An incoming session has one usage; an outgoing one
 * has a usage for each binding that rings, until one wins. A usage outlives its session when the
 * protocol still needs it (CANCEL under way, BYE unanswered, a 2xx that crossed): it then ends
 * by itself, within 64*T1.
 *
 * Invariants
 * 1. usage.state changes in usage_state_set only, against the table in usage.c.
 * 2. A usage is in the hash by Call-ID from usage_alloc until USAGE_GONE.
 * 3. usage.session is NULL once app has let go of it; then no event is reported.
 * 4. The journal has each usage that would need a BYE or CANCEL, and no other.
 * 5. An event is the last thing that a handler does: app may end the session from inside it.
 */
#ifndef SIP_SESSION_PRIV_H
#define SIP_SESSION_PRIV_H

#include "sip/dialog.h"
#include "sip/journal.h"
#include "sip/offer.h"
#include "sip/priv.h"

#define SESSION_FORKS         16    /* bindings rung at once */
#define SESSION_USAGES        4     /* usages at once, times sessions_max */
#define SESSION_EARLY         8     /* early dialogs followed of one INVITE */
#define SESSION_RETRIES       3     /* of one INVITE: 401, 407, 422, 488 */
#define SESSION_GIVE_UP_MS    32000 /* 64*T1 */
#define SESSION_EXPIRES_S     1800
#define SESSION_MIN_SE_S      90    /* RFC 4028, 5 */
#define SESSION_HEADERS       1024  /* bytes of headers that a request or reply of ours adds */
#define SESSION_RECOVER_MS    1000  /* all dialogs found are ended within this */
#define SESSION_BYES          32768 /* answered BYEs remembered; a power of 2 */

enum usage_state {
	USAGE_IDLE,
	USAGE_IN_TRYING,      /* their INVITE, nothing but 100 sent */
	USAGE_IN_EARLY,       /* a provisional answer sent */
	USAGE_IN_ACCEPTED,    /* 2xx sent, ACK awaited */
	USAGE_OUT_TRYING,     /* our INVITE, nothing but 100 received */
	USAGE_OUT_EARLY,      /* a provisional answer received */
	USAGE_OUT_CANCELLING, /* not wanted any more; CANCEL is sent as soon as it may be */
	USAGE_UP,             /* confirmed */
	USAGE_ENDING,         /* BYE sent */
	USAGE_GONE
};
#define USAGE_STATES (USAGE_GONE + 1)

/* Offer and answer in either direction: at most one is open (RFC 3264, 4). */
enum usage_offer {
	OFFER_NONE,
	OFFER_SENT,     /* ours is out */
	OFFER_RECEIVED, /* theirs waits for our answer */
};

struct usage;

/* A final response to a request of ours, or err; msg is NULL with err. */
typedef void usage_done_h(struct usage *u, int err, const struct sip_msg *msg);

/* The INVITE of theirs that is open: the first, or a re-INVITE. */
struct usage_in {
	struct sip_strans *st;
	struct sip_msg *msg;    /* kept until its ACK */
	struct mbuf *reply;     /* sent again until ACK or PRACK */
	struct sa reply_to;
	uint32_t interval_ms, waited_ms;
	bool reliable;          /* reply is a provisional one: PRACK stops it */
	bool answered_early;    /* the SDP answer went out reliably */
	bool offer_in_reply;    /* the ACK brings the answer */
	uint16_t next;          /* what waits for the PRACK: 180, 183, 200; 0 nothing */
	struct tmr tmr;
};

struct usage {
	struct le le; /* in its session's list, or in those that end by themselves */
	struct le he; /* by Call-ID */
	struct sip_room *room;
	struct sip_session *session;
	struct sip_iface *iface;
	enum usage_state state;
	struct dialog d;
	uint32_t slot; /* of the journal */

	struct usage_in in;

	struct sip_request *req; /* our INVITE: the first, or a re-INVITE */
	struct sip_digest *digest;
	struct sip_hop hop, fallback; /* of the INVITE */
	char *invite_headers;    /* of our first INVITE, while it may have to be sent again */
	char *invite_routes;     /* its Route; NULL none */
	bool hop_stays;          /* requests in the dialog go where the INVITE went */
	uint32_t expires_s;      /* of our INVITE, 0 none */
	uint32_t cseq_out;       /* of that INVITE */
	uint8_t tries;
	bool provisional;        /* a response has come: CANCEL may be sent */
	bool cancel_sent, acked;
	bool tell_ring;
	uint8_t early_count;
	uint16_t end_code;       /* for Reason */
	char end_reason[SIP_REASON];
	uint32_t cancel_interval_ms, cancel_waited_ms;
	struct tmr tmr;          /* first response, CANCEL again, give up */

	struct tmr refresh;      /* RFC 4028 */
	struct tmr again;        /* after 491 */
	bool again_offer;
	bool updating;           /* UPDATE of ours is open */
	bool reoffering;         /* local_next is app's, not that of a refresh */

	enum usage_offer offer;
	struct offer_self self;
	struct stream_local local, local_next;
	struct stream stream;
	bool has_local, has_stream, held, secure, nat;
	char source_ip[46];      /* of their signalling */
	char contact_user[SIP_LABEL + 8];
	struct {
		char tag[DIALOG_TAG];
		uint32_t rseq;
	} *early;                /* SESSION_EARLY of them, made with the second */

	struct usage_refer {
		struct sip_strans *st;
		struct sip_msg *msg;
		uint32_t cseq;
		bool active, quiet, notify_open, again;
		uint16_t next_code;  /* waits for the answer to the last NOTIFY; 0 none */
		bool next_final;
	} refer;
};

struct sip_session {
	struct le le;
	struct sip_room *room;
	uint32_t key;
	uint32_t extension;
	uint16_t trunk;
	bool incoming, answered, rang, early, over;
	struct list usages;
	/* outgoing: the best refusal so far */
	uint16_t fail_code;
	enum sip_end_cause fail_cause;
	char fail_reason[SIP_REASON];
	/* the connected party, if it was told (sip_session_show) */
	char show_number[SIP_NUMBER];
	char show_name[SIP_NAME];
	bool show_waits;
};

struct sip_sessions {
	struct sip_room *room;
	struct hash *by_call_id; /* struct usage */
	struct list sessions;    /* struct sip_session */
	struct list leaving;     /* usages without a session */
	struct journal *journal;
	uint32_t count, max;
	uint32_t usages; /* all of them, those that end by themselves included */
	struct tmr recover;
	uint32_t recover_next, recover_batch;
	uint8_t *found; /* bitmap of slots of an earlier life */
	/* BYEs answered of late: sent again they are answered again. libre's transaction would hold
	 * 4 kB for 32 s instead. */
	struct {
		uint64_t key;
		int64_t until_ms;
	} byes[SESSION_BYES];
};

/* ---- usage.c ---- */
int usage_alloc(struct usage **up, struct sip_sessions *ss, struct sip_session *s,
		struct sip_iface *f);
void usage_hash(struct usage *u); /* when its Call-ID is known */
void usage_state_set(struct usage *u, enum usage_state next);
const char *usage_state_name(enum usage_state s);
void usage_note(struct usage *u); /* into the journal */
/* The protocol needs nothing more: out of all lists, freed. */
void usage_gone(struct usage *u);
/* App wants no more of it: ended in whatever state by code and reason. */
void usage_release(struct usage *u, uint16_t code, const char *reason);
void usage_detach(struct usage *u);
void usage_bye(struct usage *u);
struct usage *usage_first(const struct sip_session *s);
/* A request inside the dialog. extra: headers (each with CRLF) and, after an empty line, the body;
 * NULL: none. */
int usage_request(struct usage *u, const char *method, const char *extra, usage_done_h *done);
/* Takes the challenge of a trunk to a request of ours: true when it may be sent again. */
bool usage_challenged(struct usage *u, const struct sip_msg *msg);
/* Headers that end a request without a body, and with one. */
int headers_end(char *dst, size_t cap, const char *type, const char *body);
/* A reply to a request other than INVITE. extra: further headers. */
void usage_reply(struct usage *u, const struct sip_msg *msg, uint16_t code, const char *extra,
		 const char *sdp);
const char *code_phrase(uint16_t code);
void reason_write(char *dst, size_t cap, uint16_t code, const char *reason, bool bye);
void reason_read(const struct sip_msg *msg, struct sip_session_event *ev);
void tag_make(const struct sip_sessions *ss, const char *call_id, char tag[17]);

/* ---- session.c ---- */
int session_alloc(struct sip_session **sp, struct sip_sessions *ss);
void session_free(struct sip_session *s);
/* The session is over for app: its handle is gone after this event. */
void session_over(struct sip_session *s, enum sip_session_event_kind kind, uint16_t code,
		  enum sip_end_cause cause, const char *reason);
void session_event(struct sip_session *s, const struct sip_session_event *ev);
void session_sound(struct sip_session *s, enum sip_session_event_kind kind, const struct usage *u);
struct usage *session_usage(struct sip_sessions *ss, const struct sip_msg *msg);
struct usage *session_find(struct sip_sessions *ss, const struct pl *call_id,
			   bool (*match)(const struct usage *u, const void *arg), const void *arg);

/* ---- session_in.c ---- */
void in_invite(struct sip_sessions *ss, struct sip_iface *f, const struct sip_msg *msg);
bool in_cancel(struct sip_sessions *ss, struct sip_iface *f, const struct sip_msg *msg);
bool in_ack(struct usage *u, const struct sip_msg *msg);
void in_bye(struct usage *u, const struct sip_msg *msg);
/* A BYE whose dialog has ended by it, sent again: answered. */
bool in_bye_again(struct sip_sessions *ss, struct sip_iface *f, const struct sip_msg *msg);
void in_info(struct usage *u, const struct sip_msg *msg);
void in_reject(struct usage *u, uint16_t code, const char *reason);
int in_reply(struct usage *u, uint16_t code, bool reliable, const char *sdp);
int in_answer(struct usage *u, const char *sdp);
/* The SDP of our 183 or 200. ENODATA: theirs had no offer, sdp is one of ours. */
int in_sound(struct usage *u, char *sdp, size_t cap);
void in_forget(struct usage *u);
/* An INVITE sent again whose 2xx is out: that goes out again. False: it is another one. */
bool in_again(struct usage *u, const struct sip_msg *msg);
/* The SDP of a message: 0, ENOENT none, EPROTONOSUPPORT another type. */
int in_sdp(const struct sip_msg *msg, const char **sdp, size_t *len);

/* ---- session_out.c ---- */
void out_cancel(struct usage *u);
/* Our CANCEL is sent without a transaction: its answer comes by itself. */
void out_cancel_answered(struct sip_sessions *ss, const struct sip_msg *msg);
bool out_stray(struct sip_sessions *ss, struct sip_iface *f, const struct sip_msg *msg);
int out_ack(struct usage *u);
void out_recovered(struct usage *u);

/* ---- fork.c: what several usages come to ---- */
void fork_ringing(struct usage *u);
void fork_early(struct usage *u);
void fork_answered(struct usage *u);
/* The usage is gone already; s may be NULL. */
void fork_failed(struct sip_session *s, uint16_t code, enum sip_end_cause cause,
		 const char *reason);

/* ---- sound.c: offer and answer of a usage ---- */
/* Answers the offer in sdp by u->local. 0; EBADMSG (400), ENOTSUP (488). */
int sound_answer(struct usage *u, const char *offer, size_t len, char *sdp, size_t cap,
		 bool *changed);
int sound_offer(struct usage *u, const struct stream_local *local, char *sdp, size_t cap);
int sound_conclude(struct usage *u, const char *answer, size_t len,
		   const struct stream_local *local, bool *changed);
void sound_local(struct usage *u, const struct stream_local *local);

/* ---- prack.c ---- */
void prack_send(struct usage *u, const struct sip_msg *msg, uint32_t rseq, const char *tag);
void prack_receive(struct usage *u, const struct sip_msg *msg);
/* True when a reliable provisional response is the next in its early dialog; it is counted then. */
bool prack_wanted(struct usage *u, const struct sip_msg *response, uint32_t *rseq);

/* ---- update.c: re-INVITE and UPDATE, both ways ---- */
void update_receive(struct usage *u, const struct sip_msg *msg);
/* RFC 3261, 12.2.2; false: it has been answered. */
bool update_in_order(struct usage *u, const struct sip_msg *msg);
void reinvite_receive(struct usage *u, const struct sip_msg *msg);
int update_refresh(struct usage *u);
int update_offer(struct usage *u, const struct stream_local *local);
int update_identity(struct usage *u);
void update_cancel(struct usage *u);

/* The far end has lost the dialog (481, no answer): so have we. */
void update_lost(struct usage *u, uint16_t code, enum sip_end_cause cause);

/* ---- stimer.c: RFC 4028 ---- */
extern uint32_t stimer_second_ms; /* 1000; tests run faster */
/* What our INVITE, UPDATE says; what our 2xx to one says; what their 2xx to ours said. */
void stimer_request(const struct usage *u, bool refresh, char *dst, size_t cap);
/* 0, or ERANGE: refuse with 422 and Min-SE. */
int stimer_received(struct usage *u, const struct sip_msg *request);
void stimer_response(const struct usage *u, char *dst, size_t cap);
void stimer_concluded(struct usage *u, const struct sip_msg *response);
void stimer_start(struct usage *u);
void stimer_stop(struct usage *u);

/* ---- refer.c, replaces.c ---- */
void refer_receive(struct usage *u, const struct sip_msg *msg);
void refer_close(struct usage *u);
struct replaces {
	struct pl call_id, to_tag, from_tag;
	bool early_only;
};
int replaces_parse(const struct pl *value, struct replaces *out);
struct usage *replaces_find(struct sip_sessions *ss, const struct replaces *r);
/* Replaces of a new INVITE: 0 (*inv filled), or the SIP code to refuse it with. */
uint16_t replaces_invite(struct sip_sessions *ss, const struct sip_msg *msg, bool trunk,
			 struct sip_invite *inv);

/* ---- identity.c ---- */
void identity_incoming(struct sip_room *r, const struct sip_msg *msg, const struct sip_caller *who,
		       struct sip_invite *inv);
/* From and To of a dialog; further headers (P-Asserted-Identity, Privacy, Diversion). */
int identity_outgoing(struct usage *u, const struct sip_dial *dial, const struct sip_trunk_way *way,
		      struct dialog *d, char *headers, size_t cap);
/* P-Asserted-Identity of the connected party; "" when it mayn't be told. */
void identity_connected(const struct usage *u, char *headers, size_t cap);
int identity_number(const struct sip_number_rule *rules, unsigned count, const char *in,
		    char out[SIP_NUMBER]);

/* ---- recover.c ---- */
int recover_start(struct sip_sessions *ss);
void recover_stop(struct sip_sessions *ss);

#endif
