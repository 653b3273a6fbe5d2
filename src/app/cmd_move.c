/* zongji move: one database into another, of the same engine or the other. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "app/cmd.h"
#include "app/cmd_common.h"
#include "base/log.h"
#include "base/text.h"
#include "records/backup.h"

static const char usage[] =
    "usage: zongji move [--data DIR] [--config FILE] (--to-postgres CONNINFO | --to-sqlite FILE)\n"
    "\n"
    "Takes every row of the switchboard's database into another, empty one and compares what is\n"
    "there with what was written: all, or nothing. The switchboard must be stopped; its old\n"
    "database stays as it is.\n"
    "\n"
    "  --data DIR              the switchboard's data folder (default: data)\n"
    "  --config FILE           node configuration (default: node.yaml there)\n"
    "  --to-postgres CONNINFO  libpq's connection string, as of store.postgres\n"
    "  --to-sqlite FILE        a file that isn't there yet\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 usage.\n";

struct job {
	struct cmd_place place;
	const char *postgres, *sqlite;
	char part[PATH_MAX];
	struct cmd_store store;
	int lock;
};

static int options(struct job *j, int argc, char **argv)
{
	static const struct option table[] = {
	    {"data", 1, NULL, 'd'},	 {"config", 1, NULL, 'c'}, {"to-postgres", 1, NULL, 'p'},
	    {"to-sqlite", 1, NULL, 's'}, {"help", 0, NULL, 'h'},   {NULL, 0, NULL, 0},
	};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'd')
			j->place.data = optarg;
		else if (c == 'c')
			j->place.config = optarg;
		else if (c == 'p')
			j->postgres = optarg;
		else if (c == 's')
			j->sqlite = optarg;
		else if (c == 'h')
			return -1;
		else
			return EINVAL;
	}
	return argc != optind || !j->postgres == !j->sqlite ? EINVAL : 0;
}

/* As serve does: nobody starts a switchboard meanwhile either. */
static int lock_take(struct job *j)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/lock", j->store.data);
	j->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (j->lock < 0) {
		log_error("app", "%s: %s", path, strerror(errno));
		return EINVAL;
	}
	if (flock(j->lock, LOCK_EX | LOCK_NB)) {
		log_error("app", "a switchboard is running on %s: stop it first", j->store.data);
		return EBUSY;
	}
	return 0;
}

static int target_find(struct job *j, struct store_options *to)
{
	to->engine = j->postgres ? STORE_POSTGRES : STORE_SQLITE;
	to->where = j->postgres;
	if (j->postgres)
		return 0;
	if (access(j->sqlite, F_OK) == 0) {
		log_error("app", "%s is there already", j->sqlite);
		return EEXIST;
	}
	snprintf(j->part, sizeof(j->part), "%s.part", j->sqlite);
	unlink(j->part);
	to->where = j->part;
	return 0;
}

static void say(const struct job *j, const struct backup_counts *n)
{
	struct catalogue *texts = cmd_catalogue();
	char line[CATALOGUE_TEXT], rows[24], tables[24];

	snprintf(rows, sizeof(rows), "%" PRIu64, n->rows);
	snprintf(tables, sizeof(tables), "%" PRIu64, n->tables);
	catalogue_format(texts, cmd_language(), "backup.moved", line, sizeof(line), "rows", rows,
			 "tables", tables, NULL);
	puts(line);
	catalogue_format(texts, cmd_language(), "backup.move_then", line, sizeof(line), "engine",
			 j->postgres ? "postgres" : "sqlite", NULL);
	puts(line);
	catalogue_close(texts);
}

static int move(struct job *j)
{
	struct store_options to = {0};
	struct backup_counts counts;
	struct records_vocabulary v;
	char why[BACKUP_WHY] = "";
	int err = target_find(j, &to);

	if (err)
		return err;
	err = backup_move(&j->store.o, &to, &counts, why);
	app_vocabulary(&v);
	if (!err)
		err = backup_derive(&to, &v, why);
	if (!err && j->part[0]) {
		sync();
		if (rename(j->part, j->sqlite)) {
			err = errno;
			TEXT_COPY(why, strerror(err));
		}
	}
	if (err) {
		log_error("app", "nothing is moved: %s", why);
		if (j->part[0])
			unlink(j->part);
	} else {
		say(j, &counts);
	}
	return err;
}

static int run(struct job *j)
{
	int err = cmd_store_find(&j->place, &j->store);

	if (err)
		return err;
	if (j->store.o.engine == STORE_SQLITE && access(j->store.o.where, R_OK)) {
		err = errno;
		log_error("app", "%s: %s", j->store.o.where, strerror(err));
	}
	if (!err)
		err = lock_take(j);
	if (!err)
		err = move(j);
	if (j->lock >= 0)
		close(j->lock);
	config_free(j->store.config);
	return err;
}

int cmd_move(int argc, char **argv)
{
	struct job j = {.lock = -1};
	int err = options(&j, argc, argv);

	if (err) {
		fputs(usage, err < 0 ? stdout : stderr);
		return err < 0 ? CMD_OK : CMD_USAGE;
	}
	umask(077);
	return run(&j) ? CMD_FAILED : CMD_OK;
}
