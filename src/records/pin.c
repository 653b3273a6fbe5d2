#include "records/pin.h"

#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "base/clock.h"
#include "records/priv.h"

static const struct store_statement sql_owner = {
    "records_pin_owner",
    "SELECT p.id, COALESCE((SELECT e.number FROM extensions e WHERE e.org = p.org"
    " AND e.id = p.extension), '') FROM people p WHERE p.org = $1 AND p.id = $2"};
static const struct store_statement sql_set = {
    "records_pin_set",
    "INSERT INTO pins (org, person, hash, wrong, locks, locked_until_ms, set_ms)"
    " VALUES ($1, $2, $3, 0, 0, 0, $4) ON CONFLICT (org, person) DO UPDATE SET"
    " hash = excluded.hash, wrong = 0, locks = 0, locked_until_ms = 0, set_ms = excluded.set_ms"};
static const struct store_statement sql_there = {
    "records_pin_there", "SELECT 1 FROM pins JOIN people p ON p.org = pins.org"
			 " AND p.id = pins.person WHERE pins.org = $1 AND pins.person = $2"};
/* A try is paid for before it is looked at. A lock that has run out begins a new row of tries. */
static const struct store_statement sql_try = {
    "records_pin_try",
    "UPDATE pins SET wrong = CASE WHEN locked_until_ms > 0 THEN 1 ELSE wrong + 1 END,"
    " locks = CASE WHEN locked_until_ms = 0 AND wrong + 1 >= $4 THEN locks + 1 ELSE locks END,"
    " locked_until_ms = CASE WHEN locked_until_ms > 0 OR wrong + 1 < $4 THEN 0 ELSE"
    " CAST($3 AS BIGINT) + CAST($5 AS BIGINT)"
    " * (CASE WHEN locks < $6 THEN locks + 1 ELSE $6 END) END"
    " WHERE org = $1 AND person = $2 AND locked_until_ms <= $3"
    " RETURNING hash, locked_until_ms"};
static const struct store_statement sql_right = {
    "records_pin_right", "UPDATE pins SET wrong = 0, locks = 0, locked_until_ms = 0"
			 " WHERE org = $1 AND person = $2 AND hash = $3"};

bool records_pin_fit(const char *pin)
{
	size_t n = strlen(pin), same = 0, up = 0, down = 0;

	if (n < RECORDS_PIN_MIN || n > RECORDS_PIN_MAX || strspn(pin, "0123456789") != n)
		return false;
	for (size_t i = 1; i < n; i++) {
		same += pin[i] == pin[i - 1];
		up += pin[i] == pin[i - 1] + 1;
		down += pin[i] == pin[i - 1] - 1;
	}
	return same < n - 1 && up < n - 1 && down < n - 1;
}

struct owner {
	bool there;
	char number[RECORDS_NUMBER];
};

static int owner_row(const struct store_row *row, void *arg)
{
	struct owner *o = arg;

	o->there = true;
	TEXT_COPY(o->number, store_row_text(row, 1));
	return 0;
}

static int end(struct store *s, int err)
{
	if (!err)
		return store_commit(s);
	store_rollback(s);
	return err;
}

/* In a transaction. */
static int set(struct store *s, uint32_t org, uint32_t person, const char *hash, const char *by)
{
	const struct history_item item = {
	    .org = org, .at_ms = clock_wall_ms(), .by = by, .what = "pin", .item = person};
	const struct store_value v[] = {STORE_I(org), STORE_I(person), STORE_S(hash),
					STORE_I(item.at_ms)};
	int err = store_run(s, &sql_set, v, 4, NULL, NULL);

	return err ? err : records_history_write(s, &item);
}

int records_pin_set(struct records_db *db, uint32_t org, uint32_t person, const char *pin,
		    const char *by)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(person)};
	char hash[RECORDS_SECRET_HASH];
	struct owner o = {0};
	int err;

	if (!records_pin_fit(pin))
		return EINVAL;
	err = store_run(db->s, &sql_owner, v, 2, owner_row, &o);
	if (!err && !o.there)
		err = ENOENT;
	if (!err && text_eq(o.number, pin))
		err = EINVAL;
	/* the slow part comes first: nobody waits for a lock meanwhile */
	if (!err)
		err = records_secret_hash(pin, hash);
	if (!err)
		err = store_begin(db->s);
	return err ? err : end(db->s, set(db->s, org, person, hash, by));
}

struct paid {
	bool there, locks; /* locks: this try was the last */
	char hash[RECORDS_SECRET_HASH];
};

static int there_row(const struct store_row *row, void *arg)
{
	(void)row;
	*(bool *)arg = true;
	return 0;
}

static int paid_row(const struct store_row *row, void *arg)
{
	struct paid *p = arg;

	p->there = true;
	TEXT_COPY(p->hash, store_row_text(row, 0));
	p->locks = store_row_int(row, 1) > 0;
	return 0;
}

/* In a transaction: the try is counted. */
static int pay(struct store *s, uint32_t org, uint32_t person, int64_t at_ms, struct paid *p)
{
	const struct store_value v[] = {STORE_I(org),
					STORE_I(person),
					STORE_I(at_ms),
					STORE_I(RECORDS_PIN_TRIES),
					STORE_I(RECORDS_PIN_LOCK_MS),
					STORE_I(RECORDS_PIN_LOCK_MAX)};

	return store_run(s, &sql_try, v, 6, paid_row, p);
}

/* The last of the tries was wrong: the lock stands in the history. */
static int locked(struct store *s, uint32_t org, uint32_t person, int64_t at_ms)
{
	const struct history_item item = {
	    .org = org, .at_ms = at_ms, .by = "", .what = "pin_locked", .item = person};
	int err = store_begin(s);

	return err ? err : end(s, records_history_write(s, &item));
}

static int right(struct store *s, uint32_t org, uint32_t person, const char *hash)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(person), STORE_S(hash)};

	return store_run(s, &sql_right, v, 3, NULL, NULL);
}

/* Takes as long as a PIN that is there. */
static int none(const char *pin, enum records_pin *out)
{
	char hash[RECORDS_SECRET_HASH];
	int err = records_secret_hash(pin, hash);

	sodium_memzero(hash, sizeof(hash));
	if (!err)
		*out = RECORDS_PIN_NONE;
	return err;
}

int records_pin_check(struct records_db *db, uint32_t org, uint32_t person, const char *pin,
		      int64_t at_ms, enum records_pin *out)
{
	const struct store_value v[] = {STORE_I(org), STORE_I(person)};
	enum records_pin found = RECORDS_PIN_LOCKED;
	struct paid p = {0};
	bool there = false;
	int err = store_run(db->s, &sql_there, v, 2, there_row, &there);

	if (!err && !there)
		return none(pin, out);
	if (!err)
		err = store_begin(db->s);
	if (!err)
		err = end(db->s, pay(db->s, org, person, at_ms, &p));
	if (err)
		return err;
	if (p.there && crypto_pwhash_str_verify(p.hash, pin, strlen(pin)) == 0) {
		found = RECORDS_PIN_RIGHT;
		err = right(db->s, org, person, p.hash);
	} else if (p.there) {
		found = RECORDS_PIN_WRONG;
		err = p.locks ? locked(db->s, org, person, at_ms) : 0;
	}
	sodium_memzero(p.hash, sizeof(p.hash));
	if (!err)
		*out = found;
	return err;
}
