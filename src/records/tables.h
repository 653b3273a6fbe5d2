/*
 * The three tables of a directory, told once: a column's name in CSV and JSON, its place in the
 * row, what it may hold. Reading, checking, writing and history all go by it.
 */
#ifndef RECORDS_TABLES_H
#define RECORDS_TABLES_H

#include "records/delivery.h"
#include "records/directory.h"
#include "records/priv.h"

struct person_row {
	uint32_t line; /* in its file, 0: from the database */
	struct directory_person p;
	struct records_reached r;
};
struct department_row {
	uint32_t line;
	struct directory_department d;
	struct records_reached r;
};
struct extension_row {
	uint32_t line;
	struct directory_extension e;
	char user[RECORDS_USER];
	uint8_t algorithm;
};

enum column_kind {
	COLUMN_ID,    /* uint32_t; empty 0 */
	COLUMN_SMALL, /* uint8_t, 0 to max; empty 0 */
	COLUMN_BOOL,
	COLUMN_WORD,	/* uint8_t: place in words; empty 0 */
	COLUMN_TEXT,	/* may look like a formula: see csv_cell_put */
	COLUMN_DIAL,	/* digits */
	COLUMN_USER,	/* SIP user name */
	COLUMN_MEMBERS, /* ids with spaces between */
	COLUMN_MAIL,	/* an address of RFC 5321 without quotes */
	COLUMN_WAYS,	/* some of words, in an order of one's own */
};

struct column {
	const char *name;
	enum column_kind kind;
	size_t offset, size;
	bool required;
	int64_t max;
	const char *words; /* separated by spaces */
};

#define TABLE_COLUMNS 16
struct table {
	const char *file; /* people.csv */
	const char *what; /* in the history: "person" */
	size_t row_size;
	unsigned count;
	struct column column[TABLE_COLUMNS];
	struct store_statement select, put, drop;
};
extern const struct table tables[RECORDS_FILES];

struct rows {
	char *v;
	uint32_t count, cap;
	bool given; /* by a file, or from the database: what references are checked against */
};
void *records_rows_add(struct rows *r, size_t row_size); /* zeroed; NULL out of memory */
void *records_rows_at(const struct rows *r, enum records_csv_file f, uint32_t i);
uint32_t records_row_id(const void *row, enum records_csv_file f);
void records_rows_free(struct rows r[RECORDS_FILES]);
void records_rows_sort(struct rows *r, enum records_csv_file f); /* by id */
void *records_rows_find(const struct rows *r, enum records_csv_file f,
			uint32_t id); /* sorted ones */

/* All rows of an organisation, by id. */
int records_rows_load(struct store *s, uint32_t org, enum records_csv_file f, struct rows *out);

/* Text of a cell as CSV and JSON have it. */
#define CELL_MAX 256
void records_cell_text(const struct column *c, const void *row, char out[CELL_MAX]);
json_t *records_row_json(enum records_csv_file f, const void *row);
/* $1 org, then the columns. texts is for members. */
void records_row_values(enum records_csv_file f, uint32_t org, const void *row,
			char texts[CELL_MAX], struct store_value v[TABLE_COLUMNS + 1]);

/* --- CSV --- */
struct csv {
	char *text; /* a copy that is cut up in place */
	size_t len, pos;
	uint32_t line;
};
#define CSV_FIELDS 64
/* The next record: its fields and the line on which it begins. *count 0 at the end; fields beyond
 * CSV_FIELDS are counted. EINVAL for a quote that doesn't end or text after one. */
int records_csv_record(struct csv *c, char *fields[CSV_FIELDS], unsigned *count, uint32_t *line);

/* Parses a file into rows, reporting what is wrong with single cells. With a base (sorted) a row
 * begins as the one of its id stands there, its empty cells and columns left out stay, and are
 * counted in *kept_blank; both NULL: every row begins empty. */
int records_csv_rows(const struct records_csv_text *text, enum records_csv_file f, struct rows *out,
		     struct records_csv_errors *errors);
int records_csv_rows_over(const struct records_csv_text *text, enum records_csv_file f,
			  const struct rows *base, struct rows *out, uint32_t *kept_blank,
			  struct records_csv_errors *errors);

/* One cell of a row; what stood there is gone. */
struct cell_place {
	struct records_csv_errors *errors;
	enum records_csv_file f;
	const struct column *c;
	uint32_t line;
};
void records_cell_put(const struct cell_place *p, const char *text, void *row);
/* NULL and an error with a near name when the table has no such column. */
const struct column *records_column_find(enum records_csv_file f, const char *name, uint32_t line,
					 struct records_csv_errors *errors);
/* What is wrong between rows and between files. */
int records_csv_cross_check(struct rows r[RECORDS_FILES], struct records_csv_errors *errors);

struct records_csv_error *records_csv_error_add(struct records_csv_errors *errors,
						enum records_csv_code code, enum records_csv_file f,
						uint32_t line, const char *column,
						const char *found);
/* --- changing a directory: import.c --- */
struct import {
	struct store *s;
	uint32_t org;
	const char *by;
	int64_t at_ms;
	struct rows now[RECORDS_FILES];	 /* in the database */
	struct rows next[RECORDS_FILES]; /* as it is to be */
	struct records_import_counts counts;
};
int records_import_load(struct import *im); /* now, and next the same */
/* Between rows, between files, between organisations; EINVAL with errors. next is sorted after. */
int records_import_check(struct import *im, struct records_csv_errors *errors);
int records_import_write(struct import *im); /* in a transaction, with history */
void records_import_free(struct import *im);
/* What refers to entries that go is emptied: it is among the differences. Sorts next. */
void records_import_unlink(struct import *im);

#endif
