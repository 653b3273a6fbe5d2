/*
 * Sound files of messages. A file is durable in its place before its row is: fsync of the file,
 * rename, fsync of the folder. So a row always has its file; a file without a row belongs to a
 * caller who was never told that the message is kept, and goes after a day.
 */
#include "records/priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SWEEP_AGE_MS (24 * 3600 * INT64_C(1000))

static const struct store_statement sql_named = {
    "records_sound_named",
    "SELECT 1 FROM messages WHERE call_no = $1 AND (recording = $2 OR screening = $2)"};

static int path_join(char out[PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);

	return n < 0 || n >= PATH_MAX ? ENAMETOOLONG : 0;
}

static int sync_path(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags), err = 0;

	if (fd < 0)
		return errno;
	if (fsync(fd) < 0)
		err = errno;
	close(fd);
	return err;
}

int records_sounds_dir_make(const char *dir)
{
	char parent[PATH_MAX];

	if (mkdir(dir, 0700) < 0)
		return errno == EEXIST ? 0 : errno;
	if (path_join(parent, dir, ".."))
		return ENAMETOOLONG;
	return sync_path(parent, O_DIRECTORY);
}

/* A name in one folder: nothing that leads out of it, nothing hidden. */
static bool name_plain(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/');
}

static int keep_one(const char *fresh_dir, const char *sounds_dir, char name[RECORDS_FILE],
		    const char *month, const char *base)
{
	char from[PATH_MAX], folder[PATH_MAX], to[PATH_MAX], kept[RECORDS_FILE];
	const char *dot = strrchr(name, '.');
	int err;

	if (!name_plain(name))
		return EINVAL;
	snprintf(kept, sizeof(kept), "%s/%s%.8s", month, base, dot ? dot : "");
	err = path_join(from, fresh_dir, name);
	if (!err)
		err = path_join(folder, sounds_dir, month);
	if (!err)
		err = path_join(to, sounds_dir, kept);
	if (!err)
		err = records_sounds_dir_make(folder);
	if (!err)
		err = sync_path(from, 0);
	if (!err && rename(from, to) < 0)
		err = errno;
	if (!err)
		err = sync_path(folder, O_DIRECTORY);
	/* Tried again after a failure behind the rename: the file is there already. */
	if (err == ENOENT && access(to, F_OK) == 0)
		err = sync_path(folder, O_DIRECTORY);
	if (!err)
		memcpy(name, kept, RECORDS_FILE);
	return err;
}

int records_sounds_keep(const char *fresh_dir, const char *sounds_dir, struct records_message *m)
{
	time_t t = (time_t)(m->kept_at_ms / 1000);
	char month[16], base[80], recording[RECORDS_FILE], screening[RECORDS_FILE];
	struct tm tm;
	int err = 0;

	localtime_r(&t, &tm);
	strftime(month, sizeof(month), "%Y-%m", &tm);
	memcpy(recording, m->recording, sizeof(recording));
	memcpy(screening, m->screening, sizeof(screening));
	if (recording[0]) {
		snprintf(base, sizeof(base), "%" PRIu64 "-%" PRId64 "-%u", m->call_no,
			 m->kept_at_ms, m->serial);
		err = keep_one(fresh_dir, sounds_dir, recording, month, base);
	}
	if (!err && screening[0]) {
		snprintf(base, sizeof(base), "%" PRIu64 "-%" PRId64 "-%u-s", m->call_no,
			 m->kept_at_ms, m->serial);
		err = keep_one(fresh_dir, sounds_dir, screening, month, base);
	}
	if (err)
		return err;
	memcpy(m->recording, recording, sizeof(recording));
	memcpy(m->screening, screening, sizeof(screening));
	return 0;
}

static int found_row(const struct store_row *row, void *arg)
{
	*(bool *)arg = true;
	return 0;
}

static int64_t age_ms(int dir_fd, const char *name, int64_t now_ms)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	return now_ms - (int64_t)st.st_mtim.tv_sec * 1000;
}

/* month NULL: the folder of fresh recordings, where everything old goes. */
static int sweep_folder(const char *path, const char *month, struct store *s, int64_t now_ms)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int err = 0;

	if (!d)
		return errno == ENOENT ? 0 : errno;
	while (!err && (e = readdir(d))) {
		char name[RECORDS_FILE];
		bool named = false;

		if (!name_plain(e->d_name) || age_ms(dirfd(d), e->d_name, now_ms) < SWEEP_AGE_MS)
			continue;
		if (month) {
			int n = snprintf(name, sizeof(name), "%s/%s", month, e->d_name);
			const struct store_value v[] = {STORE_I(strtoll(e->d_name, NULL, 10)),
							STORE_S(name)};

			if (n < 0 || (size_t)n >= sizeof(name))
				continue;
			err = store_run(s, &sql_named, v, 2, found_row, &named);
		}
		if (!err && !named && unlinkat(dirfd(d), e->d_name, 0) == 0)
			log_info(RECORDS_ROOM, "sound %s/%s belongs to no message: deleted", path,
				 e->d_name);
	}
	closedir(d);
	return err;
}

int records_sounds_sweep(const char *fresh_dir, const char *sounds_dir, struct store *s,
			 int64_t now_ms)
{
	char path[PATH_MAX];
	struct dirent *e;
	int err = sweep_folder(fresh_dir, NULL, s, now_ms);
	DIR *d;

	if (err)
		return err;
	d = opendir(sounds_dir);
	if (!d)
		return errno == ENOENT ? 0 : errno;
	while (!err && (e = readdir(d))) {
		/* Only the folders that we make: YYYY-MM. */
		if (strlen(e->d_name) == 7 && e->d_name[4] == '-' &&
		    path_join(path, sounds_dir, e->d_name) == 0)
			err = sweep_folder(path, e->d_name, s, now_ms);
	}
	closedir(d);
	return err;
}
