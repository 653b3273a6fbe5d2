/*
 * Shared by the files of the room, seen by nobody else.
 */
#ifndef SIP_PRIV_H
#define SIP_PRIV_H

#include <re.h>

#include "base/log.h"
#include "base/text.h"
#include "sip/sip_room.h"

#define SIP_URI          256
#define SIP_ROUTES       512 /* value of all Route headers of a request */
#define SIP_BRANCH       40
#define SIP_MSG_MAX      65536
#define SIP_IFACES       (SIP_INTERFACES + SIP_UPLINKS) /* rows of sip_room.iface */
#define SIP_UPLINKS      8  /* TLS contexts of trunks, each on a struct sip of its own */
#define SIP_PEERS        8  /* addresses a trunk's name may resolve to */
#define SIP_BINDINGS_MAX 16 /* of one extension: upper bound of contacts_max */

struct sip_sessions; /* session.c */
struct sip_bindings; /* bindings.c */
struct sip_subs;     /* subscribe.c */
struct sip_guard;    /* auth.c */

/* ---- Interfaces (interface.c) ---- */

/* libre's transport look-up ignores the destination: one struct sip an interface. An uplink is a
 * further row for a trunk over TLS with a context of its own (verification, SNI); it shares the
 * name, addresses and listening ports of the interface that it stands on. */
struct sip_iface {
	struct sip_room *room;
	uint8_t index;  /* in sip_room.iface */
	uint8_t parent; /* the interface an uplink stands on; its own index otherwise */
	struct sip_interface_config config;
	struct sip *sip;
	struct tls *tls;
	bool on[SIP_OVER_COUNT];
	struct sa local[SIP_OVER_COUNT];      /* with port */
	struct sa advertised[SIP_OVER_COUNT]; /* with port */
	struct sip_lsnr *requests, *responses;
	char uplink_key[SIP_HOST + SIP_PATH + 8]; /* "" = not an uplink */
	bool udp_tuned;
};

enum sip_transp sip_over_transp(enum sip_transport t);
enum sip_transport sip_transp_over(enum sip_transp tp); /* SIP_OVER_COUNT for the others */

/* A place to send to. */
struct sip_hop {
	struct sa addr; /* sa_isset(addr, SA_ALL) when set */
	enum sip_transp tp;
};

/* "sip:user@advertised:port;transport=x" of an interface, without brackets. user may be "". */
int sip_iface_contact(const struct sip_iface *f, enum sip_transp tp, const char *user, char *out,
		      size_t cap);

/* NULL when there is none of that index. */
struct sip_iface *sip_iface_at(struct sip_room *r, unsigned index);
struct sip_iface *sip_iface_named(struct sip_room *r, const char *name);

/* ---- Sending (request.c) ---- */

struct sip_digest;

/* One request to be sent. Everything is read before sip_out_send returns. */
struct sip_out {
	struct sip_iface *iface;
	const char *method;
	const char *uri;
	const char *routes; /* value of Route, "" or NULL none: a strict router is handled */
	/* Where it goes: hop when set; else the first route, else the URI, when that is a literal
	 * address; else fallback (names aren't resolved here: a trunk knows its addresses). */
	const struct sip_hop *hop, *fallback;
	const char *contact_user; /* NULL: no Contact; else a Contact of ours is written */
	const char *contact_params; /* after the bracket: ";expires=3600"; NULL none */
	struct sip_digest *digest; /* NULL none; its answers to challenges so far are written */
	struct mbuf *mb; /* from its pos: headers from From on, empty line, body. Neither Via, Route,
			  * Max-Forwards, Contact, User-Agent nor authorization */
	bool stateless;    /* ACK to a 2xx */
	uint8_t max_forwards; /* 0: 70 */
	char *branch;      /* SIP_BRANCH bytes for the Via branch that was used, or NULL */
	struct sip_hop *used; /* where it went, or NULL */
};

/* As sip_request of libre: *reqp is set while the transaction lives (NULL allowed), resph comes once
 * with err or a final response, before that with provisional ones. EHOSTUNREACH, EPROTONOSUPPORT,
 * ENOMEM. resph may have been called with an error before an error is returned: no. */
int sip_out_send(struct sip_request **reqp, const struct sip_out *out, sip_resp_h *resph, void *arg);

/* A message as it is (CANCEL of a dialog found written down). */
int sip_out_raw(struct sip_iface *f, const struct sip_hop *hop, struct mbuf *mb);

/* A random, unguessable token of hexadecimal digits; len with terminator. */
void sip_token(char *out, size_t len);

/* ---- Reading (message.c) ---- */

/* Copies; ENOENT when there is no such header, EOVERFLOW when it doesn't fit. */
int sip_in_header(const struct sip_msg *msg, enum sip_hdrid id, char *out, size_t cap);
/* Strict: digits only, up to max. EINVAL, ERANGE. */
int sip_in_number(const struct pl *pl, uint32_t max, uint32_t *out);
/* User part of a sip, sips or tel URI, unescaped; visual separators of tel: taken out. */
int sip_in_user(const struct uri *uri, char *out, size_t cap);
/* True when the comma-separated list headers of that id have the token (case-insensitive). */
bool sip_in_token(const struct sip_msg *msg, enum sip_hdrid id, const char *token);
/* "1.2.3.4:5060" for logs, in a buffer of the thread's. */
const char *sip_in_source(const struct sip_msg *msg);
/* One line a second and source. */
void sip_in_complain(struct sip_room *r, const struct sip_msg *msg, const char *what);
/* Signalling differs from what Via or Contact names. */
bool sip_in_nat(const struct sip_msg *msg);

/* Answers to requests. Both count. A stateless one with the usual headers (Allow, Supported …). */
int sip_in_reply(struct sip_iface *f, const struct sip_msg *msg, uint16_t code, const char *reason);
/* The values of our Allow and Supported headers. */
extern const char sip_allow[];
extern const char sip_supported[];

/* ---- Who sends (auth.c, trunk.c) ---- */

struct sip_caller {
	uint32_t extension; /* authenticated, or 0 */
	uint16_t trunk;     /* or by source address, or 0 */
	char user[SIP_USER];
};

/* Who sends this request outside a dialog: a trunk by its source address, an extension by digest.
 * 0 and *who; EACCES when the request has been answered (401, 403) and is done with. */
int sip_in_identify(struct sip_iface *f, const struct sip_msg *msg, struct sip_caller *who);

/* By digest only (inside a dialog, REGISTER): as above. */
int sip_in_authenticate(struct sip_iface *f, const struct sip_msg *msg, struct sip_caller *who);

/* ---- Digest of a client (digest.c): RFC 7616, 8760; MD5 and SHA-256 ---- */

struct sip_challenge {
	bool set, proxy, sha256, qop, stale;
	uint32_t nc;
	char realm[128], nonce[256], opaque[128];
};
struct sip_digest {
	char user[SIP_USER], password[SIP_USER];
	struct sip_challenge challenge[2]; /* of the server, of a proxy */
};
/* Takes the challenges of a 401 or 407, the strongest that we know. 0: try again; EAUTH: the answer
 * we gave was refused; ENOTSUP: nothing that we know. */
int sip_digest_take(struct sip_digest *d, const struct sip_msg *response);
/* Writes Authorization and Proxy-Authorization for the challenges taken. */
int sip_digest_write(struct sip_digest *d, struct mbuf *mb, const char *method, const char *uri);

/* ---- Bindings (bindings.c) ---- */

/* One contact of an extension, as sessions need it. */
struct sip_binding {
	uint8_t iface;
	bool nat;
	struct sip_hop hop; /* the source it registered from, or the last Path proxy */
	char uri[192];      /* request URI */
	char routes[SIP_URI]; /* Path as a route set, "" none */
};

/* Those that are alive, newest first; returns how many (at most max). */
unsigned sip_bindings_of(struct sip_room *r, uint32_t extension, struct sip_binding *out,
			 unsigned max);

/* ---- Trunks (trunk.c) ---- */

struct sip_trunk;

/* NULL when there is none. The config is valid until the next sip_room_trunks_set: copy what must
 * last longer, keep the id. */
struct sip_trunk *sip_trunk_find(struct sip_room *r, uint16_t id);
const struct sip_trunk_config *sip_trunk_config(const struct sip_trunk *t);

/* How a request reaches a trunk. */
struct sip_trunk_way {
	struct sip_iface *iface;
	struct sip_hop hop;
	char routes[SIP_ROUTES];      /* Service-Route, "" none */
	char domain[SIP_HOST];        /* of URIs */
	char contact_user[SIP_LABEL + 8]; /* tells the trunk when the far end calls it back */
};
/* ENOENT, EHOSTUNREACH (unresolved, or source_only), EINVAL. Usable or not isn't looked at. */
int sip_trunk_way(struct sip_room *r, uint16_t id, struct sip_trunk_way *out);
/* A digest client with the trunk's credentials and nothing challenged yet. */
void sip_trunk_digest(const struct sip_trunk *t, struct sip_digest *out);

/* Takes and gives back a channel; ENOBUFS at the limit. Counts survive sip_room_trunks_set. */
int sip_trunk_channel_take(struct sip_room *r, uint16_t id);
void sip_trunk_channel_give(struct sip_room *r, uint16_t id);

/* An INVITE over this trunk wasn't answered in time, or was (any response at all): feeds the watch. */
void sip_trunk_heard(struct sip_room *r, uint16_t id, bool heard);

/* ---- What sessions provide (session*.c) ---- */

/* Makes r->sessions; 0 or ENOMEM. */
int sip_sessions_open(struct sip_room *r);
void sip_sessions_close(struct sip_room *r);
uint32_t sip_sessions_count(const struct sip_room *r);

/* INVITE, ACK, BYE, PRACK, UPDATE, INFO, REFER, NOTIFY and CANCEL that libre's transactions didn't
 * take. Mandatory headers, CSeq method, Max-Forwards and Require have been checked, nobody has been
 * authenticated: sip_in_identify for what is outside a dialog. True when handled; false is answered
 * with 481 (nothing for ACK). */
bool sip_session_request(struct sip_room *r, struct sip_iface *f, const struct sip_msg *msg);

/* A response that no transaction took: a second 2xx of a forked INVITE, or one sent again. */
bool sip_session_response(struct sip_room *r, struct sip_iface *f, const struct sip_msg *msg);

/* ---- The room ---- */

struct sip_room {
	struct sip_room_config config;
	struct sip_interface_config interfaces[SIP_INTERFACES];
	struct sip_room_handlers h;
	struct sip_iface *iface[SIP_IFACES];
	unsigned iface_count;
	struct sip_sessions *sessions;
	struct sip_bindings *bindings;
	struct sip_subs *subs;
	struct sip_guard *guard;
	struct sip_trunk *trunk[SIP_TRUNKS];
	unsigned trunk_count;
	struct dnsc *dns;
	struct log_limiter complaints;
	struct sip_room_stats stats;
	bool draining, closing;
};

#endif
