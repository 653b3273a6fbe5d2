#include "records/accounts.h"

#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "base/clock.h"
#include "records/priv.h"

/* OWASP's argon2id: 19 MiB, two passes. */
#define ARGON_OPS   2
#define ARGON_BYTES (19u << 20)

static const struct store_statement sql_add = {
    "records_account_add", "INSERT INTO accounts (org, name, password, role, person, enabled)"
			   " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id"};
static const struct store_statement sql_password = {
    "records_account_password", "UPDATE accounts SET password = $2 WHERE name = $1"};
static const struct store_statement sql_set = {
    "records_account_set",
    "UPDATE accounts SET role = $2, person = $3, enabled = $4, org = $5 WHERE name = $1"};
static const struct store_statement sql_list = {
    "records_accounts", "SELECT id, org, person, role, enabled, name, '' FROM accounts"
			" WHERE (CAST($1 AS BIGINT) = 0 OR org = $1) ORDER BY name"};
static const struct store_statement sql_find = {
    "records_account_find",
    "SELECT id, org, person, role, enabled, name, password FROM accounts WHERE name = $1"};
const char *records_role_name(enum records_role r)
{
	static const char *const names[RECORDS_ROLE_COUNT] = {
	    [RECORDS_STAFF] = "staff",
	    [RECORDS_OPERATOR] = "operator",
	    [RECORDS_MANAGER] = "manager",
	    [RECORDS_ADMIN] = "admin",
	};

	return r < RECORDS_ROLE_COUNT ? names[r] : "";
}

int records_role_parse(const char *name, enum records_role *out)
{
	for (unsigned r = 0; r < RECORDS_ROLE_COUNT; r++) {
		if (text_eq(records_role_name(r), name)) {
			*out = (enum records_role)r;
			return 0;
		}
	}
	return EINVAL;
}

static bool name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || !text_utf8_valid(name, len) || name[0] == ' ' || name[len - 1] == ' ')
		return false;
	for (const char *c = name; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	}
	return true;
}

static bool password_ok(const char *password)
{
	size_t len = strlen(password), characters = 0;

	for (const char *c = password; *c; c++)
		characters += ((unsigned char)*c & 0xc0) != 0x80;
	return characters >= RECORDS_PASSWORD_MIN && len <= RECORDS_PASSWORD_MAX;
}

int records_secret_hash(const char *secret, char out[RECORDS_SECRET_HASH])
{
	return crypto_pwhash_str(out, secret, strlen(secret), ARGON_OPS, ARGON_BYTES) ? ENOMEM : 0;
}

static int id_row(const struct store_row *row, void *arg)
{
	*(int64_t *)arg = store_row_int(row, 0);
	return 0;
}

static json_t *account_json(const struct records_account *a)
{
	return json_pack("{s:s, s:s, s:I, s:b}", "name", a->name, "role",
			 records_role_name(a->role), "person", (json_int_t)a->person, "enabled",
			 a->enabled);
}

/* In a transaction; takes over `after`. */
static int account_history(struct store *s, uint32_t org, const char *what, int64_t id,
			   const char *by, json_t *after)
{
	const struct history_item item = {.org = org,
					  .at_ms = clock_wall_ms(),
					  .by = by,
					  .what = what,
					  .item = id,
					  .after = after};
	int err = records_history_write(s, &item);

	json_decref(after);
	return err;
}

static int end(struct store *s, int err)
{
	if (!err)
		return store_commit(s);
	store_rollback(s);
	return err;
}

int records_account_add(struct records_db *db, const struct records_account *a,
			const char *password, const char *by, int64_t *id)
{
	char hashed[crypto_pwhash_STRBYTES];
	const struct store_value v[] = {STORE_I(a->org),    STORE_S(a->name),
					STORE_S(hashed),    STORE_S(records_role_name(a->role)),
					STORE_I(a->person), STORE_I(a->enabled)};
	int64_t made = 0;
	int err;

	if (!name_ok(a->name) || !password_ok(password) || a->role >= RECORDS_ROLE_COUNT)
		return EINVAL;
	/* The slow part comes first: nobody waits for a lock meanwhile. */
	err = records_secret_hash(password, hashed);
	if (!err)
		err = store_begin(db->s);
	if (err)
		return err;
	err = store_run(db->s, &sql_add, v, 6, id_row, &made);
	if (!err)
		err = account_history(db->s, a->org, "account", made, by, account_json(a));
	err = end(db->s, err);
	if (!err && id)
		*id = made;
	return err;
}

struct found {
	struct records_account a;
	char password[crypto_pwhash_STRBYTES];
	bool there;
	records_account_h *h;
	void *arg;
};

static int account_row(const struct store_row *row, void *arg)
{
	struct found *f = arg;
	enum records_role role = RECORDS_STAFF;

	/* A role of a newer program counts as the least. */
	(void)records_role_parse(store_row_text(row, 3), &role);
	f->a = (struct records_account){
	    .id = store_row_int(row, 0),
	    .org = (uint32_t)store_row_int(row, 1),
	    .person = (uint32_t)store_row_int(row, 2),
	    .role = role,
	    .enabled = store_row_int(row, 4) != 0,
	};
	TEXT_COPY(f->a.name, store_row_text(row, 5));
	TEXT_COPY(f->password, store_row_text(row, 6));
	f->there = true;
	return f->h ? f->h(&f->a, f->arg) : 0;
}

static int account_find(struct store *s, const char *name, struct found *f)
{
	const struct store_value v = STORE_S(name);

	memset(f, 0, sizeof(*f));
	return store_run(s, &sql_find, &v, 1, account_row, f);
}

int records_account_password(struct records_db *db, const char *name, const char *password,
			     const char *by)
{
	char hashed[crypto_pwhash_STRBYTES];
	const struct store_value v[] = {STORE_S(name), STORE_S(hashed)};
	struct found f;
	int err;

	if (!password_ok(password) || !name_ok(name))
		return EINVAL;
	err = records_secret_hash(password, hashed);
	if (!err)
		err = store_begin(db->s);
	if (err)
		return err;
	err = account_find(db->s, name, &f);
	if (!err && !f.there)
		err = ENOENT;
	if (!err)
		err = store_run(db->s, &sql_password, v, 2, NULL, NULL);
	if (!err)
		err = account_history(db->s, f.a.org, "account_password", f.a.id, by, NULL);
	return end(db->s, err);
}

int records_account_set(struct records_db *db, const struct records_account *a, const char *by)
{
	const struct store_value v[] = {STORE_S(a->name), STORE_S(records_role_name(a->role)),
					STORE_I(a->person), STORE_I(a->enabled), STORE_I(a->org)};
	struct found f;
	int err;

	if (!name_ok(a->name) || a->role >= RECORDS_ROLE_COUNT)
		return EINVAL;
	err = store_begin(db->s);
	if (err)
		return err;
	err = account_find(db->s, a->name, &f);
	if (!err && !f.there)
		err = ENOENT;
	if (!err)
		err = store_run(db->s, &sql_set, v, 5, NULL, NULL);
	if (!err)
		err = account_history(db->s, a->org, "account", f.a.id, by, account_json(a));
	return end(db->s, err);
}

int records_accounts(struct records_db *db, uint32_t org, records_account_h *h, void *arg)
{
	const struct store_value v = STORE_I(org);
	struct found f = {.h = h, .arg = arg};

	return store_run(db->s, &sql_list, &v, 1, account_row, &f);
}

int records_sign_in(struct records_db *db, const char *name, const char *password,
		    struct records_account *out)
{
	/* Of nobody's password: an unknown name takes as long as a known one. */
	static const char nobody[crypto_pwhash_STRBYTES] =
	    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA"
	    "$E3a8rLb4X8dUtNwXbTqPBQ0o7ajyM2cGmBWf8gFUe5w";
	struct found f;
	bool right;
	int err;

	if (!name_ok(name) || strlen(password) > RECORDS_PASSWORD_MAX)
		return EACCES;
	err = account_find(db->s, name, &f);
	if (err)
		return err;
	right = crypto_pwhash_str_verify(f.there ? f.password : nobody, password,
					 strlen(password)) == 0;
	sodium_memzero(f.password, sizeof(f.password));
	if (!right || !f.there || !f.a.enabled)
		return EACCES;
	*out = f.a;
	return 0;
}
