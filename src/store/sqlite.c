/* SQLite: write-ahead log, synchronous=FULL, so that a commit is on the disk when it returns. */
#include "store/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define PROGRESS_OPS 10000 /* virtual machine steps between two looks at the clock */

static sqlite3 *db_of(const struct store *s)
{
	return s->conn;
}

/* A file limit or a full disk shows as an I/O error with the system's number behind it. */
static int io_errno(sqlite3 *db)
{
	/* It forgets a failed write's number, errno still has it. */
	int e = sqlite3_system_errno(db) ? sqlite3_system_errno(db) : errno;

	return e == ENOSPC || e == EDQUOT || e == EFBIG ? ENOSPC : EIO;
}

struct code_errno {
	int code; /* primary or extended */
	int err;
};

/* The first that fits counts, extended codes before their primary. */
static const struct code_errno codes[] = {
    {SQLITE_CONSTRAINT_UNIQUE, EEXIST},
    {SQLITE_CONSTRAINT_PRIMARYKEY, EEXIST},
    {SQLITE_CONSTRAINT_ROWID, EEXIST},
    {SQLITE_CONSTRAINT, EINVAL},
    {SQLITE_MISMATCH, EINVAL},
    {SQLITE_TOOBIG, EINVAL},
    {SQLITE_RANGE, EINVAL},
    {SQLITE_FULL, ENOSPC},
    {SQLITE_BUSY, EBUSY},
    {SQLITE_LOCKED, EBUSY},
    {SQLITE_INTERRUPT, ETIMEDOUT},
    {SQLITE_NOMEM, ENOMEM},
    {SQLITE_CORRUPT, EIO},
    {SQLITE_NOTADB, EIO},
    {SQLITE_READONLY, EIO},
};

static int result_of(struct store *s, int rc)
{
	sqlite3 *db = db_of(s);
	int extended = db ? sqlite3_extended_errcode(db) : rc;

	if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
		return 0;
	TEXT_COPY(s->error, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
	if ((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN)
		return db ? io_errno(db) : EIO;
	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].code == extended || codes[i].code == (rc & 0xff))
			return codes[i].err;
	}
	return EPROTO;
}

static int script(struct store *s, const char *sql)
{
	/* After some errors SQLite has rolled back by itself. */
	if (strcmp(sql, "ROLLBACK") == 0 && sqlite3_get_autocommit(db_of(s)))
		return 0;
	return result_of(s, sqlite3_exec(db_of(s), sql, NULL, NULL, NULL));
}

static int progress(void *arg)
{
	const struct store *s = arg;

	return s->deadline_ms && clock_mono_ms() > s->deadline_ms;
}

/* The file holds password hashes and HA1: nobody else may read it, nor what stands beside it.
 * Only a file that isn't there is opened: closing any descriptor of a database drops the locks that
 * this process holds on it by another connection (POSIX, fcntl), and then a reader elsewhere takes
 * itself for the last one and deletes the write-ahead log. */
static int file_make(const struct store *s)
{
	int fd;

	if (s->o.reader || s->where[0] == '\0' || s->where[0] == ':')
		return 0;
	fd = open(s->where, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? 0 : errno;
	close(fd);
	return 0;
}

static int sqlite_open(struct store *s)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	sqlite3 *db = NULL;
	char pages[64];
	int err = file_make(s);

	if (err) {
		(void)text_append(s->error, sizeof(s->error), "%s: %s", s->where, strerror(err));
		return err;
	}
	err = sqlite3_open_v2(s->where, &db, flags, NULL);
	s->conn = db;
	err = result_of(s, err);
	if (err)
		return err;
	sqlite3_busy_timeout(db, STORE_BUSY_MS);
	if (s->o.query_ms)
		sqlite3_progress_handler(db, PROGRESS_OPS, progress, s);
	err = script(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			"PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=4000;"
			"PRAGMA journal_size_limit=67108864; PRAGMA trusted_schema=OFF");
	if (!err && s->o.reader)
		err = script(s, "PRAGMA query_only=ON");
	if (!err && s->o.max_pages) {
		snprintf(pages, sizeof(pages), "PRAGMA max_page_count=%u", s->o.max_pages);
		err = script(s, pages);
	}
	return err;
}

static void sqlite_close_all(struct store *s)
{
	for (unsigned i = 0; i < STORE_SLOTS; i++)
		sqlite3_finalize(s->prepared[i].handle);
	store_forget_prepared(s);
	sqlite3_close(db_of(s));
	s->conn = NULL;
}

static int sqlite_ready(struct store *s)
{
	return 0;
}

static int sqlite_prepare(struct store *s, struct store_prepared *p)
{
	sqlite3_stmt *stmt = NULL;
	char name[8];
	int rc =
	    sqlite3_prepare_v3(db_of(s), p->st->sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);

	if (rc != SQLITE_OK)
		return result_of(s, rc);
	for (unsigned i = 0; i < STORE_VALUES; i++) {
		snprintf(name, sizeof(name), "$%u", i + 1);
		p->place[i] = (uint8_t)sqlite3_bind_parameter_index(stmt, name);
	}
	p->handle = stmt;
	return 0;
}

static void sqlite_unprepare(struct store_prepared *p)
{
	sqlite3_finalize(p->handle);
}

static int bind_all(struct store *s, const struct store_prepared *p, const struct store_value *v,
		    unsigned count)
{
	sqlite3_stmt *stmt = p->handle;
	int rc = SQLITE_OK;

	for (unsigned i = 0; i < count && rc == SQLITE_OK; i++) {
		if (!p->place[i])
			continue;
		switch (v[i].type) {
		case STORE_NULL:
			rc = sqlite3_bind_null(stmt, p->place[i]);
			break;
		case STORE_INT:
			rc = sqlite3_bind_int64(stmt, p->place[i], v[i].i);
			break;
		case STORE_TEXT:
			rc = sqlite3_bind_text(stmt, p->place[i], v[i].s ? v[i].s : "", -1,
					       SQLITE_STATIC);
			break;
		}
	}
	return result_of(s, rc);
}

static int sqlite_run(struct store *s, struct store_prepared *p, const struct store_value *v,
		      unsigned count, store_row_h *row_h, void *arg)
{
	sqlite3_stmt *stmt = p->handle;
	struct store_row row = {.s = s, .result = stmt};
	int rc = SQLITE_DONE, stop = 0;
	int err = bind_all(s, p, v, count);

	if (err)
		goto out;
	s->deadline_ms = s->o.query_ms ? clock_mono_ms() + s->o.query_ms : 0;
	while (stop == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (row_h)
			stop = row_h(&row, arg);
	}
	err = stop ? stop : result_of(s, rc);
	s->changed = (uint64_t)sqlite3_changes(db_of(s));
out:
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	return err;
}

static int sqlite_queue(struct store *s, struct store_prepared *p, const struct store_value *v,
			unsigned count)
{
	return sqlite_run(s, p, v, count, NULL, NULL);
}

static int sqlite_flush(struct store *s)
{
	return 0;
}

static int64_t row_int(const struct store_row *row, unsigned col)
{
	return sqlite3_column_int64(row->result, (int)col);
}

static const char *row_text(const struct store_row *row, unsigned col)
{
	const unsigned char *t = sqlite3_column_text(row->result, (int)col);

	return t ? (const char *)t : "";
}

static bool row_null(const struct store_row *row, unsigned col)
{
	return sqlite3_column_type(row->result, (int)col) == SQLITE_NULL;
}

const struct store_ops store_sqlite_ops = {
    .open = sqlite_open,
    .close = sqlite_close_all,
    .ready = sqlite_ready,
    .prepare = sqlite_prepare,
    .unprepare = sqlite_unprepare,
    .run = sqlite_run,
    .queue = sqlite_queue,
    .flush = sqlite_flush,
    .script = script,
    .row_int = row_int,
    .row_text = row_text,
    .row_null = row_null,
    .begin = "BEGIN IMMEDIATE",
    .begin_read = "BEGIN",
};
