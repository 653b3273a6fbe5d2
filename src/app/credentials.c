/* SIP users and their credentials, by user name, read from the database: the registrar asks for one
 * with every request that it authenticates. */
#include "app/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct entry {
	char user[SIP_USER];
	struct sip_credential credential;
};

struct app_credentials {
	size_t count, capacity, slots;
	struct entry *entry;
	uint32_t *slot; /* entry + 1, 0 empty */
	struct app *app;
	bool failed;
};

static int hex(const char *text, uint8_t *out, size_t len)
{
	if (strlen(text) != 2 * len)
		return EINVAL;
	for (size_t i = 0; i < len; i++) {
		char pair[3] = {text[2 * i], text[2 * i + 1], '\0'}, *end;

		out[i] = (uint8_t)strtoul(pair, &end, 16);
		if (*end)
			return EINVAL;
	}
	return 0;
}

static struct app_org *org_by_id(struct app *a, uint32_t id)
{
	for (unsigned i = 0; i < a->org_count; i++)
		if (a->org[i].id == id)
			return &a->org[i];
	return NULL;
}

static int add(const struct records_credential *c, void *arg)
{
	struct app_credentials *t = arg;
	struct app_org *o = org_by_id(t->app, c->org);
	struct entry *e;

	if (!o || (c->algorithm == RECORDS_MD5 ? !c->ha1_md5[0] : !c->ha1_sha256[0]))
		return 0;
	if (t->count == t->capacity) {
		size_t more = t->capacity ? 2 * t->capacity : 256;
		struct entry *grown = realloc(t->entry, more * sizeof(*grown));

		if (!grown)
			return ENOMEM;
		t->entry = grown;
		t->capacity = more;
	}
	e = &t->entry[t->count];
	memset(e, 0, sizeof(*e));
	TEXT_COPY(e->user, c->user);
	e->credential.extension = app_extension_key(o, c->extension);
	e->credential.algorithm = c->algorithm == RECORDS_MD5 ? SIP_MD5 : SIP_SHA256;
	if (c->algorithm == RECORDS_MD5 ? hex(c->ha1_md5, e->credential.ha1, 16)
					: hex(c->ha1_sha256, e->credential.ha1, 32)) {
		log_error("app", "the credential of SIP user %s is damaged: it can't register",
			  c->user);
		return 0;
	}
	t->count++;
	return 0;
}

void app_credentials_drop(struct app_credentials *t)
{
	if (!t)
		return;
	free(t->entry);
	free(t->slot);
	free(t);
}

int app_credentials_read(struct app *a, struct records_db *db, struct app_credentials **out)
{
	struct app_credentials *t = calloc(1, sizeof(*t));
	int err = ENOMEM;

	if (!t)
		return ENOMEM;
	t->app = a;
	err = records_credentials(db, 0, add, t);
	if (err)
		goto out;
	for (t->slots = 64; t->slots < 2 * t->count; t->slots *= 2)
		;
	t->slot = calloc(t->slots, sizeof(*t->slot));
	if (!t->slot) {
		err = ENOMEM;
		goto out;
	}
	for (size_t i = 0; i < t->count; i++) {
		const char *user = t->entry[i].user;
		size_t s = hash_bytes(user, strlen(user)) & (t->slots - 1);

		while (t->slot[s])
			s = (s + 1) & (t->slots - 1);
		t->slot[s] = (uint32_t)i + 1;
	}
	*out = t;
	t = NULL;
out:
	app_credentials_drop(t);
	return err;
}

void app_credentials_take(struct app *a, struct app_credentials *t)
{
	app_credentials_drop(a->credentials);
	a->credentials = t;
}

int app_credentials_load(struct app *a, struct records_db *db)
{
	struct app_credentials *t = NULL;
	int err = app_credentials_read(a, db, &t);

	if (!err)
		app_credentials_take(a, t);
	return err;
}

void app_credentials_free(struct app *a)
{
	app_credentials_drop(a->credentials);
	a->credentials = NULL;
}

int app_credential(const char *user, struct sip_credential *out, void *arg)
{
	const struct app_credentials *t = ((struct app *)arg)->credentials;
	size_t s;

	if (!t)
		return ENOENT;
	s = hash_bytes(user, strlen(user)) & (t->slots - 1);
	for (; t->slot[s]; s = (s + 1) & (t->slots - 1)) {
		const struct entry *e = &t->entry[t->slot[s] - 1];

		if (strcmp(e->user, user) == 0) {
			*out = e->credential;
			return 0;
		}
	}
	return ENOENT;
}
