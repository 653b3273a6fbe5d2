/*
 * A person's mailbox as it is read out by phone (A3.8, A5.7): what is new, urgent first, oldest
 * first; then what was heard before, latest first. One message is asked for at a time, so that it
 * costs the same whether there are ten or 100,000, and so that two listeners don't disturb each
 * other. Nothing is ever deleted: what is put away is no longer read out. Errors as in store.h.
 */
#ifndef RECORDS_MAILBOX_H
#define RECORDS_MAILBOX_H

#include "records/records.h"

enum records_box { RECORDS_BOX_URGENT, RECORDS_BOX_NEW, RECORDS_BOX_KEPT, RECORDS_BOX_STAGES };

struct records_box_at {
	uint32_t org, person;
	enum records_box stage; /* where the listener is … */
	int64_t message;	/* … after this one; 0 at the beginning of the stage */
	int64_t since_ms;	/* KEPT: heard before this wall time */
};

int records_box_count(struct records_db *db, uint32_t org, uint32_t person, uint32_t *count);
/* The next one, and the stage that it is in. ENOENT: no more. */
int records_box_next(struct records_db *db, const struct records_box_at *at,
		     struct records_message *out, enum records_box *stage);
/* One of this person's, again. ENOENT: it isn't, or was put away. */
int records_box_again(struct records_db *db, const struct records_box_at *at,
		      struct records_message *out);

struct records_box_act {
	uint32_t org, person;
	int64_t message, at_ms;
	const char *by; /* the person's name */
};
/* Its content is given out by phone: kept in the history (A5.8). */
int records_box_opened(struct records_db *db, const struct records_box_act *a);
/* Received by phone: its other ways end. ENOENT. */
int records_box_heard(struct records_db *db, const struct records_box_act *a);
/* The same, and it is no longer read out. ENOENT. */
int records_box_put_away(struct records_db *db, const struct records_box_act *a);

#endif
