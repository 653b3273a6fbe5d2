/* Writing a backup, and moving a database. */
#include "records/backup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "records/backup_stream.h"

#define PEM_MAX 65536

struct backup_writer {
	struct vault *v;
	struct backup_bytes row;
	crypto_generichash_state hash;
	struct backup_counts all;
	uint64_t count; /* rows or bytes of the entry */
	char *why;
};

static int item_put(struct backup_writer *w, char kind, const void *bytes, size_t n)
{
	const unsigned char head[5] = {(unsigned char)kind, (unsigned char)n,
				       (unsigned char)(n >> 8), (unsigned char)(n >> 16),
				       (unsigned char)(n >> 24)};
	int err = vault_put(w->v, head, sizeof(head));

	if (kind == 'R' || kind == 'D')
		crypto_generichash_update(&w->hash, bytes, n);
	return err ? err : vault_put(w->v, bytes, n);
}

/* Takes j; NULL is ENOMEM. */
static int json_put(struct backup_writer *w, char kind, json_t *j)
{
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	int err = text ? item_put(w, kind, text, strlen(text)) : ENOMEM;

	free(text);
	json_decref(j);
	return err;
}

static int entry_begin(struct backup_writer *w, char kind, json_t *j)
{
	crypto_generichash_init(&w->hash, NULL, 0, BACKUP_HASH);
	w->count = 0;
	return json_put(w, kind, j);
}

static int entry_end(struct backup_writer *w, const char *what)
{
	unsigned char sum[BACKUP_HASH];
	char hex[2 * BACKUP_HASH + 1];

	crypto_generichash_final(&w->hash, sum, sizeof(sum));
	sodium_bin2hex(hex, sizeof(hex), sum, sizeof(sum));
	return json_put(w, 'E', json_pack("{s:I,s:s}", what, (json_int_t)w->count, "blake2b", hex));
}

static int row_put(const struct copy_table *t, const struct store_value *values, void *arg)
{
	struct backup_writer *w = arg;
	int err = backup_row_pack(&w->row, t, values);

	w->count++;
	return err ? err : item_put(w, 'R', w->row.at, w->row.len);
}

static int table_put(struct backup_writer *w, struct store *s, const struct copy_table *t)
{
	json_t *columns = json_array();
	int err;

	for (unsigned i = 0; i < t->count; i++)
		json_array_append_new(columns, json_string(t->column[i]));
	err = entry_begin(w, 'T', json_pack("{s:s,s:o}", "table", t->name, "columns", columns));
	if (!err)
		err = copy_read(s, t, row_put, w);
	if (!err)
		err = entry_end(w, "rows");
	if (err && w->why[0] == '\0')
		(void)text_append(w->why, BACKUP_WHY, "table %s after %" PRIu64 " rows: %s (%s)",
				  t->name, w->count, strerror(err), store_error(s));
	w->all.tables++;
	w->all.rows += w->count;
	return err;
}

/* --- files --- */

static int bytes_put(struct backup_writer *w, FILE *f, uint64_t size)
{
	unsigned char data[BACKUP_DATA];
	int err = 0;

	/* What a file has gained meanwhile isn't ours; one that has shrunk isn't whole. */
	while (!err && w->count < size) {
		size_t want =
		    size - w->count < sizeof(data) ? (size_t)(size - w->count) : sizeof(data);
		size_t n = fread(data, 1, want, f);

		if (n == 0)
			return EIO;
		w->count += n;
		err = item_put(w, 'D', data, n);
	}
	return err;
}

static int file_put(struct backup_writer *w, FILE *f, const char *to, mode_t mode, uint64_t size)
{
	int err = entry_begin(w, 'F',
			      json_pack("{s:s,s:i,s:I}", "path", to, "mode", (int)(mode & 0777),
					"bytes", (json_int_t)size));

	if (!err)
		err = bytes_put(w, f, size);
	if (!err)
		err = entry_end(w, "bytes");
	w->all.files++;
	w->all.bytes += size;
	return err;
}

/* In place: what stands between the lines of a private key goes. */
static size_t pem_public(char *text)
{
	char *from = text, *to = text;
	bool private = false;

	while (*from) {
		size_t n = strcspn(from, "\n");

		n += from[n] == '\n';
		if (text_starts(from, "-----BEGIN ") && memmem(from, n, "PRIVATE", 7))
		private = true;
		if (!private) {
			memmove(to, from, n);
			to += n;
		} else if (text_starts(from, "-----END ")) {
			private = false;
		}
		from += n;
	}
	*to = '\0';
	return (size_t)(to - text);
}

static int pem_put(struct backup_writer *w, FILE *f, const char *to, mode_t mode)
{
	char text[PEM_MAX] = "", name[BACKUP_PATH];
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	FILE *public;
	int err;

	text[n] = '\0';
	if (!strstr(text, "PRIVATE KEY")) {
		rewind(f);
		return file_put(w, f, to, mode, n);
	}
	n = pem_public(text);
	snprintf(name, sizeof(name), "%.*s.public.pem", (int)(sizeof(name) - 16), to);
	public = n > 0 ? fmemopen(text, n, "r") : NULL;
	if (!public)
		return n > 0 ? ENOMEM : 0;
	err = file_put(w, public, name, mode, n);
	fclose(public);
	return err;
}

static bool pem_named(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (text_eq(dot, ".pem") || text_eq(dot, ".key") || text_eq(dot, ".crt"));
}

int backup_file(struct backup_writer *w, const char *from, const char *to)
{
	FILE *f = fopen(from, "rbe");
	struct stat st;
	int err = 0;

	if (!backup_path_plain(to))
		err = EINVAL;
	else if (!f)
		err = errno == ENOENT ? -1 : errno;
	else if (fstat(fileno(f), &st))
		err = errno;
	else if (pem_named(to) && st.st_size < PEM_MAX)
		err = pem_put(w, f, to, st.st_mode);
	else
		err = file_put(w, f, to, st.st_mode, (uint64_t)st.st_size);
	if (f)
		fclose(f);
	if (err > 0 && w->why[0] == '\0')
		(void)text_append(w->why, BACKUP_WHY, "%s: %s", from, strerror(err));
	return err > 0 ? err : 0;
}

/* --- the whole --- */

static int head_put(struct backup_writer *w, const struct backup_options *o, unsigned schema,
		    enum store_engine engine)
{
	return json_put(w, 'M',
			json_pack("{s:i,s:s,s:i,s:s,s:I}", "format", BACKUP_FORMAT, "program",
				  o->program, "schema", (int)schema, "engine",
				  engine == STORE_SQLITE ? "sqlite" : "postgres", "made_ms",
				  (json_int_t)o->at_ms));
}

static int all_put(struct backup_writer *w, struct store *s, const struct copy_tables *t,
		   const struct backup_options *o)
{
	int err = head_put(w, o, t->version, store_engine_of(s));

	if (!err && o->files)
		err = o->files(w, false, o->arg);
	for (unsigned i = 0; i < t->count && !err; i++)
		err = table_put(w, s, &t->v[i]);
	if (!err && o->files)
		err = o->files(w, true, o->arg);
	if (!err)
		err = json_put(w, 'Z',
			       json_pack("{s:I,s:I,s:I,s:I}", "tables", (json_int_t)w->all.tables,
					 "rows", (json_int_t)w->all.rows, "files",
					 (json_int_t)w->all.files, "bytes",
					 (json_int_t)w->all.bytes));
	return err;
}

/* One state of the database, with the tables that its schema has. */
static int source_open(struct store **sp, struct copy_tables **tp, const struct store_options *from,
		       char why[BACKUP_WHY])
{
	struct store_options o = *from;
	unsigned version = 0;
	int err;

	o.query_ms = 0;
	err = store_open(sp, &o, why, BACKUP_WHY);
	if (!err)
		err = store_schema_version(*sp, &version);
	if (!err && version == 0) {
		(void)text_copy(why, BACKUP_WHY, "the database is empty");
		err = ENODATA;
	}
	if (!err) {
		err = copy_tables_of(version, tp);
		if (err == EPROTO)
			(void)text_append(why, BACKUP_WHY,
					  "the database is of a newer program (schema %u)",
					  version);
	}
	return err ? err : store_begin_read(*sp);
}

int backup_write(struct vault *v, const struct store_options *from, const struct backup_options *o,
		 struct backup_counts *out, char why[BACKUP_WHY])
{
	struct backup_writer w = {.v = v, .why = why};
	struct copy_tables *t = NULL;
	struct store *s = NULL;
	int err;

	why[0] = '\0';
	err = source_open(&s, &t, from, why);
	if (!err) {
		err = all_put(&w, s, t, o);
		store_rollback(s);
	}
	if (err && why[0] == '\0')
		(void)text_copy(why, BACKUP_WHY, strerror(err));
	if (!err)
		*out = w.all;
	free(w.row.at);
	free(t);
	store_close(s);
	return err;
}

/* --- moving --- */

#define MOVE_BATCH 50000 /* rows of a transaction into SQLite */

struct moving {
	struct store *to;
	struct copy_sum sum;
	unsigned in_tx;
};

static int move_row(const struct copy_table *t, const struct store_value *values, void *arg)
{
	struct moving *m = arg;
	int err = 0;

	copy_sum_add(&m->sum, t, values);
	if (store_engine_of(m->to) == STORE_SQLITE && ++m->in_tx >= MOVE_BATCH) {
		m->in_tx = 0;
		err = store_commit(m->to);
		if (!err)
			err = store_begin(m->to);
	}
	return err ? err : copy_write(m->to, t, values);
}

static int sum_row(const struct copy_table *t, const struct store_value *values, void *arg)
{
	copy_sum_add(arg, t, values);
	return 0;
}

static int table_move(struct moving *m, struct store *from, const struct copy_table *t,
		      char why[BACKUP_WHY])
{
	struct copy_sum there = {0};
	int err;

	m->sum = (struct copy_sum){0};
	err = copy_write_begin(m->to, t);
	if (!err) {
		int end;

		err = copy_read(from, t, move_row, m);
		end = copy_write_end(m->to, t, !err);
		err = err ? err : end;
	}
	if (!err)
		err = copy_read(m->to, t, sum_row, &there);
	if (!err && (there.rows != m->sum.rows || there.sum != m->sum.sum)) {
		(void)text_append(why, BACKUP_WHY,
				  "table %s: %" PRIu64 " rows were written, %" PRIu64
				  " are there, or their contents differ",
				  t->name, m->sum.rows, there.rows);
		return EBADMSG;
	}
	if (err)
		(void)text_append(why, BACKUP_WHY, "table %s after %" PRIu64 " rows: %s (%s; %s)",
				  t->name, m->sum.rows, strerror(err), store_error(from),
				  store_error(m->to));
	return err;
}

static int tables_move(struct moving *m, struct store *from, const struct copy_tables *t,
		       struct backup_counts *all, char why[BACKUP_WHY])
{
	int err = store_begin(m->to);

	if (err)
		return err;
	for (unsigned i = 0; i < t->count && !err; i++) {
		err = table_move(m, from, &t->v[i], why);
		all->tables++;
		all->rows += m->sum.rows;
	}
	if (!err)
		err = copy_numbers(m->to, t);
	if (!err)
		return store_commit(m->to);
	store_rollback(m->to);
	return err;
}

int backup_move(const struct store_options *from, const struct store_options *to,
		struct backup_counts *out, char why[BACKUP_WHY])
{
	struct backup_counts all = {0};
	struct moving m = {0};
	struct copy_tables *t = NULL;
	struct store *source = NULL;
	char what[COPY_NAME] = "";
	int err;

	why[0] = '\0';
	err = source_open(&source, &t, from, why);
	if (!err)
		err = store_open(&m.to, to, why, BACKUP_WHY);
	if (!err)
		err = copy_prepare(m.to, t, what);
	if (what[0])
		(void)text_append(why, BACKUP_WHY, "the target isn't empty: it has rows in %s",
				  what);
	if (!err)
		err = tables_move(&m, source, t, &all, why);
	if (err && why[0] == '\0')
		(void)text_append(why, BACKUP_WHY, "%s (%s)", strerror(err),
				  m.to ? store_error(m.to) : "");
	if (!err)
		*out = all;
	free(t);
	store_close(m.to);
	store_close(source);
	return err;
}
