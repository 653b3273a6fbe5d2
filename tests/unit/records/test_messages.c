/* Messages: durable before acknowledged, whatever the disk, the server or a kill -9 does. */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "base/text.h"
#include "records/directory.h"

#define AT INT64_C(1790000000000)

static void sound(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", w.fresh, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "RIFFsound", 9), 9);
	close(fd);
}

static struct records_message message(uint32_t serial, uint64_t call_no, const char *recording)
{
	struct records_message m = {.serial = serial,
				    .org = 1,
				    .call_no = call_no,
				    .kept_at_ms = AT,
				    .for_person = 12,
				    .recording_ms = 7000,
				    .urgency = RECORDS_URGENT,
				    .clause = 1};

	TEXT_COPY(m.from_number, "13800001234");
	TEXT_COPY(m.from_name, "王先生");
	TEXT_COPY(m.recording, recording);
	return m;
}

static int last(const struct records_message *m, void *arg)
{
	*(struct records_message *)arg = *m;
	return ECANCELED;
}

static uint64_t count(bool unheard)
{
	const struct records_message_filter f = {.org = 1, .unheard_only = unheard};
	uint64_t n = 0;

	assert_int_equal(records_messages_count(w.db, &f, &n), 0);
	return n;
}

static bool kept_there(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", w.sounds, name);
	return access(path, R_OK) == 0;
}

static void push(const struct records_message *m)
{
	assert_int_equal(records_message_push(w.r, m), 0);
}

static void told(uint32_t serial, bool ok)
{
	struct records_event e = {0};

	assert_true(event_wait(&e, 20000));
	assert_int_equal(e.serial, serial);
	assert_int_equal(e.org, 1);
	assert_int_equal(e.ok, ok);
}

/* --- --- */

static void a_message_is_kept(void **state)
{
	const struct records_message_filter f = {.org = 1, .for_person = 12};
	struct records_message m = message(5, 77, "a.wav"), got;

	sound("a.wav");
	sound("s.wav");
	TEXT_COPY(m.screening, "s.wav");
	push(&m);
	told(5, true);
	assert_int_equal(records_messages(w.db, &f, last, &got), ECANCELED);
	assert_int_equal(got.call_no, 77);
	assert_int_equal(got.for_person, 12);
	assert_int_equal(got.urgency, RECORDS_URGENT);
	assert_string_equal(got.from_name, "王先生");
	assert_string_equal(got.clause_name, "A4.1.2");
	assert_true(kept_there(got.recording));
	assert_true(kept_there(got.screening));
	assert_string_not_equal(got.recording, got.screening);
	assert_int_equal(records_message_get(w.db, 1, got.id, &m), 0);
	assert_int_equal(records_message_get(w.db, 2, got.id, &m), ENOENT);
}

static int call_message(const struct records_call_row *row, void *arg)
{
	*(int64_t *)arg = row->message_id;
	return 0;
}

static void a_call_names_its_message(void **state)
{
	struct records_message m = message(1, 3, "");
	int64_t id = 0;

	push(&m);
	told(1, true);
	call_push(3, AT);
	steps_wait(7);
	assert_int_equal(records_call_get(w.db, 1, 3, call_message, &id), 0);
	assert_true(id > 0);
}

static void a_missing_sound_is_not_kept(void **state)
{
	struct records_message m = message(1, 1, "nothing.wav");

	push(&m);
	told(1, false);
	m = message(2, 1, "../../etc/passwd");
	push(&m);
	told(2, false);
	m = message(3, 1, ".hidden");
	push(&m);
	told(3, false);
	assert_int_equal(count(false), 0);
	m = message(4, 1, "");
	push(&m);
	told(4, true);
	assert_int_equal(count(false), 1);
}

static void opening_is_kept(void **state)
{
	struct records_message m = message(1, 1, ""), got;
	const struct records_message_filter f = {.org = 1};

	push(&m);
	told(1, true);
	records_messages(w.db, &f, last, &got);
	assert_int_equal(count(true), 1);
	assert_int_equal(records_message_opened(w.db, 1, got.id, "op", false, "urgent", AT), 0);
	assert_int_equal(count(true), 1);
	assert_int_equal(records_message_opened(w.db, 1, got.id, "zsf", true, NULL, AT + 1), 0);
	assert_int_equal(records_message_opened(w.db, 1, got.id, "zsf", true, NULL, AT + 9), 0);
	assert_int_equal(count(true), 0);
	assert_int_equal(records_message_get(w.db, 1, got.id, &m), 0);
	assert_int_equal(m.heard_at_ms, AT + 1);
	assert_int_equal(records_message_opened(w.db, 1, 999, "op", true, NULL, AT), ENOENT);
	assert_int_equal(records_message_opened(w.db, 2, got.id, "op", true, NULL, AT), ENOENT);
}

static int day_seen(const struct records_day *d, void *arg)
{
	(*(int *)arg)++;
	assert_string_equal(d->set, "forward_always");
	assert_string_equal(d->number, "8420");
	assert_int_equal(d->extension, 101);
	return 0;
}

static void the_day_is_kept(void **state)
{
	struct records_day d = {.serial = 8, .org = 1, .extension = 101, .on = true, .at_ms = AT};
	int n = 0;

	TEXT_COPY(d.set, "forward_always");
	TEXT_COPY(d.number, "8310");
	assert_int_equal(records_day_push(w.r, &d), 0);
	told(8, true);
	TEXT_COPY(d.number, "8420");
	assert_int_equal(records_day_push(w.r, &d), 0);
	told(8, true);
	TEXT_COPY(d.set, "dnd");
	assert_int_equal(records_day_push(w.r, &d), 0);
	told(8, true);
	d.on = false;
	assert_int_equal(records_day_push(w.r, &d), 0);
	told(8, true);
	TEXT_COPY(d.set, "away");
	d.on = true;
	d.until_ms = AT + 100;
	assert_int_equal(records_day_push(w.r, &d), 0);
	told(8, true);
	assert_int_equal(records_day_load(w.db, 1, AT + 100, day_seen, &n), 0);
	assert_int_equal(n, 1);
}

static void the_queue_of_messages_has_a_limit(void **state)
{
	struct records_message m = message(0, 1, "");
	int err = 0, n;

	for (n = 0; n < 100 * RECORDS_KEEPS && !err; n++)
		err = records_message_push(w.r, &m);
	/* Either the thread keeps up or the pusher is told: nothing is lost in silence. */
	assert_true(err == 0 || err == ENOBUFS);
	world_stop(20000);
	world_start();
	assert_int_equal(count(false), err ? n - 1 : n);
}

/* --- storage that fails --- */

static _Atomic int commit_err, lost_answers;
static int before(void *arg)
{
	return commit_err;
}
static int after(void *arg)
{
	int n = lost_answers;

	if (n <= 0)
		return 0;
	lost_answers = n - 1;
	return ENOTCONN;
}

static int open_hooked(void **state)
{
	commit_err = 0;
	lost_answers = 0;
	world_fresh(state);
	w.hooks.before_commit = before;
	w.hooks.after_commit = after;
	world_start();
	return 0;
}

static void impatience_is_told_and_it_is_still_kept(void **state)
{
	struct records_message m = message(1, 1, "a.wav"), got;
	const struct records_message_filter f = {.org = 1};
	struct records_event e;

	sound("a.wav");
	commit_err = ENOSPC;
	push(&m);
	assert_false(event_wait(&e, RECORDS_PATIENCE_MS - 1500));
	told(1, false);
	commit_err = 0;
	for (int i = 0; i < 200 && count(false) == 0; i++)
		usleep(20000);
	assert_int_equal(count(false), 1);
	records_messages(w.db, &f, last, &got);
	assert_true(kept_there(got.recording));
	assert_false(event_wait(&e, 200));
}

static void a_lost_answer_doubles_nothing(void **state)
{
	struct records_message m = message(1, 1, "a.wav");
	uint64_t calls = 0, different = 0;

	sound("a.wav");
	lost_answers = 1;
	push(&m);
	told(1, true);
	assert_int_equal(count(false), 1);
	lost_answers = 3;
	for (uint64_t i = 1; i <= 20; i++) {
		call_push(i, AT);
		usleep(4000);
	}
	m = message(2, 1, "");
	push(&m);
	told(2, true);
	steps_wait(140);
	assert_int_equal(count(false), 2);
	assert_int_equal(records_reconcile(w.db, world_vocabulary(), 1, &calls, &different), 0);
	assert_int_equal(calls, 20);
	assert_int_equal(different, 0);
}

static void a_bad_sound_does_not_hold_up_the_log(void **state)
{
	struct records_message m = message(1, 1, "dir.wav");
	char path[256];

	/* The place where sounds go is taken by a file: an error that isn't the message's. */
	snprintf(path, sizeof(path), "%s", w.sounds);
	assert_int_equal(rmdir(path), 0);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	sound("dir.wav");
	push(&m);
	call_push(1, AT);
	steps_wait(7);
	assert_int_equal(count(false), 0);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	told(1, true);
}

/* --- sweeping --- */

static void old(const char *dir, const char *name)
{
	const struct utimbuf t = {.actime = 1000, .modtime = time(NULL) - 2 * 86400};
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(utime(path, &t), 0);
}

static void sounds_of_nobody_go_after_a_day(void **state)
{
	struct records_message m = message(1, 42, "a.wav"), got;
	const struct records_message_filter f = {.org = 1};
	char month[160];
	unsigned closed = 0;

	sound("a.wav");
	push(&m);
	told(1, true);
	records_messages(w.db, &f, last, &got);
	snprintf(month, sizeof(month), "%s/%.7s", w.sounds, got.recording);
	old(month, got.recording + 8);
	old(month, "42-1-9.wav");
	old(w.fresh, "old.wav");
	sound("new.wav");
	assert_int_equal(records_recover(w.r, AT, &closed), 0);
	assert_true(kept_there(got.recording));
	snprintf(month, sizeof(month), "%.7s/42-1-9.wav", got.recording);
	assert_false(kept_there(month));
	snprintf(month, sizeof(month), "%s/old.wav", w.fresh);
	assert_int_not_equal(access(month, F_OK), 0);
	snprintf(month, sizeof(month), "%s/new.wav", w.fresh);
	assert_int_equal(access(month, F_OK), 0);
}

/* --- kill -9 --- */

/* Writes messages as fast as it can and prints the serial of each that was acknowledged. */
static void child(int out, uint32_t first)
{
	struct records_options o = world_options();
	struct records *r = NULL;
	struct records_event e;
	char name[32], path[256], line[16];

	if (records_open(&r, &o, w.why, sizeof(w.why)))
		_exit(1);
	for (uint32_t i = first;; i++) {
		struct records_message m;

		snprintf(name, sizeof(name), "%u.wav", i);
		snprintf(path, sizeof(path), "%s/%s", w.fresh, name);
		close(open(path, O_WRONLY | O_CREAT, 0600));
		m = message(i, i, name);
		while (records_message_push(r, &m))
			usleep(1000);
		while (records_event_take(r, &e)) {
			int n = snprintf(line, sizeof(line), "%u\n", e.ok ? e.serial : 0);

			if (write(out, line, (size_t)n) != n)
				_exit(1);
		}
		usleep(200);
	}
}

struct seen {
	uint8_t *there;
	uint32_t max;
	int64_t smallest; /* id: where the next page goes on */
	int rows;
};

static int see(const struct records_message *m, void *arg)
{
	struct seen *s = arg;

	if (m->call_no < s->max && kept_there(m->recording))
		s->there[m->call_no]++;
	s->smallest = m->id;
	s->rows++;
	return 0;
}

static void see_all(struct seen *s)
{
	struct records_message_filter f = {.org = 1};

	do {
		s->rows = 0;
		f.before_id = s->smallest;
		assert_int_equal(records_messages(w.db, &f, see, s), 0);
	} while (s->rows == RECORDS_PAGE_MAX);
}

static void killed_writers_lose_nothing_acknowledged(void **state)
{
	enum { ROUNDS = 6, MAX = 200000 };
	struct seen s = {.there = calloc(MAX, 1), .max = MAX};
	uint8_t *acked = calloc(MAX, 1);
	int total = 0, missing = 0, doubled = 0;

	world_stop(2000);
	for (int round = 0; round < ROUNDS; round++) {
		int fd[2];
		FILE *in;
		unsigned serial;
		pid_t pid;

		assert_int_equal(pipe(fd), 0);
		pid = fork();
		if (pid == 0)
			child(fd[1], (uint32_t)round * 30000 + 1);
		close(fd[1]);
		in = fdopen(fd[0], "r");
		/* Only a writer in full swing is worth killing. */
		for (int n = 0; fscanf(in, "%u", &serial) == 1 && serial < MAX; n++) {
			acked[serial] = 1;
			total++;
			if (n == 20) {
				usleep((unsigned)(rand() % 200000));
				kill(pid, SIGKILL);
			}
		}
		waitpid(pid, NULL, 0);
		fclose(in);
	}
	world_start();
	see_all(&s);
	for (int i = 1; i < MAX; i++) {
		missing += acked[i] && !s.there[i];
		doubled += s.there[i] > 1;
	}
	print_message("%d acknowledged in %d killed runs, %d missing, %d doubled\n", total, ROUNDS,
		      missing, doubled);
	assert_true(total > 20 * ROUNDS);
	assert_int_equal(missing, 0);
	assert_int_equal(doubled, 0);
	free(s.there);
	free(acked);
}

int main(void)
{
#define T(f)  cmocka_unit_test_setup_teardown(f, world_open, world_close)
#define TH(f) cmocka_unit_test_setup_teardown(f, open_hooked, world_close)
	const struct CMUnitTest tests[] = {
	    T(a_message_is_kept),
	    T(a_call_names_its_message),
	    T(a_missing_sound_is_not_kept),
	    T(opening_is_kept),
	    T(the_day_is_kept),
	    T(the_queue_of_messages_has_a_limit),
	    TH(impatience_is_told_and_it_is_still_kept),
	    TH(a_lost_answer_doubles_nothing),
	    T(a_bad_sound_does_not_hold_up_the_log),
	    T(sounds_of_nobody_go_after_a_day),
	    T(killed_writers_lose_nothing_acknowledged),
	};

	return world_main(tests, sizeof(tests) / sizeof(tests[0]));
}
