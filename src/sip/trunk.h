/*
 * A trunk, shared by the files that keep it up: trunk.c (configuration, state, who calls),
 * resolve.c (its addresses), trunk_register.c (our registration), trunk_watch.c (OPTIONS).
 */
#ifndef SIP_TRUNK_H
#define SIP_TRUNK_H

#include "sip/priv.h"

struct sip_trunk {
	struct sip_room *room;
	struct sip_trunk_config config;
	struct sip_iface *iface; /* interface or uplink; NULL when its name isn't there */
	struct tmr start;	 /* work begins in the loop, not inside sip_room_trunks_set */

	/* state as reported */
	enum sip_trunk_state state;
	enum sip_trunk_reason reason;
	uint16_t code;
	bool reported;
	uint16_t calls;

	struct {
		struct sip_hop peer[SIP_PEERS];
		unsigned count, current;
		/* of the search that goes on */
		struct dns_query *query;
		struct tmr again;
		struct {
			char name[SIP_HOST];
			uint16_t port;
		} server[SIP_PEERS];
		unsigned server_count, server_at;
		struct sip_hop found[SIP_PEERS];
		unsigned found_count;
		uint32_t ttl_s;
	} addr;

	struct {
		struct sip_request *req;
		struct tmr tmr;
		struct sip_digest digest;
		char call_id[48], tag[20];
		uint32_t cseq, expires_s, failures, brief;
		char service_route[SIP_ROUTES];
		int64_t until_ms;
		bool ok;
		enum sip_trunk_reason reason;
		uint16_t code;
	} reg;

	struct {
		struct sip_request *req;
		struct tmr tmr;
		char call_id[48], tag[20];
		uint32_t cseq, misses;
		bool alive, known;
		enum sip_trunk_reason reason;
		uint16_t code;
	} watch;
};

/* Works the state out anew and reports a change. */
void sip_trunk_settle(struct sip_trunk *t);
const char *sip_trunk_domain(const struct sip_trunk *t);
/* Goes over to the next address of its name. */
void sip_trunk_next_peer(struct sip_trunk *t);

/* resolve.c: finds the addresses, calls sip_trunk_addressed when they are there or have changed. */
void sip_trunk_resolve(struct sip_trunk *t);
void sip_trunk_addressed(struct sip_trunk *t);
/* "host", "host:port", "[v6]:port"; *port 0 when not said. */
int sip_host_split(const char *text, char *host, size_t cap, uint16_t *port);

/* trunk_register.c */
void sip_trunk_register(struct sip_trunk *t);
void sip_trunk_unregister(struct sip_trunk *t);

/* trunk_watch.c */
void sip_trunk_watch(struct sip_trunk *t);

#endif
