/* What the files of the room share. */
#ifndef RECORDS_PRIV_H
#define RECORDS_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include <jansson.h>

#include "base/log.h"
#include "base/ring.h"
#include "base/text.h"
#include "records/delivery.h"
#include "records/desk.h"
#include "records/figures.h"
#include "records/query.h"
#include "records/records.h"
#include "records/tapes.h"

#define RECORDS_DAY_MS	    86400000
#define RECORDS_KEEP_BATCH  64
#define RECORDS_PATH_JSON   6144
#define RECORDS_CALL_VALUES 36
#define RECORDS_ROOM	    "records"

struct records_db {
	struct store *s;
	struct records *of; /* NULL when it was opened by records_db_open */
	bool lent;
};

/* A worker that waits for its item; freed by whoever lets go of it last. */
struct keep_waiter {
	pthread_mutex_t lock;
	pthread_cond_t settled;
	unsigned holders;
	bool over, ok;
};

/* --- one of the other queue --- */
enum keep_kind { KEEP_MESSAGE, KEEP_DAY, KEEP_DRAFT, KEEP_TAPE };
enum keep_state {
	KEEP_FRESH, /* its sound has to be put into its place */
	KEEP_READY, /* for a row */
	KEEP_SENT,  /* in the transaction that runs, or whose end isn't known */
	KEEP_DONE,
	KEEP_BAD, /* refused for good */
};
struct keep {
	enum keep_kind kind;
	enum keep_state state;
	bool told;	  /* the event has gone */
	int64_t taken_ms; /* monotonic */
	union {
		struct records_message message;
		struct records_day day;
		struct records_tape tape;
		struct records_draft draft; /* its json is the item's own */
	};
	struct keep_waiter *waiter; /* NULL nobody */
};
void records_keep_over(struct keep *k); /* wakes the waiter, frees what is the item's own */

/* --- names and numbers to search by: terms.c --- */
#define RECORDS_TERMS_SEEN 16384
/* Terms that certainly stand in the database already; forgotten when a transaction fails. */
struct terms_seen {
	uint64_t id[RECORDS_TERMS_SEEN];
};
enum records_terms { RECORDS_TERMS_CALLER = 1, RECORDS_TERMS_TARGET = 2 };
/* which: enum records_terms. seen may be NULL. */
int records_write_terms(struct store *s, struct terms_seen *seen, const struct records_call *c,
			unsigned which);
int64_t records_term_id(uint32_t org, const char *term); /* as it stands there: lower case */
void records_term_lower(char *dst, size_t cap, const char *text);
/* The two characters at *p as a gram, *p moves by one; at the last character alone. */
int64_t records_gram_next(const char **p);

/* --- figures: figures.c --- */
#define RECORDS_SUMS 64
struct records_use_sum {
	uint32_t org, item, times;
	bool department;
	int64_t last_ms;
};
struct records_sum {
	int64_t org, kind, hour, item, v[RECORDS_FIGURE_COUNT];
};
/* What a transaction adds to rows that many of its calls share, added up first: a row that one
 * transaction changes again and again costs PostgreSQL more each time. */
struct records_sums {
	unsigned sum_count, use_count;
	struct records_sum sum[RECORDS_SUMS];
	struct records_use_sum use[RECORDS_SUMS];
};
/* Adds an ended call to the rows of its hour. With sums: at their flush, or when they are full. */
int records_write_figures(struct store *s, struct records_sums *sums, const struct records_call *c);
int records_figures_flush(struct store *s, struct records_sums *sums);
int records_uses_flush(struct store *s, struct records_sums *sums);

/* Records, terms and figures anew from the log when an older program wrote them last. */
int records_rebuild_if_older(struct store *s, const struct records_vocabulary *v);
struct records_db;
/* The hours of which there is a log, [from, to). */
int records_log_span(struct records_db *db, uint32_t org, int64_t *from_hour, int64_t *to_hour);

/* --- what a call counts in: facts.c --- */
void records_facts_index(struct records_vocabulary *v);
/* After the fold has applied the step; a call that had ended before it is left alone. */
void records_facts(const struct records_vocabulary *v, struct records_call *c,
		   const struct records_step *s);

/* --- open calls, folded --- */
struct call_entry {
	struct records_call call;
	int64_t ahead_ms; /* wall clock less the monotonic one at its first step here; 0 not said */
	uint32_t next;	  /* in its bucket, or of the free list; index + 1, 0 ends */
	bool used;
	bool dirty;	  /* touched by the transaction that runs */
	bool write;	  /* its row is due */
	bool began, over; /* … by the transaction that runs */
};
struct calls {
	struct call_entry *v;
	uint32_t *bucket;
	uint32_t free, hand, count;
	uint32_t dirty[RECORDS_BATCH];
	unsigned dirty_count;
	struct terms_seen seen;
	struct records_sums sums; /* of the transaction that runs */
};
int records_calls_open(struct calls *c);
void records_calls_close(struct calls *c);
/* The call of a step: from memory, new, or folded anew from the log. */
int records_calls_get(struct calls *c, struct store *s, const struct records_vocabulary *v,
		      const struct records_step *step, struct call_entry **out);
/* After the commit: ended calls leave. After a rollback: all that were touched leave. */
void records_calls_settle(struct calls *c, bool committed);

/* --- statements --- */
bool records_step_begins(const struct records_vocabulary *v, uint16_t kind);
bool records_step_connects(const struct records_vocabulary *v, uint16_t kind);
int records_write_step(struct store *s, const struct records_vocabulary *v,
		       const struct records_step *step);
int records_write_steps(struct store *s, const struct records_vocabulary *v,
			const struct records_step *steps, unsigned count);
/* A step that connects counts as a use of the call's target. */
int records_write_use(struct store *s, struct records_sums *sums,
		      const struct records_vocabulary *v, const struct records_step *step,
		      const struct records_call *call);
int records_write_call(struct store *s, const struct records_vocabulary *v,
		       const struct records_call *c, const char *node);
/* The call's row with all that is derived beside it; began, over: by what is written now. */
struct call_written {
	const struct records_vocabulary *v;
	const struct records_call *call;
	const char *node;
	struct terms_seen *seen;
	bool began, over;
	struct records_sums *sums; /* NULL: figures are written at once */
};
int records_write_derived(struct store *s, const struct call_written *w);
int records_write_message(struct store *s, const struct records_vocabulary *v,
			  const struct records_message *m);
int records_write_day(struct store *s, const struct records_day *d);
int records_write_draft(struct store *s, const struct records_draft *d);
int records_write_tape(struct store *s, const char *node, const struct records_tape *t);
/* Those that a crash of this node has left open. */
int records_tapes_cut(struct store *s, const char *node);
/* Folds a call from its rows; ENOENT when it has none. */
int records_read_call(struct store *s, const struct records_vocabulary *v, uint64_t call_no,
		      struct records_call *out);

struct call_texts {
	char path[RECORDS_PATH_JSON];
	char tail[RECORDS_NUMBER];
};
/* The row of a call in the order of the table's columns. */
void records_call_values(const struct records_vocabulary *v, const struct records_call *c,
			 const char *node, struct call_texts *t,
			 struct store_value values[RECORDS_CALL_VALUES]);
/* --- rows of calls, for the API --- */
#define RECORDS_CALL_COLUMNS                                                                       \
	"c.call_no, c.org, c.started_ms, c.answered_ms, c.connected_ms, c.ended_ms, c.wait_ms,"    \
	" c.direction, c.outcome, c.clause, c.caller_number, c.caller_name, c.caller_extension,"   \
	" c.caller_trunk, c.dialled, c.chosen, c.target_person, c.target_department,"              \
	" c.target_extension, c.target_trunk, c.target_name, c.end_reason, c.end_side,"            \
	" c.step_count, c.path,"                                                                   \
	" COALESCE((SELECT MAX(m.id) FROM messages m WHERE m.call_no = c.call_no), 0),"            \
	" c.marks, c.operator, c.ring, c.answer_ms, c.given_up_ms, c.talk_ms"
struct records_call_rows {
	records_call_h *h;
	void *arg;
	unsigned count;
};
int records_call_row_read(const struct store_row *row, void *arg); /* struct records_call_rows */
const char *records_vocabulary_step(const struct records_vocabulary *v, uint16_t kind);
const char *records_vocabulary_clause(const struct records_vocabulary *v, uint16_t clause);
uint16_t records_vocabulary_find(const char *const *names, uint16_t count, const char *name);

/* Digits of a number, last first: so that "ends with" is "begins with". */
void records_number_tail(char *dst, size_t cap, const char *number);
/* Bytes that aren't UTF-8 become '?': peers send them, PostgreSQL refuses them. */
void records_utf8_clean(char *text);

/* --- history --- */
struct history_item {
	uint32_t org;
	int64_t at_ms, item;
	const char *by, *what;
	json_t *before, *after; /* NULL: wasn't or isn't there; the caller's */
};
int records_history_write(struct store *s, const struct history_item *h); /* inside a transaction */

/* --- secrets: accounts.c --- */
#define RECORDS_SECRET_HASH 128 /* crypto_pwhash_STRBYTES */
/* Argon2id, salted: slow on purpose. ENOMEM. */
int records_secret_hash(const char *secret, char out[RECORDS_SECRET_HASH]);

/* --- delivery: inside a transaction --- */
struct delivery_plan {
	uint32_t org, person, department; /* to whom: one of them */
	uint32_t next_way_ms, first_seq;
	int64_t message, at_ms;
};
/* The ways of one person or department. *there: it is in the directory. */
int records_delivery_plan(struct store *s, const struct delivery_plan *p, unsigned *count,
			  bool *there);
int records_delivery_more(struct store *s, struct delivery_plan *p); /* after those it has */
/* Of a message that has just got its id. */
int records_delivery_begin(struct store *s, const struct records_message *m, int64_t id);
int records_receipt_write(struct store *s, const struct records_receipt *r);
/* The same, and from now on it is received. ENOENT. */
int records_received(struct store *s, const struct records_receipt *r);

int records_directory_changed(struct store *s, uint32_t org); /* counts its version up */

/* --- sounds --- */
/* Moves the message's files into their place, durable; the names in m become the final ones. */
int records_sounds_keep(const char *fresh_dir, const char *sounds_dir, struct records_message *m);
int records_sounds_sweep(const char *fresh_dir, const char *sounds_dir, struct store *s,
			 int64_t now_ms);
int records_sounds_dir_make(const char *dir);

/* --- the room --- */
struct records {
	struct records_vocabulary vocabulary;
	struct store_options options; /* with texts of our own */
	char *where, *sounds_dir, *fresh_dir, *node;

	struct store *writer; /* the storage thread's */
	struct ring *steps, *keeps, *events;
	pthread_t thread;
	bool running;
	int wake_fd;
	atomic_bool stop;
	_Atomic int64_t stop_by_ms;

	/* the storage thread's own */
	struct calls calls;
	struct records_step batch[RECORDS_BATCH];
	unsigned batch_first, batch_count;
	struct keep keep[RECORDS_KEEP_BATCH];
	unsigned keep_count;
	int64_t token;
	int64_t batch_no;
	enum { SURE, UNSURE_STEPS, UNSURE_KEEPS } unsure; /* the last commit's answer was lost */
	unsigned unsure_count;
	unsigned retry_ms;
	unsigned failures;
	int64_t told_ms;

	_Atomic int64_t batch_since_ms; /* monotonic, 0: nothing in hand */
	_Atomic uint64_t steps_done, messages_done, commits, bad_items, lost;
	_Atomic uint64_t lost_pending;
	_Atomic int64_t lost_from_ms;
	_Atomic uint32_t commit_max_ms;
	_Atomic int last_err;

	pthread_mutex_t lock; /* what follows */
	char why[STORE_WHY];
	enum records_state state;
	int64_t state_since_ms;
	uint64_t number_next, number_end, spare_next, spare_end, number_last;

	pthread_mutex_t pool_lock;
	pthread_cond_t pool_free;
	struct records_db pool[RECORDS_CONNECTIONS];
};

void *records_thread(void *arg);
int records_numbers_refill(struct records *r, struct store *s); /* a block when one is wanted */
void records_numbers_return(struct records *r, struct store *s);

#endif
