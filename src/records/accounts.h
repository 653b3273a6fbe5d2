/*
 * Accounts. Passwords are hashed by argon2id (libsodium, 19 MiB, about 40 ms):
 * from a worker, never from the call thread or MHD's. How often somebody may try is http's.
 */
#ifndef RECORDS_ACCOUNTS_H
#define RECORDS_ACCOUNTS_H

#include "records/records.h"

#define RECORDS_ACCOUNT_NAME 64
#define RECORDS_PASSWORD_MIN 8	 /* characters */
#define RECORDS_PASSWORD_MAX 256 /* bytes */

enum records_role {
	RECORDS_STAFF,
	RECORDS_OPERATOR,
	RECORDS_MANAGER,
	RECORDS_ADMIN,
	RECORDS_ROLE_COUNT
};
const char *records_role_name(enum records_role r); /* "staff" "operator" "manager" "admin" */
int records_role_parse(const char *name, enum records_role *out); /* EINVAL */

struct records_account {
	int64_t id;
	uint32_t org;
	uint32_t person; /* in the directory, 0 none */
	enum records_role role;
	bool enabled;
	char name[RECORDS_ACCOUNT_NAME]; /* what is typed to sign in; unique */
};

/* EEXIST; EINVAL for a password or name that isn't allowed. *id may be NULL. */
int records_account_add(struct records_db *db, const struct records_account *a,
			const char *password, const char *by, int64_t *id);
int records_account_password(struct records_db *db, const char *name, const char *password,
			     const char *by); /* ENOENT */
/* Changes role, enabled, person. ENOENT. */
int records_account_set(struct records_db *db, const struct records_account *a, const char *by);
typedef int(records_account_h)(const struct records_account *a, void *arg);
int records_accounts(struct records_db *db, uint32_t org, records_account_h *h, void *arg);

/* EACCES for a wrong password, an unknown or disabled account alike and after the same work. */
int records_sign_in(struct records_db *db, const char *name, const char *password,
		    struct records_account *out);

#endif
