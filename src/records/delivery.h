/*
 * How messages reach whom they are for (A3.8, A5.7): the outbox, written in the message's own
 * transaction, one row a way in the order that was chosen; every attempt with its outcome;
 * receipts; what comes back to the desk. Nothing is ever deleted. Errors as in store.h.
 *
 * A row's life:  waiting ──► delivered            (an attempt succeeded)
 *                   │  └──► failed for good       (the next way is due at once)
 *                   └─────► ended                 (received, by whatever way)
 * A message without a way left comes back to the desk at once, others when their time is over.
 */
#ifndef RECORDS_DELIVERY_H
#define RECORDS_DELIVERY_H

#include "records/records.h"

#define RECORDS_ADDRESS	     128
#define RECORDS_REACH_ID     64
#define RECORDS_REACH_ORDER  48
#define RECORDS_CHANNEL	     16
#define RECORDS_OUTCOME	     24
#define RECORDS_DETAIL	     200
#define RECORDS_OUTBOX_BATCH 64

/* Columns of people and departments: where they are reached. Those that the table lacks are "". */
struct records_reached {
	char mail[RECORDS_ADDRESS];
	char call[RECORDS_REACH_ID]; /* the own extension's number: in no column of its own */
	char wecom[RECORDS_REACH_ID], dingtalk[RECORDS_REACH_ID], feishu[RECORDS_REACH_ID];
	char webhook[RECORDS_REACH_ID], robot[RECORDS_REACH_ID];
	char deliver[RECORDS_REACH_ORDER];
};

enum records_way_state {
	RECORDS_WAY_WAITING,
	RECORDS_WAY_DELIVERED,
	RECORDS_WAY_FAILED,
	RECORDS_WAY_ENDED
};
const char *records_way_state_name(enum records_way_state s); /* "waiting" … */

struct records_way {
	int64_t id, message, due_ms;
	uint32_t org, person, department; /* to whom: one of them */
	uint32_t seq, attempts;
	enum records_way_state state;
	char channel[RECORDS_CHANNEL]; /* page mail wecom dingtalk feishu robot webhook call */
	char address[RECORDS_ADDRESS];
};
typedef int(records_way_h)(const struct records_way *w, void *arg);

/* The clock was set by by_ms: what waits goes on waiting as long as it would have, but for messages
 * kept since then, that is from from_ms to to_ms of the new time. */
int records_delivery_clock(struct records_db *db, int64_t by_ms, int64_t from_ms, int64_t to_ms);

/* Those of a channel that are due at now_ms, longest first, `limit` at most: a channel whose server
 * stands still doesn't hide the others. */
int records_outbox_due(struct records_db *db, uint32_t org, const char *channel, int64_t now_ms,
		       unsigned limit, records_way_h *h, void *arg);
/* One by its id, of any organisation; ENOENT. */
int records_outbox_get(struct records_db *db, int64_t id, struct records_way *out);
/* All of a message, in their order. */
int records_outbox_of(struct records_db *db, uint32_t org, int64_t message, records_way_h *h,
		      void *arg);

/* An attempt and what follows: state RECORDS_WAY_WAITING: again at next_ms. ENOENT. */
struct records_try {
	int64_t id, at_ms, next_ms;
	enum records_way_state state; /* not RECORDS_WAY_ENDED */
	char outcome[RECORDS_OUTCOME], detail[RECORDS_DETAIL];
};
int records_outbox_settle(struct records_db *db, const struct records_try *t);
/* Not before due_ms, and that is no attempt. */
int records_outbox_postpone(struct records_db *db, int64_t id, int64_t due_ms);

typedef int(records_try_h)(const struct records_try *t, void *arg);
/* Of a message, oldest first; t->id is the outbox's. */
int records_attempts(struct records_db *db, uint32_t org, int64_t message, records_try_h *h,
		     void *arg);

/* Plans the ways anew from the directory as it is: sent once more by somebody at the desk. ENOENT;
 * EALREADY: it has been received. */
int records_delivery_again(struct records_db *db, uint32_t org, int64_t message, const char *by,
			   int64_t at_ms);

/* The own page shows the messages from_id to to_id to a person: what waits for that is delivered.
 * *count (may be NULL) of them. */
int records_page_shown(struct records_db *db, uint32_t org, uint32_t person, int64_t from_id,
		       int64_t to_id, int64_t at_ms, unsigned *count);

/* Where a person is reached. ENOENT. */
int records_reached_get(struct records_db *db, uint32_t org, uint32_t person,
			struct records_reached *out);

/* Who has a mail address (letters of either case), of any organisation, RECORDS_OWNERS at most. */
#define RECORDS_OWNERS 4
struct records_owner {
	uint32_t org, person;
	char name[RECORDS_NAME], mail[RECORDS_ADDRESS];
};
typedef int(records_owner_h)(const struct records_owner *o, void *arg);
int records_mail_owners(struct records_db *db, const char *mail, records_owner_h *h, void *arg);

/* --- receipts --- */
struct records_receipt {
	int64_t id, message, at_ms;
	uint32_t org;
	/* delivered opened read received told acted returned deputy again */
	char kind[RECORDS_CHANNEL];
	char channel[RECORDS_CHANNEL]; /* "console", "phone" and those of a way; "" none */
	char by[64];		       /* account, or the name of whoever has the address */
	char note[RECORDS_DETAIL];
};
typedef int(records_receipt_h)(const struct records_receipt *r, void *arg);
/* Received from now on (unless it was before): what still waits is ended. ENOENT. */
int records_receipt_add(struct records_db *db, const struct records_receipt *r);
int records_receipts(struct records_db *db, uint32_t org, int64_t message, records_receipt_h *h,
		     void *arg);

/* --- what isn't received in time --- */
struct records_stage {
	int64_t message, deadline_ms;
	uint32_t org, for_person, for_department;
	uint8_t stage;
};
typedef int(records_stage_h)(const struct records_stage *s, void *arg);
int records_stages_due(struct records_db *db, uint32_t org, int64_t now_ms, unsigned limit,
		       records_stage_h *h, void *arg);
/* The next stage: 1 back at the desk; 2 the deputy too, whose ways are planned (0 none is there).
 * due_ms: when the stage after it is due, 0 never. ECANCELED: it has been received meanwhile. */
struct records_stage_step {
	int64_t message, at_ms, due_ms;
	uint32_t org, deputy;
	uint8_t stage;
	const char *note; /* why: a word */
};
int records_stage_next(struct records_db *db, const struct records_stage_step *s);

struct records_delivery_figures {
	uint64_t waiting;  /* ways that aren't at their end */
	uint64_t returned; /* messages at the desk again and not received */
	uint64_t late;	   /* not received, and their time is over */
	uint64_t late_in;  /* kept since from_ms, and received late or not at all */
	uint64_t kept;	   /* kept since from_ms, with a deadline */
};
int records_delivery_figures(struct records_db *db, uint32_t org, int64_t now_ms, int64_t from_ms,
			     struct records_delivery_figures *out);

#endif
