#include "store/priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

static int why_set(char *why, size_t cap, const char *what, const char *detail)
{
	if (why && cap > 0) {
		why[0] = '\0';
		(void)text_append(why, cap, "%s: %s", what, detail);
	}
	return 0;
}

int store_open(struct store **sp, const struct store_options *o, char *why, size_t why_cap)
{
	struct store *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return ENOMEM;
	s->o = *o;
	s->where = strdup(o->where ? o->where : "");
	s->o.where = s->where;
	s->ops = o->engine == STORE_SQLITE ? &store_sqlite_ops : &store_postgres_ops;
	if (!s->where) {
		err = ENOMEM;
		goto out;
	}
	err = s->ops->open(s);
	if (err) {
		why_set(why, why_cap, "database does not open", s->error);
		goto out;
	}
	*sp = s;
	s = NULL;
out:
	store_close(s);
	return err;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->conn)
		s->ops->close(s);
	free(s->where);
	free(s->line);
	free(s);
}

enum store_engine store_engine_of(const struct store *s)
{
	return s->o.engine;
}

void store_forget_prepared(struct store *s)
{
	memset(s->prepared, 0, sizeof(s->prepared));
	s->prepared_count = 0;
}

/* EPROTO when the table is full: the program has more statements than it says. */
static int prepared_get(struct store *s, const struct store_statement *st,
			struct store_prepared **out)
{
	uint64_t h = hash_bytes(&st, sizeof(st));
	struct store_prepared *p;
	int err;

	for (unsigned i = 0; i < STORE_SLOTS; i++) {
		p = &s->prepared[(h + i) & (STORE_SLOTS - 1)];
		if (p->st == st) {
			*out = p;
			return 0;
		}
		if (!p->st)
			break;
	}
	if (s->prepared_count >= STORE_STATEMENTS)
		return EPROTO;
	p->st = st;
	err = s->ops->prepare(s, p);
	if (err) {
		memset(p, 0, sizeof(*p));
		return err;
	}
	s->prepared_count++;
	*out = p;
	return 0;
}

static int begin_with(struct store *s, const char *sql)
{
	int err = s->ops->ready(s);

	if (!err)
		err = s->ops->script(s, sql);
	if (err)
		return err;
	s->in_tx = true;
	s->pending_err = 0;
	return 0;
}

int store_begin(struct store *s)
{
	return begin_with(s, s->ops->begin);
}

int store_begin_read(struct store *s)
{
	return begin_with(s, s->ops->begin_read);
}

int store_commit(struct store *s)
{
	int err = s->ops->flush(s);

	if (!err && s->o.hooks.before_commit)
		err = s->o.hooks.before_commit(s->o.hooks.arg);
	if (!err)
		err = s->ops->script(s, "COMMIT");
	if (!err && s->o.hooks.after_commit)
		err = s->o.hooks.after_commit(s->o.hooks.arg);
	if (err)
		store_rollback(s);
	s->in_tx = false;
	return err;
}

void store_rollback(struct store *s)
{
	char error[STORE_WHY];

	/* The cause is worth more than what a second failure says. */
	memcpy(error, s->error, sizeof(error));
	(void)s->ops->flush(s);
	(void)s->ops->script(s, "ROLLBACK");
	memcpy(s->error, error, sizeof(error));
	s->in_tx = false;
}

int store_run(struct store *s, const struct store_statement *st, const struct store_value *values,
	      unsigned count, store_row_h *row_h, void *arg)
{
	struct store_prepared *p;
	int err;

	if (count > STORE_VALUES)
		return EPROTO;
	err = s->in_tx ? s->ops->flush(s) : s->ops->ready(s);
	if (!err)
		err = prepared_get(s, st, &p);
	if (!err)
		err = s->ops->run(s, p, values, count, row_h, arg);
	return err;
}

int store_run_once(struct store *s, const struct store_statement *st, store_row_h *row_h, void *arg)
{
	/* PostgreSQL's unnamed statement lasts until the next one. */
	const struct store_statement unnamed = {"", st->sql};
	struct store_prepared p = {.st = &unnamed};
	int err = s->in_tx ? s->ops->flush(s) : s->ops->ready(s);

	if (!err)
		err = s->ops->prepare(s, &p);
	if (err)
		return err;
	err = s->ops->run(s, &p, NULL, 0, row_h, arg);
	s->ops->unprepare(&p);
	return err;
}

int store_queue(struct store *s, const struct store_statement *st, const struct store_value *values,
		unsigned count)
{
	struct store_prepared *p;
	int err;

	if (count > STORE_VALUES || !s->in_tx)
		return EPROTO;
	if (s->pending_err)
		return s->pending_err;
	err = prepared_get(s, st, &p);
	if (!err)
		err = s->ops->queue(s, p, values, count);
	return err;
}

int store_bulk_begin(struct store *s, const struct store_bulk *b)
{
	int err;

	if (!s->in_tx || b->count > STORE_VALUES)
		return EPROTO;
	err = s->ops->flush(s);
	return err || !s->ops->copy_begin ? err : s->ops->copy_begin(s, b->copy);
}

int store_bulk_row(struct store *s, const struct store_bulk *b, const struct store_value *values)
{
	if (s->ops->copy_row)
		return s->ops->copy_row(s, values, b->count);
	return store_queue(s, &b->insert, values, b->count);
}

int store_bulk_end(struct store *s, const struct store_bulk *b, bool ok)
{
	return s->ops->copy_end ? s->ops->copy_end(s, ok) : 0;
}

uint64_t store_changed(const struct store *s)
{
	return s->changed;
}

const char *store_error(const struct store *s)
{
	return s->error;
}

int64_t store_row_int(const struct store_row *row, unsigned col)
{
	return row->s->ops->row_int(row, col);
}

const char *store_row_text(const struct store_row *row, unsigned col)
{
	return row->s->ops->row_text(row, col);
}

bool store_row_null(const struct store_row *row, unsigned col)
{
	return row->s->ops->row_null(row, col);
}
