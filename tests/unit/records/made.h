/*
 * Calls made from a seed, as a company of 400 people has them: office hours, a noon dip, operators
 * on duty or none, all the ways through Article 4. They go through the real fold and the
 * statements that the storage thread uses, in groups of some thousand.
 */
#ifndef TEST_MADE_H
#define TEST_MADE_H

#include "records/priv.h"

#define MADE_END_MS INT64_C(1796054400000) /* 1 December 2026, 00:00 in China */

struct made_options {
	uint64_t seed, count;
	unsigned months; /* before MADE_END_MS */
	uint32_t org;
};
/* The names that the exchange has, in its order: the log holds an end by number. */
const struct records_vocabulary *made_vocabulary(void);
/* Errors as in store.h. *steps: how many were written. */
int made_calls(struct store *s, const struct made_options *o, uint64_t *steps);

/* Names and numbers as the calls have them, for questions. */
uint64_t made_random(uint64_t *state);
void made_caller(uint64_t i, char number[RECORDS_NUMBER], char name[RECORDS_NAME]);
void made_person(uint32_t id, char name[RECORDS_NAME]);
#define MADE_CALLERS	 60000
#define MADE_PEOPLE	 400
#define MADE_DEPARTMENTS 20
#define MADE_OPERATORS	 6

#endif
