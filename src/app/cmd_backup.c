/* zongji backup: everything into one encrypted file. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "app/backup_files.h"
#include "app/cmd.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

static const char usage[] =
    "usage: zongji backup [--data DIR] [--config FILE] [--key-file FILE |\n"
    "                     --passphrase-file FILE] BACKUP\n"
    "\n"
    "Writes the database in one state of it, messages' sounds, greetings, readings, keys of links\n"
    "and the configuration into one encrypted, checksummed file. The switchboard may be running.\n"
    "A backup of either engine is restored into either (zongji restore). An existing BACKUP is\n"
    "replaced only by a whole one. Of certificates the public parts are taken.\n"
    "\n"
    "  --data DIR              the switchboard's data folder (default: data)\n"
    "  --config FILE           node configuration (default: node.yaml there)\n"
    "  --passphrase-file FILE  its first line is the passphrase (default: asked for, or read\n"
    "                          from standard input)\n"
    "  --key-file FILE         32 bytes or more of a random key, instead of a passphrase\n"
    "\n"
    "Without the passphrase or the key nobody can read the backup: keep it elsewhere.\n"
    "Exit status: 0 done, 1 failed, 2 usage.\n";

struct job {
	struct cmd_place place;
	const char *key_file, *passphrase_file, *path;
	struct cmd_store store;
	struct backup_secret secret;
};

static int options(struct job *j, int argc, char **argv)
{
	static const struct option table[] = {
	    {"data", 1, NULL, 'd'},	{"config", 1, NULL, 'c'},
	    {"key-file", 1, NULL, 'k'}, {"passphrase-file", 1, NULL, 'p'},
	    {"help", 0, NULL, 'h'},	{NULL, 0, NULL, 0},
	};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'd')
			j->place.data = optarg;
		else if (c == 'c')
			j->place.config = optarg;
		else if (c == 'k')
			j->key_file = optarg;
		else if (c == 'p')
			j->passphrase_file = optarg;
		else if (c == 'h')
			return -1;
		else
			return EINVAL;
	}
	j->path = argv[optind];
	return argc - optind != 1 || (j->key_file && j->passphrase_file) ? EINVAL : 0;
}

static void done_say(const struct backup_counts *n)
{
	struct catalogue *texts = cmd_catalogue();
	char line[CATALOGUE_TEXT], rows[24], tables[24], files[24];

	snprintf(rows, sizeof(rows), "%" PRIu64, n->rows);
	snprintf(tables, sizeof(tables), "%" PRIu64, n->tables);
	snprintf(files, sizeof(files), "%" PRIu64, n->files);
	catalogue_format(texts, cmd_language(), "backup.done", line, sizeof(line), "rows", rows,
			 "tables", tables, "files", files, NULL);
	puts(line);
	catalogue_close(texts);
}

static int write_all(struct job *j, struct vault *v)
{
	struct backup_place place = {&j->store, j->path, json_object()};
	const struct backup_options o = {.program = ZONGJI_VERSION,
					 .at_ms = clock_wall_ms(),
					 .files = backup_files_add,
					 .arg = &place};
	struct backup_counts counts;
	char why[BACKUP_WHY] = "";
	int err = place.taken ? 0 : ENOMEM;

	if (!err)
		err = backup_write(v, &j->store.o, &o, &counts, why);
	if (!err) {
		err = vault_commit(v);
		TEXT_COPY(why, err ? strerror(err) : "");
	}
	if (err)
		log_error("app", "no backup: %s", why);
	else
		done_say(&counts);
	json_decref(place.taken);
	return err;
}

static int run(struct job *j)
{
	struct vault *v = NULL;
	int err = cmd_store_find(&j->place, &j->store);

	if (err)
		return err;
	/* A wrong name would make an empty database, and a backup of nothing. */
	if (j->store.o.engine == STORE_SQLITE && access(j->store.o.where, R_OK)) {
		err = errno;
		log_error("app", "no backup: %s: %s", j->store.o.where, strerror(err));
	}
	if (!err)
		err = backup_secret_read(&j->secret, j->key_file, j->passphrase_file);
	if (!err) {
		err = vault_create(&v, j->path, &j->secret.s);
		if (err)
			log_error("app", "%s can't be written: %s", j->path, strerror(err));
	}
	if (!err)
		err = write_all(j, v);
	vault_close(v);
	config_free(j->store.config);
	return err;
}

int cmd_backup(int argc, char **argv)
{
	struct job j = {0};
	int err = options(&j, argc, argv);

	if (err) {
		fputs(usage, err < 0 ? stdout : stderr);
		return err < 0 ? CMD_OK : CMD_USAGE;
	}
	umask(077);
	err = run(&j);
	sodium_memzero(&j.secret, sizeof(j.secret));
	return err ? CMD_FAILED : CMD_OK;
}
