/*
 * Whole tables out of one database and into another, of either engine: what a backup, a restore
 * and a move have in common. Which tables and columns a schema has is read off a database made
 * by our own migrations in memory, so that nothing else in the same server is ever touched.
 */
#ifndef RECORDS_COPY_H
#define RECORDS_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

#define COPY_TABLES 64
#define COPY_NAME   40

struct copy_table {
	char name[COPY_NAME];
	unsigned count; /* columns */
	char column[STORE_VALUES][COPY_NAME];
	bool text[STORE_VALUES]; /* or a whole number */
	char read[1600], fetch[128], insert[2048], copy[1200], named[3][64];
	struct store_statement statement[2]; /* COPY_READ … */
	struct store_bulk bulk;
};

struct copy_tables {
	unsigned version, count;
	struct copy_table v[COPY_TABLES];
};

/* The tables of the schema's version, without the one that names the version. The caller's. */
int copy_tables_of(unsigned version, struct copy_tables **out);
const struct copy_table *copy_table_find(const struct copy_tables *t, const char *name);

/* Returns 0 to go on. */
typedef int(copy_row_h)(const struct copy_table *t, const struct store_value *values, void *arg);

/* For a selection of one's own: t's name, columns and `read` are set, this makes the rest. */
void copy_select(struct copy_table *t);

/* Every row of a table, never all of them in memory; inside store_begin_read. */
int copy_read(struct store *s, const struct copy_table *t, copy_row_h *h, void *arg);

/* Makes the schema of t's version in a database that holds nothing of ours: an empty schema that a
 * broken-off attempt left there is dropped first. EEXIST when there is something; *what (COPY_NAME
 * bytes) is then the table. */
int copy_prepare(struct store *s, const struct copy_tables *t, char *what);

/* Rows into a table, inside a transaction: as store_bulk_begin and its like. */
int copy_write_begin(struct store *s, const struct copy_table *t);
int copy_write(struct store *s, const struct copy_table *t, const struct store_value *values);
int copy_write_end(struct store *s, const struct copy_table *t, bool ok);

/* After the last row, inside the transaction: numbers given from now on follow those that there
 * are. */
int copy_numbers(struct store *s, const struct copy_tables *t);

/* Rows and their sum, whatever their order: equal in two databases that hold the same. */
struct copy_sum {
	uint64_t rows, sum;
};
void copy_sum_add(struct copy_sum *s, const struct copy_table *t, const struct store_value *values);

#endif
