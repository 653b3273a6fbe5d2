/* PostgreSQL by libpq: text parameters, prepared statements, queued ones in pipeline mode. */
#include "store/priv.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define PIPELINE_SYNC 512 /* statements sent before their results are read */
#define NOTICES	      8	  /* read from an idle connection at most */
#define CONNECT_S     "3"
#define DEAD_PEER_MS  "10000"

static PGconn *conn_of(const struct store *s)
{
	return s->conn;
}

static void error_set(struct store *s, const char *text)
{
	TEXT_COPY(s->error, text);
	/* libpq's messages end in a line feed, and may have more lines. */
	for (char *c = s->error; *c; c++) {
		if (*c == '\n')
			*c = c[1] ? ' ' : '\0';
	}
}

struct state_errno {
	const char *state; /* SQLSTATE, or how it begins */
	int err;
};

/* The first that fits counts (PostgreSQL, appendix A). */
static const struct state_errno states[] = {
    {"23505", EEXIST}, {"23", EINVAL},	     {"22", EINVAL},   {"53100", ENOSPC}, {"53200", ENOMEM},
    {"53", ENOTCONN},  {"57014", ETIMEDOUT}, {"57", ENOTCONN}, {"08", ENOTCONN},  {"40", EBUSY},
    {"55P03", EBUSY},  {"58", EIO},	     {"25006", EIO},   {"25P02", EPROTO}, {"XX", EIO},
};

static int errno_of(const char *state)
{
	/* What libpq says by itself has no SQLSTATE: the connection is gone, whatever PQstatus
	 * still believes. */
	if (!state)
		return ENOTCONN;
	for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (text_starts(state, states[i].state))
			return states[i].err;
	}
	return EPROTO;
}

static int failed(struct store *s, const PGresult *res)
{
	const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
	int err = errno_of(state);

	error_set(s, res ? PQresultErrorMessage(res) : PQerrorMessage(conn_of(s)));
	if (PQstatus(conn_of(s)) != CONNECTION_OK)
		err = ENOTCONN;
	if (err == ENOTCONN)
		s->lost = true;
	return err;
}

static int result_of(struct store *s, const PGresult *res)
{
	const ExecStatusType st = PQresultStatus(res);

	if (st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK || st == PGRES_PIPELINE_SYNC)
		return 0;
	return failed(s, res);
}

static int script(struct store *s, const char *sql)
{
	PGresult *res = PQexec(conn_of(s), sql);
	/* COMMIT of a transaction that had failed succeeds as a ROLLBACK. */
	bool undone =
	    res && strcmp(sql, "COMMIT") == 0 && strcmp(PQcmdStatus(res), "ROLLBACK") == 0;
	int err = undone ? EIO : result_of(s, res);

	PQclear(res);
	return err;
}

static void notice(void *arg, const PGresult *res)
{
}

static int settings(struct store *s)
{
	char sql[160];
	int err;

	/* A server set to lose what it said was committed isn't one for us. */
	snprintf(sql, sizeof(sql),
		 "SELECT set_config('synchronous_commit', 'on', false) "
		 "WHERE current_setting('synchronous_commit') = 'off'");
	err = script(s, sql);
	/* Our statements are short and asked often: compiling one takes longer than it does. */
	snprintf(sql, sizeof(sql),
		 "SET jit = off; SET statement_timeout = %u; SET lock_timeout = %d",
		 s->o.query_ms ? s->o.query_ms : 60000, STORE_BUSY_MS);
	if (!err)
		err = script(s, sql);
	/* Questions have many conditions, most of them empty: planned for their values, those
	 * that are empty cost nothing a row. What an index holds isn't read off whole tables by
	 * many processes beside calls. Who writes plans once. */
	if (!err && s->o.query_ms)
		err = script(s,
			     "SET plan_cache_mode = force_custom_plan;"
			     "SET random_page_cost = 1.1; SET max_parallel_workers_per_gather = 0");
	if (!err && s->o.reader)
		err = script(s, "SET default_transaction_read_only = on");
	return err;
}

static int pg_open(struct store *s)
{
	/* Ours first: what the administrator's conninfo says overrides it. */
	const char *const keys[] = {"connect_timeout", "tcp_user_timeout",
				    "client_encoding", "fallback_application_name",
				    "dbname",	       NULL};
	const char *const values[] = {CONNECT_S, DEAD_PEER_MS, "UTF8", "zongji", s->where, NULL};
	PGconn *conn = PQconnectdbParams(keys, values, 1);

	if (!conn)
		return ENOMEM;
	s->conn = conn;
	if (PQstatus(conn) != CONNECTION_OK)
		return failed(s, NULL);
	PQsetNoticeReceiver(conn, notice, NULL);
	return settings(s);
}

static void pg_close(struct store *s)
{
	PQfinish(conn_of(s));
	s->conn = NULL;
	s->lost = false;
	store_forget_prepared(s);
	s->pipeline = false;
	s->sent = 0;
}

/* An idle connection that has something to read: a notice, or the server's farewell and its end. */
static bool alive(struct store *s)
{
	PGconn *conn = conn_of(s);
	struct pollfd p = {.fd = PQsocket(conn), .events = POLLIN};

	if (s->lost || PQstatus(conn) != CONNECTION_OK)
		return false;
	for (unsigned i = 0; i < NOTICES && poll(&p, 1, 0) > 0; i++) {
		if (!PQconsumeInput(conn) || PQstatus(conn) != CONNECTION_OK)
			return false;
	}
	return true;
}

static int pg_ready(struct store *s)
{
	if (s->conn && alive(s))
		return 0;
	if (s->conn)
		pg_close(s);
	return pg_open(s);
}

static int drain(struct store *s)
{
	PGconn *conn = conn_of(s);
	int err = 0, empty = 0;

	if (!PQpipelineSync(conn))
		return failed(s, NULL);
	/* Each statement's results end in NULL; the last of all is the sync. Two NULLs in a row
	 * come from a connection that is lost. */
	while (empty < 2) {
		PGresult *res = PQgetResult(conn);
		ExecStatusType st = PQresultStatus(res);

		empty = res ? 0 : empty + 1;
		if (res && st != PGRES_PIPELINE_ABORTED && !err)
			err = result_of(s, res);
		PQclear(res);
		if (res && st == PGRES_PIPELINE_SYNC)
			break;
	}
	if (empty >= 2 && !err)
		err = failed(s, NULL);
	s->sent = 0;
	return err;
}

static int pg_flush(struct store *s)
{
	int err = s->pending_err;

	s->pending_err = 0;
	if (!s->pipeline)
		return err;
	if (s->sent > 0) {
		int drained = drain(s);

		if (!err)
			err = drained;
	}
	s->pipeline = false;
	if (!PQexitPipelineMode(conn_of(s)) && !err)
		err = failed(s, NULL);
	return err;
}

static int pg_prepare(struct store *s, struct store_prepared *p)
{
	PGresult *res;
	int err = pg_flush(s);

	if (err)
		return err;
	res = PQprepare(conn_of(s), p->st->name, p->st->sql, 0, NULL);
	err = result_of(s, res);
	PQclear(res);
	return err;
}

static void pg_unprepare(struct store_prepared *p)
{
}

struct texts {
	const char *v[STORE_VALUES];
	char number[STORE_VALUES][24];
};

static void texts_fill(struct texts *t, const struct store_value *v, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		switch (v[i].type) {
		case STORE_NULL:
			t->v[i] = NULL;
			break;
		case STORE_INT:
			snprintf(t->number[i], sizeof(t->number[i]), "%" PRId64, v[i].i);
			t->v[i] = t->number[i];
			break;
		case STORE_TEXT:
			t->v[i] = v[i].s ? v[i].s : "";
			break;
		}
	}
}

static int pg_run(struct store *s, struct store_prepared *p, const struct store_value *v,
		  unsigned count, store_row_h *row_h, void *arg)
{
	struct store_row row = {.s = s};
	struct texts t;
	PGresult *res;
	int err, rows;

	texts_fill(&t, v, count);
	res = PQexecPrepared(conn_of(s), p->st->name, (int)count, t.v, NULL, NULL, 0);
	err = result_of(s, res);
	rows = err ? 0 : PQntuples(res);
	row.result = res;
	for (row.row = 0; row_h && !err && row.row < rows; row.row++)
		err = row_h(&row, arg);
	s->changed = res ? strtoull(PQcmdTuples(res), NULL, 10) : 0;
	PQclear(res);
	return err;
}

static int pg_queue(struct store *s, struct store_prepared *p, const struct store_value *v,
		    unsigned count)
{
	struct texts t;

	if (!s->pipeline) {
		if (!PQenterPipelineMode(conn_of(s)))
			return failed(s, NULL);
		s->pipeline = true;
		s->sent = 0;
	}
	texts_fill(&t, v, count);
	if (!PQsendQueryPrepared(conn_of(s), p->st->name, (int)count, t.v, NULL, NULL, 0))
		return failed(s, NULL);
	if (++s->sent >= PIPELINE_SYNC)
		s->pending_err = drain(s);
	return s->pending_err;
}

/* --- COPY: a line a row, values apart by tabs --- */

#define COPY_SEND 65536 /* bytes that are handed over together */

static int line_room(struct store *s, size_t more)
{
	size_t cap = s->line_cap ? s->line_cap : COPY_SEND + 4096;
	char *line;

	while (cap < s->line_len + more)
		cap *= 2;
	if (cap == s->line_cap)
		return 0;
	line = realloc(s->line, cap);
	if (!line)
		return ENOMEM;
	s->line = line;
	s->line_cap = cap;
	return 0;
}

static void text_put(struct store *s, const char *text)
{
	static const char plain[] = "\\\t\n\r", named[] = "\\tnr";

	for (; *text; text++) {
		const char *special = strchr(plain, *text);

		if (special) {
			s->line[s->line_len++] = '\\';
			s->line[s->line_len++] = named[special - plain];
		} else {
			s->line[s->line_len++] = *text;
		}
	}
}

static int copy_send(struct store *s)
{
	int ok = PQputCopyData(conn_of(s), s->line, (int)s->line_len);

	s->line_len = 0;
	return ok == 1 ? 0 : failed(s, NULL);
}

static int copy_begin(struct store *s, const char *sql)
{
	PGresult *res = PQexec(conn_of(s), sql);
	int err = PQresultStatus(res) == PGRES_COPY_IN ? 0 : failed(s, res);

	PQclear(res);
	s->line_len = 0;
	return err;
}

static int copy_row(struct store *s, const struct store_value *v, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const char *text = v[i].type == STORE_TEXT && v[i].s ? v[i].s : "";

		if (line_room(s, 32 + 2 * strlen(text)))
			return ENOMEM;
		if (i > 0)
			s->line[s->line_len++] = '\t';
		if (v[i].type == STORE_INT)
			s->line_len += (size_t)sprintf(s->line + s->line_len, "%" PRId64, v[i].i);
		else if (v[i].type == STORE_TEXT)
			text_put(s, text);
		else
			s->line_len += (size_t)sprintf(s->line + s->line_len, "\\N");
	}
	s->line[s->line_len++] = '\n';
	return s->line_len >= COPY_SEND ? copy_send(s) : 0;
}

static int copy_end(struct store *s, bool ok)
{
	PGconn *conn = conn_of(s);
	int err = ok && s->line_len > 0 ? copy_send(s) : 0;
	PGresult *res;

	if (PQputCopyEnd(conn, ok && !err ? NULL : "given up") != 1 && !err)
		err = failed(s, NULL);
	while ((res = PQgetResult(conn))) {
		int e = result_of(s, res);

		err = err ? err : e;
		PQclear(res);
	}
	return err;
}

static int64_t row_int(const struct store_row *row, unsigned col)
{
	return strtoll(PQgetvalue(row->result, row->row, (int)col), NULL, 10);
}

static const char *row_text(const struct store_row *row, unsigned col)
{
	return PQgetvalue(row->result, row->row, (int)col);
}

static bool row_null(const struct store_row *row, unsigned col)
{
	return PQgetisnull(row->result, row->row, (int)col);
}

const struct store_ops store_postgres_ops = {
    .open = pg_open,
    .close = pg_close,
    .ready = pg_ready,
    .prepare = pg_prepare,
    .unprepare = pg_unprepare,
    .run = pg_run,
    .queue = pg_queue,
    .flush = pg_flush,
    .copy_begin = copy_begin,
    .copy_row = copy_row,
    .copy_end = copy_end,
    .script = script,
    .row_int = row_int,
    .row_text = row_text,
    .row_null = row_null,
    .begin = "BEGIN",
    .begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
};
