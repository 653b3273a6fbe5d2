/*
 * The event log's row and the call record that is folded from it: plain values, pure functions.
 */
#ifndef RECORDS_STEP_H
#define RECORDS_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDS_NUMBER 32
#define RECORDS_NAME   64
#define RECORDS_WORD   32  /* a name from the vocabulary, an outcome, a side */
#define RECORDS_KINDS  256 /* of steps, clauses, end reasons: each at most */
#define RECORDS_PATH   64  /* steps in a call record's path; what comes after is in the log only */

/* One step of a call. PINs never come here. */
struct records_step {
	uint64_t call_no;
	int64_t at_ms;	 /* wall clock */
	int64_t mono_ms; /* monotonic: a clock that is set doesn't bend a call; 0 not said */
	uint64_t seq; /* place in the call, from 1: given by the storage thread; see thread.c for
			 what positions do, which belongs to no call */
	uint32_t org;
	uint32_t serial; /* echoed by the event once it is durable; 0: no event */
	uint32_t person, department, extension; /* whom it is about, 0 none */
	int32_t value;				/* milliseconds, code or count, as the step says */
	uint16_t trunk;
	uint16_t kind;	 /* index into vocabulary.steps */
	uint16_t clause; /* index into vocabulary.clauses */
	char text[RECORDS_NUMBER];
	char name[RECORDS_NAME];
	char caller[RECORDS_NUMBER]; /* with the first step: the caller's number, "" withheld */
};

/* The names of steps.def and of the clauses, handed in by app: records knows them by name only, and
 * the database holds names, so that numbers may change from version to version. */
struct records_vocabulary {
	const char *const *steps;   /* "arrived", "target_busy" … */
	const char *const *clauses; /* "A4.1.3", "house" … */
	const char *const *ends;    /* STEP_ENDED's value: "hangup", "closing" …; may be NULL */
	uint16_t step_count, clause_count, end_count;
	/* filled by records_vocabulary_index() */
	uint8_t meaning[RECORDS_KINDS];
	uint8_t desk[RECORDS_KINDS];	     /* enum records_desk of a step */
	uint32_t marks[RECORDS_KINDS];	     /* of a step */
	uint32_t clause_bits[RECORDS_KINDS]; /* of a clause */
};

/* What a step says of the operator's hands. */
enum records_desk { RECORDS_DESK_NOTHING, RECORDS_DESK_TAKES, RECORDS_DESK_LEAVES };

/* EOVERFLOW when a table is longer than RECORDS_KINDS. */
int records_vocabulary_index(struct records_vocabulary *v);
/* True when the fold knows a step of this name; those it doesn't know only join the path. */
bool records_step_known(const char *name);

enum records_direction { RECORDS_INSIDE, RECORDS_INCOMING, RECORDS_OUTGOING };

/* How a call came out: the last of these that its steps say, an answered call stays answered until
 * a message is kept. */
enum records_outcome {
	RECORDS_OPEN,	  /* nothing yet */
	RECORDS_ATTENDED, /* the attendant answered, nothing else came of it */
	RECORDS_ANSWERED, /* connected with a person or an outside number */
	RECORDS_MESSAGE,  /* a message was kept */
	RECORDS_BUSY,
	RECORDS_NO_ANSWER,
	RECORDS_REFUSED,
	RECORDS_UNREACHABLE,
	RECORDS_AWAY,
	RECORDS_CLOSED,
	RECORDS_NOT_PERMITTED,
	RECORDS_ABANDONED, /* ended by the caller before anybody answered */
	RECORDS_FAILED,
	RECORDS_OUTCOME_COUNT
};
/* What a call counts in: marks.def. */
enum records_mark {
#define MARK(bit, id, name) RECORDS_MARK_##id = 1u << (bit),
#include "records/marks.def"
#undef MARK
};
/* 0 for a name that there isn't. */
uint32_t records_mark_by_name(const char *name);
uint32_t records_clause_bit(const char *name); /* "A4.1.3", "house" … */

const char *records_outcome_name(enum records_outcome o);     /* "answered" … */
const char *records_direction_name(enum records_direction d); /* "incoming" … */

struct records_path_step {
	uint16_t kind, clause;
};

/* One call. Times are wall clock milliseconds, 0 when it didn't happen. */
struct records_call {
	uint64_t call_no;
	uint32_t org;
	uint32_t step_count;
	int64_t started_ms;
	int64_t answered_ms;  /* the first 200 OK: attendant or person */
	int64_t connected_ms; /* the first person */
	int64_t ended_ms;
	int64_t waiting_since_ms; /* inside a wait: see wait_ms */
	int64_t rung_ms;	  /* the ring clock started */
	int64_t desk_since_ms;	  /* in an operator's hands: see desk_ms */
	uint32_t wait_ms;	  /* with music, waiting for somebody */
	uint32_t marks;		  /* enum records_mark */
	uint32_t clauses;	  /* of all its steps, as bits */
	uint32_t operator_person; /* the first who answered it at the desk */
	uint32_t line;		  /* the trunk it came or, if by none, first went by */
	uint32_t ring;		  /* at which a person answered within the clock; 0 */
	uint32_t answer_ms;	  /* … after how long */
	uint32_t given_up_ms;	  /* … or the caller hung up, after how long */
	uint32_t desk_ms;	  /* in an operator's hands */
	uint32_t talk_ms;	  /* from the first person to the end */
	uint32_t long_ms;	  /* A3.10: past this it is a long call; 0 never */
	uint32_t caller_extension, caller_trunk;
	uint32_t target_person, target_department, target_extension; /* the last one called */
	uint32_t target_trunk;
	uint8_t direction; /* enum records_direction */
	uint8_t outcome;   /* enum records_outcome */
	uint8_t path_count;
	uint8_t restarted;  /* closed because the server came back */
	uint16_t clause;    /* of the last step that named a clause of Article 4 */
	int32_t end_reason; /* STEP_ENDED's value, an index into vocabulary.ends; -1 open */
	char end_side[RECORDS_WORD]; /* by STEP_ENDED's text: "caller", "target", "switchboard" */
	char caller_number[RECORDS_NUMBER];
	char caller_name[RECORDS_NAME];
	char dialled[RECORDS_NUMBER]; /* what STEP_ARRIVED carries: the number that came in */
	char chosen[RECORDS_NUMBER];  /* the last number the caller dialled after that */
	char target_name[RECORDS_NAME];
	struct records_path_step path[RECORDS_PATH];
};

/* Applies a step; c zeroed before the first one. Pure: the same steps give the same bytes. */
void records_fold(const struct records_vocabulary *v, struct records_call *c,
		  const struct records_step *s);

#endif
