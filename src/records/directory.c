/* Organisations, the snapshot that the exchange reads, and the credentials of extensions. */
#include "records/directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "records/tables.h"

static const struct store_statement sql_orgs = {
    "records_orgs", "SELECT id, kind, name FROM organisations ORDER BY id"};
static const struct store_statement sql_org_set = {
    "records_org_set",
    "INSERT INTO organisations (id, kind, name) VALUES ($1, $2, $3)"
    " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name"};
static const struct store_statement sql_version = {
    "records_directory_version", "SELECT directory_version FROM organisations WHERE id = $1"};
static const struct store_statement sql_changed = {
    "records_directory_changed",
    "INSERT INTO organisations (id, kind, name, directory_version) VALUES ($1, 0, '', 1)"
    " ON CONFLICT (id) DO UPDATE SET"
    " directory_version = organisations.directory_version + 1"};
static const struct store_statement sql_credentials = {
    "records_credentials",
    "SELECT org, id, algorithm, sip_user, ha1_md5, ha1_sha256 FROM extensions"
    " WHERE (CAST($1 AS BIGINT) = 0 OR org = $1) ORDER BY org, id"};
static const struct store_statement sql_user = {
    "records_extension_user", "SELECT sip_user FROM extensions WHERE org = $1 AND id = $2"};
static const struct store_statement sql_secret = {
    "records_extension_secret",
    "UPDATE extensions SET ha1_md5 = $3, ha1_sha256 = $4 WHERE org = $1 AND id = $2"};

/* --- organisations --- */

struct org_rows {
	records_org_h *h;
	void *arg;
};

static int org_row(const struct store_row *row, void *arg)
{
	struct org_rows *rows = arg;
	struct records_org o = {
	    .id = (uint32_t)store_row_int(row, 0),
	    .kind = (uint8_t)store_row_int(row, 1),
	};

	TEXT_COPY(o.name, store_row_text(row, 2));
	return rows->h(&o, rows->arg);
}

int records_orgs(struct records_db *db, records_org_h *h, void *arg)
{
	struct org_rows rows = {h, arg};

	return store_run(db->s, &sql_orgs, NULL, 0, org_row, &rows);
}

int records_org_set(struct records_db *db, const struct records_org *o, const char *by)
{
	const struct store_value v[] = {STORE_I(o->id), STORE_I(o->kind), STORE_S(o->name)};
	struct history_item item = {.org = o->id,
				    .at_ms = clock_wall_ms(),
				    .by = by,
				    .what = "organisation",
				    .item = o->id};
	int err;

	if (!o->id || !text_utf8_valid(o->name, strlen(o->name)))
		return EINVAL;
	item.after = json_pack("{s:s, s:i}", "name", o->name, "kind", o->kind);
	err = store_begin(db->s);
	if (err)
		goto out;
	err = store_queue(db->s, &sql_org_set, v, 3);
	if (!err)
		err = records_history_write(db->s, &item);
	if (!err)
		err = store_commit(db->s);
	else
		store_rollback(db->s);
out:
	json_decref(item.after);
	return err;
}

/* --- the snapshot --- */

static int version_row(const struct store_row *row, void *arg)
{
	*(uint32_t *)arg = (uint32_t)store_row_int(row, 0);
	return 0;
}

int records_directory_version(struct records_db *db, uint32_t org, uint32_t *version)
{
	const struct store_value v = STORE_I(org);
	uint32_t found = 0;
	int err = store_run(db->s, &sql_version, &v, 1, version_row, &found);

	if (!err)
		*version = found;
	return err;
}

int records_directory_changed(struct store *s, uint32_t org)
{
	const struct store_value v = STORE_I(org);

	return store_queue(s, &sql_changed, &v, 1);
}

/* Everything in one allocation: the struct, the three tables, the index. */
static int snapshot(uint32_t org, uint32_t version, const struct rows r[RECORDS_FILES],
		    struct directory **dp, char *clash, size_t clash_cap)
{
	struct directory counts = {
	    .org = org,
	    .version = version,
	    .extension_count = r[RECORDS_EXTENSIONS].count,
	    .person_count = r[RECORDS_PEOPLE].count,
	    .department_count = r[RECORDS_DEPARTMENTS].count,
	};
	size_t people = sizeof(struct directory_person) * counts.person_count;
	size_t departments = sizeof(struct directory_department) * counts.department_count;
	size_t extensions = sizeof(struct directory_extension) * counts.extension_count;
	struct directory *d = calloc(1, sizeof(*d) + people + departments + extensions +
					    directory_index_bytes(&counts));
	struct directory_person *p = (void *)(d + 1);
	struct directory_department *dep;
	struct directory_extension *e;
	int err;

	if (!d)
		return ENOMEM;
	*d = counts;
	dep = (void *)(p + counts.person_count);
	e = (void *)(dep + counts.department_count);
	for (uint32_t i = 0; i < d->person_count; i++)
		p[i] = ((struct person_row *)records_rows_at(&r[0], RECORDS_PEOPLE, i))->p;
	for (uint32_t i = 0; i < d->department_count; i++)
		dep[i] =
		    ((struct department_row *)records_rows_at(&r[1], RECORDS_DEPARTMENTS, i))->d;
	for (uint32_t i = 0; i < d->extension_count; i++)
		e[i] = ((struct extension_row *)records_rows_at(&r[2], RECORDS_EXTENSIONS, i))->e;
	d->people = p;
	d->departments = dep;
	d->extensions = e;
	err = directory_index(d, e + d->extension_count, clash, clash_cap);
	if (err)
		free(d);
	else
		*dp = d;
	return err;
}

int records_directory_load(struct records_db *db, uint32_t org, struct directory **dp, char *clash,
			   size_t clash_cap)
{
	struct rows r[RECORDS_FILES] = {0};
	uint32_t version = 0;
	int err = store_begin_read(db->s);

	if (err)
		return err;
	err = records_directory_version(db, org, &version);
	for (unsigned f = 0; f < RECORDS_FILES && !err; f++)
		err = records_rows_load(db->s, org, f, &r[f]);
	if (err)
		store_rollback(db->s);
	else
		err = store_commit(db->s);
	if (!err)
		err = snapshot(org, version, r, dp, clash, clash_cap);
	records_rows_free(r);
	return err;
}

void records_directory_free(struct directory *d)
{
	free(d);
}

/* --- credentials --- */

struct credential_rows {
	records_credential_h *h;
	void *arg;
};

static int credential_row(const struct store_row *row, void *arg)
{
	struct credential_rows *rows = arg;
	struct records_credential c = {
	    .org = (uint32_t)store_row_int(row, 0),
	    .extension = (uint32_t)store_row_int(row, 1),
	    .algorithm = store_row_int(row, 2) ? RECORDS_SHA256 : RECORDS_MD5,
	};

	TEXT_COPY(c.user, store_row_text(row, 3));
	TEXT_COPY(c.ha1_md5, store_row_text(row, 4));
	TEXT_COPY(c.ha1_sha256, store_row_text(row, 5));
	return rows->h(&c, rows->arg);
}

int records_credentials(struct records_db *db, uint32_t org, records_credential_h *h, void *arg)
{
	const struct store_value v = STORE_I(org);
	struct credential_rows rows = {h, arg};

	return store_run(db->s, &sql_credentials, &v, 1, credential_row, &rows);
}

static int user_row(const struct store_row *row, void *arg)
{
	(void)text_copy(arg, RECORDS_USER, store_row_text(row, 0));
	return 0;
}

static int digest(const EVP_MD *md, const char *text, char *hex, size_t cap)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!EVP_Digest(text, strlen(text), out, &len, md, NULL) || cap < 2 * len + 1)
		return EIO;
	for (unsigned i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", out[i]);
	OPENSSL_cleanse(out, sizeof(out));
	return 0;
}

static int ha1_both(const char *user, const char *realm, const char *secret, char md5[33],
		    char sha256[65])
{
	char text[512];
	int n = snprintf(text, sizeof(text), "%s:%s:%s", user, realm, secret);
	int err = n < 0 || (size_t)n >= sizeof(text) ? EINVAL : 0;

	if (!err)
		err = digest(EVP_md5(), text, md5, 33);
	if (!err)
		err = digest(EVP_sha256(), text, sha256, 65);
	OPENSSL_cleanse(text, sizeof(text));
	return err;
}

int records_extension_secret_set(struct records_db *db, uint32_t org, uint32_t extension,
				 const char *realm, const char *secret, const char *by)
{
	char user[RECORDS_USER] = "", md5[33], sha256[65];
	const struct store_value v[] = {STORE_I(org), STORE_I(extension), STORE_S(md5),
					STORE_S(sha256)};
	const struct history_item item = {.org = org,
					  .at_ms = clock_wall_ms(),
					  .by = by,
					  .what = "extension_secret",
					  .item = extension};
	int err;

	if (!secret[0])
		return EINVAL;
	err = store_begin(db->s);
	if (err)
		return err;
	err = store_run(db->s, &sql_user, v, 2, user_row, user);
	if (!err && !user[0])
		err = ENOENT;
	if (!err)
		err = ha1_both(user, realm, secret, md5, sha256);
	if (!err)
		err = store_run(db->s, &sql_secret, v, 4, NULL, NULL);
	if (!err)
		err = records_history_write(db->s, &item);
	if (!err)
		err = records_directory_changed(db->s, org);
	if (!err)
		return store_commit(db->s);
	store_rollback(db->s);
	return err;
}
