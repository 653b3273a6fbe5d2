#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/catalogue.h"
#include "base/clock.h"
#include "speech/priv.h"
#include "speech/wav.h"

extern char **environ;

enum { ENGINE_SLICE_MS = 100 }; /* how often a running engine is looked at */

/* The words of a command, each in memory of its own. */
struct words {
	char *word[ENGINE_WORDS + 1];
	size_t count;
};

static void words_free(struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->word[i]);
}

/* Splits the template at spaces first and fills then, so that a text stays one word. */
static int words_fill(struct words *w, const struct engine_run *run)
{
	char speed[16], one[ENGINE_WORD], filled[ENGINE_WORD];
	const char *pairs[] = {"text",	   run->text, "reading", run->reading, "voice",
			       run->voice, "speed",   speed,	 "out",	       run->out};
	const char *p = run->command;

	snprintf(speed, sizeof(speed), "%u", run->speed);
	for (p += strspn(p, " \t"); *p; p += strspn(p, " \t")) {
		size_t n = strcspn(p, " \t");

		if (w->count == ENGINE_WORDS || n >= sizeof(one))
			return EINVAL;
		memcpy(one, p, n);
		one[n] = '\0';
		p += n;
		if (catalogue_fill(one, filled, sizeof(filled), pairs, 5))
			return EOVERFLOW;
		w->word[w->count] = strdup(filled);
		if (!w->word[w->count])
			return ENOMEM;
		w->count++;
	}
	w->word[w->count] = NULL;
	return w->count ? 0 : EINVAL;
}

int engine_check(const char *command)
{
	struct engine_run run = {command, "", "", "", "", 0, 0, NULL};
	struct words w = {0};
	int err = words_fill(&w, &run);

	words_free(&w);
	if (!err && (!strstr(command, "{out}") ||
		     (!strstr(command, "{text}") && !strstr(command, "{reading}"))))
		err = EINVAL;
	return err;
}

/* A child of its own group, with nothing of ours but its arguments. */
static int child_start(char *const *argv, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
					    POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	err = posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return err;
}

/* 0 when the child has ended by itself. */
static int child_watch(int pidfd, const struct engine_run *run)
{
	int64_t end_ms = clock_mono_ms() + run->timeout_ms;

	for (;;) {
		struct pollfd p = {pidfd, POLLIN, 0};
		struct stat st;

		if (poll(&p, 1, ENGINE_SLICE_MS) > 0)
			return 0;
		if (run->stop && atomic_load(run->stop))
			return ECANCELED;
		if (clock_mono_ms() >= end_ms)
			return ETIMEDOUT;
		if (stat(run->out, &st) == 0 && st.st_size > WAV_FILE_MAX)
			return EFBIG;
	}
}

int engine_run(const struct engine_run *run, int *status)
{
	struct words w = {0};
	pid_t pid = 0;
	int pidfd, err, ended = 0;

	err = words_fill(&w, run);
	if (!err)
		err = child_start(w.word, &pid);
	if (err)
		goto out;
	pidfd = pidfd_open(pid, 0);
	err = pidfd < 0 ? errno : child_watch(pidfd, run);
	if (err)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &ended, 0) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
	if (!err && !(WIFEXITED(ended) && WEXITSTATUS(ended) == 0)) {
		*status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
		err = EIO;
	}
out:
	words_free(&w);
	return err;
}
