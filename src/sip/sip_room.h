/*
 * The SIP room: transports, registrar, trunks, subscriptions (sessions: session.h), on libre's
 * transports and transactions. Everything runs on the call thread, in libre's loop; the caller has
 * done libre_init() and, before any descriptor was opened, fd_setsize().
 *
 * The room owns itself and copies every configuration value handed in. It decides nothing about
 * calls: it reports by handlers and does as told. No handler is called from inside a function of
 * this header, except those of sip_room_open (bindings found again are reported by `reachable`).
 */
#ifndef SIP_ROOM_H
#define SIP_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/stream.h"
#include "sip/session.h"

#define SIP_INTERFACES	  8
#define SIP_LABEL	  32  /* name of an interface or trunk */
#define SIP_USER	  64  /* user part or authentication user */
#define SIP_HOST	  128 /* host[:port] */
#define SIP_PATH	  256 /* of a file */
#define SIP_PROXIES	  8
#define SIP_TRUNKS	  64
#define SIP_TRUNK_SOURCES 8
#define SIP_TRUNK_RULES	  16
#define SIP_TRUNK_RANGES  8
#define SIP_TEMPLATE	  160

struct sip_room;

/* ---- Configuration ---- */

enum sip_transport { SIP_OVER_UDP, SIP_OVER_TCP, SIP_OVER_TLS, SIP_OVER_COUNT };

/* One place where we listen: a concrete address (never 0.0.0.0 or ::), v4 or v6, and what the far
 * side of a one-to-one NAT must be told instead (Via, Contact). A port of 0 turns a transport off;
 * UDP or TCP must be on. */
struct sip_interface_config {
	char name[SIP_LABEL];
	char ip[46];
	char advertised_ip[46]; /* "" = ip */
	uint16_t udp_port, tcp_port, tls_port;
	char tls_cert[SIP_PATH]; /* PEM: certificate chain and key; needed with tls_port */
};

struct sip_room_config {
	const struct sip_interface_config *interfaces;
	unsigned interface_count;
	char realm[64]; /* of the digest; fixed for ever, since HA1s depend on it */
	char user_agent[64];
	uint32_t expires_min_s, expires_default_s, expires_max_s; /* 0: 60, 300, 3600 */
	unsigned contacts_max;					  /* of one extension; 0: 5 */
	bool waiting_unasked; /* message lamps of phones that don't subscribe */
	char proxies[SIP_PROXIES][46]; /* addresses whose Path we believe (RFC 3327); "" unused */
	char bindings_file[SIP_PATH];  /* "" = kept in memory only; locked while open */
	uint32_t bindings_capacity;  /* 0: 4096. A file made with another capacity is taken over */
	char journal_file[SIP_PATH]; /* dialogs written down; "" = none */
	uint32_t sessions_max;	     /* 0: 4096 */
	uint32_t nonce_s;	     /* life of a nonce; 0: 300 */
	uint32_t lockout_failures;   /* wrong answers by user and address before … 0: 10 */
	uint32_t lockout_s;	     /* … they are refused for this long; 0: 60 */
	char nameserver[46];	     /* of trunks' host names; "" = /etc/resolv.conf */
	char tls_ca[SIP_PATH];	     /* CAs for trunks over TLS; "" = the system's */
};

enum sip_algorithm { SIP_MD5, SIP_SHA256 };

/* What the directory knows of a SIP user. ha1 is H(user:realm:password), 16 bytes for MD5, 32 for
 * SHA-256. */
struct sip_credential {
	uint32_t extension; /* stable id, over all organisations; never 0 */
	enum sip_algorithm algorithm;
	uint8_t ha1[32];
};

/* ---- Trunks ---- */

/* The first rule whose prefix and length fit is applied: strip characters, then put add in front.
 * No rule fits: the number stays. */
struct sip_number_rule {
	char prefix[24];		/* "" fits all; may begin with + */
	uint8_t length_min, length_max; /* of the whole number; 0 = any */
	uint8_t strip;
	char add[24];
};

/* Where a trunk puts the number that was dialled. */
enum sip_did_source { SIP_DID_REQUEST_URI, SIP_DID_TO, SIP_DID_CALLED_PARTY };

struct sip_trunk_config {
	uint16_t id; /* 1 up, stable: app's */
	char name[SIP_LABEL];
	char interface[SIP_LABEL];
	enum sip_transport transport;
	char domain[SIP_HOST]; /* of request URI, From and To; "" = the proxy's host */
	char proxy[SIP_HOST];  /* where requests go, host[:port]; "" = domain */
	/* From where its calls may come: address, address:port, network/bits. Beside these the
	 * addresses that proxy or domain resolve to. */
	char sources[SIP_TRUNK_SOURCES][64];
	bool source_only; /* takes calls only, places none (the sample's) */

	bool registers;
	char user[SIP_USER];	  /* user part of the address of record; also the pilot number */
	char auth_user[SIP_USER]; /* "" = user */
	char password[SIP_USER];
	char auth_realm[64];	  /* with authorization_first; "" = domain */
	bool authorization_first; /* an empty Authorization already in the first REGISTER (IMS) */
	uint32_t expires_s;	  /* 0: 3600 */

	struct sip_number_rule in[SIP_TRUNK_RULES];  /* on the caller's number */
	struct sip_number_rule did[SIP_TRUNK_RULES]; /* on the number dialled */
	struct sip_number_rule out[SIP_TRUNK_RULES]; /* on the number we dial */
	uint8_t in_count, did_count, out_count;
	enum sip_did_source did_source;

	/* Identity outwards. Placeholders {number} (caller, or shown), {name}, {domain}, {user},
	 * {shown}; "" = the default, see identity.c. pai "" = no P-Asserted-Identity. */
	char from_template[SIP_TEMPLATE];
	char pai_template[SIP_TEMPLATE];
	char ranges[SIP_TRUNK_RANGES][24]; /* prefixes of our own numbers: only these are shown … */
	char shown_number[SIP_NUMBER];	   /* … every other caller is shown as this */
	bool trust_pai;			   /* believe its P-Asserted-Identity */

	uint16_t channels;		/* calls at once, both ways; 0 = no limit */
	enum codec codecs[CODEC_COUNT]; /* codec_count 0: as app offers */
	uint8_t codec_count;
	enum dtmf_way dtmf;
	bool rel100;		    /* offer 100rel */
	bool srtp;		    /* SDES, over TLS only */
	uint32_t session_expires_s; /* RFC 4028; 0: 1800 */
	uint32_t first_response_ms; /* then the next trunk; 0: 4000 */

	bool watch;		 /* by OPTIONS */
	uint32_t watch_s;	 /* 0: 30 */
	bool tls_verify;	 /* chain and name */
	char tls_name[SIP_HOST]; /* SNI and the name verified; "" = domain */
	char tls_ca[SIP_PATH];	 /* "" = the room's */
};

enum sip_trunk_state { SIP_TRUNK_DOWN, SIP_TRUNK_UP };

/* Why it is down. */
enum sip_trunk_reason {
	SIP_TRUNK_OK,
	SIP_TRUNK_STARTING,	 /* no answer yet to the first REGISTER or OPTIONS */
	SIP_TRUNK_UNRESOLVED,	 /* the name gives no address */
	SIP_TRUNK_SILENT,	 /* no answer */
	SIP_TRUNK_TRANSPORT,	 /* connection refused, TLS not verified */
	SIP_TRUNK_CREDENTIALS,	 /* our digest answer was refused */
	SIP_TRUNK_REFUSED,	 /* another final response: code */
	SIP_TRUNK_MISCONFIGURED, /* its interface isn't there */
};
const char *sip_trunk_reason_name(enum sip_trunk_reason r); /* "ok", "silent" … for JSON, metrics */

struct sip_trunk_status {
	uint16_t id;
	char name[SIP_LABEL];
	enum sip_trunk_state state;
	enum sip_trunk_reason reason;
	uint16_t code; /* last final response, 0 none */
	bool registered;
	int64_t expires_mono_ms; /* of our registration */
	uint16_t calls, channels;
	char address[64]; /* where requests go now */
};

/* ---- Handlers, all on the call thread ---- */

/* Messages for an extension that nobody has received yet (RFC 3842). */
struct sip_waiting {
	uint32_t messages, urgent; /* urgent ones are among messages */
};

/* Lamp states of an extension, RFC 4235. */
enum sip_lamp { SIP_LAMP_IDLE, SIP_LAMP_RINGING, SIP_LAMP_BUSY };

struct sip_room_handlers {
	/* 0 and *out, or ENOENT. Called for every request that has to be authenticated: a hash
	 * look-up, please. */
	int (*credential)(const char *user, struct sip_credential *out, void *arg);
	/* The extension has got its first binding, or lost its last. */
	void (*reachable)(uint32_t extension, bool on, void *arg);
	void (*trunk_state)(uint16_t trunk, enum sip_trunk_state state,
			    enum sip_trunk_reason reason, uint16_t code, void *arg);
	/* Which extension a number names in the organisation of the subscribing extension, and its
	 * lamp now: 0, or ENOENT. */
	int (*lamp)(uint32_t subscriber, const char *number, uint32_t *extension,
		    enum sip_lamp *state, void *arg);
	/* What waits for the subscribing extension; the number is that of what it asks after: 0,
	 * ENOENT, EPERM when it is somebody else's. NULL: no message lamps. */
	int (*waiting)(uint32_t subscriber, const char *number, struct sip_waiting *out, void *arg);
	sip_incoming_h *incoming;     /* session.h */
	sip_session_event_h *session; /* session.h */
	void *arg;
};

/* ---- The room ---- */

/* Errors: EINVAL (configuration), EADDRINUSE and others of bind, ENOENT (certificate), EIO (file of
 * bindings), ENOMEM. What was wrong is logged. */
int sip_room_open(struct sip_room **rp, const struct sip_room_config *config,
		  const struct sip_room_handlers *handlers);

/* Stops taking new calls and registrations with 503 (Retry-After), goes on serving what is there.
 */
void sip_room_drain(struct sip_room *r);

/* Reads the certificates of the interfaces again (SIGHUP after a renewal); connections that are
 * there go on. ENOENT when one can't be used: it then stays as it was. */
int sip_room_tls_reload(struct sip_room *r);

/* Ends everything at once: open sessions get no event. Accepts NULL. Registrations at trunks are
 * withdrawn without waiting for the answer. */
void sip_room_close(struct sip_room *r);

/* Takes the place of all trunks; calls on them go on. A trunk with the same id whose registration
 * settings are unchanged keeps its registration. Errors: EINVAL (two with one id), ENOMEM: then
 * nothing has changed. */
int sip_room_trunks_set(struct sip_room *r, const struct sip_trunk_config *trunks, unsigned count);

/* ENOENT. */
int sip_room_trunk_status(const struct sip_room *r, uint16_t trunk, struct sip_trunk_status *out);

/* Fills at most max, returns how many there are. */
unsigned sip_room_trunks(const struct sip_room *r, struct sip_trunk_status *out, unsigned max);

/* The lamp of an extension has changed: its subscribers are notified. */
void sip_room_lamp(struct sip_room *r, uint32_t extension, enum sip_lamp state);

/* More or fewer messages wait for an extension. Its phones are told: those that have subscribed,
 * and with waiting_unasked in the configuration, when none has, each that is registered. */
void sip_room_waiting(struct sip_room *r, uint32_t extension, const struct sip_waiting *now);

/* ---- Registrations ---- */

struct sip_registration {
	uint32_t extension;
	char user[SIP_USER];
	char contact[256];
	char user_agent[48];
	char source_ip[46];
	uint16_t source_port;
	enum sip_transport transport;
	uint8_t interface;
	bool nat;
	int64_t expires_wall_ms;
};

bool sip_room_reachable(const struct sip_room *r, uint32_t extension);

/* Fills at most max of one extension's, or of all with extension 0; returns how many there are. */
unsigned sip_room_registrations(const struct sip_room *r, uint32_t extension,
				struct sip_registration *out, unsigned max);

/* Removes all bindings of an extension (its credential was changed, or the phone was stolen). */
void sip_room_forget(struct sip_room *r, uint32_t extension);

/* ---- Figures ---- */

struct sip_room_stats {
	uint64_t requests_in, responses_in, requests_out, responses_out;
	uint64_t malformed; /* refused or dropped before anything else */
	uint64_t challenges, auth_failures, lockouts;
	uint64_t registers_ok, registers_refused;
	uint64_t options, subscribes, notifies;
	uint32_t bindings, bindings_capacity, extensions_reachable;
	uint32_t subscriptions, sessions, timers;
};
void sip_room_stats(const struct sip_room *r, struct sip_room_stats *out);

#endif
