#include "app/backup_files.h"

#include <errno.h>
#include <fts.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/log.h"
#include "base/text.h"

/* Of the data folder: of the moment, made anew, or the database itself. */
static const char *const left_out[] = {
    "lock",  "bindings", "sessions",	 "state-name", "first-accounts.txt",
    "fresh", "speech",	 "certificates",
};

static int file_head(const char *path, void *out, size_t cap, size_t *n)
{
	FILE *f = fopen(path, "rbe");

	if (!f) {
		log_error("app", "%s: %s", path, strerror(errno));
		return EINVAL;
	}
	*n = fread(out, 1, cap, f);
	fclose(f);
	return 0;
}

static int key_read(struct backup_secret *out, const char *path)
{
	unsigned char all[4096];
	size_t n = 0;

	if (file_head(path, all, sizeof(all), &n))
		return EINVAL;
	if (n < VAULT_KEY) {
		log_error("app", "%s: a key file has at least %d bytes, this one %zu", path,
			  VAULT_KEY, n);
		return EINVAL;
	}
	crypto_generichash(out->key, sizeof(out->key), all, n, NULL, 0);
	sodium_memzero(all, sizeof(all));
	out->s.key = out->key;
	return 0;
}

static void passphrase_ask(struct backup_secret *out)
{
	struct catalogue *texts = cmd_catalogue();

	cmd_line_read(catalogue_text(texts, cmd_language(), "backup.ask"), out->passphrase,
		      sizeof(out->passphrase));
	catalogue_close(texts);
}

int backup_secret_read(struct backup_secret *out, const char *key_file, const char *passphrase_file)
{
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	if (key_file)
		return key_read(out, key_file);
	if (!passphrase_file)
		passphrase_ask(out);
	else if (file_head(passphrase_file, out->passphrase, sizeof(out->passphrase) - 1, &n))
		return EINVAL;
	out->passphrase[strcspn(out->passphrase, "\r\n")] = '\0';
	if (out->passphrase[0] == '\0') {
		log_error("app", "the passphrase is empty");
		return EINVAL;
	}
	out->s.passphrase = out->passphrase;
	return 0;
}

static bool is_left_out(const char *name)
{
	size_t n = strcspn(name, "/");

	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		if (strlen(left_out[i]) == n && strncmp(name, left_out[i], n) == 0)
			return true;
	}
	return text_starts(name, "zongji.db");
}

static bool is_file(const char *path, const char *what)
{
	char real[PATH_MAX];

	return realpath(what, real) && text_eq(path, real);
}

/* "/a/other.db-wal" is of "/a/other.db". */
static bool is_database(const char *path, const struct store_options *o)
{
	char real[PATH_MAX];

	return o->engine == STORE_SQLITE && realpath(o->where, real) && text_starts(path, real);
}

static int add(struct backup_writer *w, struct backup_place *p, const char *from, const char *to)
{
	char part[PATH_MAX];

	snprintf(part, sizeof(part), "%s.part", p->own);
	if (json_object_get(p->taken, to) || is_file(from, p->own) || is_file(from, part) ||
	    is_database(from, &p->store->o))
		return 0;
	json_object_set_new(p->taken, to, json_true());
	return backup_file(w, from, to);
}

/* Every regular file below a folder whose path is base/…, named by what follows base. */
static int tree_add(struct backup_writer *w, struct backup_place *p, char *folder, const char *base,
		    bool data)
{
	char *const roots[] = {folder, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;
	int err = 0;

	if (!fts)
		return errno;
	while (!err && (e = fts_read(fts))) {
		const char *name = e->fts_path + strlen(base);

		name += *name == '/';
		if (data && e->fts_level > 0 && is_left_out(name))
			fts_set(fts, e, FTS_SKIP);
		else if (e->fts_info == FTS_F)
			err = add(w, p, e->fts_path, name);
	}
	fts_close(fts);
	return err;
}

/* A file or folder of the configuration, by its place below the configuration's own folder. */
static int config_add(struct backup_writer *w, struct backup_place *p, const char *base,
		      const char *path)
{
	char real[PATH_MAX];
	size_t n = strlen(base);

	if (path[0] == '\0' || !realpath(path, real))
		return 0;
	if (strncmp(real, base, n) == 0 && real[n] == '/')
		return tree_add(w, p, real, base, false);
	log_warn("app", "%s isn't below %s: it is not in the backup", path, base);
	return 0;
}

/* Which certificate was in use; what stands beside it in private is not for a backup. */
static int certificate_add(struct backup_writer *w, struct backup_place *p, const char *path)
{
	char real[PATH_MAX], name[PATH_MAX + 16];

	if (path[0] == '\0' || !realpath(path, real))
		return 0;
	snprintf(name, sizeof(name), "certificates/%s", strrchr(real, '/') + 1);
	return add(w, p, real, name);
}

static int config_files(struct backup_writer *w, struct backup_place *p)
{
	const struct config *c = p->store->config;
	char base[PATH_MAX], sample[PATH_MAX], own[CONFIG_PATH];
	int err = 0;

	cmd_root_path(own, sizeof(own), "config/sample/node.yaml");
	/* The program brings the sample itself. */
	if (!realpath(c->path, base) || (realpath(own, sample) && text_eq(base, sample)))
		return 0;
	dirname(base);
	err = config_add(w, p, base, c->path);
	for (unsigned i = 0; i < c->node.organisation_count && !err; i++) {
		err = config_add(w, p, base, c->node.organisations[i].measures);
		if (!err)
			err = config_add(w, p, base, c->node.organisations[i].directory);
	}
	if (!err)
		err = config_add(w, p, base, c->node.speech.recordings);
	for (unsigned i = 0; i < c->node.interface_count && !err; i++)
		err = certificate_add(w, p, c->node.interfaces[i].certificate);
	return err ? err : certificate_add(w, p, c->node.http.certificate);
}

int backup_files_add(struct backup_writer *w, bool after, void *place)
{
	struct backup_place *p = place;
	char data[PATH_MAX];

	if (!after)
		return config_files(w, p);
	if (!realpath(p->store->data, data))
		return 0; /* a database without a folder has no sounds */
	return tree_add(w, p, data, data, true);
}
