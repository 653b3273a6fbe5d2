/*
 * Records for other programs, row by row: CSV (RFC 4180, UTF-8 with its mark; a text that a
 * spreadsheet would take for a formula has a ' before it) or JSON lines. Columns are those of the
 * database, named in the first line or in each row; times are Unix milliseconds, 0 when it didn't
 * happen. A message's content isn't among them: it is opened, with a reason, on the console.
 */
#ifndef RECORDS_EXPORT_H
#define RECORDS_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "records/records.h"

enum export_what { EXPORT_CALLS, EXPORT_MESSAGES, EXPORT_FIGURES, EXPORT_OPENINGS, EXPORT_COUNT };
const char *export_name(enum export_what what); /* "calls" … */

struct export_options {
	enum export_what what;
	bool json;		/* else CSV */
	uint32_t org;		/* 0 all */
	int64_t from_ms, to_ms; /* [from, to) */
};

/* Errors of store.h; EIO when `to` can't be written. *rows is how many. */
int export_write(struct records_db *db, const struct export_options *o, FILE *to, uint64_t *rows);

#endif
