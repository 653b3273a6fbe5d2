/*
 * What must be kept. The call thread pushes plain values into bounded queues and never waits; the
 * storage thread commits in groups whatever has gathered, folds call records in the same
 * transaction, and reports items that ask for it.
 *
 * When the disk is slow, full or gone, items stay in the queues (RECORDS_QUEUE steps, about four
 * seconds at full load, and RECORDS_KEEPS others) and are tried again; only when a queue is full is
 * a step dropped, counted, and the gap written down once the database is back. Nothing that was
 * acknowledged by an event is ever lost.
 */
#ifndef RECORDS_RECORDS_H
#define RECORDS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "records/step.h"
#include "store/store.h"

#define RECORDS_QUEUE	    65536 /* steps waiting */
#define RECORDS_KEEPS	    1024  /* messages and day states waiting */
#define RECORDS_BATCH	    2048  /* steps in one transaction */
#define RECORDS_OPEN_CALLS  16384 /* folded in memory; others are folded anew from the log */
#define RECORDS_CONNECTIONS 8	  /* lent to workers at once */
#define RECORDS_FILE	    96	  /* name of a sound file, relative to a folder */
#define RECORDS_MATTER	    1024
#define RECORDS_DECLINED    64
#define RECORDS_PATIENCE_MS 5000  /* then "not kept" is told, and trying goes on */
#define RECORDS_CALL_BLOCK  16384 /* call numbers reserved at once */

struct records;
struct records_db; /* a connection lent to a worker: see records_borrow */

struct records_options {
	struct store_options store; /* reader is ignored */
	const char *node;	    /* this node's name where several share a database; NULL "" */
	const char *sounds_dir;	    /* kept recordings; made when missing */
	const char *fresh_dir;	    /* where media writes recordings; the same file system */
	struct records_vocabulary vocabulary;
	unsigned queue; /* 0: RECORDS_QUEUE */
};

/* Opens, migrates and starts the storage thread. why receives a line for the log. Errors as in
 * store.h; EPROTO when the database is newer than the program. */
int records_open(struct records **rp, const struct records_options *o, char *why, size_t why_cap);

/* Writes what is queued (for wait_ms at most), stops the thread, frees. Accepts NULL. */
void records_close(struct records *r, uint32_t wait_ms);

/* After records_open and before the first call: closes each call of this node that has no end with
 * a "restarted" step and record at at_ms, deletes sounds older than a day that no row names.
 * *closed is how many calls. Blocks. The vocabulary must have the step "restarted". */
int records_recover(struct records *r, int64_t at_ms, unsigned *closed);

/* --- from the call thread: none of these waits --- */

/* 0 or ENOBUFS (counted as lost). */
int records_step_push(struct records *r, const struct records_step *step);

enum records_urgency { RECORDS_ORDINARY, RECORDS_URGENT };

struct records_message {
	int64_t id;	 /* given when kept */
	uint32_t serial; /* echoed by the event; 0: no event */
	uint32_t org;
	uint64_t call_no;
	int64_t kept_at_ms;		     /* wall clock */
	uint32_t for_person, for_department; /* one of them */
	uint32_t copy_department;
	uint32_t recording_ms;
	int64_t deadline_ms;  /* wall clock: until when it has to be received; 0 never */
	uint32_t next_way_ms; /* not received for so long: the next way to its recipient */
	uint8_t urgency;      /* enum records_urgency */
	uint8_t stage;	      /* read: 0, 1 came back to the desk, 2 the deputy was told */
	uint16_t clause; /* index into the vocabulary; when read: see clause_name */
	char from_number[RECORDS_NUMBER];
	char from_name[RECORDS_NAME];
	char organisation[RECORDS_NAME];
	char matter[RECORDS_MATTER]; /* typed by an operator */
	char call_back[RECORDS_NAME]; /* when they wish to be called back, as they said it */
	/* pushed: names in fresh_dir of what media wrote, "" none; read: names in sounds_dir */
	char recording[RECORDS_FILE];
	char screening[RECORDS_FILE]; /* surname, organisation, matter in the caller's voice */
	char declined[RECORDS_DECLINED]; /* fields that the caller wouldn't say: "surname matter" */
	char taken_by[64];		 /* account that typed it, "" the attendant */
	/* read only, and for records_message_add */
	char clause_name[RECORDS_WORD];
	int64_t heard_at_ms; /* first opened by whom it is for; 0 not yet */
};

/* The sound is fsynced and moved into sounds_dir, the folder fsynced, the row committed; then the
 * event says ok. Not ok: the file isn't there or not a name (for good), or storage has failed for
 * RECORDS_PATIENCE_MS (it is still kept when storage comes back). 0 or ENOBUFS (no event comes). */
int records_message_push(struct records *r, const struct records_message *m);

/* The state of the day of an extension or a person (do not disturb, forwarding, away, a leader's
 * instruction); `set` names it: "dnd", "forward_always", "away" … */
struct records_day {
	uint32_t serial; /* as above */
	uint32_t org, extension, person, by;
	bool on;
	int64_t at_ms, until_ms; /* wall clock; 0 without an end */
	char set[RECORDS_WORD];
	char number[RECORDS_NUMBER];
	char word[RECORDS_NAME]; /* 开会中: of records_absence_set, a push leaves it as it is */
};
int records_day_push(struct records *r, const struct records_day *d);

/* What an event is about: serials of each kind are their own. */
enum records_kept { RECORDS_KEPT_STEP, RECORDS_KEPT_MESSAGE, RECORDS_KEPT_DAY, RECORDS_KEPT_DRAFT };

struct records_event {
	uint32_t serial, org;
	uint8_t what; /* enum records_kept */
	bool ok;
};
int records_event_fd(const struct records *r); /* readable when there is one */
bool records_event_take(struct records *r, struct records_event *e);
void records_event_quiet(struct records *r); /* ring_quiet: before taking */

/* A number for a new call, unique for ever over restarts and nodes; blocks of them are reserved
 * ahead by the storage thread. Below 2^53. */
uint64_t records_call_no(struct records *r);

/* --- health, from any thread --- */

enum records_state {
	RECORDS_WELL,
	RECORDS_LATE,	/* what was pushed more than two seconds ago isn't durable yet */
	RECORDS_FULL,	/* no space */
	RECORDS_GONE,	/* disk or server fail */
	RECORDS_LOSING, /* steps were dropped since it was last well */
	RECORDS_STATE_COUNT
};
const char *records_state_name(enum records_state s); /* "well" … */

struct records_health {
	enum records_state state;
	int64_t since_ms;		   /* wall clock: of the state */
	int64_t behind_ms;		   /* age of the oldest item that isn't durable yet */
	uint64_t queued;		   /* items waiting now */
	uint64_t steps, messages, commits; /* durable since start */
	uint64_t lost_steps;		   /* dropped since start */
	uint64_t bad_items;		   /* refused by the database for good */
	uint32_t commit_max_ms;		   /* the longest since start */
	char why[STORE_WHY];		   /* the engine's words, for the log */
};
void records_health(struct records *r, struct records_health *out);

/* --- for workers --- */

/* A connection for one thread until it is given back: at most RECORDS_CONNECTIONS at once, waits
 * for a free one (ETIMEDOUT after wait_ms). */
int records_borrow(struct records *r, uint32_t wait_ms, struct records_db **dbp);
void records_return(struct records *r, struct records_db *db); /* accepts NULL */

/* The same without the storage thread, for the program's commands: opens and migrates. */
int records_db_open(struct records_db **dbp, const struct store_options *o, char *why,
		    size_t why_cap);
void records_db_close(struct records_db *db); /* accepts NULL */
const char *records_db_error(const struct records_db *db);

#endif
