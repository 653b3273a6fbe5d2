/* The settings of a node, and what has to be true among them. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "app/config/scalar.h"
#include "base/text.h"

#define NODE(member)	    SCHEMA_AT(struct node_config, member)
#define IFACE(member)	    SCHEMA_AT(struct config_interface, member)
#define SIP(member)	    SCHEMA_AT(struct config_sip, member)
#define TRUNK(member)	    SCHEMA_AT(struct config_trunk, member)
#define HTTP(member)	    SCHEMA_AT(struct config_http, member)
#define MEDIA(member)	    SCHEMA_AT(struct config_media, member)
#define STORE(member)	    SCHEMA_AT(struct config_store, member)
#define SAY(member)	    SCHEMA_AT(struct config_speech, member)
#define LIMIT(member)	    SCHEMA_AT(struct config_limits, member)
#define ORG(member)	    SCHEMA_AT(struct config_organisation, member)
#define RULE(member)	    SCHEMA_AT(struct config_rule, member)
#define DID(member)	    SCHEMA_AT(struct config_number, member)
#define COUNT(type, member) .count_offset = offsetof(type, member)
#define ROW(type, member)   .offset = offsetof(type, member), .size = sizeof(((type *)0)->member[0])

static const char *const languages[] = {"zh-CN", "zh-TW", "en", NULL};
static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const transports[] = {"udp", "tcp", "tls", NULL};
static const char *const did_places[] = {"request_uri", "to", "p_called_party_id", NULL};
static const char *const srtp_words[] = {"off", "allowed", "required", NULL};
static const char *const codecs[] = {"", "pcma", "pcmu", "g722", "opus", NULL};
static const char *const dtmf_words[] = {"rfc4733", "info", "inband", NULL};
static const char *const kinds[] = {"headquarters", "controlled", "associated", NULL};

/* 0 to max, digits only; -1 when it isn't. */
static int small_number(const char *s, int max)
{
	size_t n = strspn(s, "0123456789");

	return n == 0 || n > 5 || s[n] || atoi(s) > max ? -1 : atoi(s);
}

/* Cuts "[v6]:port", "v4:port" or "network/bits" apart in place. False when the brackets are wrong.
 */
static bool peer_cut(char **address, char **port, char **mask)
{
	char *s = *address, *colon = strchr(s, ':');

	*port = *mask = NULL;
	if (*s == '[') {
		char *end = strchr(s, ']');

		if (!end || (end[1] && end[1] != ':'))
			return false;
		*port = end[1] ? end + 2 : NULL;
		*end = '\0';
		*address = s + 1;
		return true;
	}
	*mask = strchr(s, '/');
	if (*mask) {
		*(*mask)++ = '\0';
	} else if (colon && colon == strrchr(s, ':')) {
		*port = colon + 1;
		*colon = '\0';
	}
	return true;
}

/* "192.0.2.10", "192.0.2.10:5060", "192.0.2.0/28", "2001:db8::1", "[2001:db8::1]:5060" */
static bool peer_parse(const char *text, struct config_peer *p)
{
	char copy[64], *address = copy, *port, *mask;
	int number = 0, bits;

	if (text_copy(copy, sizeof(copy), text) || !peer_cut(&address, &port, &mask) ||
	    !scalar_is_concrete(address))
		return false;
	bits = strchr(address, ':') ? 128 : 32;
	if (port)
		number = small_number(port, 65535);
	if (mask)
		bits = small_number(mask, bits);
	if (number < 0 || (port && number == 0) || bits < 8)
		return false;
	p->port = (uint16_t)number;
	p->mask_bits = (uint8_t)bits;
	return text_copy(p->address, sizeof(p->address), address) == 0;
}

static bool peers_read(struct walk *w, const struct item *it, void *base)
{
	struct config_trunk *t = base;
	unsigned n = 0;

	if (it->kind != ITEM_LIST) {
		TEXT_COPY(walk_error(w, it, "config.wrong_kind")->expect, "config.expect.list");
		return false;
	}
	for (const struct item *x = it->first; x; x = x->next, n++) {
		size_t mark = walk_enter(w, "[%u]", n);

		if (n < CONFIG_TRUNK_PEERS &&
		    (x->kind != ITEM_TEXT || !peer_parse(x->text, &t->peers[n])))
			TEXT_COPY(walk_error(w, x, "config.wrong_value")->expect,
				  "config.expect.peer");
		walk_leave(w, mark);
	}
	if (n > CONFIG_TRUNK_PEERS) {
		struct config_error *e = walk_error(w, it, "config.too_many");

		snprintf(e->found, sizeof(e->found), "%u", n);
		snprintf(e->a, sizeof(e->a), "%d", CONFIG_TRUNK_PEERS);
		n = CONFIG_TRUNK_PEERS;
	}
	t->peer_count = n;
	return true;
}

static bool ports_read(struct walk *w, const struct item *it, void *base)
{
	struct config_media *m = base;
	unsigned first = 0, last = 0;
	int end = 0;

	if (it->kind != ITEM_TEXT || sscanf(it->text, "%5u-%5u%n", &first, &last, &end) != 2 ||
	    it->text[end] || first < 1024 || last > 65535 || first >= last) {
		TEXT_COPY(walk_error(w, it, "config.wrong_value")->expect, "config.expect.ports");
		return false;
	}
	m->port_first = (uint16_t)(first + (first & 1)); /* RTP on even ports (RFC 3550, 11) */
	m->port_last = (uint16_t)last;
	return true;
}

static const struct schema_field interface_fields[] = {
    {"name", SCHEMA_ID, IFACE(name), .flags = SCHEMA_REQUIRED,
     .help = "Name by which trunks refer to it."},
    {"address", SCHEMA_ADDRESS, IFACE(address), .flags = SCHEMA_REQUIRED | SCHEMA_CONCRETE,
     .help = "Local address to listen on; a concrete one."},
    {"advertised", SCHEMA_ADDRESS, IFACE(advertised), .flags = SCHEMA_CONCRETE,
     .help = "Address told to the far end (Via, Contact, SDP) behind one-to-one NAT."},
    {"udp_port", SCHEMA_INTEGER, IFACE(udp_port), 0, 65535, .fallback = "5060",
     .help = "UDP port, 0 off."},
    {"tcp_port", SCHEMA_INTEGER, IFACE(tcp_port), 0, 65535, .fallback = "5060",
     .help = "TCP port, 0 off."},
    {"tls_port", SCHEMA_INTEGER, IFACE(tls_port), 0, 65535, .fallback = "0",
     .help = "TLS port, 0 off. Needs a certificate."},
    {"certificate", SCHEMA_PATH, IFACE(certificate),
     .help = "PEM file with the certificate chain and its key."},
    {0},
};

static const struct schema_field sip_fields[] = {
    {"realm", SCHEMA_HOST, SIP(realm), .flags = SCHEMA_REQUIRED,
     .help = "Digest realm. Fixed for ever: the phones' credentials are computed with it."},
    {"user_agent", SCHEMA_TEXT, SIP(user_agent), .fallback = "Zongji",
     .help = "User-Agent and Server header."},
    {"expires_min", SCHEMA_SECONDS, SIP(expiry_min_s), 10, 86400, .fallback = "60s",
     .help = "Shortest registration accepted; a shorter one is answered 423."},
    {"expires_max", SCHEMA_SECONDS, SIP(expiry_max_s), 60, 604800, .fallback = "1h",
     .help = "Longest registration granted."},
    {"expires_default", SCHEMA_SECONDS, SIP(expiry_default_s), 10, 604800, .fallback = "5min",
     .help = "Granted when a phone names none."},
    {"contacts_max", SCHEMA_INTEGER, SIP(contacts_max), 1, 16, .fallback = "5",
     .help = "Phones that one extension may register at once."},
    {"message_lamp_unasked", SCHEMA_BOOL, SIP(waiting_unasked), .fallback = "false",
     .help = "Tell phones of waiting messages that don't subscribe to it (RFC 3842); some answer "
	     "with an error, and then it does no harm."},
    {"proxies", SCHEMA_LIST, ROW(struct config_sip, proxies), 0, CONFIG_PROXIES,
     .of = SCHEMA_ADDRESS, COUNT(struct config_sip, proxy_count),
     .help = "Proxies in front of us whose Path and received source are believed."},
    {"lockout_failures", SCHEMA_INTEGER, SIP(lockout_failures), 3, 1000, .fallback = "10",
     .help = "Wrong passwords of a user from one address before both are locked out."},
    {"lockout", SCHEMA_SECONDS, SIP(lockout_s), 1, 86400, .fallback = "1min",
     .help = "How long a lock-out lasts."},
    {"nameserver", SCHEMA_ADDRESS, SIP(nameserver),
     .help = "For trunks' host names; the "
	     "system's unless set."},
    {"tls_ca", SCHEMA_PATH, SIP(tls_ca),
     .help = "PEM file of the authorities that trunks over "
	     "TLS are verified against; the system's unless set."},
    {0},
};

static const struct schema_field rule_fields[] = {
    {"prefix", SCHEMA_NUMBER, RULE(prefix), .flags = SCHEMA_REQUIRED,
     .help = "How the number begins; \"\" fits all."},
    {"length_min", SCHEMA_INTEGER, RULE(length_min), 0, 32, .fallback = "0",
     .help = "Shortest number that the rule fits, 0 any."},
    {"length_max", SCHEMA_INTEGER, RULE(length_max), 0, 32, .fallback = "0",
     .help = "Longest number that the rule fits, 0 any."},
    {"strip", SCHEMA_INTEGER, RULE(strip), 0, 23, .fallback = "0",
     .help = "Characters taken off its beginning."},
    {"add", SCHEMA_NUMBER, RULE(add), .help = "Then put before it."},
    {0},
};

static const struct schema_field trunk_fields[] = {
    {"id", SCHEMA_ID, TRUNK(id), .flags = SCHEMA_REQUIRED, .help = "Unique in the node."},
    {"name", SCHEMA_TEXT, TRUNK(name), .help = "What people call it; the id unless set."},
    {"enabled", SCHEMA_BOOL, TRUNK(enabled), .fallback = "true",
     .help = "A trunk out of use is still checked."},
    {"incoming_only", SCHEMA_BOOL, TRUNK(incoming_only), .fallback = "false",
     .help = "Takes calls, places none."},
    {"interface", SCHEMA_ID, TRUNK(interface), .flags = SCHEMA_REQUIRED,
     .help = "Name of one of the interfaces."},
    {"transport", SCHEMA_WORD, TRUNK(transport), .words = transports, .fallback = "udp",
     .help = "Towards the far end."},
    {"peers", SCHEMA_OWN, .own = peers_read, .form = "list of address[:port] or network/bits",
     .help = "Addresses from which its calls may come (at most 8). A foreign one is nobody's "
	     "trunk."},
    {"domain", SCHEMA_HOST, TRUNK(domain),
     .help = "In request URIs, From and To; the proxy's or first peer's unless set."},
    {"proxy", SCHEMA_HOST, TRUNK(proxy),
     .help = "Outbound proxy: where requests go; the domain unless set."},
    {"tls_verify", SCHEMA_BOOL, TRUNK(tls_verify), .fallback = "true",
     .help = "Verify the far end's chain and name."},
    {"tls_name", SCHEMA_HOST, TRUNK(tls_name),
     .help = "Name sent (SNI) and verified; the domain unless set."},
    {"tls_ca", SCHEMA_PATH, TRUNK(tls_ca), .help = "Authorities of this trunk, PEM."},
    {"registers", SCHEMA_BOOL, TRUNK(registers), .fallback = "false",
     .help = "Registers out (RFC 3261, 10); Service-Route is followed (RFC 3608)."},
    {"registrar", SCHEMA_HOST, TRUNK(registrar), .help = "The domain unless set."},
    {"user", SCHEMA_TEXT, TRUNK(user), .help = "User part of the address of record."},
    {"auth_user", SCHEMA_TEXT, TRUNK(auth_user),
     .help = "Authentication user, often not the number; the user unless set."},
    {"auth_realm", SCHEMA_TEXT, TRUNK(auth_realm),
     .help = "Realm of the first Authorization; the domain unless set."},
    {"password", SCHEMA_SECRET, TRUNK(password), .help = "Of the trunk's account."},
    {"expires", SCHEMA_SECONDS, TRUNK(expiry_s), 5, 604800, .fallback = "1h",
     .help = "Registration asked for."},
    {"authorization_first", SCHEMA_BOOL, TRUNK(authorization_first), .fallback = "false",
     .help = "Authorization already in the first REGISTER (IMS)."},
    {"did_from", SCHEMA_WORD, TRUNK(did_from), .words = did_places, .fallback = "request_uri",
     .help = "Where the number that was dialled arrives."},
    {"caller_rules", SCHEMA_TABLE, ROW(struct config_trunk, rules_in), 0, CONFIG_TRUNK_RULES,
     .fields = rule_fields, COUNT(struct config_trunk, rule_in_count),
     .help = "On the caller's number. The first rule that fits is applied."},
    {"called_rules", SCHEMA_TABLE, ROW(struct config_trunk, rules_did), 0, CONFIG_TRUNK_RULES,
     .fields = rule_fields, COUNT(struct config_trunk, rule_did_count),
     .help = "On the number that was dialled, before organisations' numbers are looked up."},
    {"dial_rules", SCHEMA_TABLE, ROW(struct config_trunk, rules_out), 0, CONFIG_TRUNK_RULES,
     .fields = rule_fields, COUNT(struct config_trunk, rule_out_count),
     .help = "On the number that we dial."},
    {"from", SCHEMA_TEXT, TRUNK(from_template),
     .help = "From by template: {number} {name} "
	     "{domain} {user} {shown}."},
    {"identity", SCHEMA_TEXT, TRUNK(identity_template),
     .help = "P-Asserted-Identity by template (RFC 3325); left out when empty."},
    {"own_numbers", SCHEMA_LIST, ROW(struct config_trunk, own_numbers), 0, CONFIG_TRUNK_RANGES,
     .of = SCHEMA_NUMBER, COUNT(struct config_trunk, own_number_count),
     .help = "Beginnings of our own numbers: only these are shown outside …"},
    {"shown_number", SCHEMA_NUMBER, TRUNK(shown_number),
     .help = "… every other caller is shown as this one."},
    {"trust_identity", SCHEMA_BOOL, TRUNK(trust_identity), .fallback = "false",
     .help = "Believe the P-Asserted-Identity that comes from there."},
    {"channels", SCHEMA_INTEGER, TRUNK(channels), 1, 2000, .flags = SCHEMA_REQUIRED,
     .help = "Calls at once, both ways."},
    {"codecs", SCHEMA_LIST, ROW(struct config_trunk, codecs), 1, CODEC_COUNT - 1, .of = SCHEMA_WORD,
     .words = codecs, COUNT(struct config_trunk, codec_count), .fallback = "pcma",
     .help = "In order of preference."},
    {"dtmf", SCHEMA_WORD, TRUNK(dtmf), .words = dtmf_words, .fallback = "rfc4733",
     .help = "How digits come."},
    {"srtp", SCHEMA_WORD, TRUNK(srtp), .words = srtp_words, .fallback = "off",
     .help = "SDES keys, over TLS only."},
    {"busy_tone", SCHEMA_BOOL, TRUNK(busy_tone), .fallback = "false",
     .help = "Analog gateway: a 450 Hz busy cadence in the sound ends the call."},
    {"session_expires", SCHEMA_SECONDS, TRUNK(session_expires_s), 90, 86400, .fallback = "30min",
     .help = "Session timer (RFC 4028)."},
    {"reliable_provisional", SCHEMA_BOOL, TRUNK(reliable_provisional), .fallback = "true",
     .help = "Offer 100rel (RFC 3262)."},
    {"options_interval", SCHEMA_SECONDS, TRUNK(options_interval_s), 0, 3600, .fallback = "0s",
     .help = "How often OPTIONS asks whether the line works, 0s never."},
    {"first_response", SCHEMA_MS, TRUNK(first_response_ms), 500, 32000, .fallback = "4s",
     .help = "Without any answer for this long the next trunk is tried."},
    {0},
};

static const struct schema_field http_fields[] = {
    {"address", SCHEMA_ADDRESS, HTTP(address), .fallback = "127.0.0.1", .help = "To listen on."},
    {"port", SCHEMA_INTEGER, HTTP(port), 1, 65535, .fallback = "8080", .help = "TCP port."},
    {"certificate", SCHEMA_PATH, HTTP(certificate), .help = "PEM; HTTPS when set."},
    {"key", SCHEMA_PATH, HTTP(key), .help = "PEM; in the certificate's file unless set."},
    {"trusted_proxies", SCHEMA_LIST, ROW(struct config_http, trusted_proxies), 0, CONFIG_PROXIES,
     .of = SCHEMA_ADDRESS, COUNT(struct config_http, trusted_proxy_count),
     .help = "Reverse proxies whose X-Forwarded-For is believed."},
    {"metrics_token", SCHEMA_SECRET, HTTP(metrics_token), 16, 127,
     .help = "Bearer token for /metrics from elsewhere; loopback needs none."},
    {0},
};

static const struct schema_field media_fields[] = {
    {"ports", SCHEMA_OWN, .own = ports_read, .form = "first-last", .fallback = "30000-33999",
     .help = "UDP ports of sound: two a call and side."},
    {"threads", SCHEMA_INTEGER, MEDIA(threads), 0, 64, .fallback = "0",
     .help = "Threads that carry sound; 0: one for each core but one."},
    {"g722", SCHEMA_BOOL, MEDIA(g722), .fallback = "true", .help = "Offer G.722 to phones."},
    {"opus", SCHEMA_BOOL, MEDIA(opus), .fallback = "true", .help = "Offer Opus to phones."},
    {"phone_srtp", SCHEMA_WORD, MEDIA(phone_srtp), .words = srtp_words, .fallback = "allowed",
     .help = "SRTP with phones registered over TLS."},
    {0},
};

static const struct schema_field store_fields[] = {
    {"sqlite", SCHEMA_PATH, STORE(sqlite),
     .help = "Database file; zongji.db in the data folder unless set."},
    {"postgres", SCHEMA_TEXT, STORE(postgres),
     .help = "PostgreSQL instead: libpq's connection string."},
    {"log_months", SCHEMA_INTEGER, STORE(log_months), 1, 120, .fallback = "13",
     .help = "Months of the event log that are kept beside the present one; what is older is "
	     "compared, and then only call records and figures stay."},
    {0},
};

static const struct schema_field speech_fields[] = {
    {"command", SCHEMA_TEXT, SAY(command),
     .help = "Program that speaks, with {text} {voice} {speed} {out}; espeak-ng unless set."},
    {"voice", SCHEMA_TEXT, SAY(voice), .help = "Voice handed to it."},
    {"speed", SCHEMA_INTEGER, SAY(speed), 80, 300, .fallback = "150", .help = "Words a minute."},
    {"recordings", SCHEMA_PATH, SAY(recordings),
     .help = "Folder of a person's recordings, which take the place of synthetic speech."},
    {0},
};

static const struct schema_field limit_fields[] = {
    {"calls", SCHEMA_INTEGER, LIMIT(calls), 1, 20000, .fallback = "1000",
     .help = "Calls at once; the next is answered 503, emergency calls excepted."},
    {"legs", SCHEMA_INTEGER, LIMIT(legs), 0, 60000, .fallback = "0",
     .help = "Sides of calls at once; 0: two for each call."},
    {"registrations", SCHEMA_INTEGER, LIMIT(registrations), 1, 1000000, .fallback = "4096",
     .help = "Phones registered at once."},
    {"http_streams", SCHEMA_INTEGER, LIMIT(http_streams), 1, 2000, .fallback = "200",
     .help = "Console pages connected at once."},
    {0},
};

static const struct schema_field number_fields[] = {
    {"number", SCHEMA_NUMBER, DID(number), 1, .flags = SCHEMA_REQUIRED,
     .help = "As it arrives from outside, after the trunk's called_rules."},
    {"trunk", SCHEMA_ID, DID(trunk), .help = "Only from this trunk; from any unless set."},
    {"to", SCHEMA_DIGITS, DID(to), 1, .flags = SCHEMA_REQUIRED,
     .help = "Where it leads: the main number, a department's or an extension."},
    {0},
};

static const struct schema_field organisation_fields[] = {
    {"id", SCHEMA_INTEGER, ORG(id), 1, 60000, .flags = SCHEMA_REQUIRED,
     .help = "Number of the company: never changed, never given to another."},
    {"name", SCHEMA_TEXT, ORG(name), 1, .flags = SCHEMA_REQUIRED, .help = "Its name."},
    {"kind", SCHEMA_WORD, ORG(kind), .words = kinds, .fallback = "headquarters",
     .help = "Whom the measures of headquarters bind (A6)."},
    {"measures", SCHEMA_PATH, ORG(measures), .flags = SCHEMA_REQUIRED,
     .help = "File of its measures."},
    {"directory", SCHEMA_PATH, ORG(directory),
     .help = "Folder of CSV files, imported once when the database has no entry of it yet."},
    {"numbers", SCHEMA_TABLE, ROW(struct config_organisation, numbers), 0, CONFIG_NUMBERS,
     .fields = number_fields, COUNT(struct config_organisation, number_count),
     .help = "Numbers from outside (DID) and where they lead."},
    {"routes", SCHEMA_LIST, ROW(struct config_organisation, routes), 0, CONFIG_TRUNKS,
     .of = SCHEMA_ID, COUNT(struct config_organisation, route_count),
     .help = "Trunks for calls to the outside, in the order they are tried."},
    {0},
};

#define SECTION(name, member, table, text)                                                         \
	{                                                                                          \
		name, SCHEMA_SECTION, NODE(member), .fields = table, .help = text                  \
	}

const struct schema_field node_schema[] = {
    {"data", SCHEMA_PATH, NODE(data), .help = "Data folder; --data goes before it."},
    {"language", SCHEMA_TEXT, NODE(language), .words = languages, .fallback = "zh-CN",
     .help = "Language of prompts and of texts that no signed-in person chose."},
    {"log", SCHEMA_WORD, NODE(log_level), .words = levels, .fallback = "info",
     .help = "Least level that is logged."},
    {"interfaces", SCHEMA_TABLE, ROW(struct node_config, interfaces), 1, CONFIG_INTERFACES,
     .fields = interface_fields, COUNT(struct node_config, interface_count),
     .flags = SCHEMA_REQUIRED, .help = "The networks on which we are: phones, carriers."},
    SECTION("sip", sip, sip_fields, "Registrations and their limits."),
    {"trunks", SCHEMA_TABLE, ROW(struct node_config, trunks), 0, CONFIG_TRUNKS,
     .fields = trunk_fields, COUNT(struct node_config, trunk_count),
     .help = "Lines to the public network."},
    SECTION("http", http, http_fields, "Console, API, /healthz and /metrics."),
    SECTION("media", media, media_fields, "Sound."),
    SECTION("store", store, store_fields, "Where records are kept."),
    SECTION("speech", speech, speech_fields, "How prompts are spoken."),
    SECTION("delivery", delivery, delivery_fields,
	    "How messages are brought to people. Who is reached where stands in the directory."),
    SECTION("limits", limits, limit_fields, "What one node takes on."),
    {"organisations", SCHEMA_TABLE, ROW(struct node_config, organisations), 1, CONFIG_ORGANISATIONS,
     .fields = organisation_fields, COUNT(struct node_config, organisation_count),
     .flags = SCHEMA_REQUIRED, .help = "Companies that the switchboard serves."},
    {0},
};
