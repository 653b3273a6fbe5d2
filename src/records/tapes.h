/*
 * Recordings of whole calls: their rows, and who has opened them. The sound itself is media's file
 * (media/tape.h); a row stays when that is destroyed.
 */
#ifndef RECORDS_TAPES_H
#define RECORDS_TAPES_H

#include "records/records.h"

struct records_tape {
	int64_t id; /* read */
	uint32_t org;
	uint64_t call_no;
	int64_t begun_ms, deleted_ms; /* wall clock; deleted 0: its sound is there */
	uint32_t ms;
	char kind[16];		 /* "line", "complaint" */
	char path[RECORDS_FILE]; /* name of the file; one row a name */
	char state[12];		 /* "open", "whole", "cut", "deleted" */
	char why[16];		 /* it ended: "call_ended", "mailbox", "longest", "failed", … */
};

/* From the call thread. The first of a path makes the row, a later one says how it ended: ms,
 * state and why. 0 or ENOBUFS. */
int records_tape_push(struct records *r, const struct records_tape *t);

typedef int records_tape_h(const struct records_tape *t, void *arg);

/* Of one call, oldest first. */
int records_tapes_of(struct records_db *db, uint32_t org, uint64_t call_no, records_tape_h *h,
		     void *arg);

/* Whose sound is there and that began before: at most 200, oldest first. A line's recording of a
 * call that was marked a complaint counts as that. */
int records_tapes_due(struct records_db *db, uint32_t org, const char *kind, int64_t before_ms,
		      records_tape_h *h, void *arg);

/* One of a call. ENOENT. */
int records_tape_get(struct records_db *db, uint32_t org, uint64_t call_no, int64_t id,
		     struct records_tape *out);

int records_tape_deleted(struct records_db *db, uint32_t org, int64_t id, int64_t at_ms);

struct records_tape_opening {
	uint32_t org;
	int64_t recording, at_ms;
	char by[64], address[46], reason[128];
};
/* Durable when it returns 0. */
int records_tape_opened(struct records_db *db, const struct records_tape_opening *o);
typedef int records_tape_opening_h(const struct records_tape_opening *o, void *arg);
int records_tape_openings(struct records_db *db, uint32_t org, int64_t recording,
			  records_tape_opening_h *h, void *arg);

#endif
