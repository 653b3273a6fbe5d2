/*
 * A new data folder: organisations and their people from the CSV folders that the configuration
 * names, a random secret for each phone, and the first accounts. What was made up is written once
 * to first-accounts.txt and phones.csv (mode 0600) in the data folder, since only hashes are kept.
 */
#include "app/app.h"
#include "app/cmd_common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "records/accounts.h"

static FILE *open_private(const struct app *a, const char *name)
{
	char path[CONFIG_PATH + 32];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", a->data, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fd < 0 ? NULL : fdopen(fd, "a");
}

static int read_file(const char *folder, const char *name, struct records_csv_text *out)
{
	char path[CONFIG_PATH + 32];
	struct stat st;
	char *data = NULL;
	FILE *f;
	int err = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? 0 : errno;
	if (fstat(fileno(f), &st) || st.st_size > RECORDS_CSV_BYTES)
		err = EFBIG;
	else
		data = malloc((size_t)st.st_size + 1);
	if (!err && !data)
		err = ENOMEM;
	if (!err && fread(data, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		err = EIO;
	fclose(f);
	if (err) {
		free(data);
		return err;
	}
	data[st.st_size] = '\0';
	out->data = data;
	out->len = (size_t)st.st_size;
	return 0;
}

static int import(struct app *a, struct records_db *db, const struct config_organisation *c)
{
	static const char *const names[RECORDS_FILES] = {"people.csv", "departments.csv",
							 "extensions.csv"};
	static struct records_csv_errors errors;
	struct records_import_counts counts;
	struct records_csv csv;
	int err = 0;

	memset(&csv, 0, sizeof(csv));
	for (int i = 0; i < RECORDS_FILES && !err; i++)
		err = read_file(c->directory, names[i], &csv.file[i]);
	if (!err)
		err = records_directory_import(db, c->id, &csv, "first start", clock_wall_ms(),
					       &errors, &counts);
	for (int i = 0; i < RECORDS_FILES; i++)
		free((char *)csv.file[i].data);
	if (err)
		log_error("app", "%s: the directory can't be imported: %s; see `zongji check %s`",
			  c->directory, strerror(err), c->directory);
	else
		log_info("app", "%s: %u entries imported from %s", c->name, counts.added,
			 c->directory);
	(void)a;
	return err;
}

/* Secrets are set in a second pass: no statement may run inside a handler of another. */
struct fresh {
	struct records_credential *c;
	size_t count, capacity;
};

static int collect(const struct records_credential *c, void *arg)
{
	struct fresh *f = arg;

	if (c->ha1_md5[0] || c->ha1_sha256[0])
		return 0;
	if (f->count == f->capacity) {
		size_t more = f->capacity ? 2 * f->capacity : 64;
		struct records_credential *grown = realloc(f->c, more * sizeof(*grown));

		if (!grown)
			return ENOMEM;
		f->c = grown;
		f->capacity = more;
	}
	f->c[f->count++] = *c;
	return 0;
}

static int give_secrets(struct app *a, struct records_db *db)
{
	struct fresh fresh = {0};
	FILE *to = NULL;
	int err = records_credentials(db, 0, collect, &fresh);

	if (!err && fresh.count) {
		to = open_private(a, "phones.csv");
		err = to ? 0 : errno;
	}
	if (!err && to && ftell(to) == 0)
		fprintf(to, "organisation,extension,user,password\n");
	for (size_t i = 0; i < fresh.count && !err; i++) {
		const struct records_credential *c = &fresh.c[i];
		char secret[CMD_SECRET_LEN + 1];

		cmd_secret_make(secret);
		err = records_extension_secret_set(db, c->org, c->extension,
						   a->config->node.sip.realm, secret,
						   "first start");
		fprintf(to, "%u,%u,%s,%s\n", c->org, c->extension, c->user, secret);
	}
	if (to && fclose(to) && !err)
		err = errno;
	free(fresh.c);
	return err;
}

static int count_account(const struct records_account *r, void *arg)
{
	(void)r;
	++*(unsigned *)arg;
	return 0;
}

static int add_account(FILE *to, struct records_db *db, uint32_t org, const char *name,
		       enum records_role role, const struct directory_person *p)
{
	struct records_account r;
	char secret[CMD_SECRET_LEN + 1];
	int err;

	memset(&r, 0, sizeof(r));
	r.org = org;
	r.person = p ? p->id : 0;
	r.role = role;
	r.enabled = true;
	TEXT_COPY(r.name, name);
	cmd_secret_make(secret);
	err = records_account_add(db, &r, secret, "first start", NULL);
	if (!err)
		fprintf(to, "%-12s %s  %s%s%s\n", name, secret, records_role_name(role),
			p ? " " : "", p ? p->name : "");
	return err;
}

/* Names of the second organisation's accounts and so on end in its id: manager-2. */
static void account_name(const struct app *a, const struct app_org *o, const char *role,
			 unsigned number, char out[32])
{
	char digits[12] = "", org[16] = "";

	if (number)
		snprintf(digits, sizeof(digits), "%u", number);
	if (o != &a->org[0])
		snprintf(org, sizeof(org), "-%u", o->id);
	snprintf(out, 32, "%s%s%s", role, digits, org);
}

static int add_accounts_of(struct app *a, struct app_org *o, FILE *to, struct records_db *db)
{
	const struct directory *d = app_directory(o);
	const struct directory_person *manager = directory_post(d, POST_GAD_MANAGER, 0);
	unsigned operators = 0;
	char name[32];
	int err = 0;

	account_name(a, o, "manager", 0, name);
	if (manager || o == &a->org[0])
		err = add_account(to, db, o->id, name, RECORDS_MANAGER, manager);
	for (uint32_t i = 0; i < d->person_count && !err; i++) {
		if (d->people[i].post != POST_OPERATOR)
			continue;
		account_name(a, o, "operator", ++operators, name);
		err = add_account(to, db, o->id, name, RECORDS_OPERATOR, &d->people[i]);
	}
	return err;
}

/* The node's administrator, each organisation's manager (A1) and appointed operators (A2). */
static int add_accounts(struct app *a, struct records_db *db)
{
	unsigned n = 0;
	FILE *to;
	int err = records_accounts(db, 0, count_account, &n);

	if (err || n)
		return err;
	to = open_private(a, "first-accounts.txt");
	if (!to)
		return errno;
	err = add_account(to, db, a->org[0].id, "admin", RECORDS_ADMIN, NULL);
	for (unsigned i = 0; i < a->org_count && !err; i++)
		err = add_accounts_of(a, &a->org[i], to, db);
	if (fclose(to) && !err)
		err = errno;
	return err;
}

int app_first_start(struct app *a, struct records_db *db)
{
	int err = 0;

	for (unsigned i = 0; i < a->org_count && !err; i++) {
		const struct config_organisation *c = &a->config->node.organisations[i];
		struct records_org org = {c->id, (uint8_t)c->kind, ""};
		uint32_t version = 0;

		TEXT_COPY(org.name, c->name);
		err = records_org_set(db, &org, "configuration");
		if (!err)
			err = records_directory_version(db, c->id, &version);
		if (!err && version == 0 && c->directory[0])
			err = import(a, db, c);
	}
	if (!err)
		err = give_secrets(a, db);
	for (unsigned i = 0; i < a->org_count && !err; i++)
		err = app_org_load(&a->org[i], db);
	if (!err)
		err = add_accounts(a, db);
	return err;
}
