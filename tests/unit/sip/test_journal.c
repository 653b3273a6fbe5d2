/*
 * Dialogs written down and read back, torn copies, and what is ended after a restart.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "pair.h"

static const uint8_t secret[JOURNAL_SECRET] = "0123456789abcde";
static char path[] = "/tmp/zongji-journal-XXXXXX";

static struct dialog sample(enum dialog_state state)
{
	struct dialog d;

	memset(&d, 0, sizeof(d));
	d.state = (uint8_t)state;
	d.uac = 1;
	d.cseq_local = 4711;
	strcpy(d.call_id, "abc");
	strcpy(d.local_tag, "l");
	strcpy(d.remote_tag, "r");
	strcpy(d.target, "sip:8312@192.0.2.9");
	return d;
}

static void every_state_reads_back_equal(void **state)
{
	struct journal *j;
	uint32_t slot[4];

	assert_int_equal(journal_open(&j, path, 8, secret), 0);
	for (int s = DIALOG_TRYING; s <= DIALOG_CONFIRMED; s++) {
		struct dialog d = sample((enum dialog_state)s), back;

		slot[s] = journal_slot(j);
		journal_write(j, slot[s], &d);
		d.cseq_local++;
		journal_write(j, slot[s], &d);
		assert_int_equal(journal_read(j, slot[s], &back), 0);
		assert_memory_equal(&back, &d, sizeof(d));
	}
	journal_close(j);
	assert_int_equal(journal_open(&j, path, 8, (const uint8_t *)"another secret.."), 0);
	assert_int_equal(journal_count(j), 3);
	assert_memory_equal(journal_secret(j), secret, sizeof(secret));
	for (int s = DIALOG_TRYING; s <= DIALOG_CONFIRMED; s++) {
		struct dialog d = sample((enum dialog_state)s), back;

		d.cseq_local++;
		assert_int_equal(journal_read(j, slot[s], &back), 0);
		assert_memory_equal(&back, &d, sizeof(d));
		journal_clear(j, slot[s]);
		assert_int_equal(journal_read(j, slot[s], &back), ENOENT);
	}
	assert_int_equal(journal_count(j), 0);
	journal_close(j);
}

static void limit_of_slots(void **state)
{
	struct journal *j;

	assert_int_equal(journal_open(&j, NULL, 2, secret), 0);
	assert_int_not_equal(journal_slot(j), JOURNAL_NONE);
	assert_int_not_equal(journal_slot(j), JOURNAL_NONE);
	assert_int_equal(journal_slot(j), JOURNAL_NONE);
	journal_write(j, JOURNAL_NONE, &(struct dialog){0});
	journal_clear(j, JOURNAL_NONE);
	journal_clear(j, 1);
	journal_clear(j, 1);
	assert_int_equal(journal_count(j), 1);
	journal_close(j);
}

/* A kill in the middle of a copy spoils only the copy that was being written. */
static void torn_copy_leaves_the_one_before(void **state)
{
	struct dialog d = sample(DIALOG_CONFIRMED), back;
	struct journal *j;
	uint32_t slot;
	char junk[64];
	int fd;

	assert_int_equal(journal_open(&j, path, 8, secret), 0);
	slot = journal_slot(j);
	journal_write(j, slot, &d);
	d.cseq_local = 9999;
	journal_write(j, slot, &d);
	journal_close(j);
	memset(junk, 'x', sizeof(junk));
	fd = open(path, O_RDWR);
	for (off_t at = 4096; at < 4096 + 8 * 16384; at += 64) {
		char buf[64];

		if (pread(fd, buf, sizeof(buf), at) != (ssize_t)sizeof(buf))
			break;
		if (memmem(buf, sizeof(buf), &(uint32_t){9999}, 4))
			assert_int_equal(pwrite(fd, junk, 8, at + 56), 8);
	}
	close(fd);
	assert_int_equal(journal_open(&j, path, 8, secret), 0);
	assert_int_equal(journal_read(j, slot, &back), 0);
	assert_int_equal(back.cseq_local, 4711);
	journal_clear(j, slot);
	journal_close(j);
}

static void another_layout_begins_anew(void **state)
{
	struct dialog d = sample(DIALOG_CONFIRMED);
	struct journal *j;

	assert_int_equal(journal_open(&j, path, 8, secret), 0);
	journal_write(j, journal_slot(j), &d);
	journal_close(j);
	assert_int_equal(journal_open(&j, path, 16, secret), 0);
	assert_int_equal(journal_count(j), 0);
	journal_close(j);
	assert_int_not_equal(journal_open(&j, "/nonexistent/journal", 8, secret), 0);
}

static void killed_while_writing(void **state)
{
	for (unsigned round = 0; round < 30; round++) {
		struct journal *j;
		struct dialog back;
		uint32_t next = 0, slot, n = 0;
		int ready[2];
		pid_t child;
		char c;

		assert_int_equal(pipe(ready), 0);
		child = fork();
		if (!child) {
			struct dialog d = sample(DIALOG_CONFIRMED);

			if (journal_open(&j, path, 8, secret))
				_exit(1);
			slot = journal_slot(j);
			journal_write(j, slot, &d);
			if (write(ready[1], "x", 1) < 0)
				_exit(1);
			for (;;) {
				d.cseq_local++;
				journal_write(j, slot, &d);
			}
		}
		assert_int_equal(read(ready[0], &c, 1), 1);
		close(ready[0]);
		close(ready[1]);
		usleep(1000 + round * 137);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		assert_int_equal(journal_open(&j, path, 8, secret), 0);
		while (journal_found(j, &next, &slot, &back)) {
			assert_string_equal(back.call_id, "abc");
			journal_clear(j, slot);
			n++;
		}
		assert_int_equal(n, 1);
		journal_close(j);
	}
}

/* ---- A room that died ---- */

static struct pair p;

static void answers(struct side *me, struct seen *s)
{
	struct stream_local l = pair_local(5002);
	struct stream st;

	assert_int_equal(sip_session_answer(s->s, &l, &st), 0);
}

static void rings(struct side *me, struct seen *s)
{
	assert_int_equal(sip_session_ring(s->s), 0);
}

/* The process that is killed: room a, with one call. */
static int victim(char **argv)
{
	memset(&p, 0, sizeof(p));
	p.a.port = (uint16_t)atoi(argv[2]);
	p.b.port = (uint16_t)atoi(argv[3]);
	strcpy(p.journal, argv[4]);
	pair_init(&p);
	pair_open_side(&p, &p.a);
	pair_turn(20);
	(void)pair_dial(&p.a, "12345", 4000);
	pair_turn(60000);
	return 1;
}

static pid_t victim_start(void)
{
	char a[8], b[8];
	pid_t pid;

	memset(&p, 0, sizeof(p));
	strcpy(p.journal, path);
	pair_init(&p);
	pair_open_side(&p, &p.b);
	snprintf(a, sizeof(a), "%u", p.a.port);
	snprintf(b, sizeof(b), "%u", p.b.port);
	pid = fork();
	if (!pid) {
		execl("/proc/self/exe", "victim", "victim", a, b, p.journal, NULL);
		_exit(1);
	}
	return pid;
}

static bool b_has_call(void *arg)
{
	return p.b.count > 0;
}

static void killed_and_back(pid_t pid)
{
	pair_turn(200);
	assert_int_equal(kill(pid, SIGKILL), 0);
	waitpid(pid, NULL, 0);
	pair_open_side(&p, &p.a);
}

static void calls_are_ended_after_a_restart(void **state)
{
	struct seen *b = &p.b.seen[0];
	pid_t pid = victim_start();

	p.b.on_incoming = answers;
	assert_true(pair_until(b_has_call, NULL, 10000));
	assert_true(pair_sees(b, SIP_ANSWERED, 2000));
	killed_and_back(pid);
	assert_true(pair_sees(b, SIP_ENDED, 2000));
	assert_int_equal(seen_last(b, SIP_ENDED)->end.code, 503);
	pair_turn(100);
	assert_int_equal(journal_count(p.a.room->sessions->journal), 0);
	pair_close(&p);
}

static void ringing_is_cancelled_after_a_restart(void **state)
{
	struct seen *b = &p.b.seen[0];
	pid_t pid = victim_start();

	p.b.on_incoming = rings;
	assert_true(pair_until(b_has_call, NULL, 10000));
	killed_and_back(pid);
	assert_true(pair_sees(b, SIP_ENDED, 2000));
	assert_int_equal(seen_last(b, SIP_ENDED)->end.cause, SIP_CAUSE_CANCELLED);
	pair_turn(100);
	assert_int_equal(journal_count(p.a.room->sessions->journal), 0);
	assert_true(list_isempty(&p.a.room->sessions->leaving));
	pair_close(&p);
}

static void cheap(void **state)
{
	struct dialog d = sample(DIALOG_CONFIRMED);
	struct timespec a, b;
	struct journal *j;
	uint32_t slot;
	double us;

	assert_int_equal(journal_open(&j, NULL, 8, secret), 0);
	slot = journal_slot(j);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (unsigned i = 0; i < 20000; i++)
		journal_write(j, slot, &d);
	clock_gettime(CLOCK_MONOTONIC, &b);
	us = ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / 1e3 / 20000;
	print_message("a dialog of %zu bytes is written in %.2f us\n", sizeof(d), us);
	journal_close(j);
}

static int group_setup(void **state)
{
	int fd = mkstemp(path);

	close(fd);
	return fd < 0;
}

static int group_teardown(void **state)
{
	return unlink(path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_reads_back_equal),
		cmocka_unit_test(limit_of_slots),
		cmocka_unit_test(torn_copy_leaves_the_one_before),
		cmocka_unit_test(another_layout_begins_anew),
		cmocka_unit_test(killed_while_writing),
		cmocka_unit_test(calls_are_ended_after_a_restart),
		cmocka_unit_test(ringing_is_cancelled_after_a_restart),
		cmocka_unit_test(cheap),
	};

	if (argc > 4)
		return victim(argv);
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
