/*
 * Shared by the files of the room, seen by nobody else.
 */
#ifndef SIP_PRIV_H
#define SIP_PRIV_H

#include <errno.h>
#include <re.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "sip/sip_room.h"

#define SIP_URI		 256
#define SIP_ROUTES	 512 /* value of all Route headers of a request */
#define SIP_BRANCH	 40
#define SIP_MSG_MAX	 65536
#define SIP_CALL_ID	 200				/* longest Call-ID that is served */
#define SIP_IFACES	 (SIP_INTERFACES + SIP_UPLINKS) /* rows of sip_room.iface */
#define SIP_UPLINKS	 8  /* TLS contexts of trunks, each on a struct sip of its own */
#define SIP_PEERS	 8  /* addresses a trunk's name may resolve to */
#define SIP_BINDINGS_MAX 16 /* of one extension: upper bound of contacts_max */

struct sip_sessions; /* session.c */
struct sip_bindings; /* bindings.c */
struct sip_subs;     /* subscribe.c */
struct sip_guard;    /* auth.c */
struct sip_udp;	     /* udp.c */

/* ---- Interfaces (interface.c) ---- */

/* libre's transport look-up ignores the destination: one struct sip an interface. An uplink is a
 * further row for a trunk over TLS with a context of its own (verification, SNI); it shares the
 * name, addresses and listening ports of the interface that it stands on. */
struct sip_iface {
	struct sip_room *room;
	uint8_t index;	/* in sip_room.iface */
	uint8_t parent; /* the interface an uplink stands on; its own index otherwise */
	struct sip_interface_config config;
	struct sip *sip;
	struct tls *tls;
	struct sip_udp *udp; /* NULL when it isn't on */
	bool on[SIP_OVER_COUNT];
	struct sa local[SIP_OVER_COUNT];      /* with port */
	struct sa advertised[SIP_OVER_COUNT]; /* with port */
	struct sip_lsnr *requests, *responses;
	char uplink_key[SIP_HOST + SIP_PATH + SIP_LABEL + 8]; /* "" = not an uplink */
	char uplink_name[SIP_HOST];
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

int sip_iface_open(struct sip_room *r, const struct sip_interface_config *c);
int sip_iface_uplink(struct sip_iface *base, const char *name, const char *ca, bool verify,
		     struct sip_iface **fp);

/* Adds UDP to f->sip and sets f->udp, whose release must come before that of f->sip. */
int sip_udp_open(struct sip_iface *f, const struct sa *local);
/* A datagram as it has come in. */
void sip_udp_take(struct sip_udp *u, struct sa *src, const uint8_t *p, size_t n);

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
	const char *contact_user;   /* NULL: no Contact; else a Contact of ours is written */
	const char *contact_params; /* after the bracket: ";expires=3600"; NULL none */
	struct sip_digest *digest;  /* NULL none; its answers to challenges so far are written */
	struct mbuf *mb;      /* from its pos: headers from From on, empty line, body. Neither Via,
			       * Route,      Max-Forwards, Contact, User-Agent nor authorization */
	bool stateless;	      /* ACK to a 2xx */
	uint8_t max_forwards; /* 0: 70 */
	char *branch;	      /* SIP_BRANCH bytes for the Via branch that was used, or NULL */
	struct sip_hop *used; /* where it went, or NULL */
};

/* As sip_request of libre: *reqp is set while the transaction lives (NULL allowed), resph comes
 * once with err or a final response, before that with provisional ones. EHOSTUNREACH,
 * EPROTONOSUPPORT, ENOMEM. resph may have been called with an error before an error is returned:
 * no. */
int sip_out_send(struct sip_request **reqp, const struct sip_out *out, sip_resp_h *resph,
		 void *arg);

/* Where a URI points when its host is a literal address. EINVAL, EPROTONOSUPPORT, EHOSTUNREACH. */
int sip_hop_of_uri(const struct pl *uri, struct sip_hop *out);

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
int sip_in_copy(const struct pl *pl, char *out, size_t cap); /* the same for any text */
/* "1.2.3.4:5060" for logs, in a buffer of the thread's. */
const char *sip_in_source(const struct sip_msg *msg);
/* One line a second and source. */
void sip_in_complain(struct sip_room *r, const struct sip_msg *msg, const char *what);
void sip_complain(struct sip_room *r, const struct sa *src, const char *what);
/* Signalling differs from what Via or Contact names. */
bool sip_in_nat(const struct sip_msg *msg);

/* Answers to requests. Both count. A stateless one with the usual headers (Allow, Supported …). */
int sip_in_reply(struct sip_iface *f, const struct sip_msg *msg, uint16_t code, const char *reason);
/* The same with other headers instead: each ends with CRLF, 1 kB at most. */
int sip_in_replyf(struct sip_iface *f, const struct sip_msg *msg, uint16_t code, const char *reason,
		  const char *fmt, ...);
/* The values of our Allow and Supported headers. */
extern const char sip_allow[];
extern const char sip_supported[];

/* What libre calls, and the parts that then get the request (check.c, registrar.c, subscribe.c). */
bool sip_check_request(const struct sip_msg *msg, void *arg);
bool sip_check_response(const struct sip_msg *msg, void *arg);
void sip_options_request(struct sip_iface *f, const struct sip_msg *msg);
void sip_registrar_request(struct sip_iface *f, const struct sip_msg *msg);
void sip_subs_request(struct sip_iface *f, const struct sip_msg *msg);

/* ---- Who sends (auth.c, trunk.c) ---- */

struct sip_caller {
	uint32_t extension; /* authenticated, or 0 */
	uint16_t trunk;	    /* or by source address, or 0 */
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
	uint32_t cseq; /* of the request that was challenged */
	uint8_t tries;
	char realm[128], nonce[256], opaque[128];
};
struct sip_digest {
	char user[SIP_USER], password[SIP_USER];
	struct sip_challenge challenge[2]; /* of the server, of a proxy */
};
/* Takes the challenges of a 401 or 407, the strongest that we know. 0: try again, with the CSeq
 * raised by one; EAUTH: the answer we gave was refused; ENOTSUP: nothing that we know. */
int sip_digest_take(struct sip_digest *d, const struct sip_msg *response);
/* Writes Authorization and Proxy-Authorization for the challenges taken. */
int sip_digest_write(struct sip_digest *d, struct mbuf *mb, const char *method, const char *uri);
/* As if the realm had challenged without a nonce: an Authorization without a response. */
void sip_digest_empty(struct sip_digest *d, const char *realm);

/* What both sides need. */
#define SIP_DIGEST_TEXT 1024 /* longest text that is hashed */
struct sip_digest_params {
	struct pl username, realm, nonce, uri, response, algorithm, cnonce, qop, nc, opaque, stale;
};
/* ENOTSUP when the scheme isn't Digest. */
int sip_digest_params(const struct pl *header, struct sip_digest_params *out);
size_t sip_digest_size(enum sip_algorithm a);
int sip_digest_hash(enum sip_algorithm a, const void *p, size_t n, uint8_t *out);
int sip_digest_ha1(enum sip_algorithm a, const char *user, const char *realm, const char *password,
		   uint8_t *out);
int sip_digest_response(enum sip_algorithm a, const uint8_t *ha1, const struct pl *method,
			const struct sip_digest_params *d, char hex[65]);

int sip_guard_open(struct sip_room *r);
void sip_guard_close(struct sip_room *r);

/* ---- Bindings (bindings.c) ---- */

int sip_bindings_open(struct sip_room *r);
void sip_bindings_close(struct sip_room *r);
void sip_bindings_stats(const struct sip_room *r, struct sip_room_stats *s);

/* A contact as the registrar found it in a REGISTER. */
struct sip_contact_in {
	char uri[SIP_URI], path[SIP_URI], instance[64], user[SIP_USER], agent[48];
	uint64_t call_id;	  /* hash */
	uint32_t cseq, expires_s; /* 0 removes */
	uint32_t reg_id;
	uint8_t iface;
	bool nat;
	struct sip_hop source, hop;
	char report_ip[46]; /* what a named proxy reports as the source, else the source */
	uint16_t report_port;
};
/* EALREADY when a newer request of the same phone has been there (RFC 3261, 10.3, 7). */
int sip_binding_check(struct sip_room *r, uint32_t extension, const struct sip_contact_in *c);
/* Sets, refreshes or removes. ENOBUFS when all slots are taken. */
int sip_binding_put(struct sip_room *r, uint32_t extension, const struct sip_contact_in *c);
void sip_binding_clear(struct sip_room *r, uint32_t extension);
/* "<uri>;expires=n" of each, comma separated. */
int sip_bindings_print(struct mbuf *mb, struct sip_room *r, uint32_t extension);

/* One contact of an extension, as sessions need it. */
struct sip_binding {
	uint8_t iface;
	bool nat;
	struct sip_hop hop;   /* the source it registered from, or the last Path proxy */
	char uri[SIP_URI];    /* request URI */
	char routes[SIP_URI]; /* Path as a route set, "" none */
};

/* nat_ping.c: an OPTIONS whose answer keeps the way open. */
void sip_nat_ping(struct sip_room *r, const struct sip_binding *b);

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
	char routes[SIP_ROUTES];	  /* Service-Route, "" none */
	char domain[SIP_HOST];		  /* of URIs */
	char contact_user[SIP_LABEL + 8]; /* tells the trunk when the far end calls it back */
};
/* ENOENT, EHOSTUNREACH (unresolved, or source_only), EINVAL. Usable or not isn't looked at. */
int sip_trunk_way(struct sip_room *r, uint16_t id, struct sip_trunk_way *out);
/* A digest client with the trunk's credentials and nothing challenged yet. */
void sip_trunk_digest(const struct sip_trunk *t, struct sip_digest *out);

/* Takes and gives back a channel; ENOBUFS at the limit. Counts survive sip_room_trunks_set. */
int sip_trunk_channel_take(struct sip_room *r, uint16_t id);
void sip_trunk_channel_give(struct sip_room *r, uint16_t id);

/* An INVITE over this trunk wasn't answered in time, or was (any response at all): feeds the watch.
 */
void sip_trunk_heard(struct sip_room *r, uint16_t id, bool heard);

void sip_trunks_close(struct sip_room *r);
void sip_trunks_withdraw(struct sip_room *r);
/* 0 when no trunk takes calls from there. */
uint16_t sip_trunk_of_source(struct sip_iface *f, const struct sip_msg *msg);

/* ---- Subscriptions (subscribe.c) ---- */

int sip_subs_open(struct sip_room *r);
void sip_subs_close(struct sip_room *r);
uint32_t sip_subs_count(const struct sip_room *r);
/* Tells those who subscribed to an extension's message-summary; false: nobody has. */
bool sip_subs_waiting(struct sip_room *r, uint32_t extension, const struct sip_waiting *now);

/* ---- Messages that wait (summary.c) ---- */
#define SIP_SUMMARY_TYPE "application/simple-message-summary"
/* The body of RFC 3842, 5.1. */
int sip_summary_print(struct mbuf *mb, const char *account, const struct sip_waiting *w);

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
	uint8_t tag_key[16];
	bool draining, closing;
};

#endif
