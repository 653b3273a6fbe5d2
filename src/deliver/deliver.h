/*
 * Brings words to people: mail, application messages of WeCom, DingTalk and Feishu, group robots of
 * the same, webhooks. Value messages in, value messages out; threads of its own, so that a server
 * that stalls holds up nobody but its own lane. It knows nothing of databases: who calls keeps what
 * is to be sent, and sends it again until an outcome is final.
 *
 * No redirect is ever followed, of an answer no more than DELIVER_ANSWER bytes are read, and no
 * secret gets into a result or the log.
 */
#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DELIVER_QUEUE	 16 /* items that wait in a lane */
#define DELIVER_THREADS	 6  /* of a lane */
#define DELIVER_ANSWER	 (64u << 10)
#define DELIVER_FILE	 (24u << 20) /* a larger one isn't attached */
#define DELIVER_ROBOTS	 32
#define DELIVER_WEBHOOKS 16
#define DELIVER_ID	 64
#define DELIVER_ADDRESS	 128
#define DELIVER_URL	 256
#define DELIVER_SECRET	 128
#define DELIVER_PATH	 512
#define DELIVER_DETAIL	 200

enum deliver_channel {
	DELIVER_MAIL,
	DELIVER_WECOM,
	DELIVER_DINGTALK,
	DELIVER_FEISHU,
	DELIVER_ROBOT,
	DELIVER_WEBHOOK,
	DELIVER_CHANNELS
};
const char *deliver_channel_name(enum deliver_channel c); /* "mail" … */
bool deliver_channel_parse(const char *name, enum deliver_channel *out);

/* ---- configuration: plain values, copied ---- */

enum deliver_security { DELIVER_STARTTLS, DELIVER_TLS, DELIVER_PLAIN };
struct deliver_mail {
	char server[DELIVER_ADDRESS]; /* host[:port], "" no mail */
	int security;		      /* enum deliver_security */
	char user[DELIVER_ID], password[DELIVER_SECRET];
	char from[DELIVER_ADDRESS];
	char ca[DELIVER_URL]; /* PEM file, "" the system's */
};

/* Credentials of a company's application: corp id, app key or app id by the platform's name. */
struct deliver_app {
	char id[DELIVER_ID], secret[DELIVER_SECRET];
	char agent[DELIVER_ID]; /* agent id; Feishu has none */
	char url[DELIVER_URL];	/* without the path; "" the platform's own */
};

enum deliver_robot_kind { DELIVER_ROBOT_WECOM, DELIVER_ROBOT_DINGTALK, DELIVER_ROBOT_FEISHU };
struct deliver_robot {
	char id[DELIVER_ID];
	int kind;		     /* enum deliver_robot_kind */
	char key[DELIVER_SECRET];    /* what stands in its address and names the group */
	char secret[DELIVER_SECRET]; /* signs, "" unsigned; WeCom's have none */
	char url[DELIVER_URL];
};

struct deliver_webhook {
	char id[DELIVER_ID];
	char url[DELIVER_URL];
	char secret[DELIVER_SECRET];
	bool content; /* what was said goes with it */
};

struct deliver_config {
	struct deliver_mail mail;
	struct deliver_app wecom, dingtalk, feishu;
	struct deliver_robot robots[DELIVER_ROBOTS];
	unsigned robot_count;
	struct deliver_webhook webhooks[DELIVER_WEBHOOKS];
	unsigned webhook_count;
	char proxy[DELIVER_URL]; /* for HTTP to the outside, "" none */
	uint32_t timeout_ms;	 /* a server has this long to get on */
};

/* ---- what is sent, what became of it ---- */

struct deliver_item {
	int64_t id; /* echoed */
	enum deliver_channel channel;
	char address[DELIVER_ADDRESS]; /* mail address, user id, id of a robot or webhook */
	char key[DELIVER_ID];	       /* the same for each repeat: a repeat can be recognised */
	int64_t at_ms;		       /* wall clock: of the message */
	char sender[DELIVER_ID];       /* 某城集团总机 */
	char title[256];
	char notice[512];	  /* that a message waits, not what it says */
	char text[4096];	  /* mail: all of it */
	char link[DELIVER_URL];	  /* "" none */
	char link_text[64];	  /* on a button */
	char file[DELIVER_PATH];  /* attached, "" none; mail only */
	char file_name[128];	  /* as the recipient sees it */
	char file_type[80];	  /* audio/wav … */
	char json[1024];	  /* webhook: members of its body, an object … */
	char json_content[4096];  /* … and those that say what was said */
};

enum deliver_outcome {
	DELIVER_OK,
	/* final */
	DELIVER_REFUSED,     /* the server will not, and says so for good */
	DELIVER_BAD_ADDRESS, /* no such user, robot, webhook */
	DELIVER_UNSET,	     /* the node has no such channel */
	/* tried again */
	DELIVER_BUSY,	     /* not now: 4xx of SMTP, too many, a server's own trouble */
	DELIVER_UNREACHABLE, /* name, connection */
	DELIVER_TIMEOUT,
	DELIVER_BROKEN,	    /* closed midway: it may have been taken */
	DELIVER_TLS_FAILED, /* certificate, or no TLS where it is asked for */
	DELIVER_DENIED,	    /* our own credentials */
	DELIVER_BAD_ANSWER,
	DELIVER_OUTCOMES
};
const char *deliver_outcome_name(enum deliver_outcome o); /* "ok", "refused" … */
bool deliver_outcome_final(enum deliver_outcome o);

struct deliver_result {
	int64_t id;
	enum deliver_outcome outcome;
	int64_t began_ms, took_ms;   /* wall clock; of the attempt */
	char detail[DELIVER_DETAIL]; /* the other side's words */
};

/* ---- the room ---- */

struct deliver;

/* Starts the threads. ENOMEM, EIO (libcurl), errno of a thread. */
int deliver_open(struct deliver **dp, const struct deliver_config *c);
void deliver_close(struct deliver *d); /* stops within a timeout; accepts NULL */
void deliver_configure(struct deliver *d, const struct deliver_config *c);

/* From any thread, never waits: 0 or ENOBUFS when the lane is full. */
int deliver_send(struct deliver *d, const struct deliver_item *item);

/* One taker. */
int deliver_result_fd(const struct deliver *d);
void deliver_result_quiet(struct deliver *d);
bool deliver_result_take(struct deliver *d, struct deliver_result *out);

#endif
