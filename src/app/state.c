/*
 * Where bindings and dialogs lie while the program runs: mapped files in memory (/dev/shm), so that
 * a frozen or slow disk never stops the call thread in the middle of a write to a page. They
 * survive a kill there; bindings are copied into the data folder once a minute and at the end, so
 * that they survive a reboot. Without enough of such memory the data folder itself is used.
 *
 * The folder's name is random and kept in the data folder: another data folder never meets it.
 */
#include "app/app.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define STATE_ROOT       "/dev/shm"
#define STATE_FREE_BYTES (256ull << 20) /* that must be free there */
#define STATE_COPY_MS    60000

/* The name of the folder: read from the data folder, or made. */
static int state_name(const struct app *a, char name[33])
{
	char path[CONFIG_PATH + 16];
	FILE *f;
	int n = 0;

	snprintf(path, sizeof(path), "%s/state-name", a->data);
	f = fopen(path, "re");
	if (f) {
		n = fscanf(f, "%32[0-9a-f]", name);
		fclose(f);
	}
	if (n == 1 && strlen(name) == 16)
		return 0;
	f = fopen(path, "we");
	if (!f)
		return errno;
	text_copy(name, 33, a->boot);
	fprintf(f, "%s\n", a->boot);
	return fclose(f) ? errno : 0;
}

/* A folder of ours that nobody else may enter. */
static bool state_folder(const char *path)
{
	struct statvfs fs;
	struct stat st;

	if (statvfs(STATE_ROOT, &fs) ||
	    (unsigned long long)fs.f_bavail * fs.f_frsize < STATE_FREE_BYTES)
		return false;
	if (mkdir(path, 0700) && errno != EEXIST)
		return false;
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 077) == 0;
}

int app_file_copy(const char *from, const char *to)
{
	char part[CONFIG_PATH + 48];
	char block[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC), out = -1, err = 0;
	ssize_t n = 0;

	if (in < 0)
		return errno;
	snprintf(part, sizeof(part), "%s.part", to);
	out = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out < 0)
		err = errno;
	while (!err && (n = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)n) != n)
			err = errno ? errno : EIO;
	if (!err && (n < 0 || fsync(out)))
		err = errno;
	close(in);
	if (out >= 0)
		close(out);
	if (!err && rename(part, to))
		err = errno;
	return err;
}

static void on_copy(void *arg)
{
	struct app *a = arg;

	app_files_state(a);
	tmr_start(&a->copy, STATE_COPY_MS, on_copy, a);
}

int app_state_open(struct app *a)
{
	char name[33] = "", kept[CONFIG_PATH + 16], mapped[sizeof(a->state) + 16];
	int err = state_name(a, name);

	if (err)
		return err;
	snprintf(a->state, sizeof(a->state), STATE_ROOT "/zongji-%s", name);
	if (!state_folder(a->state)) {
		log_warn("app", "bindings and dialogs stay in %s: no room in " STATE_ROOT, a->data);
		TEXT_COPY(a->state, a->data);
		return 0;
	}
	snprintf(kept, sizeof(kept), "%s/bindings", a->data);
	snprintf(mapped, sizeof(mapped), "%s/bindings", a->state);
	if (access(mapped, F_OK) != 0) {
		err = app_file_copy(kept, mapped);
		if (err && err != ENOENT)
			log_error("app", "the bindings of the last run can't be read: %s",
				  strerror(err));
	}
	tmr_start(&a->copy, STATE_COPY_MS, on_copy, a);
	return 0;
}

void app_state_close(struct app *a)
{
	static const char *const names[] = {"bindings", "dialogs"};
	char kept[CONFIG_PATH + 16], mapped[sizeof(a->state) + 16];

	tmr_cancel(&a->copy);
	if (!a->state[0] || strcmp(a->state, a->data) == 0)
		return;
	snprintf(kept, sizeof(kept), "%s/bindings", a->data);
	snprintf(mapped, sizeof(mapped), "%s/bindings", a->state);
	if (app_file_copy(mapped, kept)) {
		log_error("app", "the bindings stay in %s", a->state);
		return;
	}
	for (int i = 0; i < 2; i++) {
		snprintf(mapped, sizeof(mapped), "%s/%s", a->state, names[i]);
		unlink(mapped);
	}
	rmdir(a->state);
}
