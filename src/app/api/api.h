/*
 * The functions behind /api/v1. They check what was asked, ask the `source` for it and give it as
 * JSON. App fills the source from its snapshots and the database; a test fills it with whatever it
 * likes. Shapes of the answers: api/openapi.yaml.
 *
 * Every function of the source may be called from several workers at once and may block.
 */
#ifndef APP_API_API_H
#define APP_API_API_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "app/api/sound.h"
#include "app/api/keep.h"
#include "app/api/my.h"
#include "http/http.h"

/* Roles of an account; the mask of http_identity. */
enum api_role {
	API_STAFF = 1,	  /* own calls and messages, the directory as the measures disclose it */
	API_OPERATOR = 2, /* the switchboard live */
	API_MANAGER = 4,  /* general administration's manager (A1): sees all records */
	API_ADMIN = 8,	  /* the node: trunks, registrations, health */
};
/* No role, and of no route: an employee whose session was opened by a link to their mail. */
#define API_BY_LINK 16u
#define API_ALL (API_STAFF | API_OPERATOR | API_MANAGER | API_ADMIN)

#define API_TEXT	128
#define API_PATH	512
#define API_LIMIT	200 /* entries in one answer */
#define API_SOUND_BYTES (32u << 20)

/* What is asked for. Unused members are 0 or "". */
struct api_query {
	struct http_identity who; /* who.org scopes everything */
	enum lang lang;
	int64_t id; /* of the one thing asked for: call number, message, person */
	/* lists */
	char text[API_TEXT]; /* words to look for: names, numbers, matters */
	char number[32], outcome[32], clause[16], direction[16], state[16], role[16];
	char mark[16];	/* what a call counts in */
	char ends[32];	/* last digits of a number */
	uint32_t person, department, extension, operator_person;
	uint16_t trunk;
	int64_t from_ms, to_ms; /* of the beginning; to is exclusive, 0 open */
	char before[48];	/* the cursor that the page before gave as "next", "" the first */
	unsigned limit;		/* 1 to API_LIMIT */
	char reason[API_TEXT];	/* why content is opened (A1) */
	bool own;		/* the asker is staff only: calls that who.person took part in,
				 * messages for who.person or their department, nothing else */
	bool standin;		/* an approved stand-in of who.person is in force (A5.9) */
	const void *more;	/* what else belongs to the question, of the source's own */
};

#define API_GREETINGS 24 /* own greetings of an account, over languages and lines */
struct api_greeting {
	uint8_t language; /* enum lang */
	char line[16];	  /* number that was called, "" every line */
};

/* What an operator does with his duty, and wants done. Unused members are 0 or "". */
struct api_duty {
	char act[8], sound[12]; /* as in api/openapi.yaml, DeskDuty */
	char extension[16];
	int64_t until_ms;
	bool nailed;
	struct api_greeting greeting[API_GREETINGS]; /* the source's own: what is there */
	unsigned greeting_count;
};

#define API_NOTE 256
struct api_command {
	char what[24]; /* a name of commands.def */
	int64_t call;  /* 0: the one in hand */
	uint16_t rev, to_position;
	uint32_t person, department;
	char number[32], text[64], note[API_NOTE];
	char word[16]; /* value as a word, or … */
	uint32_t value; /* … as a number, or as bits: surname 1, organisation 2, matter 4 */
	char key[64];  /* Idempotency-Key */
};

/* *out is handed over. 0, ENOENT, EAGAIN (not to be had at the moment: 503), or another errno: 500.
 * A list is {"items":[…],"next":text or null}; "next" is the following page's `before`. EINVAL: the
 * cursor makes no sense. */
typedef int api_read(void *arg, const struct api_query *q, json_t **out);

/* What decides who may open a message's content (A1). */
#define API_NAMED 16
struct api_content {
	uint32_t for_person; /* recipient, 0 none */
	uint32_t for_department;
	bool of_department;	   /* the asker belongs to for_department */
	bool delivered;		   /* no longer the operator's to open */
	uint32_t named[API_NAMED]; /* persons whom the recipient named */
	unsigned named_count;
	uint32_t roles_with_reason;    /* roles that the measures name */
	char sound_path[API_PATH];     /* WAV file, "" none */
	char screening_path[API_PATH]; /* surname, organisation and matter in the caller's voice */
};

struct api_opening { /* kept for A5.8, refused ones too */
	struct http_identity who;
	int64_t message;
	bool allowed;
	bool recipient; /* opened by whom it is for */
	char clause[16], reason[API_TEXT], address[46];
};

struct api_recording {
	int64_t id;
	char address[46]; /* of who asks */
	void *bytes;	  /* given: of malloc() */
	size_t len;
	bool whole;
};

enum api_step { API_STEP_HOUR, API_STEP_DAY, API_STEP_WEEK, API_STEP_MONTH, API_STEPS };
enum api_by { API_BY_ALL, API_BY_OPERATOR, API_BY_DEPARTMENT, API_BY_LINE, API_BYS };
enum api_format { API_XLSX, API_CSV, API_FORMATS };
struct api_figures {
	enum api_step step;
	enum api_by by;
	int64_t item; /* of `by`, 0 all */
	enum api_format format; /* of a report */
	bool records; /* a report of call records, else of figures */
};
struct api_file_out {
	void *bytes;
	size_t len;
};

struct api_source {
	void *arg;
	/* 0; EACCES for an unknown or disabled account and a wrong password alike; EAGAIN. */
	int (*sign_in)(void *arg, const char *name, const char *password,
		       struct http_identity *out);
	/* Told after the fact: sign-in, failure, sign-out. May be NULL. */
	void (*user_seen)(void *arg, const char *name, const char *what, const char *address);
	api_read *me;	       /* display_name, company: the API adds what the session knows */
	api_read *switchboard; /* whole live picture: what events then keep up to date */
	api_read *calls;       /* live, of who.org */
	api_read *call;	       /* id: live, with steps */
	api_read *legs;
	api_read *registrations;
	api_read *trunks;
	api_read *people; /* text searches; with `own`, as the measures disclose inside */
	api_read *departments;
	api_read *messages; /* list without content */
	api_read *message;  /* id: without content; with `own` the API asks content_find first */
	api_read *records;  /* filters; EINVAL: *out is {"field","expected"?} */
	api_read *record;   /* id: with steps; with `own` ENOENT unless the asker took part */
	/* The whole call's sound, as a WAV file of two channels: recording r->id of call
	 * q->id. The opening is durable before anything is read. ENOENT;
	 * ENODATA: its sound is gone; EACCES: it can't be read any more; EBUSY. */
	int (*recording)(void *arg, const struct api_query *q, struct api_recording *r);
	/* Sums of calls: q->more is a struct api_figures. EINVAL: as records. */
	api_read *figures;
	/* The same, or the records of the filters, as a file; the bytes are the caller's. EINVAL:
	 * as records, in *wrong. */
	int (*report)(void *arg, const struct api_query *q, const struct api_figures *f,
		      struct api_file_out *out, json_t **wrong);
	/* Who may open message q->id. 0 or ENOENT; its texts are then asked for by message_text. */
	int (*content_find)(void *arg, const struct api_query *q, struct api_content *out);
	api_read *message_text; /* who, organisation, matter as typed or said */
	/* Must be durable when it returns 0: nothing is opened otherwise. */
	int (*opening_keep)(void *arg, const struct api_opening *o);
	struct api_keep_source keep;
	struct api_my_source my;

	/* The desk. EACCES: not appointed (A5.9). EPERM: refused, *out is the error's members
	 * ("code", "clause", "position"). EINVAL: *out is {"field"}. Of a manager, desk only. */
	api_read *desk; /* the whole picture */
	int (*desk_duty)(void *arg, const struct api_query *q, const struct api_duty *d,
			 json_t **out);
	int (*desk_command)(void *arg, const struct api_query *q, const struct api_command *c,
			    json_t **out);
	api_read *desk_beat; /* id: of the beat that is answered; no answer */
	api_read *desk_summary;
	/* Of call q->id; durable when it returns 0. `draft` NULL: there is none any more. */
	int (*draft_set)(void *arg, const struct api_query *q, const json_t *draft);
	/* The asker's own greeting in q->text's language. EBADMSG: no sound that can be used,
	 * *out is {"fault"}: a text's key. */
	int (*greeting_find)(void *arg, const struct api_query *q, char path[API_PATH]);
	int (*greeting_set)(void *arg, const struct api_query *q, const void *wav, size_t len,
			    json_t **out);
	int (*greeting_drop)(void *arg, const struct api_query *q);
	/* Browsers' sound: sound.h. EACCES: not appointed. EBADMSG: {"refusal"}: a name of enum
	 * media_web_refusal. EINVAL: {"field"}. EBUSY: a phone that somebody has, or that talks. */
	int (*sound)(void *arg, const struct api_query *q, const struct api_sound *s, json_t **out);
	/* The account has no page any more. May be NULL. */
	void (*signed_out)(void *arg, const struct http_identity *who);
};

struct api;
/* `source` is copied. ENOMEM. */
int api_alloc(struct api **ap, const struct api_source *source);
void api_free(struct api *a); /* accepts NULL */

/* The table for http_config.route; its arg is the struct api. */
const struct http_route *api_route_table(size_t *count);

/* Writes the table, a route a line: method, path, operation, roles by name. */
int api_route_print(char *out, size_t cap);

#endif
