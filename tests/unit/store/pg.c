#include "pg.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_TRIES 800
#define TRY_US	    50000

static char bin[128];

bool pg_there(void)
{
	glob_t g;

	if (bin[0])
		return true;
	if (glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &g) == 0) {
		snprintf(bin, sizeof(bin), "%s", g.gl_pathv[g.gl_pathc - 1]);
		*strrchr(bin, '/') = '\0';
		globfree(&g);
	}
	return bin[0] != '\0';
}

/* The server refuses to run as root. */
static void become_postgres(void)
{
	const struct passwd *pw = geteuid() == 0 ? getpwnam("postgres") : NULL;

	if (pw && (setgroups(0, NULL) || setgid(pw->pw_gid) || setuid(pw->pw_uid)))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
}

static pid_t spawn(const struct pg *p, char *const argv[])
{
	pid_t pid = fork();
	char log[160];
	int fd;

	if (pid != 0)
		return pid;
	become_postgres();
	snprintf(log, sizeof(log), "%s/log", p->dir);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, 1);
	dup2(fd, 2);
	if (chdir(p->dir) == 0)
		execv(argv[0], argv);
	_exit(127);
}

static int try_connect(const char *conninfo, const char *sql)
{
	PGconn *c = PQconnectdb(conninfo);
	int err = PQstatus(c) == CONNECTION_OK ? 0 : ECONNREFUSED;

	if (!err && sql) {
		PGresult *res = PQexec(c, sql);

		err = PQresultStatus(res) == PGRES_COMMAND_OK ? 0 : EIO;
		PQclear(res);
	}
	PQfinish(c);
	return err;
}

static void base_conninfo(const struct pg *p, const char *db, char *out, size_t cap)
{
	snprintf(out, cap, "host=%s port=%d user=zongji dbname=%s", p->dir, p->port, db);
}

int pg_start(struct pg *p)
{
	char path[160], data[160], port[16], info[256];
	char *const argv[] = {path,
			      "-D",
			      data,
			      "-k",
			      p->dir,
			      "-p",
			      port,
			      "-c",
			      "listen_addresses=",
			      "-c",
			      "max_connections=40",
			      "-c",
			      "recovery_init_sync_method=syncfs",
			      "-c",
			      p->synced ? "fsync=on" : "fsync=off",
			      NULL};

	snprintf(path, sizeof(path), "%s/postgres", bin);
	snprintf(data, sizeof(data), "%s/data", p->dir);
	snprintf(port, sizeof(port), "%d", p->port);
	base_conninfo(p, "postgres", info, sizeof(info));
	p->pid = spawn(p, argv);
	for (int i = 0; i < START_TRIES; i++) {
		if (try_connect(info, NULL) == 0)
			return 0;
		usleep(TRY_US);
	}
	return ETIMEDOUT;
}

int pg_make(struct pg *p, bool synced)
{
	char path[160], data[160];
	char *const argv[] = {
	    path, "-D", data, "-A", "trust", "-U", "zongji", "-N", "-E", "UTF8", "--locale=C.UTF-8",
	    NULL};
	const struct passwd *pw = geteuid() == 0 ? getpwnam("postgres") : NULL;
	int status = 0;
	pid_t pid;

	memset(p, 0, sizeof(*p));
	p->synced = synced;
	if (!pg_there())
		return ENOENT;
	snprintf(p->dir, sizeof(p->dir), "/tmp/zongji-pg-XXXXXX");
	if (!mkdtemp(p->dir))
		return errno;
	if (pw && chown(p->dir, pw->pw_uid, pw->pw_gid))
		return errno;
	p->port = 20000 + getpid() % 40000;
	snprintf(path, sizeof(path), "%s/initdb", bin);
	snprintf(data, sizeof(data), "%s/data", p->dir);
	pid = spawn(p, argv);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		return EIO;
	return pg_start(p);
}

int pg_database(struct pg *p, const char *name)
{
	char info[256], sql[128];

	int err;

	base_conninfo(p, "postgres", info, sizeof(info));
	/* The one before goes: a crashed server syncs all that it has when it starts. */
	if (p->name[0]) {
		snprintf(sql, sizeof(sql), "DROP DATABASE %s WITH (FORCE)", p->name);
		err = try_connect(info, sql);
		if (err)
			return err;
	}
	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s", name);
	base_conninfo(p, name, p->conninfo, sizeof(p->conninfo));
	return try_connect(info, sql);
}

void pg_stop(struct pg *p, int sig)
{
	if (p->pid <= 0)
		return;
	kill(p->pid, sig);
	waitpid(p->pid, NULL, 0);
	p->pid = 0;
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	return remove(path);
}

void pg_remove(struct pg *p)
{
	pg_stop(p, SIGINT);
	if (p->dir[0])
		nftw(p->dir, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
	p->dir[0] = '\0';
}
