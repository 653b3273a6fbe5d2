/* Reading a backup: item by item against a table of what may follow what, into a target or nowhere.
 */
#include "records/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "records/backup_stream.h"
#include "records/figures.h"
#include "records/priv.h"

#define BATCH 50000 /* rows of a transaction into SQLite: what isn't whole is removed anyway */

enum place { AT_START, BETWEEN, IN_TABLE, IN_FILE, AT_END };

struct reader {
	struct vault *v;
	const struct backup_target *target;
	char *why;
	enum place place;
	struct backup_manifest manifest;
	struct backup_counts all;
	struct copy_tables *tables;
	const struct copy_table *table;
	struct store *s;
	bool filling; /* between copy_write_begin and its end */
	unsigned in_tx;
	crypto_generichash_state hash;
	uint64_t count, size; /* of the entry */
	char name[BACKUP_PATH];
	FILE *f;
	struct backup_bytes item;
	char kind;
};

static int wrong(struct reader *r, int err, const char *what)
{
	if (r->why[0] == '\0') {
		(void)text_append(r->why, BACKUP_WHY, "byte %" PRIu64 " of the backup",
				  vault_at(r->v));
		if (r->name[0])
			(void)text_append(r->why, BACKUP_WHY, ", %s", r->name);
		(void)text_append(r->why, BACKUP_WHY, ": %s", what);
	}
	return err;
}

static int vault_wrong(struct reader *r, int err)
{
	if (err == ENODATA)
		return wrong(r, err, "the file ends here: it was cut off");
	if (err == EBADMSG)
		return wrong(r, err, "the file is damaged: it isn't what was written");
	return wrong(r, err, strerror(err));
}

static int item_get(struct reader *r)
{
	unsigned char head[5];
	int err = vault_get(r->v, head, sizeof(head));
	size_t n;

	if (err)
		return vault_wrong(r, err);
	n = head[1] | (size_t)head[2] << 8 | (size_t)head[3] << 16 | (size_t)head[4] << 24;
	r->kind = (char)head[0];
	r->item.len = 0;
	err = n > BACKUP_ITEM_MAX - 1 ? E2BIG : backup_bytes_room(&r->item, n + 1);
	if (err)
		return wrong(r, EBADMSG, "an item is too long");
	err = vault_get(r->v, r->item.at, n);
	if (err)
		return vault_wrong(r, err);
	r->item.len = n;
	r->item.at[n] = '\0';
	return 0;
}

static int json_get(struct reader *r, json_t **j)
{
	*j = json_loadb((const char *)r->item.at, r->item.len, 0, NULL);
	return *j ? 0 : wrong(r, EBADMSG, "no JSON where it should be");
}

static void words_take(struct backup_manifest *m, const char *program, const char *engine)
{
	TEXT_COPY(m->program, program);
	TEXT_COPY(m->engine, engine);
}

static int on_manifest(struct reader *r)
{
	const char *program = "", *engine = "";
	json_int_t made = 0;
	json_t *j;
	int format = 0, schema = 0;
	int err = json_get(r, &j);

	if (err)
		return err;
	if (json_unpack(j, "{s:i,s:i,s:s,s:s,s:I}", "format", &format, "schema", &schema, "program",
			&program, "engine", &engine, "made_ms", &made))
		err = wrong(r, EBADMSG, "the manifest lacks something");
	else if (format != BACKUP_FORMAT || copy_tables_of((unsigned)schema, &r->tables))
		err = wrong(r, EPROTO, "it was made by a newer program: use that one");
	r->manifest.schema = (unsigned)schema;
	r->manifest.made_ms = made;
	words_take(&r->manifest, program, engine);
	json_decref(j);
	r->place = BETWEEN;
	return err;
}

/* --- into the database --- */

static int store_begin_fill(struct reader *r)
{
	struct store_options o = {0};
	char what[COPY_NAME] = "";
	int err;

	if (r->s || !r->target->folder)
		return 0;
	err = r->target->store(r->target->arg, &o);
	if (err)
		return wrong(r, err, "no database to restore into");
	err = store_open(&r->s, &o, r->why, BACKUP_WHY);
	if (!err)
		err = copy_prepare(r->s, r->tables, what);
	if (err == EEXIST) {
		(void)text_append(r->why, BACKUP_WHY,
				  "the database to restore into isn't empty: it has rows in %s",
				  what);
		return err;
	}
	if (!err)
		err = store_begin(r->s);
	return err ? wrong(r, err, r->s ? store_error(r->s) : strerror(err)) : 0;
}

static int on_table(struct reader *r)
{
	json_t *j, *columns, *column;
	const char *name = "";
	size_t i;
	int err = json_get(r, &j);

	if (err)
		return err;
	if (json_unpack(j, "{s:s,s:o}", "table", &name, "columns", &columns))
		err = wrong(r, EBADMSG, "a table without a name");
	TEXT_COPY(r->name, name);
	r->table = copy_table_find(r->tables, name);
	if (!err && (!r->table || json_array_size(columns) != r->table->count))
		err = wrong(r, EBADMSG, "a table that its schema doesn't have");
	if (!err) {
		json_array_foreach(columns, i, column)
		{
			const char *text = json_string_value(column);

			if (!text || !text_eq(text, r->table->column[i]))
				err = wrong(r, EBADMSG, "columns that its schema doesn't have");
		}
	}
	json_decref(j);
	crypto_generichash_init(&r->hash, NULL, 0, BACKUP_HASH);
	r->count = 0;
	r->place = IN_TABLE;
	if (!err)
		err = store_begin_fill(r);
	if (!err && r->s) {
		err = copy_write_begin(r->s, r->table);
		r->filling = !err;
	}
	return err;
}

static int on_row(struct reader *r)
{
	struct store_value values[STORE_VALUES];
	int err = backup_row_unpack(r->item.at, r->item.len, r->table->count, values);

	if (err)
		return wrong(r, err, "a row that isn't one");
	crypto_generichash_update(&r->hash, r->item.at, r->item.len);
	r->count++;
	if (!r->s)
		return 0;
	if (store_engine_of(r->s) == STORE_SQLITE && ++r->in_tx >= BATCH) {
		r->in_tx = 0;
		err = store_commit(r->s);
		if (!err)
			err = store_begin(r->s);
	}
	if (!err)
		err = copy_write(r->s, r->table, values);
	return err ? wrong(r, err, store_error(r->s)) : 0;
}

/* --- into the folder --- */

static int folders_make(const char *folder, const char *path)
{
	char all[PATH_MAX];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(all, sizeof(all), "%s/%.*s", folder, (int)(slash - path), path);
		if (mkdir(all, 0700) && errno != EEXIST)
			return errno;
	}
	return 0;
}

static int file_create(struct reader *r, int mode)
{
	char path[PATH_MAX];
	int err, fd;

	if (!r->target->folder)
		return 0;
	err = folders_make(r->target->folder, r->name);
	if (err)
		return wrong(r, err, strerror(err));
	snprintf(path, sizeof(path), "%s/%s", r->target->folder, r->name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 0700);
	if (fd < 0)
		return wrong(r, errno, strerror(errno));
	r->f = fdopen(fd, "wb");
	return r->f ? 0 : ENOMEM;
}

static int on_file(struct reader *r)
{
	const char *path = "";
	json_int_t size = 0;
	json_t *j;
	int mode = 0;
	int err = json_get(r, &j);

	if (err)
		return err;
	if (json_unpack(j, "{s:s,s:i,s:I}", "path", &path, "mode", &mode, "bytes", &size) ||
	    size < 0 || !backup_path_plain(path))
		err = wrong(r, EBADMSG, "a file without a proper name");
	TEXT_COPY(r->name, path);
	json_decref(j);
	crypto_generichash_init(&r->hash, NULL, 0, BACKUP_HASH);
	r->count = 0;
	r->size = (uint64_t)size;
	r->place = IN_FILE;
	return err ? err : file_create(r, mode);
}

static int on_data(struct reader *r)
{
	crypto_generichash_update(&r->hash, r->item.at, r->item.len);
	r->count += r->item.len;
	if (r->count > r->size)
		return wrong(r, EBADMSG, "a file that is longer than it says");
	if (r->f && fwrite(r->item.at, 1, r->item.len, r->f) != r->item.len)
		return wrong(r, errno, strerror(errno));
	return 0;
}

static int file_close(struct reader *r)
{
	int err = 0;

	if (!r->f)
		return 0;
	if (fflush(r->f) || fsync(fileno(r->f)))
		err = errno;
	fclose(r->f);
	r->f = NULL;
	return err ? wrong(r, err, strerror(err)) : 0;
}

/* --- ends --- */

static int table_close(struct reader *r, bool ok)
{
	int err = r->filling ? copy_write_end(r->s, r->table, ok) : 0;

	r->filling = false;
	return err && ok ? wrong(r, err, store_error(r->s)) : 0;
}

static int on_entry_end(struct reader *r)
{
	const bool table = r->place == IN_TABLE;
	unsigned char sum[BACKUP_HASH];
	char hex[2 * BACKUP_HASH + 1];
	const char *said = "";
	json_int_t count = -1;
	json_t *j;
	int err = json_get(r, &j);

	if (err)
		return err;
	crypto_generichash_final(&r->hash, sum, sizeof(sum));
	sodium_bin2hex(hex, sizeof(hex), sum, sizeof(sum));
	if (json_unpack(j, "{s:I,s:s}", table ? "rows" : "bytes", &count, "blake2b", &said) ||
	    (uint64_t)count != r->count || !text_eq(said, hex) || (!table && r->count != r->size))
		err = wrong(r, EBADMSG, "the checksum differs");
	json_decref(j);
	r->all.tables += table;
	r->all.rows += table ? r->count : 0;
	r->all.files += !table;
	r->all.bytes += table ? 0 : r->count;
	r->place = BETWEEN;
	if (!err)
		err = table ? table_close(r, true) : file_close(r);
	r->name[0] = '\0';
	return err;
}

static int on_end(struct reader *r)
{
	json_int_t n[4] = {-1, -1, -1, -1};
	json_t *j;
	int err = json_get(r, &j);

	if (err)
		return err;
	if (json_unpack(j, "{s:I,s:I,s:I,s:I}", "tables", &n[0], "rows", &n[1], "files", &n[2],
			"bytes", &n[3]) ||
	    (uint64_t)n[0] != r->all.tables || (uint64_t)n[1] != r->all.rows ||
	    (uint64_t)n[2] != r->all.files || (uint64_t)n[3] != r->all.bytes ||
	    r->all.tables != r->tables->count)
		err = wrong(r, EBADMSG, "something is missing between its begin and its end");
	json_decref(j);
	r->place = AT_END;
	if (err)
		return err;
	err = vault_end(r->v);
	return err ? vault_wrong(r, err) : 0;
}

static const struct {
	char kind;
	enum place at;
	int (*take)(struct reader *r);
} items[] = {
    {'M', AT_START, on_manifest},  {'T', BETWEEN, on_table}, {'R', IN_TABLE, on_row},
    {'E', IN_TABLE, on_entry_end}, {'F', BETWEEN, on_file},  {'D', IN_FILE, on_data},
    {'E', IN_FILE, on_entry_end},  {'Z', BETWEEN, on_end},
};

static int item_take(struct reader *r)
{
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		if (items[i].kind == r->kind && items[i].at == r->place)
			return items[i].take(r);
	}
	return wrong(r, EBADMSG, "an item where none of its kind may be");
}

static int fill_end(struct reader *r)
{
	int err;

	if (!r->s)
		return 0;
	err = copy_numbers(r->s, r->tables);
	if (!err)
		err = store_commit(r->s);
	return err ? wrong(r, err, store_error(r->s)) : 0;
}

int backup_read(struct vault *v, const struct backup_target *t, struct backup_manifest *m,
		struct backup_counts *out, char why[BACKUP_WHY])
{
	struct reader r = {.v = v, .target = t, .why = why};
	int err = 0;

	why[0] = '\0';
	while (!err && r.place != AT_END) {
		err = item_get(&r);
		if (!err)
			err = item_take(&r);
	}
	if (!err) {
		err = fill_end(&r);
	} else if (r.s) {
		(void)table_close(&r, false);
		store_rollback(r.s);
	}
	if (!err) {
		*m = r.manifest;
		*out = r.all;
	}
	if (r.f)
		fclose(r.f);
	store_close(r.s);
	free(r.tables);
	free(r.item.at);
	return err;
}

int backup_derive(const struct store_options *to, const struct records_vocabulary *vocabulary,
		  char why[BACKUP_WHY])
{
	struct records_vocabulary v = *vocabulary;
	struct records_db *db = NULL;
	int err = records_db_open(&db, to, why, BACKUP_WHY);

	if (!err)
		err = records_vocabulary_index(&v);
	if (!err)
		err = records_rebuild_if_older(db->s, &v);
	if (err && db)
		(void)text_copy(why, BACKUP_WHY, records_db_error(db));
	records_db_close(db);
	return err;
}
