/*
 * The node's configuration and the measures of its organisations: YAML files read whole into plain
 * values, or refused with every error in them. `zongji check`, the start and SIGHUP all come
 * through config_load, so a file is refused in the same words everywhere.
 *
 * Ownership: config_load allocates one block (struct config without inner pointers), config_free
 * releases it. Units stand last in a name. Errors: 0; EINVAL when the list of errors says why.
 */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/log.h"
#include "base/stream.h"
#include "deliver/deliver.h"
#include "measures/directory.h"
#include "measures/measures.h"

struct catalogue;

/* ---- what was wrong ---- */

#define CONFIG_FILE_MAX_BYTES (1u << 20) /* a larger file is refused unread */
#define CONFIG_DEPTH_MAX      16	 /* nesting of a document */
#define CONFIG_NODES_MAX      20000	 /* values of a document */
#define CONFIG_ERRORS_MAX     256	 /* kept; those beyond are counted */

enum config_severity { CONFIG_ERROR, CONFIG_WARNING };

struct config_error {
	enum config_severity severity;
	char file[192];
	unsigned line, column; /* from 1; 0 when the file as a whole is meant */
	char at[96];	       /* the setting: "trunks[1].transport" */
	char key[48];	       /* text in lang/: "config.unknown_key" */
	char found[96];	       /* secrets are never shown */
	char expect[48];       /* text in lang/, "" none: "config.expect.range" */
	char a[128], b[64];    /* values for both texts */
	char suggestion[64];   /* "" none */
};

struct config_errors {
	size_t count;	/* kept in list, errors and warnings */
	size_t errors;	/* all errors, those not kept too */
	size_t dropped; /* not kept */
	struct config_error list[CONFIG_ERRORS_MAX];
};

/* One line without its end: "node.yaml:12:3: trunks[0].transport: …". Falls back to English words
 * when c is NULL. */
void config_error_text(const struct config_error *e, const struct catalogue *c, const char *lang,
		       char *out, size_t cap);

/* Every error and warning, a line each, in the order of file, line and column. */
void config_errors_print(struct config_errors *errs, const struct catalogue *c, const char *lang,
			 FILE *to);

/* ---- the node ---- */

#define CONFIG_INTERFACES    8
#define CONFIG_TRUNKS	     32
#define CONFIG_TRUNK_PEERS   8
#define CONFIG_TRUNK_RULES   16
#define CONFIG_TRUNK_RANGES  8
#define CONFIG_ORGANISATIONS 16
#define CONFIG_NUMBERS	     256 /* DIDs of one organisation */
#define CONFIG_PROXIES	     8
#define CONFIG_NAME	     64
#define CONFIG_ID	     32
#define CONFIG_PATH	     256
#define CONFIG_HOST	     128
#define CONFIG_SECRET	     128

struct config_interface {
	char name[CONFIG_ID];
	char address[46];    /* local, concrete: never 0.0.0.0 */
	char advertised[46]; /* what stands in Via, Contact and SDP; the local one unless set */
	uint16_t udp_port, tcp_port, tls_port; /* 0 off */
	char certificate[CONFIG_PATH];	       /* PEM, chain and key in one file, for tls_port */
};

/* A number that begins with `prefix` loses its first `strip` characters and gets `add` before it.
 * The first rule that fits is applied, the others are not looked at. */
struct config_rule {
	char prefix[24];		/* "" fits all; may begin with + */
	uint8_t length_min, length_max; /* of the whole number; 0 any */
	uint8_t strip;
	char add[24];
};

enum config_transport { CONFIG_UDP, CONFIG_TCP, CONFIG_TLS };
enum config_did_from { CONFIG_DID_REQUEST_URI, CONFIG_DID_TO, CONFIG_DID_P_CALLED_PARTY };
enum config_srtp { CONFIG_SRTP_OFF, CONFIG_SRTP_ALLOWED, CONFIG_SRTP_REQUIRED };

struct config_peer {
	char address[46];
	uint16_t port;	   /* 0 any */
	uint8_t mask_bits; /* 32 or 128 for one address */
};

struct config_trunk {
	char id[CONFIG_ID];	/* "sample": unique in the node */
	char name[CONFIG_NAME]; /* for people: 示例中继 */
	bool enabled;		/* a trunk that isn't stays out of use, but is checked */
	bool incoming_only;	/* takes calls, places none */
	char interface[CONFIG_ID];
	enum config_transport transport;

	/* who may call in, and where to call when there is no proxy: the first is the far end */
	struct config_peer peers[CONFIG_TRUNK_PEERS];
	unsigned peer_count;

	/* the far end's names */
	char domain[CONFIG_HOST]; /* in request URIs, From, To; the first peer unless set */
	char proxy[CONFIG_HOST];  /* outbound proxy host[:port], "" none */
	bool tls_verify;
	char tls_name[CONFIG_HOST]; /* SNI and the name verified; the domain unless set */
	char tls_ca[CONFIG_PATH];   /* CAs, PEM; those of `sip` unless set */

	/* registering out (RFC 3261, 10) */
	bool registers;
	char registrar[CONFIG_HOST];  /* the domain unless set */
	char user[CONFIG_NAME];	      /* user part of the address of record */
	char auth_user[CONFIG_NAME];  /* the user unless set */
	char auth_realm[CONFIG_NAME]; /* with authorization_first; the domain unless set */
	char password[CONFIG_NAME];
	uint32_t expiry_s;
	bool authorization_first; /* Authorization already in the first REGISTER */

	/* numbers */
	enum config_did_from did_from;
	struct config_rule rules_in[CONFIG_TRUNK_RULES]; /* on the caller's number */
	unsigned rule_in_count;
	struct config_rule rules_did[CONFIG_TRUNK_RULES]; /* on the called number that arrives */
	unsigned rule_did_count;
	struct config_rule rules_out[CONFIG_TRUNK_RULES]; /* on the number that we call */
	unsigned rule_out_count;
	char from_template[CONFIG_HOST];	   /* "<sip:{shown}@{domain}>" */
	char identity_template[CONFIG_HOST];	   /* P-Asserted-Identity, "" none (RFC 3325) */
	char own_numbers[CONFIG_TRUNK_RANGES][24]; /* prefixes of ours: only these are shown … */
	unsigned own_number_count;
	char shown_number[32]; /* … every other caller as this */
	bool trust_identity;   /* P-Asserted-Identity from there is believed */

	/* sound and capacity */
	uint16_t channels;
	enum codec codecs[CODEC_COUNT];
	unsigned codec_count;
	enum dtmf_way dtmf;
	enum config_srtp srtp;	    /* over TLS only */
	bool busy_tone;		    /* analog gateway: a busy cadence ends the call */
	uint32_t session_expires_s; /* RFC 4028, 0 not asked for by us */
	bool reliable_provisional;  /* RFC 3262 is offered */

	/* watching */
	uint32_t options_interval_s; /* 0 off */
	uint32_t first_response_ms;  /* then the next trunk */
};

struct config_number {
	char number[32];       /* as it arrives, rules applied */
	char trunk[CONFIG_ID]; /* "" any */
	char to[16];	       /* number inside the organisation: main number or an extension */
};

struct config_organisation {
	uint32_t id; /* stable, never given again */
	char name[CONFIG_NAME];
	enum organisation_kind kind;
	char measures[CONFIG_PATH];  /* as an absolute path or from the working directory */
	char directory[CONFIG_PATH]; /* CSV folder for the first import, "" none */
	struct config_number numbers[CONFIG_NUMBERS];
	unsigned number_count;
	char routes[CONFIG_TRUNKS][CONFIG_ID]; /* trunk ids, in the order they are tried */
	unsigned route_count;
};

struct config_sip {
	char realm[CONFIG_HOST]; /* fixed for ever: credentials depend on it */
	char user_agent[CONFIG_NAME];
	uint32_t expiry_min_s, expiry_max_s, expiry_default_s;
	uint8_t contacts_max;		  /* an extension */
	bool waiting_unasked; /* message lamps: phones are told that never asked */
	char proxies[CONFIG_PROXIES][46]; /* whose Path and received source are believed */
	unsigned proxy_count;
	uint16_t lockout_failures; /* wrong passwords of a user from an address before … */
	uint32_t lockout_s;	   /* … both together are refused for this long */
	char nameserver[46];	   /* for trunks' host names; "" the system's */
	char tls_ca[CONFIG_PATH];  /* CAs for trunks over TLS, PEM; "" the system's */
};

struct config_http {
	char address[46];
	uint16_t port;
	char certificate[CONFIG_PATH], key[CONFIG_PATH]; /* PEM; "" plain HTTP; may be one file */
	char trusted_proxies[CONFIG_PROXIES][46];	 /* X-Forwarded-For is believed from */
	unsigned trusted_proxy_count;
	char metrics_token[CONFIG_SECRET]; /* "" loopback only */
};

struct config_media {
	uint16_t port_first, port_last;
	uint8_t threads; /* 0: one for each core but one */
	bool g722, opus; /* offered to phones beside G.711 */
	enum config_srtp phone_srtp;
};

enum config_engine { CONFIG_SQLITE, CONFIG_POSTGRES };
struct config_store {
	enum config_engine engine;
	char sqlite[CONFIG_PATH];   /* database file; "" is zongji.db in the data folder */
	char postgres[CONFIG_PATH]; /* libpq's conninfo */
	uint16_t log_months;	    /* of the event log, before the present one */
};

struct config_speech {
	char command[CONFIG_PATH]; /* {text} {voice} {speed} {out}; "" is the room's own default */
	char voice[CONFIG_NAME];
	uint16_t speed;
	char recordings[CONFIG_PATH]; /* folder of a person's recordings, "" none */
};

struct config_delivery {
	char link[CONFIG_PATH]; /* where the console is found from outside; "" no links */
	struct deliver_config deliver;
	uint32_t retry_first_ms, retry_longest_ms; /* each interval is four times the one before */
	uint8_t attempts;			   /* of a way; then it has failed */
};

struct config_limits {
	uint32_t calls, legs, registrations, http_streams;
};

struct node_config {
	char data[CONFIG_PATH]; /* data folder; "" is given by --data */
	char language[8];	/* zh-CN zh-TW en */
	enum log_level log_level;
	struct config_interface interfaces[CONFIG_INTERFACES];
	unsigned interface_count;
	struct config_sip sip;
	struct config_trunk trunks[CONFIG_TRUNKS];
	unsigned trunk_count;
	struct config_http http;
	struct config_media media;
	struct config_store store;
	struct config_speech speech;
	struct config_delivery delivery;
	struct config_limits limits;
	struct config_organisation organisations[CONFIG_ORGANISATIONS];
	unsigned organisation_count;
};

/* ---- what lies beside the measures: cards of the desk, read by people only ---- */

#define CONFIG_CARDS	  32 /* of each kind */
#define CONFIG_CARD_TEXT  768

struct config_card {
	char title[CONFIG_NAME];
	char text[CONFIG_CARD_TEXT];
	char number[32]; /* of the emergency card: whom to call, "" nobody */
};

struct config_cards {
	struct config_card facts[CONFIG_CARDS];	    /* what may be told (A4.1.5) */
	struct config_card emergency[CONFIG_CARDS]; /* fire, power cut … */
	struct config_card approved[CONFIG_CARDS];  /* approved explanations (A4.1.6) */
	unsigned fact_count, emergency_count, approved_count;
};

/* A measures file as it is read: its tables count from here. */
struct config_measures {
	struct measures measures; /* first */
	struct config_cards cards;
};

/* ---- node and measures together ---- */

struct config {
	char path[CONFIG_PATH]; /* of the node's file */
	struct node_config node;
	struct measures measures[CONFIG_ORGANISATIONS]; /* of organisations[i] */
	struct config_cards cards[CONFIG_ORGANISATIONS];
	char hours_names[CONFIG_ORGANISATIONS][MEASURES_HOURS_SETS][CONFIG_ID];
};

/* Reads a node file and everything that it names. Relative paths in a file are taken from the
 * folder of that file. *out is set only when there is no error (warnings don't count). */
int config_load(const char *path, struct config **out, struct config_errors *errs);
void config_free(struct config *c); /* accepts NULL */

/* A measures file alone; org and kind stay 0. */
int config_measures_load(const char *path, struct measures *out, struct config_errors *errs);

/* What refers from configuration to directory, against the database's snapshot: numbers that DIDs
 * lead to, Article 4's departments and posts, the length of extension numbers, hours sets. Told at
 * the setting's place in its file, or as "directory" where an entry is wrong. Vacant posts are
 * warnings: Article 4 says what happens then. The files are read again for their lines. */
void config_directory_check(const struct config *c, unsigned organisation,
			    const struct directory *d, struct config_errors *errs);

/* The same against a folder of CSV files, after these themselves have been checked, with lines.
 * c may be NULL: then only the files. */
void config_folder_check(const struct config *c, unsigned organisation, const char *folder,
			 struct config_errors *errs);

/* What `zongji check` does with one file or folder; the kind is seen from the content. */
enum config_kind {
	CONFIG_KIND_NODE,
	CONFIG_KIND_MEASURES,
	CONFIG_KIND_DIRECTORY,
	CONFIG_KIND_UNKNOWN
};
int config_file_check(const char *path, enum config_kind *kind, struct config_errors *errs);

/* The same of text in memory: for tests and the fuzzer. */
int config_node_parse(const char *file, const char *text, size_t len, struct node_config *out,
		      struct config_errors *errs);
int config_measures_parse(const char *file, const char *text, size_t len, struct measures *out,
			  struct config_errors *errs);

/* ---- SIGHUP ---- */

enum config_part {
	CONFIG_PART_TRUNKS = 1 << 0,		/* at once */
	CONFIG_PART_ORGANISATIONS = 1 << 1,	/* at once: numbers, routes, names */
	CONFIG_PART_MEASURES = 1 << 2,		/* at once: a new version for new calls */
	CONFIG_PART_LANGUAGE = 1 << 3,		/* at once */
	CONFIG_PART_LOG = 1 << 4,		/* at once */
	CONFIG_PART_SPEECH = 1 << 5,		/* at once */
	CONFIG_PART_INTERFACES = 1 << 6,	/* restart */
	CONFIG_PART_SIP = 1 << 7,		/* restart */
	CONFIG_PART_HTTP = 1 << 8,		/* restart */
	CONFIG_PART_MEDIA = 1 << 9,		/* restart */
	CONFIG_PART_STORE = 1 << 10,		/* restart */
	CONFIG_PART_LIMITS = 1 << 11,		/* restart */
	CONFIG_PART_DATA = 1 << 12,		/* restart */
	CONFIG_PART_ORGANISATION_SET = 1 << 13, /* one more or fewer: restart */
	CONFIG_PART_DELIVERY = 1 << 14,		/* at once */
};
#define CONFIG_PARTS_RESTART                                                                       \
	(CONFIG_PART_INTERFACES | CONFIG_PART_SIP | CONFIG_PART_HTTP | CONFIG_PART_MEDIA |         \
	 CONFIG_PART_STORE | CONFIG_PART_LIMITS | CONFIG_PART_DATA | CONFIG_PART_ORGANISATION_SET)

/* Bits of config_part that differ. Pure. */
unsigned config_compare(const struct config *old, const struct config *new);

/* The names of the parts in `parts`, "interfaces, http". For the log. */
void config_parts_text(unsigned parts, char *out, size_t cap);

/* docs/configuration.md: every setting of both kinds of file, from the tables that read them. */
void config_reference(FILE *to);

#endif
