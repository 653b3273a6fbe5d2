/*
 * What a desk keeps beside calls and messages: half-written forms, stand-ins (A5.9), what enquirers
 * were told (A4.1.5), today's instructions (今日交代), absences with a word, and how often an entry
 * was put through. Errors as in store.h. Functions with a records_db belong to workers.
 */
#ifndef RECORDS_DESK_H
#define RECORDS_DESK_H

#include "records/records.h"

#define RECORDS_DRAFT_BYTES	16384
#define RECORDS_DRAFTS		256		   /* loaded after a restart; the newest */
#define RECORDS_DRAFT_KEPT_MS	(7ll * 86400000)   /* then a draft that nobody finished goes */
#define RECORDS_REASON		128
#define RECORDS_ACCOUNT		64
#define RECORDS_INSTRUCTIONS	16		   /* in force at once: EXCHANGE_INSTRUCTIONS */
#define RECORDS_USE_DAYS	90
#define RECORDS_STANDIN_MAX_MS	(31ll * 86400000)  /* "for a stated time" */
#define RECORDS_TOLD_TEXT	160

/* --- drafts: one a call, of whoever has it --- */
struct records_draft {
	uint32_t serial; /* echoed by an event with `what` RECORDS_KEPT_DRAFT; 0: no event */
	uint32_t org, account;
	uint64_t call_no;
	int64_t at_ms;
	const char *json; /* RECORDS_DRAFT_BYTES at most; NULL: there is none any more */
};
/* From any thread; never waits, copies json. 0, ENOBUFS, E2BIG, ENOMEM (no event comes). */
int records_draft_push(struct records *r, const struct records_draft *d);
/* The same from a worker, which waits until it is durable: ETIMEDOUT when it isn't after wait_ms
 * (it is still tried), EIO when it was refused. */
int records_draft_keep(struct records *r, const struct records_draft *d, uint32_t wait_ms);

typedef int(records_draft_h)(const struct records_draft *d, void *arg);
/* Newest first; those older than RECORDS_DRAFT_KEPT_MS before now_ms are deleted. */
int records_drafts_load(struct records_db *db, uint32_t org, int64_t now_ms, records_draft_h *h,
			void *arg);

/* --- stand-ins (A5.9) --- */
enum records_standin_state { STANDIN_ASKED, STANDIN_APPROVED, STANDIN_REFUSED, STANDIN_STATES };
const char *records_standin_state_name(enum records_standin_state s); /* "asked" … */

struct records_standin {
	int64_t id, from_ms, until_ms, asked_ms, decided_ms;
	uint32_t org, person;
	uint8_t state; /* enum records_standin_state */
	char reason[RECORDS_REASON];
	char asked_by[RECORDS_ACCOUNT], decided_by[RECORDS_ACCOUNT];
};
/* EINVAL: until isn't after from and now, or RECORDS_STANDIN_MAX_MS is passed. */
int records_standin_ask(struct records_db *db, const struct records_standin *s, int64_t *id);
/* ENOENT; EALREADY when it has been decided. An approval may be taken back before its end. */
int records_standin_decide(struct records_db *db, uint32_t org, int64_t id, bool approve,
			   const char *by, int64_t at_ms);
typedef int(records_standin_h)(const struct records_standin *s, void *arg);
/* Newest first, RECORDS_PAGE_MAX at most. */
int records_standins(struct records_db *db, uint32_t org, records_standin_h *h, void *arg);
/* 0: the person stands in at at_ms with the manager's consent, *until_ms (may be NULL) until when.
 * ENOENT: not. */
int records_standin_in_force(struct records_db *db, uint32_t org, uint32_t person, int64_t at_ms,
			     int64_t *until_ms);

/* --- told enquiries (A4.1.5) --- */
struct records_told {
	int64_t id, at_ms;
	uint64_t call_no;
	uint32_t org, person, department;
	char by[RECORDS_ACCOUNT];
	char to_number[RECORDS_NUMBER], to_name[RECORDS_NAME];
	char text[RECORDS_TOLD_TEXT]; /* what was said */
};
int records_told_add(struct records_db *db, const struct records_told *t, int64_t *id);
typedef int(records_told_h)(const struct records_told *t, void *arg);
/* Newest first; person, department, call_no 0: any. */
int records_told_list(struct records_db *db, const struct records_told *filter, int64_t before_id,
		      unsigned limit, records_told_h *h, void *arg);

/* --- today's instructions --- */
struct records_instruction {
	int64_t id, at_ms, until_ms, removed_ms;
	uint32_t org, person;
	bool refuse;			/* not to be asked; else: through */
	char number[RECORDS_NUMBER];	/* "" anybody's */
	char name[RECORDS_NAME];	/* whom the operator confirms by name, "" nobody */
	char text[RECORDS_REASON];	/* as the leader said it */
	char given_by[RECORDS_NAME];	/* who gave it */
	char by[RECORDS_ACCOUNT];	/* who noted it */
};
/* EINVAL: until has passed; ENOBUFS: RECORDS_INSTRUCTIONS are in force. Durable on return. */
int records_instruction_add(struct records_db *db, const struct records_instruction *i,
			    int64_t *id);
/* ENOENT. *out (may be NULL) is what it was. */
int records_instruction_remove(struct records_db *db, uint32_t org, int64_t id, const char *by,
			       int64_t at_ms, struct records_instruction *out);
typedef int(records_instruction_h)(const struct records_instruction *i, void *arg);
/* Those in force at at_ms, oldest first; at_ms 0: all, newest first. */
int records_instructions(struct records_db *db, uint32_t org, int64_t at_ms,
			 records_instruction_h *h, void *arg);

/* --- absence with a word: a day "away" --- */
/* Durable on return, with history. d->on false ends it. d->word is kept. */
int records_absence_set(struct records_db *db, const struct records_day *d, const char *by);

/* A forward of d->extension ("forward_always" …) set by its person d->by; off goes before the
 * directory's too. Durable on return, with history. */
int records_forward_set(struct records_db *db, const struct records_day *d, const char *by);

/* --- uses: how often an entry was put through, counted with the steps --- */
struct records_use {
	bool department; /* else a person */
	uint32_t item, times;
	int64_t last_ms;
};
typedef int(records_use_h)(const struct records_use *u, void *arg);
/* In the RECORDS_USE_DAYS before now_ms. */
int records_uses(struct records_db *db, uint32_t org, int64_t now_ms, records_use_h *h, void *arg);

#endif
