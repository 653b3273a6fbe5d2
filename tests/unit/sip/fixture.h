/*
 * A SIP room in a thread of its own, with libre's loop, and bare UDP sockets as the phones: what
 * the tests of the registrar, digest, checks, trunks and subscriptions share.
 */
#ifndef TEST_SIP_FIXTURE_H
#define TEST_SIP_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "sip/sip_room.h"

#define FIXTURE_REALM "zongji.test"
#define FIXTURE_IP    "127.0.0.1"

struct fixture {
	struct sip_interface_config iface[3];
	struct sip_room_config config;
	struct sip_room *room;
	/* what the handlers have seen; read it in fixture_run or after a synchronous answer */
	uint32_t reachable_on, reachable_off, last_extension;
	uint32_t trunk_changes;
	enum sip_trunk_state trunk_state;
	enum sip_trunk_reason trunk_reason;
	enum sip_lamp lamp;
	uint32_t subscriber;	    /* who asked last what waits */
	struct sip_waiting waiting; /* for everybody but number 8313: that is somebody else's */
};

/* A port that was free a moment ago. */
uint16_t fixture_port(void);

/* Fills iface[0] and config for one interface on loopback, UDP and TCP. */
void fixture_defaults(struct fixture *f);
int fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);

/* Runs fn in the room's thread and waits for it. */
void fixture_run(struct fixture *f, void (*fn)(struct fixture *f, void *arg), void *arg);

/* Users: u<n> with password p<n>, extension 1000 + n; SHA-256 for odd n; n < 10000. */
int fixture_credential(const char *user, struct sip_credential *out, void *arg);

/* A phone: a UDP socket on loopback. */
int phone_open(uint16_t *port);
void phone_send(int fd, uint16_t to_port, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Waits at most ms; bytes, 0 when nothing came. Terminates the text. */
int phone_recv(int fd, char *buf, int cap, int ms);
/* Value of the first header of that name, or "". */
const char *phone_header(const char *message, const char *name);
int phone_status(const char *message);

/* REGISTER of u<n>: sends, answers one challenge, returns the final status and the last answer. */
struct phone_register {
	const char *user, *password, *contact; /* contact: whole Contact value, NULL none */
	const char *extra;                     /* further headers, each with CRLF */
	const char *call_id;
	uint32_t cseq; /* of the first; the second has one more */
	int expires;   /* -1 no header */
};
int phone_register(int fd, uint16_t port, uint16_t to_port, const struct phone_register *r,
		   char *answer, int cap);
/* Authorization line (with CRLF) for the challenge in `answer`. */
void phone_authorization(const char *answer, const char *user, const char *password,
			 const char *method, const char *uri, char *out, int cap);

#endif
