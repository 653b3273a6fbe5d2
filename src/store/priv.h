/* What the engines offer to store.c. */
#ifndef STORE_PRIV_H
#define STORE_PRIV_H

#include "store/store.h"

struct store_prepared {
	const struct store_statement *st; /* NULL: the slot is free */
	void *handle;
	uint8_t place[STORE_VALUES]; /* SQLite: parameter index of $n */
};

struct store_ops {
	int (*open)(struct store *s);
	void (*close)(struct store *s);
	int (*ready)(struct store *s); /* connects anew when the connection is lost */
	int (*prepare)(struct store *s, struct store_prepared *p);
	void (*unprepare)(struct store_prepared *p);
	int (*run)(struct store *s, struct store_prepared *p, const struct store_value *v,
		   unsigned count, store_row_h *row_h, void *arg);
	int (*queue)(struct store *s, struct store_prepared *p, const struct store_value *v,
		     unsigned count);
	int (*flush)(struct store *s); /* what was queued; the first error of it */
	/* NULL: rows are queued one by one */
	int (*copy_begin)(struct store *s, const char *sql);
	int (*copy_row)(struct store *s, const struct store_value *v, unsigned count);
	int (*copy_end)(struct store *s, bool ok);
	int (*script)(struct store *s, const char *sql);
	int64_t (*row_int)(const struct store_row *row, unsigned col);
	const char *(*row_text)(const struct store_row *row, unsigned col);
	bool (*row_null)(const struct store_row *row, unsigned col);
	const char *begin, *begin_read;
};

struct store_row {
	const struct store *s;
	void *result; /* sqlite3_stmt or PGresult */
	int row;
};

#define STORE_SLOTS 256 /* a power of two, more than STORE_STATEMENTS */

struct store {
	const struct store_ops *ops;
	struct store_options o;
	char *where;
	void *conn;
	bool in_tx;
	bool lost;     /* PostgreSQL: the connection is to be made anew */
	bool pipeline; /* PostgreSQL: statements have been sent */
	unsigned sent;
	char *line; /* PostgreSQL: rows of a COPY that wait */
	size_t line_len, line_cap;
	int pending_err; /* of a queued statement, told once */
	uint64_t changed;
	unsigned prepared_count;
	struct store_prepared prepared[STORE_SLOTS];
	char error[STORE_WHY];
	int64_t deadline_ms; /* SQLite: of the statement that runs; 0 none */
};

extern const struct store_ops store_sqlite_ops;
extern const struct store_ops store_postgres_ops;

void store_forget_prepared(struct store *s);

#endif
