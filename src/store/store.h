/*
 * One thin interface to two engines, SQLite and PostgreSQL, in one dialect: `$n` parameters,
 * RETURNING, ON CONFLICT, int64 milliseconds, 0/1 for truth, JSON as text, explicit CASTs where
 * a parameter's type can't be told from its place.
 *
 * A connection belongs to one thread at a time and is never the call thread's: every function here
 * may wait for a disk or a server. Values handed in are only read during the call.
 *
 * Errors: EEXIST (a row like this is there), EINVAL (another constraint, or bad data), ENOSPC,
 * EIO, EBUSY (another writer, for longer than STORE_BUSY_MS), ENOTCONN (the server is gone; the
 * next store_begin or store_run outside a transaction connects anew), ETIMEDOUT (query_ms),
 * ECANCELED (a row handler said so), EPROTO (a newer schema, a wrong statement), ENOMEM.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum store_engine { STORE_SQLITE, STORE_POSTGRES };

#define STORE_STATEMENTS 192 /* prepared statements a connection */
#define STORE_VALUES	 40  /* parameters a statement */
#define STORE_BUSY_MS	 5000
#define STORE_WHY	 256

/* For tests: stands between us and the disk. A result other than 0 is taken for the commit's:
 * before it nothing was done, after it everything was, and only the answer is lost. */
struct store_hooks {
	int (*before_commit)(void *arg);
	int (*after_commit)(void *arg);
	void *arg;
};

struct store_options {
	enum store_engine engine;
	const char *where;  /* SQLite: a path, created with mode 0600; PostgreSQL: conninfo */
	bool reader;	    /* reads only */
	uint32_t query_ms;  /* a statement may take this long; 0 any time */
	uint32_t max_pages; /* SQLite's max_page_count; 0 none: for tests of a full disk */
	struct store_hooks hooks;
};

struct store;

/* Static text: the name keys the prepared statement, so it must be unique in the program. */
struct store_statement {
	const char *name;
	const char *sql;
};

enum store_type { STORE_NULL, STORE_INT, STORE_TEXT };
struct store_value {
	enum store_type type;
	int64_t i;
	const char *s;
};
#define STORE_I(x) ((struct store_value){STORE_INT, (int64_t)(x), NULL})
#define STORE_S(x) ((struct store_value){STORE_TEXT, 0, (x)})

/* One row of a result, valid during the handler. */
struct store_row;
int64_t store_row_int(const struct store_row *row, unsigned col);      /* NULL is 0 */
const char *store_row_text(const struct store_row *row, unsigned col); /* NULL is "" */
bool store_row_null(const struct store_row *row, unsigned col);

/* Returns 0 to go on; anything else ends the statement and is its result. */
typedef int(store_row_h)(const struct store_row *row, void *arg);

/* why receives one line for the log when it fails. */
int store_open(struct store **sp, const struct store_options *o, char *why, size_t why_cap);
void store_close(struct store *s); /* accepts NULL */
enum store_engine store_engine_of(const struct store *s);

/* A transaction for writing: SQLite's takes the write lock at once. A failed commit is rolled
 * back. */
int store_begin(struct store *s);
int store_begin_read(struct store *s); /* one state of the data for several statements */
int store_commit(struct store *s);
void store_rollback(struct store *s);

/* Runs a statement with count values; row_h (may be NULL) is called for each row. */
int store_run(struct store *s, const struct store_statement *st, const struct store_value *values,
	      unsigned count, store_row_h *row_h, void *arg);

/* A statement that is run once: its name and text need not outlive the call. */
int store_run_once(struct store *s, const struct store_statement *st, store_row_h *row_h,
		   void *arg);

/* Inside a transaction: the same without a result. With PostgreSQL it is only sent, and an error
 * may first be told by a later store_run, store_queue or the commit. */
int store_queue(struct store *s, const struct store_statement *st, const struct store_value *values,
		unsigned count);

/* Many rows into a table, inside a transaction: PostgreSQL takes them by COPY, SQLite by the
 * statement. Static text, as in store_statement. Between begin and end nothing else may be run;
 * an error of a row may first be told by the end, which is called after every begin that
 * succeeded (ok false: the rows are given up). */
struct store_bulk {
	struct store_statement insert; /* $1 … $count */
	const char *copy;	       /* COPY … FROM STDIN, the same columns */
	unsigned count;
};
int store_bulk_begin(struct store *s, const struct store_bulk *b);
int store_bulk_row(struct store *s, const struct store_bulk *b, const struct store_value *values);
int store_bulk_end(struct store *s, const struct store_bulk *b, bool ok);

/* Rows that the last store_run changed. */
uint64_t store_changed(const struct store *s);

/* The engine's own words for the last error, for the log. */
const char *store_error(const struct store *s);

/* Migrations: numbered from 1, append-only, one transaction each. */
struct store_migration {
	unsigned number;
	const char *name; /* "001_first.sql" */
	const char *sql;
};

/* Those of sql/sqlite and sql/postgres, built into the program. */
const struct store_migration *store_migrations(enum store_engine engine, unsigned *count);

/* Brings the schema to the last of the list. EPROTO when the database is newer than the list, or
 * an applied migration has another name than ours: nothing is changed then. */
int store_migrate(struct store *s, const struct store_migration *list, unsigned count, char *why,
		  size_t why_cap);
int store_schema_version(struct store *s, unsigned *version); /* 0 when empty */

#endif
