/*
 * A person's PIN: for the mailbox by phone and the own page. Hashed by argon2id (about 40 ms): from
 * a worker, never from the call thread. A try is counted and committed before it is looked at, so
 * neither many at once nor a crash gives more tries. Nothing here logs, or keeps in clear, a PIN.
 */
#ifndef RECORDS_PIN_H
#define RECORDS_PIN_H

#include "records/records.h"

#define RECORDS_PIN_MIN	     4 /* digits */
#define RECORDS_PIN_MAX	     12
#define RECORDS_PIN_TRIES    3	    /* wrong in a row, then it is locked */
#define RECORDS_PIN_LOCK_MS  900000 /* the first time; the n-th in a row n times as long */
#define RECORDS_PIN_LOCK_MAX 24	    /* … at most so many times */

/* Digits, long enough, neither all the same nor counting up or down (1234, 9876). */
bool records_pin_fit(const char *pin);

/* Sets it and lifts a lock. by: who, for the history. EINVAL: not fit, or the person's own
 * extension number; ENOENT: no such person. */
int records_pin_set(struct records_db *db, uint32_t org, uint32_t person, const char *pin,
		    const char *by);

enum records_pin { RECORDS_PIN_RIGHT, RECORDS_PIN_WRONG, RECORDS_PIN_LOCKED, RECORDS_PIN_NONE };
/* One try at wall time at_ms. WRONG when it is the last one too: the next is LOCKED. NONE: the
 * person has no PIN or isn't there. Whoever lets somebody in says the same for WRONG and NONE. */
int records_pin_check(struct records_db *db, uint32_t org, uint32_t person, const char *pin,
		      int64_t at_ms, enum records_pin *out);

#endif
