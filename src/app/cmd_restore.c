/* zongji restore: a backup checked, and made into a data folder. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <dirent.h>

#include <sodium.h>

#include "app/app.h"
#include "app/backup_files.h"
#include "app/cmd.h"
#include "base/log.h"
#include "base/text.h"

static const char usage[] =
    "usage: zongji restore [--data DIR] [--config FILE] [--check] [--key-file FILE |\n"
    "                      --passphrase-file FILE] BACKUP\n"
    "\n"
    "Reads the whole backup and checks it; then makes the data folder DIR from it, which must be\n"
    "empty or not there. The rows go into the database that the configuration names (SQLite in "
    "DIR\n"
    "unless it says otherwise), which must hold nothing of a switchboard. DIR comes into being\n"
    "only when all is restored.\n"
    "\n"
    "  --data DIR              the data folder to make (default: data)\n"
    "  --config FILE           node configuration (default: the one in the backup)\n"
    "  --check                 only check the backup\n"
    "  --passphrase-file FILE  its first line is the passphrase (default: asked for, or read\n"
    "                          from standard input)\n"
    "  --key-file FILE         the key file that it was made with\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 usage.\n";

struct job {
	struct cmd_place place;
	const char *key_file, *passphrase_file, *path, *data;
	bool check;
	char folder[PATH_MAX + 32]; /* DIR until it is whole */
	char part[PATH_MAX];	    /* the same of a database elsewhere */
	struct cmd_store store;
	bool store_found;
	struct backup_secret secret;
	struct backup_manifest manifest;
	struct backup_counts counts;
};

static int options(struct job *j, int argc, char **argv)
{
	static const struct option table[] = {
	    {"data", 1, NULL, 'd'},	{"config", 1, NULL, 'c'},
	    {"key-file", 1, NULL, 'k'}, {"passphrase-file", 1, NULL, 'p'},
	    {"check", 0, NULL, 'x'},	{"help", 0, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'd')
			j->data = optarg;
		else if (c == 'c')
			j->place.config = optarg;
		else if (c == 'k')
			j->key_file = optarg;
		else if (c == 'p')
			j->passphrase_file = optarg;
		else if (c == 'x')
			j->check = true;
		else if (c == 'h')
			return -1;
		else
			return EINVAL;
	}
	j->path = argv[optind];
	return argc - optind != 1 || (j->key_file && j->passphrase_file) ? EINVAL : 0;
}

static void say(const struct job *j, const char *key)
{
	struct catalogue *texts = cmd_catalogue();
	time_t t = (time_t)(j->manifest.made_ms / 1000);
	char line[CATALOGUE_TEXT], rows[24], tables[24], files[24], at[32];
	struct tm tm;

	localtime_r(&t, &tm);
	strftime(at, sizeof(at), "%Y-%m-%d %H:%M", &tm);
	snprintf(rows, sizeof(rows), "%" PRIu64, j->counts.rows);
	snprintf(tables, sizeof(tables), "%" PRIu64, j->counts.tables);
	snprintf(files, sizeof(files), "%" PRIu64, j->counts.files);
	catalogue_format(texts, cmd_language(), key, line, sizeof(line), "rows", rows, "tables",
			 tables, "files", files, "at", at, "program", j->manifest.program, "place",
			 j->data, NULL);
	puts(line);
	catalogue_close(texts);
}

static int vault_begin(struct job *j, struct vault **v)
{
	int err = vault_open(v, j->path, &j->secret.s);

	if (err == EPROTO)
		log_error("app", "%s: not a backup of this program, or made with %s: %s is needed",
			  j->path, j->key_file ? "a passphrase" : "a key file",
			  j->key_file ? "--passphrase-file" : "--key-file");
	else if (err == EACCES && access(j->path, R_OK) == 0)
		log_error("app", "%s: another passphrase or key file belongs to it", j->path);
	else if (err == ENODATA)
		log_error("app", "%s: cut off in its first bytes", j->path);
	else if (err)
		log_error("app", "%s: %s", j->path, strerror(err));
	return err;
}

static int read_with(struct job *j, const struct backup_target *t)
{
	struct vault *v = NULL;
	char why[BACKUP_WHY] = "";
	int err = vault_begin(j, &v);

	if (err)
		return err;
	err = backup_read(v, t, &j->manifest, &j->counts, why);
	if (err)
		log_error("app", "%s: %s", j->path, why[0] ? why : strerror(err));
	vault_close(v);
	return err;
}

/* --- where it goes --- */

static int folder_empty(const char *path)
{
	char lock[PATH_MAX + 8];
	struct dirent *e;
	DIR *d = opendir(path);
	bool found = false;
	int fd;

	if (!d)
		return errno == ENOENT ? 0 : errno;
	snprintf(lock, sizeof(lock), "%s/lock", path);
	fd = open(lock, O_RDWR | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB)) {
		log_error("app", "a switchboard is running on %s", path);
		found = true;
	}
	while (!found && (e = readdir(d))) {
		found = !text_eq(e->d_name, ".") && !text_eq(e->d_name, "..");
		if (found)
			log_error("app", "%s isn't empty: %s is there", path, e->d_name);
	}
	if (fd >= 0)
		close(fd);
	closedir(d);
	return found ? ENOTEMPTY : 0;
}

/* The database by the configuration, which has just been restored when none was given. */
static int store_decide(void *arg, struct store_options *to)
{
	struct job *j = arg;
	int err;

	j->place.data = j->folder;
	err = cmd_store_find(&j->place, &j->store);
	if (err)
		return err;
	j->store_found = true;
	*to = j->store.o;
	if (to->engine == STORE_POSTGRES || to->where == j->store.file)
		return 0;
	if (access(to->where, F_OK) == 0) {
		log_error("app", "the database %s is there already", to->where);
		return EEXIST;
	}
	snprintf(j->part, sizeof(j->part), "%s.part", to->where);
	unlink(j->part);
	to->where = j->part;
	return 0;
}

static int one_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	return remove(path);
}

static int derive(struct job *j)
{
	struct store_options o = j->store.o;
	struct records_vocabulary v;
	char why[BACKUP_WHY] = "";
	int err;

	if (j->part[0])
		o.where = j->part;
	app_vocabulary(&v);
	err = backup_derive(&o, &v, why);
	if (err)
		log_error("app", "%s", why[0] ? why : strerror(err));
	return err;
}

static int into_place(struct job *j)
{
	int err = 0;

	if (j->part[0] && rename(j->part, j->store.o.where))
		err = errno;
	sync();
	if (!err && rename(j->folder, j->data))
		err = errno;
	if (err)
		log_error("app", "%s can't be put into place: %s", j->data, strerror(err));
	return err;
}

static int restore(struct job *j)
{
	const struct backup_target t = {.folder = j->folder, .store = store_decide, .arg = j};
	char *folder;
	int err;

	snprintf(j->folder, sizeof(j->folder), "%s.restoring-XXXXXX", j->data);
	folder = mkdtemp(j->folder);
	if (!folder) {
		err = errno;
		log_error("app", "%s: %s", j->folder, strerror(err));
		return err;
	}
	err = read_with(j, &t);
	if (!err)
		err = derive(j);
	if (!err)
		err = into_place(j);
	if (err) {
		nftw(j->folder, one_remove, 16, FTW_DEPTH | FTW_PHYS);
		if (j->part[0])
			unlink(j->part);
	}
	if (j->store_found)
		config_free(j->store.config);
	return err;
}

static int run(struct job *j)
{
	const struct backup_target nowhere = {.folder = NULL};
	size_t n = strlen(j->data);
	char data[PATH_MAX];
	int err;

	snprintf(data, sizeof(data), "%s", j->data);
	while (n > 1 && data[n - 1] == '/')
		data[--n] = '\0';
	j->data = data;
	err = j->check ? 0 : folder_empty(data);
	if (err && err != ENOTEMPTY)
		log_error("app", "%s: %s", data, strerror(err));
	if (!err)
		err = backup_secret_read(&j->secret, j->key_file, j->passphrase_file);
	if (!err)
		err = read_with(j, &nowhere);
	if (!err && j->check)
		say(j, "backup.checked");
	else if (!err) {
		err = restore(j);
		if (!err)
			say(j, "backup.restored");
	}
	return err;
}

int cmd_restore(int argc, char **argv)
{
	struct job *j = calloc(1, sizeof(*j));
	int err = j ? options(j, argc, argv) : ENOMEM;
	int status = CMD_OK;

	if (err) {
		fputs(usage, err < 0 ? stdout : stderr);
		status = err < 0 ? CMD_OK : CMD_USAGE;
	} else {
		umask(077);
		j->data = j->data ? j->data : "data";
		status = run(j) ? CMD_FAILED : CMD_OK;
		sodium_memzero(&j->secret, sizeof(j->secret));
	}
	free(j);
	return status;
}
