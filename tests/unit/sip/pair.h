/*
 * Two SIP rooms in one loop that are each other's trunk, and bare UDP sockets as phones of the
 * first: what the tests of sessions share. Everything runs in the test's own thread: pair_until
 * turns the loop until a condition holds.
 */
#ifndef TEST_SIP_PAIR_H
#define TEST_SIP_PAIR_H

#include <re.h>

#include "sip/priv.h"
#include "sip/session_priv.h"

#define PAIR_EVENTS 64
#define PAIR_TRUNK  1
#define PAIR_USER   "u7" /* of room 0: extension 1007, password "p7" */
#define PAIR_EXT    1007

/* What a room's app has seen of one session. */
struct seen {
	struct sip_session *s; /* NULL once it is over */
	struct sip_invite invite;
	struct sip_session_event ev[PAIR_EVENTS];
	unsigned count;
};

struct side {
	struct sip_room *room;
	struct sip_interface_config iface;
	uint16_t port;
	const char *ip;
	struct seen seen[16];
	unsigned count; /* incoming sessions so far; outgoing ones are put in by pair_dial */
	void (*on_incoming)(struct side *me, struct seen *s);
	void (*on_event)(struct side *me, struct seen *s, const struct sip_session_event *ev);
};

struct pair {
	struct side a, b;
	char journal[64];
	enum sip_transport over; /* of the trunks; UDP at first */
	bool v6, srtp;
	char cert[64]; /* made by pair_open for TLS */
};

void pair_open(struct pair *p);
void pair_init(struct pair *p); /* addresses and ports only */
void pair_open_side(struct pair *p, struct side *me);
void pair_close(struct pair *p);
/* How many times faster than real time the rooms' timers run; before pair_open. 1 at first. */
void pair_speed(unsigned times);

struct stream_local pair_local(uint16_t port);
/* A call over the trunk to the other side; its seen is returned. */
struct seen *pair_dial(struct side *me, const char *number, uint16_t media_port);

const struct sip_session_event *seen_last(const struct seen *s, enum sip_session_event_kind kind);
unsigned seen_count(const struct seen *s, enum sip_session_event_kind kind);

/* Turns the loop until cond is true; false after ms. */
bool pair_until(bool (*cond)(void *arg), void *arg, unsigned ms);
void pair_turn(unsigned ms);
bool pair_sees(const struct seen *s, enum sip_session_event_kind kind, unsigned ms);

/* A phone: a UDP socket on 127.0.0.3; its calls are answered by scripts in the tests. */
struct phone {
	int fd;
	uint16_t port, to_port;
	char buf[8192], said[8192]; /* heard and sent last */
	char call_id[64], tag[32], to_tag[128], target[256];
	uint32_t cseq, branch;
	char last_branch[40];
};
void phone_up(struct phone *ph, uint16_t to_port);
void phone_down(struct phone *ph);
void phone_say(struct phone *ph, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The next message within ms into ph->buf: false when none comes. */
bool phone_hear(struct phone *ph, unsigned ms);
/* Hears until one begins with `start` ("SIP/2.0 200", "BYE "). */
bool phone_expect(struct phone *ph, const char *start, unsigned ms);
/* Value of the first header of that name in ph->buf, or "". */
const char *phone_value(const struct phone *ph, const char *name);
void phone_registers(struct phone *ph);
/* INVITE (a new call) with digest; extra headers, body. */
void phone_invites(struct phone *ph, const char *number, const char *extra, const char *sdp);
/* A request in the call; takes To tag and target from the last 2xx or 18x heard. */
void phone_request(struct phone *ph, const char *method, const char *extra, const char *type,
		   const char *body);
void phone_learn(struct phone *ph); /* To tag and Contact of ph->buf */
void phone_acks(struct phone *ph, const char *sdp);
/* Answers the request in ph->buf. */
void phone_replies(struct phone *ph, int code, const char *extra, const char *sdp);
const char *phone_sdp(uint16_t port);

#endif
