/* Tapes: what is on them, what can be read of a broken one, what stops them. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "phone.h"

static char folder[] = "/tmp/zongji-tape-XXXXXX";
static const uint8_t key[MEDIA_TAPE_KEY]; /* as room_open has it: zeros */

static void path_of(char out[MEDIA_PATH_MAX], const char *name)
{
	snprintf(out, MEDIA_PATH_MAX, "%s/%s", folder, name);
	unlink(out);
}

/* The share of a channel's energy that is at hz, over what is there of it. */
static double share(const struct media_tape_sound *s, unsigned channel, double hz)
{
	double most = 0;

	/* a stretch of 50 ms: packets aren't one long sine */
	for (size_t at = 0; at + 400 <= s->count; at += 400) {
		double re = 0, im = 0, energy = 1;

		for (size_t i = 0; i < 400; i++) {
			const double v = s->samples[2 * (at + i) + channel];

			re += v * cos(2 * M_PI * hz * (double)i / 8000);
			im += v * sin(2 * M_PI * hz * (double)i / 8000);
			energy += v * v;
		}
		if (energy > 400e6) /* silence has no pitch; the tones are far above */
			most = fmax(most, (re * re + im * im) * 2 / 400 / energy);
	}
	return most;
}

struct pair {
	struct media *m;
	struct phone a, b;
	struct media_tape tape;
};

static void pair_open(struct pair *p, enum codec c, const char *name)
{
	memset(p, 0, sizeof(*p));
	p->m = room_open(0);
	p->tape.serial = 5;
	path_of(p->tape.path, name);
	phone_open(&p->a, c);
	phone_open(&p->b, c);
	room_leg(p->m, 1, &p->a, false);
	room_leg(p->m, 2, &p->b, false);
	media_join(p->m, 1, 2);
	assert_int_equal(media_tape(p->m, 1, &p->tape), 0);
	room_settle(p->m, 1);
}

static void pair_close(struct pair *p)
{
	media_close(p->m);
	phone_close(&p->a);
	phone_close(&p->b);
}

static void pair_say(struct pair *p, unsigned frames)
{
	for (unsigned i = 0; i < frames; i++) {
		phone_say(&p->a, 600, 8000, 1, 0);
		phone_say(&p->b, 1000, 8000, 1, 20000);
	}
}

static void pair_end(struct pair *p, enum media_why why, struct media_event *ev)
{
	assert_true(room_event(p->m, MEDIA_EV_TAPED, ev, 3000));
	assert_int_equal(ev->serial, 5);
	assert_int_equal(ev->why, why);
}

static void both_sides(enum codec c)
{
	struct media_tape_sound s;
	struct media_event ev;
	struct pair p;

	pair_open(&p, c, "both.tape");
	pair_say(&p, 60);
	media_part(p.m, 1); /* what the other says now is nothing of this leg's */
	room_settle(p.m, 1);
	for (unsigned i = 0; i < 10; i++)
		phone_say(&p.b, 1800, 8000, 1, 20000);
	media_leg_close(p.m, 1);
	pair_end(&p, MEDIA_WHY_HANGUP, &ev);
	assert_in_range(ev.ms, 1100, 4000);
	assert_int_equal(media_tape_read(p.tape.path, key, &s), 0);
	assert_int_equal(s.state, MEDIA_TAPE_WHOLE);
	assert_in_range(s.count / 8, 1100, 4000);
	assert_true(share(&s, 0, 600) > 0.85);
	assert_true(share(&s, 0, 1000) < 0.2);
	assert_true(share(&s, 1, 1000) > 0.85);
	assert_true(share(&s, 1, 600) < 0.2);
	assert_true(share(&s, 0, 1800) < 0.2 && share(&s, 1, 1800) < 0.2);
	media_tape_sound_free(&s);
	pair_close(&p);
}

static void test_both_sides(void **state)
{
	both_sides(CODEC_PCMA);
	both_sides(CODEC_PCMU);
	both_sides(CODEC_G722);
	both_sides(CODEC_OPUS);
}

/* A leg that says nothing for a while: what it says then stands where it was said. */
static void test_pause(void **state)
{
	struct media_tape_sound s;
	struct media_event ev;
	size_t zeros = 0, most = 0;
	struct pair p;

	pair_open(&p, CODEC_PCMA, "pause.tape");
	pair_say(&p, 10);
	for (unsigned i = 0; i < 40; i++)
		phone_say(&p.b, 1000, 8000, 1, 20000);
	pair_say(&p, 10);
	media_tape_stop(p.m, 1);
	pair_end(&p, MEDIA_WHY_STOPPED, &ev);
	assert_int_equal(media_tape_read(p.tape.path, key, &s), 0);
	assert_in_range(s.count / 8, 1100, 4000);
	for (size_t i = 0; i < s.count; i++) {
		zeros = s.samples[2 * i] == 0 ? zeros + 1 : 0;
		most = zeros > most ? zeros : most;
	}
	assert_in_range(most, 700 * 8, s.count - 300 * 8);
	media_tape_sound_free(&s);
	pair_close(&p);
}

static void test_most(void **state)
{
	struct media_event ev;
	struct pair p;

	pair_open(&p, CODEC_PCMA, "first.tape");
	p.tape.max_ms = 400;
	path_of(p.tape.path, "most.tape");
	assert_int_equal(media_tape(p.m, 1, &p.tape), 0);
	pair_end(&p, MEDIA_WHY_STOPPED, &ev); /* a second one ends the first */
	pair_say(&p, 40);
	pair_end(&p, MEDIA_WHY_MAX, &ev);
	assert_in_range(ev.ms, 300, 520);
	pair_close(&p);
}

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void test_broken(void **state)
{
	uint8_t other[MEDIA_TAPE_KEY] = {1};
	char kept[MEDIA_PATH_MAX];
	struct media_tape_sound s;
	struct media_event ev;
	struct stat st;
	size_t whole;
	struct pair p;

	pair_open(&p, CODEC_PCMA, "broken.tape");
	pair_say(&p, 130);
	media_tape_stop(p.m, 1);
	pair_end(&p, MEDIA_WHY_STOPPED, &ev);
	pair_close(&p);
	assert_int_equal(media_tape_read(p.tape.path, other, &s), EACCES);
	assert_int_equal(media_tape_read(p.tape.path, key, &s), 0);
	whole = s.count;
	media_tape_sound_free(&s);
	assert_int_equal(stat(p.tape.path, &st), 0);
	flip(p.tape.path, st.st_size / 2);
	assert_int_equal(media_tape_read(p.tape.path, key, &s), 0);
	assert_int_equal(s.state, MEDIA_TAPE_DAMAGED);
	assert_in_range(s.at, 100, st.st_size / 2);
	assert_in_range(s.count, 1, whole - 1);
	media_tape_sound_free(&s);
	flip(p.tape.path, st.st_size / 2);
	assert_int_equal(truncate(p.tape.path, st.st_size - 30), 0);
	assert_int_equal(media_tape_read(p.tape.path, key, &s), 0);
	assert_int_equal(s.state, MEDIA_TAPE_CUT);
	assert_true(s.count > whole / 2);
	media_tape_sound_free(&s);
	/* destroyed: what somebody has kept of the file is of no use either */
	path_of(kept, "kept.tape");
	assert_int_equal(link(p.tape.path, kept), 0);
	assert_int_equal(media_tape_destroy(p.tape.path), 0);
	assert_int_equal(media_tape_read(p.tape.path, key, &s), ENOENT);
	assert_int_equal(media_tape_read(kept, key, &s), EACCES);
	assert_int_equal(media_tape_destroy(p.tape.path), ENOENT);
	flip(kept, 3);
	assert_int_equal(media_tape_read(kept, key, &s), EPROTO);
	assert_int_equal(truncate(kept, 50), 0);
	assert_int_equal(media_tape_read(kept, key, &s), ENODATA);
}

/* The disk is full: the tape ends with its last whole block, the call goes on. */
static void test_full(void **state)
{
	struct rlimit before, small = {30000, 0};
	double rms;
	struct media_tape_sound s;
	struct media_event ev;
	struct pair p;

	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	pair_open(&p, CODEC_PCMA, "full.tape");
	setrlimit(RLIMIT_FSIZE, &small);
	pair_say(&p, 140);
	setrlimit(RLIMIT_FSIZE, &before);
	pair_end(&p, MEDIA_WHY_FAILED, &ev);
	assert_in_range(ev.ms, 300, 5000);
	assert_int_equal(media_tape_read(p.tape.path, key, &s), 0);
	assert_int_equal(s.state, MEDIA_TAPE_CUT);
	assert_true(share(&s, 0, 600) > 0.85);
	media_tape_sound_free(&s);
	phone_forget(&p.b);
	pair_say(&p, 20);
	phone_hear(&p.b, 100);
	assert_true(phone_share(&p.b, 600, 0, 2400, &rms) > 0.85);
	pair_close(&p);
}

static void test_no_folder(void **state)
{
	struct media_event ev;
	struct pair p;

	pair_open(&p, CODEC_PCMA, "none/there.tape");
	pair_end(&p, MEDIA_WHY_FAILED, &ev);
	assert_int_equal(ev.ms, 0);
	assert_int_equal(media_tape(p.m, 9, &p.tape), ENOENT);
	p.tape.path[0] = '\0';
	assert_int_equal(media_tape(p.m, 1, &p.tape), EINVAL);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_sides), cmocka_unit_test(test_pause),
		cmocka_unit_test(test_most),	   cmocka_unit_test(test_broken),
		cmocka_unit_test(test_full),	   cmocka_unit_test(test_no_folder),
	};

	if (!mkdtemp(folder))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
