/*
 * The dialog as a plain value (RFC 3261, 12): no pointers, zero padded, equal bytes when equal.
 * It is what a call needs to be ended, or one day taken up again, after a restart (journal.h).
 * Functions are pure on the value; ENOSPC and EOVERFLOW mean that a header of the far end is
 * longer than we keep, EBADMSG that it is malformed. Outputs are untouched on failure.
 */
#ifndef SIP_DIALOG_H
#define SIP_DIALOG_H

#include <re.h>
#include <stdbool.h>
#include <stdint.h>

#define DIALOG_CALL_ID 208
#define DIALOG_TAG     72
#define DIALOG_ADDRESS 256 /* From or To without its tag */
#define DIALOG_TARGET  256 /* URI of the far end's Contact */
#define DIALOG_ROUTES  512
#define DIALOG_BRANCH  40
#define DIALOG_IP      46

enum dialog_state {
	DIALOG_NONE,
	DIALOG_TRYING,    /* our INVITE is out, nothing but 100 yet: no remote tag */
	DIALOG_EARLY,
	DIALOG_CONFIRMED, /* a 2xx was sent or received */
};

/* What the far end says it can do (Allow, Supported). */
enum dialog_can {
	DIALOG_CAN_UPDATE = 1,
	DIALOG_CAN_TIMER = 2,
	DIALOG_CAN_REL100 = 4,
	DIALOG_CAN_REPLACES = 8,
	DIALOG_CAN_FROM_CHANGE = 16,
};

enum dialog_refresher { DIALOG_REFRESHER_NONE, DIALOG_REFRESHER_US, DIALOG_REFRESHER_THEM };

struct dialog {
	uint8_t state;     /* enum dialog_state */
	uint8_t uac;       /* we sent the INVITE that made it */
	uint8_t iface;     /* index in the room */
	uint8_t can;       /* DIALOG_CAN_… */
	uint16_t trunk;    /* one of trunk and extension, */
	uint8_t refresher; /* enum dialog_refresher */
	uint8_t remote_seen; /* cseq_remote is set */
	uint32_t extension;  /* the other 0 */
	uint32_t cseq_local;  /* of the last request we sent in it */
	uint32_t cseq_remote;
	uint32_t cseq_invite; /* of the INVITE that made it: ACK and CANCEL take it */
	uint32_t rseq;        /* last reliable provisional response taken or sent, 0 none */
	uint32_t session_expires_s; /* 0: no session timer */
	uint32_t min_se_s;
	uint64_t sdp_id;
	uint32_t sdp_version;
	uint16_t hop_port; /* next hop when it isn't told by route set and target; 0 none */
	uint8_t hop_transport; /* enum sip_transp */
	uint8_t spare;
	char hop_ip[DIALOG_IP];
	char branch[DIALOG_BRANCH]; /* Via branch of our INVITE: CANCEL takes it */
	char call_id[DIALOG_CALL_ID];
	char local_tag[DIALOG_TAG];
	char remote_tag[DIALOG_TAG];
	char local[DIALOG_ADDRESS];
	char remote[DIALOG_ADDRESS];
	char invite_uri[DIALOG_TARGET]; /* Request-URI of our INVITE: CANCEL takes it */
	char target[DIALOG_TARGET];
	char routes[DIALOG_ROUTES]; /* in the order of Route, comma separated */
};

/* As UAS, from the INVITE: state EARLY with local_tag. RFC 3261, 12.1.1. */
int dialog_from_request(struct dialog *d, const struct sip_msg *msg, const char *local_tag);

/* As UAC: remote tag, route set and target of a 101-299 to our INVITE. RFC 3261, 12.1.2. */
int dialog_from_response(struct dialog *d, const struct sip_msg *msg);

/* As UAC, from nothing but a 2xx to an INVITE: enough to send ACK and BYE. */
int dialog_from_stray(struct dialog *d, const struct sip_msg *msg);

/* Contact of a target refresh request or its response (12.2); Allow and Supported when present. */
int dialog_refresh(struct dialog *d, const struct sip_msg *msg);

/* A request from the far end: its Call-ID and both tags. */
bool dialog_matches(const struct dialog *d, const struct sip_msg *msg);

/* The order of the far end's requests: 0, or EPROTO when CSeq isn't above the last (12.2.2). ACK
 * and CANCEL aren't counted. */
int dialog_count_request(struct dialog *d, const struct sip_msg *msg);

/* From, To, Call-ID and CSeq of a request of ours; a tag in remote "" is left out. */
int dialog_write(struct mbuf *mb, const struct dialog *d, const char *method, uint32_t cseq);

/* True when the string, as a SIP URI, names the address the message came from. */
bool dialog_target_is_source(const struct dialog *d, const struct sa *source);

#endif
