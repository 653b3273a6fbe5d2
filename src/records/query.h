/*
 * Questions of the API, on a connection lent by records_borrow. Every list has a limit and goes on
 * from a cursor. Handlers are called for each row and return 0 to go on. Errors as in store.h.
 */
#ifndef RECORDS_QUERY_H
#define RECORDS_QUERY_H

#include <stdatomic.h>

#include "records/records.h"

#define RECORDS_PAGE_MAX  200  /* rows a page */
#define RECORDS_STEPS_MAX 2000 /* steps of one call */
#define RECORDS_TEXT_MIN  1    /* characters of a search text */
#define RECORDS_QUERY_MS  3000 /* a question may take this long: ETIMEDOUT */

/* As it stands in the database: names instead of numbers. */
struct records_call_row {
	struct records_call call; /* path, clause and end_reason as numbers are not filled */
	char clause[RECORDS_WORD];
	char end_reason[RECORDS_WORD];	 /* "" open, "restarted" … */
	const char *path_json;		 /* [["A4.2","announced"],…], valid during the handler */
	int64_t message_id;		 /* the last message of this call, 0 none */
	const char *outcome, *direction; /* names */
};

struct records_call_filter {
	uint32_t org;		 /* required */
	int64_t from_ms, to_ms;	 /* started in [from, to); 0 open */
	const char *number;	 /* the caller's or dialled number whole; NULL none */
	const char *last_digits; /* … or how one of these numbers ends */
	const char *text;	 /* in the middle of caller's, target's name or a number */
	const char *clause;	 /* a step of this clause is in it: "A4.1.3" */
	const char *outcome;	 /* "busy" … */
	const char *direction;
	uint32_t target_person, target_department;
	uint32_t extension;	  /* caller or target */
	uint32_t operator_person; /* who answered it at the desk */
	uint32_t line;		  /* the trunk it came or went by */
	uint32_t marks;		  /* enum records_mark: it counts in all of these */
	uint32_t own_person;	  /* only calls to this person, or … 0 any */
	uint32_t own_extension;	  /* … from this extension, 0 none */
	bool open_only;
	int64_t
	    before_started_ms; /* cursor: the last row's started_ms and call_no; 0 from the top */
	uint64_t before_call_no;
	unsigned limit; /* 1 to RECORDS_PAGE_MAX; 0: the maximum */
};

typedef int(records_call_h)(const struct records_call_row *row, void *arg);

/* Newest first. EINVAL: text that is no UTF-8 or too long, a clause that there isn't. */
int records_calls(struct records_db *db, const struct records_call_filter *f, records_call_h *h,
		  void *arg);
/* One call; ENOENT. */
int records_call_get(struct records_db *db, uint32_t org, uint64_t call_no, records_call_h *h,
		     void *arg);

struct records_step_row {
	struct records_step step; /* kind and clause as numbers are not filled */
	int64_t id;
	const char *kind, *clause; /* names, valid during the handler */
};
typedef int(records_step_h)(const struct records_step_row *row, void *arg);
int records_call_steps(struct records_db *db, uint32_t org, uint64_t call_no, records_step_h *h,
		       void *arg);

struct records_message_filter {
	uint32_t org;
	uint32_t for_person, for_department; /* 0 any */
	uint32_t own_person;		     /* only for this person, or … 0 any */
	uint32_t own_department;	     /* … for this department, 0 none */
	bool unheard_only;
	bool returned_only; /* … and back at the desk */
	int64_t from_ms, to_ms;
	int64_t before_id; /* cursor, 0 from the top */
	unsigned limit;
};
typedef int(records_message_h)(const struct records_message *m, void *arg);
int records_messages(struct records_db *db, const struct records_message_filter *f,
		     records_message_h *h, void *arg);
int records_message_get(struct records_db *db, uint32_t org, int64_t id,
			struct records_message *out);
/* Counts messages of the filter (cursor and limit are ignored). */
int records_messages_count(struct records_db *db, const struct records_message_filter *f,
			   uint64_t *count);
/* What nobody has received yet, a row a person: how many, how many of them urgent. */
typedef int(records_mailbox_h)(uint32_t person, uint32_t messages, uint32_t urgent, void *arg);
int records_mailboxes(struct records_db *db, uint32_t org, records_mailbox_h *h, void *arg);
/* Who a number was when the last slip with a name was taken from it; "" when it isn't known. */
struct records_known {
	char name[RECORDS_NAME], organisation[RECORDS_NAME];
};
int records_known_caller(struct records_db *db, uint32_t org, const char *number,
			 struct records_known *out);

/* A slip typed by an operator: durable on return. `request` names the request ("" none): a second
 * one of the same name is EALREADY with the first one's *id. clause by clause_name. */
int records_message_add(struct records_db *db, const struct records_message *m, const char *request,
			int64_t *id);

/* A message's content is opened by an account, with a reason when it isn't for them (A1): kept in
 * the history, and `heard` when recipient. ENOENT. */
int records_message_opened(struct records_db *db, uint32_t org, int64_t id, const char *account,
			   bool recipient, const char *reason, int64_t at_ms);

/* Somebody who may not open it tried (A5.8): kept in the history. */
int records_message_refused(struct records_db *db, uint32_t org, int64_t id, const char *account,
			    const char *reason, int64_t at_ms);

/* What is a person's own: messages for them, for their department (0 none), and those that came to
 * them as a deputy. Newest first, `before_id` exclusive (0 none). */
#define RECORDS_NOTE 200
enum records_own_state { RECORDS_OWN_ALL, RECORDS_OWN_NEW, RECORDS_OWN_READ, RECORDS_OWN_DONE };
struct records_own_filter {
	uint32_t org, person, department;
	enum records_own_state state;
	int64_t before_id;
	unsigned limit;
};
struct records_own {
	struct records_message m;
	int64_t acted_ms; /* 0 not yet */
	char note[RECORDS_NOTE];
};
typedef int(records_own_h)(const struct records_own *o, void *arg);
int records_own_messages(struct records_db *db, const struct records_own_filter *f,
			 records_own_h *h, void *arg);
/* One of them by its id. ENOENT: there is none, or it is another's. */
int records_own_message(struct records_db *db, const struct records_own_filter *f, int64_t id,
			struct records_own *out);
/* How many nobody has received yet. */
int records_own_new(struct records_db *db, const struct records_own_filter *f, uint64_t *count);

/* The state of the day that is in force at at_ms, one a row; a forward that was switched off too:
 * it goes before the directory's. */
typedef int(records_day_h)(const struct records_day *d, void *arg);
int records_day_load(struct records_db *db, uint32_t org, int64_t at_ms, records_day_h *h,
		     void *arg);

/* Folds every ended call of an organisation anew from the log and compares it with its record:
 * *calls looked at, *different that differ. */
int records_reconcile(struct records_db *db, const struct records_vocabulary *v, uint32_t org,
		      uint64_t *calls, uint64_t *different);
/* The same of those that began before until_ms. What is sealed is left out of both. ECANCELED when
 * *stop (NULL never) becomes true. */
int records_reconcile_until(struct records_db *db, const struct records_vocabulary *v, uint32_t org,
			    int64_t until_ms, const atomic_bool *stop, uint64_t *calls,
			    uint64_t *different);

#endif
